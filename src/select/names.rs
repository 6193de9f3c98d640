//! The names of editions and regions in a selection.

use std::borrow::Cow;
use std::iter;

use crate::dataset::{Data, ReferenceData, Region, RegionGroup};
use crate::names::{is_spelling, is_spelling_without, normalize_name};

/// The default edition of `render` and `check`: the list in the source document of this project.
pub const DEFAULT_EDITION: &str = "regional";

/// The name that always selects the public edition in force.
pub const CURRENT: &str = "current";

/// The name that selects every public edition that is announced but not yet in force.
pub const UPCOMING: &str = "upcoming";

/// The name that selects all regions.
pub const ALL: &str = "all";

/// The punctuation between the parts of a name.
const PUNCTUATION: [char; 6] = ['(', ')', ',', '、', '/', ':'];

/// Between the names of a region and its Interconnect exchange, without spaces.
const EXCHANGE_PHRASE: &str = "overinterconnectexchangein";

/// The words after the name of a region in headings, without spaces.
const SUFFIXES: [&str; 6] = [
    "gateways",
    "gateway",
    "ゲートウェイ",
    "interconnect",
    "region",
    "edgelocation",
];

/// The maximum length of a name.
const MAX_NAME_BYTES: usize = 400;

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
    let legacy_id = iter::once_with(|| format!("{}-ix", region.legacy_id).into());
    let also = region.interconnect_also.iter().map(Cow::from);
    let edges = [edge.into(), place.into()].into_iter();
    edges.chain(legacy_id).chain(also)
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

/// Returns the region with this name, or the regions of the continent or country with this name. A
/// name may also consist of several names of one region, such as `Tokyo (jp1)`. Returns nothing if
/// the name is unknown or names different regions. The caller must handle [`ALL`], because only the
/// caller knows which regions are available.
pub fn find<'a>(name: &str, reference_data: &'a ReferenceData) -> Vec<&'a Region> {
    if let Some(region) = with_id(name, reference_data) {
        return vec![region];
    }
    let named = match Named::of(name, reference_data) {
        Some(Named::Regions(regions)) => regions,
        Some(Named::Different(_)) | None => Vec::new(),
    };
    let all = reference_data.regions.iter();
    all.filter(|region| named.contains(&&*region.id)).collect()
}

/// Returns the region with this id. Most selections consist of ids, and this search is much faster than that for all
/// spellings of all names.
fn with_id<'a>(id: &str, reference_data: &'a ReferenceData) -> Option<&'a Region> {
    reference_data
        .regions
        .iter()
        .find(|region| &*region.id == id)
}

/// Returns the ids of the regions if a name consists of names of different regions.
pub fn contradicting<'a>(name: &str, reference_data: &'a ReferenceData) -> Vec<&'a str> {
    match Named::of(name, reference_data) {
        Some(Named::Different(regions)) => regions,
        Some(Named::Regions(_)) | None => Vec::new(),
    }
}

/// The regions that a known name means, by their ids.
enum Named<'a> {
    Regions(Vec<&'a str>),
    /// No region has all parts of the name.
    Different(Vec<&'a str>),
}

impl<'a> Named<'a> {
    /// Returns the meaning of a name; `None` if a part of it is unknown.
    fn of(name: &str, reference_data: &'a ReferenceData) -> Option<Self> {
        let parts = parts(name, reference_data)?;
        let (first, others) = parts.split_first()?;
        let mut common = first.regions.clone();
        common.retain(|id| others.iter().all(|part| part.regions.contains(id)));
        if common.is_empty() {
            let regions = parts.iter().flat_map(|part| part.regions.iter().copied());
            let mut different: Vec<&str> = regions.collect();
            different.sort_unstable();
            different.dedup();
            Some(Named::Different(different))
        } else {
            Some(Named::Regions(common))
        }
    }
}

/// A name of regions within a longer name.
struct Part<'a> {
    /// In the form of [`normalize`].
    name: String,
    regions: Vec<&'a str>,
}

