//! Looks for Twilio's addresses in files and folders.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use ignore::{DirEntry, WalkBuilder, WalkState};
use serde_json::json;

use super::selected::{catalog, editions};
use crate::cli::{FindingsReport, PublishedArgs, ScanArgs};
use crate::dataset::{self, Edition, ReferenceData};
use crate::input::{self, Content, is_stdin, name_of};
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::output::{Console, Problems, Spool};
use crate::packets::normalized;
use crate::policy::ALL_REGIONS;
use crate::report::{Counts, FilePart, Findings, Shape};
use crate::scan::{Expected, Ignored, ScanError, Scanner};
use crate::select::{self, CURRENT};

pub fn run(args: &ScanArgs, limits: Limits, console: Console) -> Result<Outcome> {
    let files = args.files()?;
    let fails_on = args.fails_on()?;
    let reference_data = dataset::reference_data()?;
    let selected = editions(args.published.source(CURRENT), limits, &reference_data)?;
    let regions = select::regions(args.published.regions(), &selected, &reference_data)?;
    let regions: Vec<&str> = regions.iter().map(|region| &*region.id).collect();
    let expected = expected(&args.published, &selected, &regions, &reference_data);
    let summary = json!({
        "editions": selected.iter().map(|edition| &*edition.name).collect::<Vec<_>>(),
        "regions": regions,
        "planes": args.published.planes(),
    });
    let mut notices: Vec<String> = select::notices_of_editions(&selected).collect();
    let catalog = catalog(&args.published, selected, &reference_data)?;
    let scanner = Scanner::new(&catalog, expected, &reference_data, limits);
    let findings = Findings {
        shape: match args.report {
            FindingsReport::Text => Shape::Text(console.colors_stdout()),
            FindingsReport::Json => Shape::Json,
            FindingsReport::Sarif => Shape::Sarif,
            FindingsReport::Github => Shape::GitHub,
        },
        fails_on: &fails_on,
        list_current: args.list_current,
        expected: summary,
    };
    let scan = Scan {
        scanner: &scanner,
        findings: &findings,
        seen: Mutex::new(Seen::new(limits)),
    };
    for file in &files {
        scan.add(file);
    }
    let seen = scan.into_seen();
    if let Some(error) = seen.failed {
        return Err(error.into());
    }
    if !seen.problems.is_empty() {
        seen.problems.report(console);
        return Ok(Outcome::Failed);
    }
    if seen.binary > 0 {
        notices.push(match seen.binary {
            1 => "1 file that is not text was passed over".to_owned(),
            more => format!("{more} files that are not text were passed over"),
        });
    }
    let (written, counts) = seen.print(&findings);
    for notice in notices {
        console.notice(&notice);
    }
    let outcome = if findings.any_fails(&counts) {
        Outcome::Drift
    } else {
        Outcome::Done
    };
    outcome.after_writing(written)
}

/// What a text that has addresses of Twilio's must hold, by plane and region.
fn expected(
    args: &PublishedArgs,
    editions: &[Edition],
    regions: &[&str],
    reference_data: &ReferenceData,
) -> Vec<Expected> {
    let mut expected = Vec::new();
    for plane in args.planes() {
        let of = |wanted: Option<&str>| {
            let all = editions
                .iter()
                .flat_map(|edition| edition.published(reference_data));
            let own = all.filter(|(p, region, _)| *p == plane && region.map(|r| &*r.id) == wanted);
            normalized(own.map(|(_, _, network)| network.into()).collect())
        };
        let mut add = |region: &str, networks| {
            expected.push(Expected {
                plane,
                region: region.to_owned(),
                networks,
            });
        };
        for region in regions {
            add(region, of(Some(region)));
        }
        add(ALL_REGIONS, of(None));
    }
    expected
}

/// The part of one file in the report.
struct Part {
    /// As it was given, or as the folder that was given leads to it.
    file: String,
    counts: Counts,
    /// Its place among the parts, which wait in the order in which they were done.
    place: Range<usize>,
}

