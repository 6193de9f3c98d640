//! Edits of a text, and the decisions that lead to them.

use std::ops::Range;

use ipnet::Ipv4Net;

use crate::packets::Interval;

/// A change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that are replaced.
    pub place: Range<usize>,
    pub text: Vec<u8>,
}

/// Returns a text after edits, which must be in the order of the text and must not overlap.
pub fn edited<'e>(text: &[u8], edits: impl IntoIterator<Item = &'e Edit>) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        result.extend_from_slice(&text[at..edit.place.start]);
        result.extend_from_slice(&edit.text);
        at = edit.place.end;
    }
    result.extend_from_slice(&text[at..]);
    result
}

/// The decision about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing can be fixed, because the addresses are in force, or no other ones are recommended.
    Unaffected,
    /// The edits fix the finding.
    Fixed {
        edits: Vec<Edit>,
        /// The networks that are written.
        written: Vec<Ipv4Net>,
        /// The networks that the list needs instead of the addresses.
        wanted: Vec<Ipv4Net>,
    },
    /// Other addresses are recommended, but the text around them is not changed, for this reason.
    Left(String),
}

/// The published addresses that matter for edits.
pub struct Addresses<'a> {
    /// The addresses in force.
    pub in_force: &'a [Interval],
    /// The addresses that a text must contain.
    pub required: Vec<Interval>,
}
