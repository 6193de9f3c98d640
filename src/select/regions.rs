//! Resolves the regions of a selection.

use std::borrow::Cow;
use std::sync::Arc;

use super::error::SelectError;
use super::names;
use crate::dataset::{Edition, ReferenceData, Region};
use crate::names::{did_you_mean, normalize_name};

/// Returns the regions with these names, in the order of the data. Without names, or with the name
/// `all`, returns every region that any of the editions lists. Fails if a name is unknown, or if
/// one of the editions lacks one of the regions.
pub fn regions<'a>(
    names: &[String],
    editions: &[Edition],
    reference_data: &'a ReferenceData,
) -> Result<Vec<&'a Region>, SelectError> {
    let is_all = |name: &&String| normalize_name(name) == names::ALL;
    let (all, named): (Vec<&String>, Vec<&String>) = names.iter().partition(is_all);
    let mut wanted: Vec<Arc<str>> = Vec::new();
    if !all.is_empty() || named.is_empty() {
        wanted.extend(listed_regions(editions, reference_data).map(|region| region.id.clone()));
    }
    for name in named {
        let found = names::find(name, reference_data);
        if found.is_empty() {
            return Err(unknown_region(name, reference_data));
        }
        wanted.extend(found.iter().map(|region| region.id.clone()));
    }
    for edition in editions {
        let known = edition.regions(reference_data);
        if let Some(missing) = wanted.iter().find(|id| !known.iter().any(|r| r.id == **id)) {
            return Err(SelectError::RegionNotInEdition {
                edition: edition.name.clone(),
                region: missing.clone(),
                known: ids(known.into_iter()),
            });
        }
    }
    Ok(reference_data
        .regions
        .iter()
        .filter(|region| wanted.contains(&region.id))
        .collect())
}

/// Returns every region that any of the editions lists.
fn listed_regions<'a>(
    editions: &[Edition],
    reference_data: &'a ReferenceData,
) -> impl Iterator<Item = &'a Region> {
    let listed: Vec<&Region> = editions
        .iter()
        .flat_map(|e| e.regions(reference_data))
        .collect();
    reference_data
        .regions
        .iter()
        .filter(move |region| listed.iter().any(|l| l.id == region.id))
}

fn unknown_region(name: &str, reference_data: &ReferenceData) -> SelectError {
    let known = ids(reference_data.regions.iter());
    if normalize_name(name).is_empty() {
        return SelectError::EmptyRegion { known };
    }
    let different = names::contradicting(name, reference_data);
    if !different.is_empty() {
        return SelectError::DifferentRegions {
            name: name.to_owned(),
            regions: different.join(", "),
        };
    }
    let groups = reference_data
        .continents
        .iter()
        .chain(&reference_data.countries);
    let region_names = reference_data.regions.iter().flat_map(names::names_of);
    let group_names = groups.flat_map(names::names_of_group).map(Cow::from);
    let names: Vec<Cow<str>> = region_names.chain(group_names).collect();
    SelectError::UnknownRegion {
        name: name.to_owned(),
        suggestion: did_you_mean(name, names.iter().map(|name| &**name)),
        known,
    }
}

fn ids<'a>(regions: impl Iterator<Item = &'a Region>) -> String {
    regions
        .map(|region| &*region.id)
        .collect::<Vec<_>>()
        .join(", ")
}
