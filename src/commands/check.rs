//! Compares deployed firewalls with the expected rules.

use std::io::Write;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};

use super::input_errors::{InputError, InputMessage, messages};
use super::selected::{Selected, print_notices, select};
use super::standard_input::note_terminal;
use crate::cli::{CheckArgs, ConfiguredCheck};
use crate::dataset::{self, ReferenceData};
use crate::firewall::{DeployedUnit, PublishedNetwork};
use crate::format::read::{Lines, MAX_ERRORS, ReadError, UnitQuery, excerpt};
use crate::format::registry::{self, Recognized};
use crate::format::{self, Format, Unit};
use crate::input::{self, name_of};
use crate::limits::{Limit, Limits};
use crate::outcome::Outcome;
use crate::output::{self, Console, Spool};
use crate::policy::{Direction, Policy};
use crate::report::{CheckedFile, Expectation, Report, Summary};
use crate::select::{DEFAULT_EDITION, Notice, known_networks};
use crate::terminal::escape_hidden_at_start;

/// The number of files that each thread checks before their results are added to the report.
const FILES_PER_THREAD: usize = 8;

pub fn run(args: &CheckArgs, limits: Limits, console: Console) -> Result<Outcome> {
    let report = args.report(console);
    let Some((check, run)) = check_files(args, limits, console, &*report)? else {
        return Ok(Outcome::Failed);
    };
    let outcome = outcome_of(run.summary.drifted);
    let written = run.print(&check.expectation(), args.print_repair);
    print_notices(&check.notices, console);
    outcome.after_writing(written)
}

/// Runs the checks from the configuration file and prints one report for all of them.
pub fn run_configured(
    checks: &[ConfiguredCheck],
    limits: Limits,
    console: Console,
) -> Result<Outcome> {
    let Some(first) = checks.first() else {
        return Ok(Outcome::Done);
    };
    if first.options.print_repair {
        anyhow::ensure!(
            checks.len() == 1,
            "--print-repair repairs one firewall at a time, but the configuration file has {} checks; use \
             --format and FILE to select one firewall",
            checks.len()
        );
        return run(&first.options, limits, console);
    }
    let report = first.options.report(console);
    // One spool for the reports of all checks, so that the limits on memory and output apply to their sum.
    let mut reports = Spool::new(limits);
    let mut notices = Vec::new();
    let (mut done, mut drifted) = (0, 0);
    for ConfiguredCheck { name, options } in checks {
        match check_files(options, limits, console, &*report) {
            Ok(Some((check, run))) => {
                drifted += usize::from(run.summary.drifted > 0);
                reports.write_all(report.check_head(name, done == 0).as_bytes())?;
                run.copy(&check.expectation(), &mut reports)?;
                add_new(&mut notices, check.notices);
                done += 1;
            }
            Ok(None) => {}
            Err(error) => console.error(&format!("check '{name}': {error:#}")),
        }
    }
    let total = checks.len();
    if done < total {
        let failed = total - done;
        console.error(&format!("{failed} of {total} checks could not be run"));
        return Ok(Outcome::Failed);
    }
    print_notices(&notices, console);
    let outcome = outcome_of(drifted);
    let mut reports = reports.finish()?;
    let written = output::stdout().and_then(|mut stdout| {
        stdout.write_all(report.checks_head(drifted).as_bytes())?;
        reports.copy(&mut stdout)?;
        stdout.write_all(report.checks_end(drifted, total).as_bytes())?;
        stdout.flush()
    });
    outcome.after_writing(written.context("cannot write to stdout"))
}

fn outcome_of(drifted: usize) -> Outcome {
    if drifted > 0 {
        Outcome::Drift
    } else {
        Outcome::Done
    }
}

/// Adds the notices that are not in the list yet.
fn add_new(notices: &mut Vec<Notice>, more: Vec<Notice>) {
    for notice in more {
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }
}

