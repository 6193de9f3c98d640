//! Compares deployed firewalls with the expected rules.

mod candidates;
mod diagnosis;
mod explanation;
mod file;
mod observed;
mod run;

use std::io::Write;

use anyhow::{Context, Result};

use self::file::Check;
use self::run::Run;
use super::data::DataInUse;
use super::parallel;
use super::selected::print_notices;
use super::standard_input::note_terminal;
use crate::cli::{CheckArgs, ConfiguredCheck};
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::output::{self, Console, Spool};
use crate::report::Report;
use crate::select::Notice;

pub(super) fn run(
    args: &CheckArgs,
    data: &DataInUse,
    limits: Limits,
    console: Console,
) -> Result<Outcome> {
    let report = args.report(console);
    let Some((check, run)) = check_files(args, data, limits, console, &*report)? else {
        return Ok(Outcome::Failed);
    };
    let outcome = outcome_of(run.summary.drifted);
    let written = run.print(&check.expectation(), args.print_repair);
    print_notices(&check.notices, console);
    outcome.after_writing(written)
}

/// Runs the checks from the configuration file and prints one report for all of them.
pub(super) fn run_configured(
    checks: &[ConfiguredCheck],
    data: &DataInUse,
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
        return run(&first.options, data, limits, console);
    }
    let report = first.options.report(console);
    // One spool for the reports of all checks, so that the limits on memory and output apply to their sum.
    let mut reports = Spool::new(limits);
    let mut notices = Vec::new();
    let (mut done, mut drifted) = (0, 0);
    for ConfiguredCheck { name, options } in checks {
        match check_files(options, data, limits, console, &*report) {
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
    args: &'a CheckArgs,
    data: &'a DataInUse,
    limits: Limits,
    console: Console,
    report: &'a dyn Report,
) -> Result<Option<(Check<'a>, Run<'a>)>> {
    let files = args.files()?;
    let mut check = Check::new(args, data, limits)?;
    note_terminal(&files, "the listing", console);
    let mut run = Run::new(report, limits, console);
    for files in files.chunks(parallel::batch_size()) {
        for result in parallel::map(files, |file| check.check_file(file, report)) {
            run.add(result)?;
        }
    }
    if run.refused > 0 {
        if files.len() > 1 {
            console.error(&refused_files(
                files.len(),
                run.refused,
                run.summary.drifted,
            ));
        }
        return Ok(None);
    }
    let not_loaded = check.not_loaded_notice(run.not_loaded, files.len());
    check.notices.extend(not_loaded.map(Notice::Note));
    Ok(Some((check, run)))
}

/// A message about the files that could not be checked, and about the drift of the others.
fn refused_files(files: usize, refused: usize, drifted: usize) -> String {
    let others = match (files - refused, drifted) {
        (0, _) => String::new(),
        (1, 0) => "; the other file is in sync".to_owned(),
        (1, _) => "; the other file has drifted".to_owned(),
        (_, 0) => "; the others are in sync".to_owned(),
        (_, 1) => "; 1 of the others has drifted".to_owned(),
        (_, _) => format!("; {drifted} of the others have drifted"),
    };
    format!("{refused} of {files} files could not be checked{others}")
}

#[cfg(test)]
mod tests {
    use super::refused_files;

    #[test]
    fn the_message_about_refused_files_counts_those_that_have_drifted() {
        for (files, refused, drifted, others) in [
            (2, 2, 0, ""),
            (2, 1, 0, "; the other file is in sync"),
            (2, 1, 1, "; the other file has drifted"),
            (3, 1, 0, "; the others are in sync"),
            (3, 1, 1, "; 1 of the others has drifted"),
            (3, 1, 2, "; 2 of the others have drifted"),
        ] {
            let message = format!("{refused} of {files} files could not be checked{others}");
            assert_eq!(refused_files(files, refused, drifted), message);
        }
    }
}
