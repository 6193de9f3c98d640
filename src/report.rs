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
pub use findings::{Counts, FilePart, Findings, Shape};

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::firewall::Drift;
use crate::format::read::{Lines, excerpt};
use crate::policy::Granularity;
use crate::policy::{Direction, Scope};
use crate::terminal::escape_hidden;

/// What is the same for all files.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The format's name.
    pub format: &'static str,
    /// What was compared of packets.
    pub granularity: Granularity,
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
    /// The names of the units that were compared.
    pub units: Vec<&'a str>,
    /// Units that let nothing through, though something is expected of them: the name of each, and
    /// why.
    pub empty: Vec<(&'a str, &'a str)>,
    /// The direction that was not selected, where it is part of the same unit and not empty.
    pub unselected: Option<Direction>,
}

/// The most parts of a file that a report for people shows, and the most that cannot be compared. If
/// there are more, the report says so.
const PARTS_LIMIT: usize = 1_000;

/// Says that parts are not shown, if any are not.
fn more_parts(hidden: usize) -> Option<String> {
    (hidden > 0).then(|| format!("{hidden} more are not shown here; --report json has all"))
}

/// A summary names at most this many units.
const UNITS_NAMED: usize = 8;

/// The numbers of files and parts of a report.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// All files.
    pub files: usize,
    /// Files with drift.
    pub drifted: usize,
    /// Missing parts of all files.
    pub missing: usize,
    /// Extra parts of all files, measured or not.
    pub extra: usize,
    /// The names of the units that were compared; no more than a summary names, and one.
    units: BTreeSet<String>,
}

impl Summary {
    /// Of one file.
    pub fn of(drift: &Drift, units: &[&str]) -> Summary {
        Summary {
            files: 1,
            drifted: usize::from(!drift.is_none()),
            missing: drift.missing.len(),
            extra: drift.extra.len() + drift.unmeasured.len(),
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
        }
    }

    /// Counts more files.
    pub fn add(&mut self, more: Summary) {
        self.files += more.files;
        self.drifted += more.drifted;
        self.missing += more.missing;
        self.extra += more.extra;
        for unit in more.units {
            if self.units.len() <= UNITS_NAMED {
                self.units.insert(unit);
            }
        }
    }

    /// The names of the units in words.
    pub fn units(&self) -> String {
        let named = self.units.iter().take(UNITS_NAMED);
        let named: Vec<String> = named.map(|unit| escape_hidden(unit)).collect();
        let more = if self.units.len() > UNITS_NAMED {
            " and others"
        } else {
            ""
        };
        format!("{}{more}", named.join(", "))
    }
}

/// The shape of a report.
pub trait Report: Sync {
    /// What stands before the files.
    fn head(&self, subject: &Subject, summary: &Summary) -> String;

    /// Writes the part of one file.
    fn file(&self, judged: &Judged, to: &mut dyn Write) -> io::Result<()>;

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
