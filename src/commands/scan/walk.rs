//! Scans files and folders in several threads.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::collected::Collected;
use super::fixes::FileFix;
use crate::cli::FixMode;
use crate::input::{self, Content, Encoding, is_stdin, name_of, with_slashes};
use crate::output::Spool;
use crate::report::{FilePart, Findings};
use crate::scan::{
    Ignored, NamedText, ScanError, Scanner, fixed_text, report_with_fixes, unfixed_text,
};

pub(super) struct Scan<'a> {
    scanner: &'a Scanner<'a>,
    findings: &'a Findings<'a>,
    mode: FixMode,
    collected: Mutex<Collected>,
}

impl<'a> Scan<'a> {
    pub fn new(scanner: &'a Scanner<'a>, findings: &'a Findings<'a>, mode: FixMode) -> Scan<'a> {
        Scan {
            scanner,
            findings,
            mode,
            collected: Mutex::new(Collected::new(scanner.limits)),
        }
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub fn into_collected(self) -> Collected {
        let collected = self.collected.into_inner();
        collected.unwrap_or_else(PoisonError::into_inner)
    }

    fn add_problem(&self, problem: String) {
        self.collected().problems.add(problem);
    }

    /// Scans a file, or all files in a folder and its subfolders.
    pub fn add(&self, file: &Path) {
        if !is_stdin(file) && file.is_dir() {
            self.add_folder(file);
        } else if !self.add_file(file) {
            self.add_problem(format!("{} is not a text file", name_of(file)));
        }
    }

    /// Adds the findings in a file. Returns false if it is not a text file.
    fn add_file(&self, file: &Path) -> bool {
        let (_turn, text, encoding) = match input::content(file, self.scanner.limits) {
            Ok((turn, Content::Text(text, encoding))) => (turn, text, encoding),
            Ok((_, Content::Binary)) => return false,
            Err(error) => {
                self.add_problem(format!("{error:#}"));
                return true;
            }
        };
        let name = name_without_folder(file);
        let text = NamedText {
            name: &name,
            bytes: &text,
        };
        let added = match self.mode {
            FixMode::Report => self.add_text(file, text),
            FixMode::Fix | FixMode::Diff => self.add_fixed_text(file, text, encoding),
        };
        match added {
            Ok(()) => {}
            Err(ScanError::LimitExceeded(limit)) => {
                self.add_problem(format!("{}: {limit}", name_of(file)));
            }
            Err(ScanError::Io(error)) => {
                self.collected().failed.get_or_insert(error);
            }
        }
        true
    }

    fn add_text(&self, file: &Path, text: NamedText) -> Result<(), ScanError> {
        let mut part = None;
        report_with_fixes(self.scanner, text, &mut |finding| {
            let part = part.get_or_insert_with(|| self.part(file));
            part.add(finding)
        })?;
        if let Some(part) = part {
            self.collected().add_part(part)?;
        }
        Ok(())
    }

    fn part(&self, file: &Path) -> FilePart<'a, Spool> {
        let spool = Spool::part(self.scanner.limits);
        self.findings.part(short_name(file), spool)
    }

    /// Adds the fixes of a text, and the findings that are left.
    fn add_fixed_text(
        &self,
        file: &Path,
        text: NamedText,
        encoding: Encoding,
    ) -> Result<(), ScanError> {
        let result = match encoding {
            Encoding::Utf16 => unfixed_text(self.scanner, text, "the file is UTF-16")?,
            _ => fixed_text(self.scanner, text)?,
        };
        let Some(result) = result else {
            self.collected().fixes.skip();
            return self.add_text(file, text);
        };
        if result.found.is_empty() {
            return Ok(());
        }
        let fixed = result.fixed(text.bytes);
        let left = result.left();
        let mut part = self.part(file);
        let fix = FileFix::new(file, text.bytes, encoding, result.edits);
        if self.mode == FixMode::Diff {
            part.add_diff(&fix.diff(&short_name(file), text.bytes))?;
            let mut found = result.found.into_iter();
            found.try_for_each(|finding| part.add(finding))?;
        } else {
            let mut remaining = result.remaining.into_iter();
            remaining.try_for_each(|finding| part.add(finding))?;
            fixed
                .iter()
                .try_for_each(|finding| part.add_fixed(finding))?;
        }
        let mut collected = self.collected();
        collected.add_part(part)?;
        collected.fixes.add(fix, fixed.len(), left);
        Ok(())
    }

    /// Adds all files in a folder and its subfolders, using several threads.
    fn add_folder(&self, folder: &Path) {
        let ignored = Arc::new(Ignored::new(folder));
        let patterns = Arc::clone(&ignored);
        let is_left_out = move |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() > 0
                && (entry.file_name() == ".git" || patterns.contains(entry.path(), is_folder))
        };
        let walk = WalkBuilder::new(folder)
            // The filters of the `ignore` crate would read ignore files of any size.
            .standard_filters(false)
            .threads(std::thread::available_parallelism().map_or(1, usize::from))
            .filter_entry(move |entry| !is_left_out(entry))
            .build_parallel();
        walk.run(|| {
            Box::new(|entry| {
                self.add_entry(entry);
                if ignored.gave_up() || self.collected().failed.is_some() {
                    WalkState::Quit
                } else {
                    WalkState::Continue
                }
            })
        });
        self.collected().problems.extend(ignored.problems());
    }

    fn add_entry(&self, entry: Result<DirEntry, ignore::Error>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.add_problem(format!("cannot read {error}"));
                return;
            }
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        if !self.add_file(entry.path()) {
            self.collected().binary += 1;
        }
    }
}

/// The name of a file without its folder; empty for stdin.
fn name_without_folder(file: &Path) -> String {
    let name = file.file_name().filter(|_| !is_stdin(file));
    name.map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

/// The name of the file without a leading `./`.
fn short_name(file: &Path) -> String {
    let short = file
        .strip_prefix("./")
        .ok()
        .filter(|short| !is_stdin(short));
    with_slashes(short.unwrap_or(file))
}