/// The files so far.
struct Seen {
    /// A part for each file with findings.
    parts: Vec<Part>,
    spool: Spool,
    /// The number of files that are not text.
    binary: usize,
    problems: Problems,
    /// Why there can be no report.
    failed: Option<io::Error>,
}

impl Seen {
    fn new(limits: Limits) -> Seen {
        Seen {
            parts: Vec::new(),
            spool: Spool::new(limits),
            binary: 0,
            problems: Problems::default(),
            failed: None,
        }
    }

    fn add_part(&mut self, part: FilePart<Spool>) -> io::Result<()> {
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

    /// Prints the report, and counts what is in it.
    fn print(mut self, findings: &Findings) -> (Result<()>, Counts) {
        self.parts.sort_by(|a, b| a.file.cmp(&b.file));
        // A file may be named twice, or be in a folder that is named too.
        self.parts.dedup_by(|a, b| a.file == b.file);
        let mut counts = Counts::default();
        for part in &self.parts {
            counts.add(part.counts);
        }
        let written = self.copy(findings, &counts, &mut io::stdout().lock());
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

/// A scan by several threads.
struct Scan<'a> {
    scanner: &'a Scanner<'a>,
    findings: &'a Findings<'a>,
    seen: Mutex<Seen>,
}

impl Scan<'_> {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_seen(self) -> Seen {
        let seen = self.seen.into_inner();
        seen.unwrap_or_else(PoisonError::into_inner)
    }

    fn add_problem(&self, problem: String) {
        self.seen().problems.add(problem);
    }

    fn add(&self, file: &Path) {
        if !is_stdin(file) && file.is_dir() {
            self.add_folder(file);
        } else if !self.add_file(file) {
            self.add_problem(format!("{} is not text", name_of(file)));
        }
    }

    /// Adds the findings in a file; returns false if it is not text.
    fn add_file(&self, file: &Path) -> bool {
        let (_turn, text) = match input::content(file, self.scanner.limits) {
            Ok((turn, Content::Text(text))) => (turn, text),
            Ok((_, Content::Binary)) => return false,
            Err(error) => {
                self.add_problem(format!("{error:#}"));
                return true;
            }
        };
        match self.add_text(file, &text) {
            Ok(()) => {}
            Err(ScanError::LimitExceeded(limit)) => {
                self.add_problem(format!("{}: {limit}", name_of(file)));
            }
            Err(ScanError::Io(error)) => {
                self.seen().failed.get_or_insert(error);
            }
        }
        true
    }

    fn add_text(&self, file: &Path, text: &[u8]) -> Result<(), ScanError> {
        let mut part = None;
        self.scanner.scan(text, &mut |finding| {
            let new = || {
                let spool = Spool::part(self.scanner.limits);
                self.findings.part(short_name(file), spool)
            };
            part.get_or_insert_with(new).add(finding)
        })?;
        if let Some(part) = part {
            self.seen().add_part(part)?;
        }
        Ok(())
    }

    /// Adds all files below a folder, by several threads.
    fn add_folder(&self, folder: &Path) {
        let ignored = Arc::new(Ignored::new(folder));
        let patterns = Arc::clone(&ignored);
        let is_left_out = move |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() > 0
                && (entry.file_name() == ".git" || patterns.contains(entry.path(), is_folder))
        };
        let walk = WalkBuilder::new(folder)
            // The walk would read files of patterns without a limit.
            .standard_filters(false)
            .threads(std::thread::available_parallelism().map_or(1, usize::from))
            .filter_entry(move |entry| !is_left_out(entry))
            .build_parallel();
        walk.run(|| {
            Box::new(|entry| {
                self.add_entry(entry);
                if ignored.gave_up() || self.seen().failed.is_some() {
                    WalkState::Quit
                } else {
                    WalkState::Continue
                }
            })
        });
        self.seen().problems.extend(ignored.problems());
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
            self.seen().binary += 1;
        }
    }
}

/// A file's name without `./` before it.
fn short_name(file: &Path) -> String {
    let short = file
        .strip_prefix("./")
        .ok()
        .filter(|short| !is_stdin(short));
    short.unwrap_or(file).to_string_lossy().into_owned()
}
