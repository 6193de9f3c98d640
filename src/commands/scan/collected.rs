//! Collects the parts of a scan's report.

use std::io::{self, Write};
use std::ops::Range;

use anyhow::{Context, Result};

use super::fixes::Fixes;
use crate::limits::Limits;
use crate::output::{Problems, Spool, stdout};
use crate::report::{Counts, FilePart, Findings};

/// The part of the report about one file.
struct Part {
    /// The path as on the command line, or the path below a folder on the command line.
    file: String,
    counts: Counts,
    /// The bytes of the part in the spool, which contains the parts in order of completion.
    place: Range<usize>,
}

/// The results of the files that were scanned so far.
pub(super) struct Collected {
    /// One part per file with findings.
    parts: Vec<Part>,
    spool: Spool,
    /// The number of files that are not text.
    pub binary: usize,
    /// Files that could not be scanned.
    pub problems: Problems,
    /// An error in writing a part, which makes the report impossible.
    pub failed: Option<io::Error>,
    /// The changes of the files.
    pub fixes: Fixes,
}

impl Collected {
    pub fn new(limits: Limits) -> Collected {
        Collected {
            parts: Vec::new(),
            spool: Spool::new(limits),
            binary: 0,
            problems: Problems::default(),
            failed: None,
            fixes: Fixes::default(),
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

    /// A note about the number of skipped files, if there are any.
    pub fn binary_note(&self) -> Option<String> {
        match self.binary {
            0 => None,
            1 => Some("skipped 1 file that is not text".to_owned()),
            more => Some(format!("skipped {more} files that are not text")),
        }
    }

    /// Prints the report and returns the number of findings.
    pub fn print(mut self, findings: &Findings) -> (Result<()>, Counts) {
        self.parts.sort_by(|a, b| a.file.cmp(&b.file));
        // The command line can name a file twice, or name both a file and its folder.
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
