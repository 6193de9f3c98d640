//! Notices about a selection that is valid, but may not be what the user wants.

use std::sync::Arc;

use super::selection::Selection;
use crate::dataset::{self, Connection, Edition, ReferenceData};
use crate::names::normalize_name;
use crate::policy::Policy;

/// The notices about a selection, each on one line.
pub fn notices(
    selection: &Selection,
    policy: &Policy,
    editions: &[Edition],
    reference_data: &ReferenceData,
) -> Vec<String> {
    let interconnect = other_connection(selection, editions, reference_data);
    of_editions(editions)
        .chain(interconnect)
        .chain(fewer_regions(policy, reference_data))
        .collect()
}

/// Notices about selected editions that are superseded.
pub fn of_editions(editions: &[Edition]) -> impl Iterator<Item = String> {
    editions
        .iter()
        .filter_map(|edition| superseded(edition, editions))
}

fn superseded(edition: &Edition, selected: &[Edition]) -> Option<String> {
    let end = edition.superseded.as_ref()?;
    let known = dataset::edition_names().any(|name| *name == *end.by);
    let advice = if selected.iter().any(|other| other.name == end.by) {
        format!("; drop it when {} alone shall hold", end.by)
    } else if known {
        format!("; --edition {} is the list that holds instead", end.by)
    } else {
        String::new()
    };
    Some(format!(
        "edition {} is superseded by {} as of {}{advice}",
        edition.name, end.by, end.date
    ))
}

/// A notice about the name of an Interconnect edge with a list for the public internet alone.
fn other_connection(
    selection: &Selection,
    editions: &[Edition],
    reference_data: &ReferenceData,
) -> Option<String> {
    if editions
        .iter()
        .any(|e| e.connection == Connection::Interconnect)
    {
        return None;
    }
    let is_edge = |name: &&String| {
        let mut regions = reference_data.regions.iter();
        regions.any(|region| normalize_name(&region.interconnect_edge) == normalize_name(name))
    };
    let name = selection.regions.iter().find(is_edge)?;
    Some(format!(
        "{name} is an edge of Twilio Interconnect, but the edition is for the public internet; \
         --edition interconnect is the list for it"
    ))
}

fn fewer_regions(policy: &Policy, reference_data: &ReferenceData) -> Option<String> {
    let scope = &policy.scope;
    if scope.all_regions {
        return None;
    }
    let selected = |id: &Arc<str>| scope.regions.contains(id);
    let orphans = reference_data.regions.iter().filter_map(|region| {
        let failover = region.failover.as_ref()?;
        let orphan = selected(&region.id) && !selected(failover);
        orphan.then(|| {
            format!(
                "; {failover}, which takes over when {} is down, is left out",
                region.id
            )
        })
    });
    Some(format!(
        "{} of {} regions selected, but Twilio asks for all of them: numbers may be served from \
         other regions{}",
        scope.regions.len(),
        reference_data.regions.len(),
        orphans.collect::<String>()
    ))
}
