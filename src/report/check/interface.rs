//! The interface of all reports of `check`, and limits that they share.

use std::io::{self, Write};

use super::checked_file::CheckedFile;
use super::summary::Summary;
use crate::policy::{Granularity, Scope};

/// The rules with which every file is compared.
#[derive(Debug)]
pub struct Expectation<'a> {
    /// The name of the format.
    pub format: &'static str,
    pub granularity: Granularity,
    pub scope: &'a Scope,
}

/// A form of the report.
pub trait Report: Sync {
    /// Returns the text before the files.
    fn head(&self, expectation: &Expectation, summary: &Summary) -> String;

    /// Writes the part of one file.
    fn file(&self, file: &CheckedFile, to: &mut dyn Write) -> io::Result<()>;

    /// Returns the text between two parts that are not empty.
    fn separator(&self) -> &'static str {
        ""
    }

    /// Returns the text after the files.
    fn end(&self) -> String {
        String::new()
    }

    /// Returns the text before a report that is not one of several.
    fn document_head(&self) -> String {
        String::new()
    }

    /// Returns the text after a report that is not one of several.
    fn document_end(&self) -> String {
        String::new()
    }

    /// Returns the text before the reports of several checks. `drifted` is the number with drift.
    fn checks_head(&self, _drifted: usize) -> String {
        String::new()
    }

    /// Returns the text before the report of one of several checks.
    fn check_head(&self, name: &str, is_first: bool) -> String;

    /// Returns the text after the reports of `total` checks.
    fn checks_end(&self, drifted: usize, total: usize) -> String;
}

/// The maximum number of parts, and of unmeasured parts, that a text report shows for one file. It
/// shows only the number of the rest.
pub(super) const MAX_PARTS: usize = 1_000;

/// Returns a line with the number of parts that are not shown; `None` if all are shown.
pub(super) fn hidden_parts_note(hidden: usize) -> Option<String> {
    (hidden > 0).then(|| format!("{hidden} more not shown; use --report json to see all"))
}
