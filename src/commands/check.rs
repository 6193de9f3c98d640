//! Compares what is deployed with what is expected.

use std::io::Write;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};

use super::selected::{Selected, select};
use crate::cli::CheckArgs;
use crate::dataset::{self, ReferenceData};
use crate::firewall::{DeployedUnit, PublishedNetwork};
use crate::format::read::{Lines, ReadError, UnitQuery, excerpt};
use crate::format::{self, Format, Unit, registry};
use crate::input::{self, name_of};
use crate::limits::{Limit, Limits};
use crate::outcome::Outcome;
use crate::output::{self, Console, Spool};
use crate::policy::{Direction, Policy};
use crate::report::{Judged, Report, Subject, Summary};
use crate::select::{DEFAULT_EDITION, known_networks};
use crate::terminal::escape_hidden_at_start;

/// How many files each thread judges before what was found is written away.
const FILES_PER_THREAD: usize = 8;

/// Of a text that is refused, as many bytes as are read once more in every other language.
const GUESSED_LENGTH: usize = 1 << 20;

pub fn run(args: &CheckArgs, limits: Limits, console: Console) -> Result<Outcome> {
    let files = args.files()?;
    let check = Check::new(args, limits)?;
    let report = args.report(console);
    let mut run = Run {
        report: &*report,
        parts: Spool::new(limits),
        summary: Summary::default(),
        refused: 0,
        repair: None,
        console,
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for files in files.chunks(threads * FILES_PER_THREAD) {
        for verdict in check.all(files, threads, &*report) {
            run.take(verdict)?;
        }
    }
    if run.refused > 0 {
        if files.len() > 1 {
            let (refused, drifted) = (run.refused, run.summary.drifted);
            console.error(&format!(
                "{refused} of {} files could not be judged; of the others {drifted} have drifted",
                files.len()
            ));
        }
        return Ok(Outcome::Failed);
    }
    let outcome = if run.summary.drifted > 0 {
        Outcome::Drift
    } else {
        Outcome::Done
    };
    let written = run.print(&check.subject(), args.print_repair);
    for notice in check.notices {
        console.notice(&notice);
    }
    outcome.after_writing(written)
}

/// What all files are compared with.
struct Check {
    format: &'static dyn Format,
    unit: Unit,
    policy: Policy,
    reference_data: ReferenceData,
    known: OnceLock<Vec<PublishedNetwork>>,
    repair: bool,
    limits: Limits,
    notices: Vec<String>,
}

/// What is to be told of one file.
enum Verdict {
    Judged {
        counts: Summary,
        /// Its part of the report, from the start.
        part: Spool,
        repair: Option<String>,
    },
    /// Why it could not be judged, a message each.
    Refused(Vec<String>),
}

impl Check {
    fn new(args: &CheckArgs, limits: Limits) -> Result<Check> {
        let format = args.format()?;
        let unit = args.unit();
        let reference_data = dataset::reference_data()?;
        let Selected {
            policy, notices, ..
        } = select(&args.selection, DEFAULT_EDITION, limits, &reference_data)?;
        registry::check_table(format, &unit)?;
        // What this format cannot express cannot be deployed either.
        let policy = format::supported(format, &policy, &unit)?.into_owned();
        Ok(Check {
            format,
            unit,
            policy,
            reference_data,
            known: OnceLock::new(),
            repair: args.print_repair,
            limits,
            notices,
        })
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            format: self.format.info().name,
            granularity: self.format.info().granularity,
            scope: &self.policy.scope,
        }
    }

    /// The verdicts of some files, in their order, by several threads.
    fn all(&self, files: &[PathBuf], threads: usize, report: &dyn Report) -> Vec<Verdict> {
        let judge = |files: &[PathBuf]| -> Vec<Verdict> {
            files.iter().map(|file| self.judge(file, report)).collect()
        };
        if files.len() == 1 {
            return judge(files);
        }
        let judge = &judge;
        std::thread::scope(|scope| {
            let shares = files.chunks(files.len().div_ceil(threads));
            let workers: Vec<_> = shares
                .map(|share| scope.spawn(move || judge(share)))
                .collect();
            let verdicts = workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
            verdicts.collect()
        })
    }

    fn judge(&self, file: &Path, report: &dyn Report) -> Verdict {
        let (_turn, text) = match input::text_in_turn(file, self.limits, Limit::Input) {
            Ok(read) => read,
            Err(error) => return Verdict::Refused(vec![format!("{error:#}")]),
        };
        self.judge_text(file, &text, report)
            .unwrap_or_else(Verdict::Refused)
    }

    fn judge_text(
        &self,
        file: &Path,
        text: &str,
        report: &dyn Report,
    ) -> Result<Verdict, Vec<String>> {
        let name = name_of(file);
        let wanted = UnitQuery {
            unit: &self.unit,
            directions: &self.policy.scope.directions,
            limits: self.limits,
        };
        let units = format::parse(self.format, text, wanted)
            .map_err(|errors| self.refusal(&name, text, wanted, &errors))?;
        let drift = format::compare(self.format, &self.policy, &units, self.limits, || {
            self.known()
        })
        .map_err(|error| vec![format!("{name}: {error}")])?;
        let repair = if self.repair && !drift.is_none() {
            let repair = format::repair(self.format, &self.policy, text, wanted, &units);
            Some(repair.map_err(|error| vec![format!("{name}: {error}")])?)
        } else {
            None
        };
        let judged = Judged {
            file: file.to_string_lossy(),
            name: escape_hidden_at_start(&name),
            text,
            lines: if drift.is_none() {
                Lines::default()
            } else {
                Lines::of(text)
            },
            drift: &drift,
            units: unit_names(&units),
            empty: self.empty(&units),
            unselected: self.unselected(&units),
        };
        let mut part = Spool::part(self.limits);
        report
            .file(&judged, &mut part)
            .map_err(|error| vec![error.to_string()])?;
        Ok(Verdict::Judged {
            counts: Summary::of(&drift, &judged.units),
            part,
            repair,
        })
    }

    /// Why a text could not be read: all that is not understood, or that it is in another language.
    fn refusal(
        &self,
        name: &str,
        text: &str,
        wanted: UnitQuery,
        errors: &[ReadError],
    ) -> Vec<String> {
        let lines = Lines::of(text);
        let tell = |error: &ReadError| {
            let place = format!("{name}:{}", lines.number(error.at()));
            match &excerpt(text, error.at())[..] {
                "" => format!("{place}: {}", error.problem()),
                found => format!("{place}: {}, in: {found}", error.problem()),
            }
        };
        let is_short = text.len() <= GUESSED_LENGTH;
        let other = is_short.then(|| registry::detect_format(self.format, text, wanted));
        match other.flatten() {
            Some(other) => vec![format!(
                "{name} is in the language of {other}, not of {}; use --format {other}",
                self.format.info().name,
                other = other.info().name
            )],
            None => errors.iter().map(tell).collect(),
        }
    }

    fn known(&self) -> &[PublishedNetwork] {
        // The embedded editions are tested to be sound; without them nothing is named.
        self.known
            .get_or_init(|| known_networks(&self.reference_data).unwrap_or_default())
    }

    fn expects(&self, unit: &DeployedUnit) -> bool {
        !format::expected(self.format, &self.policy, unit).is_empty()
    }

    /// The units that let nothing through and should, and why.
    fn empty<'a>(&self, units: &'a [DeployedUnit]) -> Vec<(&'a str, &'a str)> {
        let nothing = |unit: &&DeployedUnit| unit.steps.is_empty() && self.expects(unit);
        let why = |unit: &'a DeployedUnit| unit.absent.as_deref().unwrap_or("it is empty");
        let empty = units.iter().filter(nothing);
        let mut empty: Vec<_> = empty.map(|unit| (unit.name.as_str(), why(unit))).collect();
        empty.dedup();
        empty
    }

    fn unselected(&self, units: &[DeployedUnit]) -> Option<Direction> {
        let selected = &self.policy.scope.directions;
        let full =
            |unit: &&DeployedUnit| !selected.contains(&unit.direction) && !unit.steps.is_empty();
        units.iter().find(full).map(|unit| unit.direction)
    }
}

