//! The report of a scan, collected from the files.

use std::io::{self, Write};
use std::ops::Range;

use anyhow::{Context, Result};

use crate::limits::Limits;
use crate::output::{Problems, Spool, stdout};
use crate::report::{Counts, FilePart, Findings};

/// A file's part of the report.
struct Part {
    /// The path as the user gave it, or from the folder that the user gave.
    file: String,
    counts: Counts,
    /// Its place in the spool, where the parts are in the order of their completion.
    place: Range<usize>,
}

/// The parts of the report so far, and what else the files had.
pub(super) struct Collected {
    /// A part for each file with findings.
    parts: Vec<Part>,
    spool: Spool,
    /// The number of files that are not text.
    pub binary: usize,
    /// Files that could not be scanned.
    pub problems: Problems,
    /// The error that makes a report impossible.
    pub failed: Option<io::Error>,
}

impl Collected {
    pub fn new(limits: Limits) -> Collected {
        Collected {
            parts: Vec::new(),
            spool: Spool::new(limits),
            binary: 0,
            problems: Problems::default(),
            failed: None,
        }
    }

    pub fn add_part(&mut self, part: FilePart<Spool>) -> io::Result<()> {
        let (file, counts, text) = part.finish()?;
        let start = self.spool.length();
        self.spool.append(text)?;
        let place = start..self.spool.length();
        self.parts.push(Part {
            file,
            counts,
            place,
        });
        Ok(())
    }

    /// A note about files that are not text, if there were any.
    pub fn binary_note(&self) -> Option<String> {
        match self.binary {
            0 => None,
            1 => Some("skipped 1 file that is not text".to_owned()),
            more => Some(format!("skipped {more} files that are not text")),
        }
    }

    /// Prints the report, and returns its numbers.
    pub fn print(mut self, findings: &Findings) -> (Result<()>, Counts) {
        self.parts.sort_by(|a, b| a.file.cmp(&b.file));
        // A file may be named twice, or be in a folder that is named too.
        self.parts.dedup_by(|a, b| a.file == b.file);
        let mut counts = Counts::default();
        for part in &self.parts {
            counts.add(part.counts);
        }
        let written = stdout().and_then(|mut stdout| self.copy(findings, &counts, &mut stdout));
        (written.context("cannot write to stdout"), counts)
    }

    fn copy(self, findings: &Findings, counts: &Counts, to: &mut dyn Write) -> io::Result<()> {
        let mut kept = self.spool.finish()?;
        to.write_all(findings.head(counts).as_bytes())?;
        let mut is_empty = true;
        for part in self.parts.iter().filter(|part| !part.place.is_empty()) {
            if !is_empty {
                to.write_all(findings.separator().as_bytes())?;
            }
            is_empty = false;
            kept.copy_part(&part.place, to)?;
        }
        to.write_all(findings.end(counts, is_empty).as_bytes())?;
        to.flush()
    }
}
