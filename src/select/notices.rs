//! Notices about a valid selection that may not be what the user wants.

use std::sync::Arc;

use super::names::{self, CURRENT, UPCOMING};
use super::selection::Selection;
use crate::dataset::{Connection, Data, Edition, ReferenceData};
use crate::names::normalize_name;
use crate::policy::Policy;

/// A message about a selection, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The selection is probably not what the user wants.
    Warning(String),
    /// Useful information.
    Note(String),
}

/// Returns the notices about a selection, except those about its editions.
pub fn notices(
    selection: &Selection,
    policy: &Policy,
    editions: &[Edition],
    reference_data: &ReferenceData,
) -> impl Iterator<Item = Notice> {
    let interconnect = other_connection(selection, editions, reference_data);
    let notes = interconnect
        .into_iter()
        .chain(fewer_regions(policy, reference_data));
    notes.map(Notice::Note)
}

/// Returns notices about superseded and upcoming editions. `named` are the names that the user gave; `None`
/// if the editions are the default. Notices about a default are warnings.
pub fn edition_notices(editions: &[Edition], named: Option<&[String]>, data: &Data) -> Vec<Notice> {
    let Some(names) = named else {
        let warnings = editions.iter().filter_map(superseded_default);
        return warnings.map(Notice::Warning).collect();
    };
    let known = data.edition_names();
    let superseded = editions
        .iter()
        .filter_map(|edition| superseded(edition, editions, &known));
    let upcoming = editions
        .iter()
        .filter_map(|edition| upcoming(edition, editions));
    let notes = superseded
        .chain(upcoming)
        .chain(nothing_upcoming(editions, names));
    notes.map(Notice::Note).collect()
}

fn superseded(edition: &Edition, selected: &[Edition], known: &[&str]) -> Option<String> {
    let end = edition.superseded.as_ref()?;
    let advice = if selected.iter().any(|other| other.name == end.by) {
        format!("; omit it if you need only '{}'", end.by)
    } else if known.contains(&&*end.by) {
        format!("; --edition {} selects the list in force", end.by)
    } else {
        String::new()
    };
    let name = &edition.name;
    Some(format!(
        "edition '{name}' was superseded on {} by '{}'{advice}",
        end.date, end.by
    ))
}

/// Returns a note about an upcoming edition, if no selected edition is in force for its connection.
fn upcoming(edition: &Edition, selected: &[Edition]) -> Option<String> {
    let covers = |other: &Edition| other.connection == edition.connection && other.is_in_force();
    if !edition.upcoming || selected.iter().any(covers) {
        return None;
    }
    let from = edition.in_force_since.as_ref();
    let from = from.map_or_else(String::new, |date| format!(" before {date}"));
    Some(format!(
        "edition '{}' is upcoming; calls{from} also need the list in force",
        edition.name
    ))
}

/// Returns a note if the user selected upcoming editions, and there are none.
fn nothing_upcoming(selected: &[Edition], names: &[String]) -> Option<String> {
    let is_wanted = names.iter().any(|name| normalize_name(name) == UPCOMING);
    let is_found = selected.iter().any(|edition| edition.upcoming);
    (is_wanted && !is_found)
        .then(|| format!("no edition is upcoming, so '{UPCOMING}' selects nothing"))
}

fn superseded_default(edition: &Edition) -> Option<String> {
    let end = edition.superseded.as_ref()?;
    let name = &edition.name;
    Some(format!(
        "the default edition, '{name}', was superseded on {} by '{}'; use --edition {CURRENT}, or \
         --edition {name} if you need this one",
        end.date, end.by
    ))
}

/// Returns a note about the first name of an Interconnect exchange, if no selected edition is for
/// Interconnect.
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
    let is_exchange = |name: &&String| names::names_exchange(name, reference_data);
    let name = selection.regions.iter().find(is_exchange)?;
    Some(format!(
        "'{name}' is an Interconnect edge location, but the edition is for the public internet; use \
         --edition interconnect for its addresses"
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
                "; {} fails over to {failover}, which is not selected",
                region.id
            )
        })
    });
    Some(format!(
        "{} of {} regions selected, but Twilio asks you to allow all of them, because other regions \
        may serve your numbers{}",
        scope.regions.len(),
        reference_data.regions.len(),
        orphans.collect::<String>()
    ))
}