impl<'a> Part<'a> {
    /// Returns `None` if the name is unknown. It must be in the form of [`normalize_name`].
    fn of(name: &str, reference_data: &'a ReferenceData) -> Option<Self> {
        let name = without_punctuation(name);
        let regions = find_exactly(&name, reference_data);
        (!regions.is_empty()).then_some(Part { name, regions })
    }
}

/// Splits a name into names of regions; `None` if a part of it is unknown.
fn parts<'a>(name: &str, reference_data: &'a ReferenceData) -> Option<Vec<Part<'a>>> {
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let name = normalize_name(name);
    if let Some(whole) = Part::of(&name, reference_data) {
        return Some(vec![whole]);
    }
    let name = SUFFIXES.iter().fold(&*name, |name, suffix| {
        name.strip_suffix(&*normalize_name(suffix)).unwrap_or(name)
    });
    let mut parts = Vec::new();
    for phrase in name.split(EXCHANGE_PHRASE) {
        if let Some(part) = Part::of(phrase, reference_data) {
            parts.push(part);
            continue;
        }
        for words in phrase.split(PUNCTUATION).filter(|words| !words.is_empty()) {
            parts.extend(parts_after_continent(words, reference_data)?);
        }
    }
    Some(parts)
}

/// Returns the parts of a name such as `London` or `Europe London`; `None` if it is unknown.
fn parts_after_continent<'a>(
    name: &str,
    reference_data: &'a ReferenceData,
) -> Option<Vec<Part<'a>>> {
    if let Some(whole) = Part::of(name, reference_data) {
        return Some(vec![whole]);
    }
    let continents = reference_data.continents.iter();
    let mut names = continents.flat_map(names_of_group).map(normalize);
    names.find_map(|continent| {
        let rest = Part::of(name.strip_prefix(&*continent)?, reference_data)?;
        Some(vec![Part::of(&continent, reference_data)?, rest])
    })
}

/// Returns the ids of the region, or of the regions on the continent or in the country, with this
/// name. The name must be in the form of [`normalize`].
fn find_exactly<'a>(wanted: &str, reference_data: &'a ReferenceData) -> Vec<&'a str> {
    let is_named = |region: &&Region| {
        let area = region.interconnect_area.iter().map(Cow::from);
        names_of(region)
            .chain(area)
            .any(|known| is_name(&known, wanted))
    };
    if let Some(region) = reference_data.regions.iter().find(is_named) {
        return vec![&region.id];
    }
    let named = |groups: &'a [RegionGroup]| {
        let mut groups = groups.iter();
        groups.find(|group| names_of_group(group).any(|known| is_name(known, wanted)))
    };
    let continent = named(&reference_data.continents);
    let country = named(&reference_data.countries);
    let is_within = |region: &&Region| {
        continent.is_some_and(|c| c.id == region.continent)
            || country.is_some_and(|c| c.id == region.country)
    };
    let regions = reference_data.regions.iter().filter(is_within);
    regions.map(|region| &*region.id).collect()
}

/// Returns true if a part of the name belongs only to an Interconnect exchange, and not to a region
/// on the public internet, such as `tokyo-ix` or `Europe London`.
pub fn names_exchange(name: &str, reference_data: &ReferenceData) -> bool {
    if with_id(name, reference_data).is_some() {
        return false;
    }
    let parts = parts(name, reference_data).unwrap_or_default();
    parts
        .iter()
        .any(|part| is_exchange_alone(&part.name, reference_data))
}

/// Does the same as [`names_exchange`] for a name in the form of [`normalize`].
fn is_exchange_alone(wanted: &str, reference_data: &ReferenceData) -> bool {
    let is_exchange = |region: &Region| {
        let area = region.interconnect_area.iter().map(Cow::from);
        let mut names = interconnect_names_of(region).chain(area);
        names.any(|known| is_name(&known, wanted))
    };
    let is_public = |region: &Region| public_names_of(region).any(|known| is_name(known, wanted));
    reference_data.regions.iter().any(is_exchange) && !reference_data.regions.iter().any(is_public)
}

