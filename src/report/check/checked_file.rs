//! The result of checking one file.

use std::borrow::Cow;

use crate::firewall::Drift;
use crate::format::read::{Lines, excerpt};
use crate::policy::Direction;

/// A file that was compared with the expected rules.
#[derive(Debug)]
pub struct CheckedFile<'a> {
    /// As it was given; `-` is stdin.
    pub file: Cow<'a, str>,
    /// Its name for people, on one line.
    pub name: String,
    /// Its content.
    pub text: &'a str,
    /// The positions of its lines; may be empty if there is no drift.
    pub lines: Lines,
    /// Its difference from the expected rules.
    pub drift: &'a Drift,
    /// The names of the units that were compared.
    pub units: Vec<&'a str>,
    /// Units that let nothing through, but should: the name of each, and the reason.
    pub empty: Vec<(&'a str, &'a str)>,
    /// A direction that was not selected, if the same unit has rules for it.
    pub unselected: Option<Direction>,
}

impl CheckedFile<'_> {
    /// The number and the text of the line at a byte offset.
    pub fn source_line(&self, at: u32) -> (usize, String) {
        (self.lines.number(at), excerpt(self.text, at))
    }
}
