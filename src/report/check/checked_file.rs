use std::borrow::Cow;

use super::diagnosis::Diagnosis;
use crate::firewall::Drift;
use crate::format::read::Lines;
use crate::policy::Direction;

/// A file that was compared with the expected rules.
#[derive(Debug)]
pub struct CheckedFile<'a> {
    /// The file as the user named it; `-` means stdin.
    pub file: Cow<'a, str>,
    /// The name for messages, on one line.
    pub name: String,
    pub text: &'a str,
    /// Quotes the text at a byte offset; see [`crate::format::excerpt`].
    pub excerpt: fn(&str, u32) -> String,
    /// The positions of the lines; may be empty if there is no drift.
    pub lines: Lines,
    pub drift: &'a Drift,
    /// The names of the compared units.
    pub units: Vec<&'a str>,
    /// Units that accept nothing, although rules are expected: each name with the reason.
    pub empty: Vec<(&'a str, &'a str)>,
    /// A direction that is not selected, although the input has rules of the unit for it.
    pub unselected: Option<Direction>,
    /// One explanation for the whole drift, if there is one.
    pub diagnosis: Option<&'a Diagnosis>,
}

impl CheckedFile<'_> {
    /// Returns the number of the line at a byte offset, and its text. The text may be empty.
    pub fn source_line(&self, at: u32) -> (usize, String) {
        (self.lines.number(at), (self.excerpt)(self.text, at))
    }
}
