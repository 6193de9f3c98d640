//! What `check` tells of files that it judged: as text, as JSON, or as annotations of GitHub's.
//!
//! A report is a head, a part for each file, and an end, so that no more than one file's part
//! need be kept at a time. The JSON is documented in `docs/check.md`, with a schema beside it.

mod github;
mod json;
mod text;
mod words;

use std::borrow::Cow;

use crate::format::parse::{Lines, excerpt};
use crate::policy::drift::Drift;
use crate::policy::{Direction, Scope};
use crate::text::shown;

/// What is the same for all files.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The format's name.
    pub format: &'static str,
    /// What was selected.
    pub scope: &'a Scope,
}

/// A file that was judged.
#[derive(Debug)]
pub struct Judged<'a> {
    /// Its name; `-` is stdin.
    pub file: Cow<'a, str>,
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

impl Judged<'_> {
    /// The file's name for people.
    fn name(&self) -> String {
        match &*self.file {
            "-" => "stdin".to_owned(),
            file => shown(file, &[]),
        }
    }
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
    /// Counts a file.
    pub fn add(&mut self, drift: &Drift) {
        self.files += 1;
        self.drifted += usize::from(!drift.is_none());
        self.missing += drift.missing.len();
        self.extra += drift.extra.len() + drift.beyond.len();
    }
}

/// The shape of a report.
pub trait Report: Sync {
    /// What stands before the files.
    fn head(&self, subject: &Subject, summary: Summary) -> String;

    /// What stands for a file; `first` tells that none stands before it.
    fn file(&self, judged: &Judged, first: bool) -> String;

    /// What stands after the files.
    fn end(&self) -> String;
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