/// Compares the files with the expected rules. If a file cannot be checked, reports that and returns
/// `None`.
fn check_files<'a>(
    args: &CheckArgs,
    limits: Limits,
    console: Console,
    report: &'a dyn Report,
) -> Result<Option<(Check, Run<'a>)>> {
    let files = args.files()?;
    let mut check = Check::new(args, limits)?;
    note_terminal(&files, "the listing", console);
    let mut run = Run {
        report,
        parts: Spool::new(limits),
        summary: Summary::default(),
        refused: 0,
        not_loaded: 0,
        repair: None,
        console,
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for files in files.chunks(threads * FILES_PER_THREAD) {
        for result in check.check_all(files, threads, report) {
            run.add(result)?;
        }
    }
    if run.refused > 0 {
        if files.len() > 1 {
            let (refused, drifted) = (run.refused, run.summary.drifted);
            console.error(&format!(
                "{refused} of {} files could not be checked; {drifted} of the others have drifted",
                files.len()
            ));
        }
        return Ok(None);
    }
    let not_loaded = check.not_loaded_notice(run.not_loaded, files.len());
    check.notices.extend(not_loaded.map(Notice::Note));
    Ok(Some((check, run)))
}

/// The expected rules and the options, which are the same for all files.
struct Check {
    format: &'static dyn Format,
    unit: Unit,
    policy: Policy,
    reference_data: ReferenceData,
    published: OnceLock<Vec<PublishedNetwork>>,
    repair: bool,
    /// True if empty input is a firewall without rules, and not an error.
    allows_empty: bool,
    limits: Limits,
    notices: Vec<Notice>,
}

/// The result of checking one file.
enum FileResult {
    Checked {
        counts: Box<Summary>,
        /// The part of the report about this file, at its start.
        part: Spool,
        repair: Option<String>,
        is_not_loaded: bool,
    },
    /// The file could not be checked.
    Refused(Vec<InputMessage>),
}

impl Check {
    fn new(args: &CheckArgs, limits: Limits) -> Result<Check> {
        let format = args.format()?;
        let unit = args.unit();
        let reference_data = dataset::reference_data()?;
        let Selected {
            policy,
            mut notices,
            ..
        } = select(&args.selection, DEFAULT_EDITION, limits, &reference_data)?;
        registry::check_options(format, &unit)?;
        // Rules that this format cannot express cannot be deployed either.
        let part = format::supported(format, &policy, &unit)?;
        notices.extend(format::narrowing(format, &policy, &part).map(Notice::Note));
        let policy = part.into_owned();
        Ok(Check {
            format,
            unit,
            policy,
            reference_data,
            published: OnceLock::new(),
            repair: args.print_repair,
            allows_empty: args.allow_empty,
            limits,
            notices,
        })
    }

    fn expectation(&self) -> Expectation<'_> {
        Expectation {
            format: self.format.info().name,
            granularity: self.format.info().granularity,
            scope: &self.policy.scope,
        }
    }

    /// Checks the files in several threads, and returns the results in the order of the files.
    fn check_all(&self, files: &[PathBuf], threads: usize, report: &dyn Report) -> Vec<FileResult> {
        let check = |files: &[PathBuf]| -> Vec<FileResult> {
            files
                .iter()
                .map(|file| self.check_file(file, report))
                .collect()
        };
        if files.len() == 1 {
            return check(files);
        }
        let check = &check;
        std::thread::scope(|scope| {
            let shares = files.chunks(files.len().div_ceil(threads));
            let workers: Vec<_> = shares
                .map(|share| scope.spawn(move || check(share)))
                .collect();
            let results = workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
            results.collect()
        })
    }

    fn check_file(&self, file: &Path, report: &dyn Report) -> FileResult {
        let (_turn, text) = match input::text_in_turn(file, self.limits, Limit::Input) {
            Ok(read) => read,
            Err(error) => return FileResult::Refused(vec![format!("{error:#}").into()]),
        };
        self.check_text(file, &text, report)
            .unwrap_or_else(FileResult::Refused)
    }

    fn check_text(
        &self,
        file: &Path,
        text: &str,
        report: &dyn Report,
    ) -> Result<FileResult, Vec<InputMessage>> {
        let name = name_of(file);
        let query = self.query();
        let text = self.listing(&name, text)?;
        let units = format::parse(self.format, text, query)
            .map_err(|errors| self.refusal(&name, text, &errors))?;
        let units = format::selected(self.format, &self.policy, units);
        let is_not_loaded = self.is_not_loaded(&units);
        if is_not_loaded && let Some(message) = self.other_language(&name, text) {
            return Err(vec![message.into()]);
        }
        let drift = format::compare(self.format, &self.policy, &units, self.limits, || {
            self.published()
        })
        .map_err(|error| vec![format!("{name}: {error}").into()])?;
        let repair = if self.repair && !drift.is_none() {
            let repair = format::repair(self.format, &self.policy, text, query, &units);
            Some(repair.map_err(|error| vec![format!("{name}: {error}").into()])?)
        } else {
            None
        };
        let checked = CheckedFile {
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
            .file(&checked, &mut part)
            .map_err(|error| vec![error.to_string().into()])?;
        Ok(FileResult::Checked {
            counts: Box::new(Summary::of(&drift, &checked.units)),
            part,
            repair,
            is_not_loaded,
        })
    }

    fn query(&self) -> UnitQuery<'_> {
        UnitQuery {
            unit: &self.unit,
            directions: &self.policy.scope.directions,
            limits: self.limits,
        }
    }

    /// Returns the text, or for an empty text the listing of a firewall without rules.
    ///
    /// # Errors
    ///
    /// If the text is empty and `--allow-empty` is not given.
    fn listing<'t>(&self, name: &str, text: &'t str) -> Result<&'t str, Vec<InputMessage>> {
        if !text.trim().is_empty() {
            return Ok(text);
        }
        let Some(parser) = self.format.parser() else {
            return Ok(text);
        };
        let listing = parser.listing();
        if self.allows_empty {
            return Ok(listing.without_rules);
        }
        let message = format!(
            "{name} is empty: '{}' failed, or no rules are loaded yet (--allow-empty accepts this); {}",
            listing.command,
            self.how_to_load()
        );
        Err(vec![message.into()])
    }

    /// The steps to load the rules, for messages.
    fn how_to_load(&self) -> String {
        format!(
            "to load the rules, save the output of the same options without 'check' as FILE, then run: {}",
            self.format.load_command(&self.unit)
        )
    }

    /// A notice if some files contain none of the expected rules.
    fn not_loaded_notice(&self, not_loaded: usize, files: usize) -> Option<String> {
        let name = &self.unit.name;
        let how = self.how_to_load();
        match (not_loaded, files) {
            (0, _) => None,
            (_, 1) => Some(format!("the input has no rules named '{name}'; {how}")),
            _ => Some(format!(
                "{not_loaded} of {files} files have no rules named '{name}'; {how}"
            )),
        }
    }

    /// The messages for a text that cannot be parsed. If the text is in another format, the message says
    /// only that.
    fn refusal(&self, name: &str, text: &str, errors: &[ReadError]) -> Vec<InputMessage> {
        if let Some(message) = self.other_language(name, text) {
            return vec![message.into()];
        }
        let lines = Lines::of(text);
        let errors_found = errors.iter().map(|error| InputError {
            line: Some(lines.number(error.at())),
            cause: error.problem(),
            found: excerpt(text, error.at()),
        });
        let mut messages = messages(name, errors_found);
        if errors.len() >= MAX_ERRORS {
            messages.push(format!("{name}: stopped after {MAX_ERRORS} errors").into());
        }
        messages
    }

    /// The message for a text in another format. `None` if the format is not recognized.
    fn other_language(&self, name: &str, text: &str) -> Option<String> {
        let own = self.format.info().name;
        let command = self.format.parser()?.listing().command;
        Some(match registry::recognize(self.format, text)? {
            Recognized::Format(other) if other.parser().is_some() => {
                let other = other.info().name;
                format!("{name}: expected {own} format, but found {other}; use --format {other}")
            }
            Recognized::Format(other) => format!(
                "{name}: expected {own} format, but found {} output of this program, which 'check' cannot \
                 read; provide the output of '{command}'",
                other.info().name
            ),
            Recognized::Other(kind) => {
                format!(
                    "{name}: expected {own} format, but found {kind}; provide the output of '{command}'"
                )
            }
        })
    }

    fn published(&self) -> &[PublishedNetwork] {
        // Tests ensure that the embedded editions are valid. Without them, packets have no attribution.
        self.published
            .get_or_init(|| known_networks(&self.reference_data).unwrap_or_default())
    }

    fn expects(&self, unit: &DeployedUnit) -> bool {
        !format::expected(self.format, &self.policy, unit).is_empty()
    }

    /// The units that have no rules but should, each with the reason.
    fn empty<'a>(&self, units: &'a [DeployedUnit]) -> Vec<(&'a str, &'a str)> {
        let is_empty = |unit: &&DeployedUnit| unit.steps.is_empty() && self.expects(unit);
        let reason = |unit: &'a DeployedUnit| unit.absent.as_deref().unwrap_or("it is empty");
        let empty = units.iter().filter(is_empty);
        let mut empty: Vec<_> = empty
            .map(|unit| (unit.name.as_str(), reason(unit)))
            .collect();
        empty.dedup();
        empty
    }

    /// True if rules are expected, but every unit is absent or empty.
    fn is_not_loaded(&self, units: &[DeployedUnit]) -> bool {
        let is_empty = |unit: &DeployedUnit| unit.steps.is_empty() && unit.unmeasured.is_empty();
        let is_missing = |unit: &DeployedUnit| unit.absent.is_some() || is_empty(unit);
        units.iter().all(is_missing) && units.iter().any(|unit| self.expects(unit))
    }

    /// A direction that has rules although it was not selected.
    fn unselected(&self, units: &[DeployedUnit]) -> Option<Direction> {
        let selected = &self.policy.scope.directions;
        let has_rules =
            |unit: &&DeployedUnit| !selected.contains(&unit.direction) && !unit.steps.is_empty();
        units.iter().find(has_rules).map(|unit| unit.direction)
    }
}

