//! Looks for Twilio's addresses in files and folders.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, mpsc};

use anyhow::Result;
use ignore::{DirEntry, WalkBuilder, WalkState};
use serde_json::json;

use super::{Outcome, catalog, editions, keep_verdict};
use crate::cli::{FindingsReport, PublishedArgs, ScanArgs};
use crate::dataset::{self, Atlas, Edition};
use crate::input::{self, Content, is_stdin, name_of};
use crate::limits::Limits;
use crate::output::{Spool, Talk};
use crate::policy::ALL_REGIONS;
use crate::policy::space::normalized;
use crate::report::{FileFindings, Findings};
use crate::scan::{Expected, Finding, Ignored, Judge};
use crate::select::{self, CURRENT};

pub fn run(args: &ScanArgs, limits: Limits, talk: Talk) -> Result<Outcome> {
    let files = args.files()?;
    let fails_on = args.fails_on()?;
    let atlas = dataset::atlas()?;
    let selected = editions(args.published.source(CURRENT), limits, &atlas)?;
    let regions = select::regions(args.published.regions(), &selected, &atlas)?;
    let regions: Vec<&str> = regions.iter().map(|region| &*region.id).collect();
    let expected = expected(&args.published, &selected, &regions, &atlas);
    let summary = json!({
        "editions": selected.iter().map(|edition| &*edition.name).collect::<Vec<_>>(),
        "regions": regions,
        "planes": args.published.planes(),
    });
    let mut notices: Vec<String> = select::notices_of_editions(&selected).collect();
    let catalog = catalog(&args.published, selected, &atlas)?;
    let judge = Judge::new(&catalog, expected, &atlas, limits);
    let mut seen = Seen::default();
    for file in &files {
        seen.add(file, &judge);
    }
    if !seen.problems.is_empty() {
        for problem in &seen.problems {
            talk.error(problem);
        }
        return Ok(Outcome::Failed);
    }
    seen.files.sort_by(|a, b| a.file.cmp(&b.file));
    // A file may be named twice, or lie in a folder that is named too.
    seen.files.dedup_by(|a, b| a.file == b.file);
    if seen.binary > 0 {
        notices.push(match seen.binary {
            1 => "1 file that is not text was passed over".to_owned(),
            more => format!("{more} files that are not text were passed over"),
        });
    }
    let findings = Findings {
        files: &seen.files,
        fails_on: &fails_on,
        list_current: args.list_current,
        expected: summary,
    };
    let mut to = Spool::new(limits);
    match args.report {
        FindingsReport::Text => to.write_all(findings.text(talk.colors_stdout()).as_bytes()),
        FindingsReport::Json => findings.json(&mut to),
        FindingsReport::Sarif => findings.sarif(&mut to),
        FindingsReport::Github => to.write_all(findings.github().as_bytes()),
    }?;
    let written = to.print();
    for notice in notices {
        talk.notice(&notice);
    }
    let mut all = seen.files.iter().flat_map(|file| &file.findings);
    let verdict = if all.any(|finding| findings.fails(finding)) {
        Outcome::Drift
    } else {
        Outcome::Done
    };
    keep_verdict(written, verdict)
}

/// What a text that has addresses of Twilio's must hold, by plane and region.
fn expected(
    args: &PublishedArgs,
    editions: &[Edition],
    regions: &[&str],
    atlas: &Atlas,
) -> Vec<Expected> {
    let mut expected = Vec::new();
    for plane in args.planes() {
        let of = |wanted: Option<&str>| {
            let all = editions.iter().flat_map(|edition| edition.published(atlas));
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

/// What was seen of the files so far.
#[derive(Default)]
struct Seen {
    /// Those with findings.
    files: Vec<FileFindings>,
    /// How many are not text.
    binary: usize,
    problems: Vec<String>,
}

impl Seen {
    fn add(&mut self, file: &Path, judge: &Judge) {
        if !is_stdin(file) && file.is_dir() {
            self.add_folder(file, judge);
            return;
        }
        if let Some(Content::Binary) = self.add_file(file, judge) {
            self.problems.push(format!("{} is not text", name_of(file)));
        }
    }

    /// Adds what is in a file; what it is, if it could be read.
    fn add_file(&mut self, file: &Path, judge: &Judge) -> Option<Content> {
        let content = input::content(file, judge.limits);
        let content = content.map_err(|error| self.problems.push(format!("{error:#}")));
        let content = content.ok()?;
        if let Content::Text(text) = &content {
            match judge.judge(text) {
                Ok(findings) => self.add_findings(file, findings),
                Err(exceeded) => {
                    let problem = format!("{}: {exceeded}", name_of(file));
                    self.problems.push(problem);
                }
            }
        }
        Some(content)
    }

    fn add_findings(&mut self, file: &Path, findings: Vec<Finding>) {
        if !findings.is_empty() {
            let short = file
                .strip_prefix("./")
                .ok()
                .filter(|short| !is_stdin(short));
            let file = short.unwrap_or(file);
            self.files.push(FileFindings {
                file: file.to_string_lossy().into_owned(),
                findings,
            });
        }
    }

    /// All files below a folder, by several threads.
    fn add_folder(&mut self, folder: &Path, judge: &Judge) {
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
        let (sender, receiver) = mpsc::channel();
        walk.run(|| {
            let mut share = Share {
                seen: Seen::default(),
                sender: sender.clone(),
            };
            Box::new(move |entry| {
                share.seen.add_entry(entry, judge);
                WalkState::Continue
            })
        });
        drop(sender);
        for share in receiver {
            self.files.extend(share.files);
            self.binary += share.binary;
            self.problems.extend(share.problems);
        }
        self.problems.extend(ignored.problems());
        self.problems.sort();
    }

    fn add_entry(&mut self, entry: Result<DirEntry, ignore::Error>, judge: &Judge) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.problems.push(format!("cannot read {error}"));
                return;
            }
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        if let Some(Content::Binary) = self.add_file(entry.path(), judge) {
            self.binary += 1;
        }
    }
}

/// What one thread has seen, handed over when it ends.
struct Share {
    seen: Seen,
    sender: mpsc::Sender<Seen>,
}

impl Drop for Share {
    fn drop(&mut self) {
        // The receiver outlives all threads.
        let _ = self.sender.send(std::mem::take(&mut self.seen));
    }
}