/// Does the same as [`normalize_name`], and drops the punctuation of names such as `US East Coast
/// (Virginia)`.
fn normalize(name: &str) -> String {
    without_punctuation(&normalize_name(name))
}

/// True if the name is `wanted` in the form of [`normalize`].
fn is_name(name: &str, wanted: &str) -> bool {
    is_spelling_without(&PUNCTUATION, name, wanted)
}

fn without_punctuation(name: &str) -> String {
    name.split(PUNCTUATION).collect()
}

/// True if the name selects regions.
pub fn is_region(name: &str, reference_data: &ReferenceData) -> bool {
    normalize_name(name) == ALL || !find(name, reference_data).is_empty()
}

/// True if the name selects an edition.
pub fn is_edition(name: &str, data: &Data) -> bool {
    let wanted = normalize_name(name);
    let known = data.edition_names().into_iter();
    let mut known = known.chain([CURRENT, UPCOMING]);
    known.any(|known| is_spelling(known, &wanted))
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

    #[test]
    fn names_on_published_pages_and_several_names_of_a_region_select_it() {
        let reference_data = dataset::reference_data().unwrap();
        let ids = |name: &str| -> String {
            let found = find(name, reference_data);
            let ids: Vec<&str> = found.iter().map(|region| &*region.id).collect();
            ids.join(" ")
        };
        for (name, regions) in [
            ("North America San Jose", "oregon"),
            ("North America San Jose Interconnect Gateways", "oregon"),
            ("San Jose, California, United States", "oregon"),
            (
                "US West Coast (Oregon) over Interconnect exchange in San Jose",
                "oregon",
            ),
            ("US East Coast (Virginia)", "virginia"),
            (
                "US East Coast (Virginia) over Interconnect exchange in Virginia",
                "virginia",
            ),
            ("Ashburn, Virginia, United States", "virginia"),
            ("ashburn (us1 )", "virginia"),
            ("us1-ix", "virginia"),
            ("Europe London Interconnect Gateways", "ireland"),
            ("London, United Kingdom", "ireland"),
            ("UK", "ireland"),
            ("Ireland over Interconnect exchange in London", "ireland"),
            ("dublin (ie1)", "ireland"),
            ("Asia-Pacific Tokyo gateways", "tokyo"),
            ("Tokyo, Japan", "tokyo"),
            ("東京 (jp1)", "tokyo"),
            ("アジア太平洋東京ゲートウェイ", "tokyo"),
            ("Sydney/Australia", "sydney"),
            ("sao-paulo-ix (br1-ix)", "sao-paulo"),
            (
                "Sao Paulo over Interconnect exchange in Sao Paulo",
                "sao-paulo",
            ),
            ("Europe, Germany", "frankfurt"),
            ("North America (USA)", "virginia oregon"),
            ("Europe", "ireland frankfurt"),
            ("Dublin (us1)", ""),
            ("Europe Tokyo", ""),
            ("Tokyo office", ""),
            ("Gateways", ""),
            ("()", ""),
            ("over Interconnect exchange in", ""),
        ] {
            assert_eq!(ids(name), regions, "{name}");
        }
        for (name, is_exchange) in [
            ("London, United Kingdom", true),
            ("Europe London", true),
            ("tokyo-ix (jp1-ix)", true),
            ("California", true),
            ("Tokyo (jp1)", false),
            ("Tokyo, Japan", false),
            ("Europe", false),
        ] {
            assert_eq!(names_exchange(name, reference_data), is_exchange, "{name}");
        }
        let contradicting = |name| contradicting(name, reference_data).join(" ");
        assert_eq!(contradicting("Dublin (us1)"), "ireland virginia");
        assert_eq!(contradicting("Europe Tokyo"), "frankfurt ireland tokyo");
        assert_eq!(contradicting("Tokyo office"), "");
        assert_eq!(contradicting("Tokyo (jp1)"), "");
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
                assert_eq!(ids(&find(name, reference_data)), regions, "{name}");
                assert_ne!(normalize(name), ALL);
            }
        }
    }
}
