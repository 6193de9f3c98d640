//! What commands tell: `check` here, the others in modules of their own.
//!
//! `check` tells of files that it judged: as text, as JSON, or as annotations of GitHub's.
//! A report is a head, a part for each file, and an end, so that no more than one file's part
//! need be kept at a time. The JSON is documented in `docs/check.md`, with a schema beside it.

mod comparison;
mod explanation;
mod findings;
mod github;
mod json;
mod sarif;
mod text;
mod words;

pub use comparison::Comparison;
pub use explanation::Explanation;
pub use findings::{FileFindings, Findings};

use std::borrow::Cow;

use crate::format::parse::{Lines, excerpt};
use crate::policy::drift::Drift;
use crate::policy::space::Grain;
use crate::policy::{Direction, Scope};

/// What is the same for all files.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The format's name.
    pub format: &'static str,
    /// What was compared of packets.
    pub grain: Grain,
    /// What was selected.
    pub scope: &'a Scope,
}

/// A file that was judged.
#[derive(Debug)]
pub struct Judged<'a> {
    /// As it was given; `-` is stdin.
    pub file: Cow<'a, str>,
    /// Its name for people, on one line.
    pub name: String,
    /// What it says.
    pub text: &'a str,
    /// Where its lines are; none need be known where there is no drift.
    pub lines: Lines,
    /// How that differs from what is expected.
    pub drift: &'a Drift,
    /// Units that let nothing through, though something is expected of them: the name of each, and
    /// why.
    pub empty: Vec<(&'a str, &'a str)>,
    /// The direction that was not selected, where it is part of the same unit and not empty.
    pub unselected: Option<Direction>,
}

/// How many files were judged, and how many of them have drifted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// All of them.
    pub files: usize,
    /// Those with drift.
    pub drifted: usize,
    /// Missing parts of all files.
    pub missing: usize,
    /// Extra parts of all files, measured or not.
    pub extra: usize,
}

impl Summary {
    /// Of one file.
    pub fn of(drift: &Drift) -> Summary {
        Summary {
            files: 1,
            drifted: usize::from(!drift.is_none()),
            missing: drift.missing.len(),
            extra: drift.extra.len() + drift.beyond.len(),
        }
    }

    /// Counts more files.
    pub fn add(&mut self, more: Summary) {
        self.files += more.files;
        self.drifted += more.drifted;
        self.missing += more.missing;
        self.extra += more.extra;
    }
}

/// The shape of a report.
pub trait Report: Sync {
    /// What stands before the files.
    fn head(&self, subject: &Subject, summary: Summary) -> String;

    /// What stands for a file.
    fn file(&self, judged: &Judged) -> String;

    /// What stands between two files.
    fn separator(&self) -> &'static str {
        ""
    }

    /// What stands after the files.
    fn end(&self) -> &'static str {
        ""
    }
}

/// For people.
pub struct Text {
    /// Whether words may be coloured.
    pub colored: bool,
}

/// For programs.
pub struct Json;

/// For GitHub Actions: workflow commands that annotate the lines of a file.
pub struct GitHub;

/// Where a step stands: the number of its line, and its text.
fn deployed(judged: &Judged, at: u32) -> (usize, String) {
    (judged.lines.number(at), excerpt(judged.text, at))
}
