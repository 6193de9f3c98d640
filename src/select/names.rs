//! Names in a selection: of editions, and of regions.

use crate::dataset::{Continent, ReferenceData, Region};
use crate::names::normalize_name;

/// The default edition of rendering and `check`: that of this project's source document.
pub const DEFAULT_EDITION: &str = "regional";

/// The name of the public edition in force, whichever it is.
pub const CURRENT: &str = "current";

/// The name of all regions together.
pub const ALL: &str = "all";

/// Every name of a region, the id first.
pub fn names_of(region: &Region) -> impl Iterator<Item = &str> {
    [
        &*region.id,
        &region.edge,
        &region.interconnect_edge,
        &region.legacy_id,
        &region.aws_region,
        &region.name,
        &region.name_ja,
        &region.place_ja,
    ]
    .into_iter()
    .chain(region.also.iter().map(String::as_str))
}

/// Every name of a continent, the id first.
pub fn names_of_continent(continent: &Continent) -> impl Iterator<Item = &str> {
    let names = continent.names.iter().map(String::as_str);
    [continent.id.as_str()].into_iter().chain(names)
}

/// The regions that a name stands for: one, or those of a continent. Empty when the name is
/// unknown. [`ALL`] is left to the caller, who knows the regions to choose from.
pub fn find<'a>(name: &str, reference_data: &'a ReferenceData) -> Vec<&'a Region> {
    let wanted = normalize_name(name);
    let named = |region: &&Region| names_of(region).any(|known| normalize_name(known) == wanted);
    if let Some(region) = reference_data.regions.iter().find(named) {
        return vec![region];
    }
    let named =
        |continent: &&Continent| names_of_continent(continent).any(|k| normalize_name(k) == wanted);
    let continent = reference_data.continents.iter().find(named);
    let within = |region: &&Region| continent.is_some_and(|c| c.id == region.continent);
    reference_data.regions.iter().filter(within).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset;

    #[test]
    fn no_name_belongs_to_two_regions() {
        let reference_data = dataset::reference_data().unwrap();
        for region in &reference_data.regions {
            for name in names_of(region) {
                let owners = reference_data.regions.iter().filter(|other| {
                    names_of(other).any(|known| normalize_name(known) == normalize_name(name))
                });
                assert_eq!(owners.count(), 1, "{name}");
            }
        }
        for continent in &reference_data.continents {
            for name in names_of_continent(continent) {
                let regions = find(name, &reference_data);
                assert!(!regions.is_empty(), "{name}");
                assert!(
                    regions.iter().all(|r| r.continent == continent.id),
                    "{name}"
                );
            }
        }
    }
}
