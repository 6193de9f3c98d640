//! The names of editions and regions in a selection.

use std::borrow::Cow;

use crate::dataset::{self, ReferenceData, Region, RegionGroup};
use crate::names::normalize_name;

/// The default edition of `render` and `check`: the list in the source document of this project.
pub const DEFAULT_EDITION: &str = "regional";

/// The name that always selects the public edition in force.
pub const CURRENT: &str = "current";

/// The name that selects all regions.
pub const ALL: &str = "all";

/// Returns the names of a region on the public internet, starting with its id.
pub fn public_names_of(region: &Region) -> impl Iterator<Item = &str> {
    [
        &*region.id,
        &region.edge,
        &region.legacy_id,
        &region.aws_region,
        &region.name,
        &region.name_ja,
        &region.place_ja,
    ]
    .into_iter()
    .chain(region.also.iter().map(String::as_str))
}

/// Returns the names of a region's Interconnect exchange, starting with its edge location, such as
/// `san-jose-ix`, `san-jose` and `us2-ix`.
pub fn interconnect_names_of(region: &Region) -> impl Iterator<Item = Cow<'_, str>> {
    let edge = &*region.interconnect_edge;
    let place = edge.strip_suffix("-ix").unwrap_or(edge);
    let legacy_id = format!("{}-ix", region.legacy_id);
    let also = region.interconnect_also.iter().map(Cow::from);
    [edge.into(), place.into(), legacy_id.into()]
        .into_iter()
        .chain(also)
}

/// Returns every name of a region, starting with its id.
pub fn names_of(region: &Region) -> impl Iterator<Item = Cow<'_, str>> {
    let public = public_names_of(region).map(Cow::from);
    public.chain(interconnect_names_of(region))
}

/// Returns every name of a continent or a country, starting with its id.
pub fn names_of_group(group: &RegionGroup) -> impl Iterator<Item = &str> {
    let names = group.names.iter().map(String::as_str);
    [group.id.as_str()].into_iter().chain(names)
}

/// Returns the region with this name, or the regions of the continent or country with this name.
/// Returns nothing if the name is unknown. The caller must handle [`ALL`], because only the caller
/// knows which regions are available.
pub fn find<'a>(name: &str, reference_data: &'a ReferenceData) -> Vec<&'a Region> {
    let wanted = normalize(name);
    let is_named = |region: &&Region| names_of(region).any(|known| normalize(&known) == wanted);
    if let Some(region) = reference_data.regions.iter().find(is_named) {
        return vec![region];
    }
    let named = |groups: &'a [RegionGroup]| {
        let mut groups = groups.iter();
        groups.find(|group| names_of_group(group).any(|known| normalize(known) == wanted))
    };
    let continent = named(&reference_data.continents);
    let country = named(&reference_data.countries);
    let is_within = |region: &&Region| {
        continent.is_some_and(|c| c.id == region.continent)
            || country.is_some_and(|c| c.id == region.country)
    };
    reference_data.regions.iter().filter(is_within).collect()
}

/// Returns true if the name belongs only to an Interconnect exchange, and not to a region on the
/// public internet, such as `tokyo-ix` or `London`.
pub fn is_interconnect_alone(name: &str, reference_data: &ReferenceData) -> bool {
    let wanted = normalize(name);
    let is_exchange = |region: &Region| {
        let mut names = interconnect_names_of(region);
        names.any(|known| normalize(&known) == wanted)
    };
    let is_public =
        |region: &Region| public_names_of(region).any(|known| normalize(known) == wanted);
    reference_data.regions.iter().any(is_exchange) && !reference_data.regions.iter().any(is_public)
}

/// Does the same as [`normalize_name`], and drops the punctuation of names such as `US East Coast
/// (Virginia)`.
fn normalize(name: &str) -> String {
    let mut normalized = normalize_name(name);
    normalized.retain(|c| !matches!(c, '(' | ')' | ',' | '、'));
    normalized
}

/// True if the name selects regions.
pub fn is_region(name: &str, reference_data: &ReferenceData) -> bool {
    normalize_name(name) == ALL || !find(name, reference_data).is_empty()
}

/// True if the name selects an embedded edition.
pub fn is_edition(name: &str) -> bool {
    let wanted = normalize_name(name);
    let mut known = dataset::edition_names().chain([CURRENT]);
    known.any(|known| normalize_name(known) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset;

    #[test]
    fn no_name_belongs_to_two_regions_or_means_all() {
        let reference_data = dataset::reference_data().unwrap();
        for region in &reference_data.regions {
            for name in names_of(region) {
                let owners = reference_data.regions.iter().filter(|other| {
                    names_of(other).any(|known| normalize(&known) == normalize(&name))
                });
                assert_eq!(owners.count(), 1, "{name}");
                assert_ne!(normalize(&name), ALL);
            }
        }
    }

    /// A country with only one region, such as Ireland, may have the same name as the region.
    #[test]
    fn each_name_of_a_continent_or_country_selects_all_of_its_regions() {
        let reference_data = dataset::reference_data().unwrap();
        let ids = |regions: &[&Region]| regions.iter().map(|r| r.id.clone()).collect::<Vec<_>>();
        let within = |is_within: &dyn Fn(&Region) -> bool| {
            let regions = reference_data.regions.iter().filter(|r| is_within(r));
            ids(&regions.collect::<Vec<_>>())
        };
        let continents = reference_data.continents.iter().map(|group| {
            let regions = within(&|region| region.continent == group.id);
            (group, regions)
        });
        let countries = reference_data.countries.iter().map(|group| {
            let regions = within(&|region| region.country == group.id);
            (group, regions)
        });
        for (group, regions) in continents.chain(countries) {
            assert!(!regions.is_empty(), "{}", group.id);
            for name in names_of_group(group) {
                assert_eq!(ids(&find(name, &reference_data)), regions, "{name}");
                assert_ne!(normalize(name), ALL);
            }
        }
    }
}
