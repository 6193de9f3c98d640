//! Decides about the findings of a text.

use super::decision::{Addresses, Decision, Edit};
use super::duplicates::leave_duplicates;
use super::edits::decisions;
use super::layout::Layout;
use super::needed::needed;
use crate::scan::change::{Change, Fix};
use crate::scan::finding::Finding;
use crate::scan::positions::Positions;

/// Decides about each finding of a text. Findings must be in the order of the text.
pub(super) fn plan(text: &[u8], findings: &[Finding], addresses: &Addresses) -> Vec<Decision> {
    let layout = Layout::new(text, findings);
    let mut needed = needed(&layout, findings, addresses);
    leave_duplicates(&layout, &mut needed);
    decisions(&layout, needed, findings.len())
}

/// Adds the changes that fix each finding to it.
pub(super) fn add_changes(text: &[u8], findings: &mut [Finding], decisions: &[Decision]) {
    let mut all: Vec<(usize, &Edit)> = Vec::new();
    for (number, decision) in decisions.iter().enumerate() {
        if let Decision::Fixed { edits, written } = decision {
            all.extend(edits.iter().map(|edit| (number, edit)));
            findings[number].fix = Some(Fix {
                changes: Vec::new(),
                written: written.clone(),
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
