//! Decides about the findings of a text.

use std::collections::HashSet;
use std::ops::Range;

use super::decision::{Addresses, Decision, Edit};
use super::duplicates::leave_duplicates;
use super::edits::decisions;
use super::needed::needed;
use crate::packets::Interval;
use crate::scan::change::{Change, Fix};
use crate::scan::classification::Classification;
use crate::scan::find::find;
use crate::scan::finding::Finding;
use crate::scan::layout::Layout;
use crate::scan::lines::Lines;
use crate::scan::positions::Positions;

/// Decides about each finding of a text. Findings must be in the order of the text.
pub(super) fn plan(text: &[u8], findings: &[Finding], addresses: &Addresses) -> Vec<Decision> {
    let lines = Lines::new(text);
    let layout = Layout::new(&lines, places(text, findings));
    let found = findings_of_elements(&layout, findings);
    let mut needed = needed(&layout, findings, &found, addresses);
    leave_duplicates(&layout, &mut needed);
    decisions(&layout, needed, &found, findings.len())
}

/// Returns the findings about addresses. A hint is about an address that may have another finding.
fn placed(findings: &[Finding]) -> impl Iterator<Item = (usize, &Range<usize>)> {
    let all = findings.iter().enumerate();
    let all = all.filter(|(_, finding)| finding.classification != Classification::Hint);
    all.filter_map(|(at, finding)| Some((at, finding.place.as_ref()?)))
}

/// Returns the places of the addresses in a text, and of the findings about invalid addresses.
fn places(
    text: &[u8],
    findings: &[Finding],
) -> impl Iterator<Item = (Range<usize>, Option<Interval>)> {
    let valid = find(text).map(|one| (one.place, (!one.has_invalid_prefix).then_some(one.span)));
    let mut places: Vec<_> = valid.collect();
    let starts: HashSet<usize> = places.iter().map(|(place, _)| place.start).collect();
    let invalid = placed(findings).filter(|(_, place)| !starts.contains(&place.start));
    places.extend(invalid.map(|(_, place)| (place.clone(), None)));
    places.sort_by_key(|(place, _)| place.start);
    places.into_iter()
}

/// Returns the index of the finding about each element, if any.
fn findings_of_elements(layout: &Layout, findings: &[Finding]) -> Vec<Option<usize>> {
    let mut found = vec![None; layout.elements.len()];
    for (finding, place) in placed(findings) {
        let at = layout.element_at(place.start);
        if let Some(at) = at.filter(|at| {
            let element = &layout.elements[*at];
            element.place == *place && !element.is_overlapped
        }) {
            found[at] = Some(finding);
        }
    }
    found
}

/// Adds the changes that fix each finding to it.
pub(super) fn add_changes(text: &[u8], findings: &mut [Finding], decisions: &[Decision]) {
    let mut all: Vec<(usize, &Edit)> = Vec::new();
    for (number, decision) in decisions.iter().enumerate() {
        if let Decision::Fixed {
            edits,
            written,
            wanted,
        } = decision
        {
            all.extend(edits.iter().map(|edit| (number, edit)));
            findings[number].fix = Some(Fix {
                changes: Vec::new(),
                written: written.clone(),
                wanted: wanted.clone(),
            });
        }
    }
    all.sort_by_key(|(_, edit)| edit.place.start);
    let mut positions = Positions::new(text);
    for (number, edit) in all {
        let change = Change {
            start: positions.of(edit.place.start),
            end: positions.of(edit.place.end),
            text: String::from_utf8_lossy(&edit.text).into_owned(),
        };
        findings[number]
            .fix
            .get_or_insert_default()
            .changes
            .push(change);
    }
}