/// The results of the files that were checked so far.
struct Run<'a> {
    report: &'a dyn Report,
    parts: Spool,
    summary: Summary,
    refused: usize,
    not_loaded: usize,
    repair: Option<String>,
    console: Console,
}

/// The names of the units, without duplicates.
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
    fn add(&mut self, result: FileResult) -> Result<()> {
        match result {
            FileResult::Refused(messages) => {
                self.refused += 1;
                for message in messages {
                    message.print(self.console);
                }
            }
            FileResult::Checked {
                counts,
                part,
                repair,
                is_not_loaded,
            } => {
                if self.summary.files > 0 {
                    self.parts.write_all(self.report.separator().as_bytes())?;
                }
                self.summary.add(*counts);
                self.parts.append(part)?;
                self.repair = repair;
                self.not_loaded += usize::from(is_not_loaded);
            }
        }
        Ok(())
    }

    /// Writes the report to stdout. With `--print-repair`, writes the repair to stdout and the report to
    /// stderr. Errors on stderr are then ignored, because only the repair must not get lost.
    fn print(mut self, expectation: &Expectation, repairs: bool) -> Result<()> {
        if repairs {
            let repair = self.repair.take();
            let done = repair.map_or(Ok(()), |repair| output::write_stdout(&repair));
            let _ = self.copy(expectation, &mut std::io::stderr().lock());
            return done;
        }
        output::stdout()
            .and_then(|mut stdout| self.copy(expectation, &mut stdout))
            .context("cannot write to stdout")
    }

    fn copy(self, expectation: &Expectation, to: &mut dyn Write) -> std::io::Result<()> {
        let mut parts = self.parts.finish()?;
        to.write_all(self.report.head(expectation, &self.summary).as_bytes())?;
        parts.copy(to)?;
        to.write_all(self.report.end().as_bytes())?;
        to.flush()
    }
}