/// What was found so far.
struct Run<'a> {
    report: &'a dyn Report,
    parts: Spool,
    summary: Summary,
    refused: usize,
    repair: Option<String>,
    console: Console,
}

/// The names of units, each once.
fn unit_names(units: &[DeployedUnit]) -> Vec<&str> {
    let mut names = Vec::new();
    for unit in units {
        if !names.contains(&unit.name.as_str()) {
            names.push(unit.name.as_str());
        }
    }
    names
}

impl Run<'_> {
    fn take(&mut self, verdict: Verdict) -> Result<()> {
        match verdict {
            Verdict::Refused(problems) => {
                self.refused += 1;
                for problem in problems {
                    self.console.error(&problem);
                }
            }
            Verdict::Judged {
                counts,
                part,
                repair,
            } => {
                if self.summary.files > 0 {
                    self.parts.write_all(self.report.separator().as_bytes())?;
                }
                self.summary.add(counts);
                self.parts.append(part)?;
                self.repair = repair;
            }
        }
        Ok(())
    }

    /// The report to stdout; or, with a repair, that to stdout and the report to stderr, where it
    /// may get lost: the repair must not.
    fn print(mut self, subject: &Subject, repairs: bool) -> Result<()> {
        if repairs {
            let repair = self.repair.take();
            let done = repair.map_or(Ok(()), |repair| output::write_stdout(&repair));
            let _ = self.copy(subject, &mut std::io::stderr().lock());
            return done;
        }
        self.copy(subject, &mut std::io::stdout().lock())
            .context("cannot write the report")
    }

    fn copy(self, subject: &Subject, to: &mut dyn Write) -> std::io::Result<()> {
        let mut parts = self.parts.finish()?;
        to.write_all(self.report.head(subject, &self.summary).as_bytes())?;
        parts.copy(to)?;
        to.write_all(self.report.end().as_bytes())?;
        to.flush()
    }
}
