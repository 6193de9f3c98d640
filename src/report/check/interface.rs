//! The interface of the forms of a report, and limits that they share.

use std::io::{self, Write};

use super::checked_file::CheckedFile;
use super::summary::Summary;
use crate::policy::{Granularity, Scope};

/// The rules that every file is compared with.
#[derive(Debug)]
pub struct Expectation<'a> {
    /// The format's name.
    pub format: &'static str,
    /// The granularity of the comparison.
    pub granularity: Granularity,
    /// The user's selection.
    pub scope: &'a Scope,
}

/// The form of a report.
pub trait Report: Sync {
    /// The text before the files.
    fn head(&self, expectation: &Expectation, summary: &Summary) -> String;

    /// Writes the part of one file.
    fn file(&self, file: &CheckedFile, to: &mut dyn Write) -> io::Result<()>;

    /// The text between two files.
    fn separator(&self) -> &'static str {
        ""
    }

    /// The text after the files.
    fn end(&self) -> &'static str {
        ""
    }

    /// The text before the reports of several checks, of which `drifted` have drifted.
    fn checks_head(&self, _drifted: usize) -> String {
        String::new()
    }

    /// The text before the report of one of several checks.
    fn check_head(&self, name: &str, is_first: bool) -> String;

    /// The text after the reports of `total` checks.
    fn checks_end(&self, drifted: usize, total: usize) -> String;
}

/// The most parts of a file that a report for people shows, and the most unmeasured parts. If there are
/// more, the report gives their number.
pub(super) const MAX_PARTS: usize = 1_000;

/// A line about the parts that are not shown; `None` if all are.
pub(super) fn hidden_parts_note(hidden: usize) -> Option<String> {
    (hidden > 0).then(|| format!("{hidden} more are not shown here; --report json has all"))
}
