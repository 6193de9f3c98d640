//! Verifies that calls get through whole firewalls.

mod machine;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};

use self::machine::{Verification, Verified};
use super::data::DataInUse;
use super::parallel;
use super::selected::print_notices;
use super::standard_input::note_terminal;
use crate::cli::{VerifyArgs, VerifyReport};
use crate::format::capture;
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::output::{self, Console, Spool};
use crate::report::{
    MachineCounts, MachineReport, VerifyGitHub, VerifyHtml, VerifyJson, VerifySarif, VerifyText,
};

pub(super) fn run(
    args: &VerifyArgs,
    data: &DataInUse,
    limits: Limits,
    console: Console,
) -> Result<Outcome> {
    if args.print_collector.is_some() {
        output::write_stdout(capture::collector())?;
        return Ok(Outcome::Done);
    }
    let files = args.files()?;
    let verification = Verification::new(args, data, limits)?;
    note_terminal(&files, "the firewall", console);
    let report = report(args, console);
    let mut parts = Spool::new(limits);
    let mut counts = MachineCounts::default();
    let mut refused = 0;
    let numbered: Vec<(usize, &PathBuf)> = (1..).zip(&files).collect();
    for files in numbered.chunks(parallel::batch_size()) {
        let verify =
            |(number, file): &(usize, &PathBuf)| verification.file(*number, file, &*report);
        for result in parallel::map(files, verify) {
            match result {
                Ok(Verified { counts: own, part }) => {
                    if parts.length() > 0 && part.length() > 0 {
                        parts.write_all(report.separator().as_bytes())?;
                    }
                    counts.add(own);
                    parts.append(part)?;
                }
                Err(messages) => {
                    refused += 1;
                    for message in messages {
                        message.print(console);
                    }
                }
            }
        }
    }
    if refused > 0 {
        if files.len() > 1 {
            let total = files.len();
            console.error(&format!("{refused} of {total} files could not be verified"));
        }
        return Ok(Outcome::Failed);
    }
    print_notices(&verification.notices, console);
    let head = report.head(verification.scope(), &counts)?;
    let mut parts = parts.finish()?;
    let written = output::stdout().and_then(|mut stdout| {
        stdout.write_all(head.as_bytes())?;
        parts.copy(&mut stdout)?;
        stdout.write_all(report.end().as_bytes())?;
        stdout.flush()
    });
    let outcome = if counts.failing > 0 {
        Outcome::Drift
    } else {
        Outcome::Done
    };
    outcome.after_writing(written.context("cannot write to stdout"))
}

fn report(args: &VerifyArgs, console: Console) -> Box<dyn MachineReport> {
    match args.report() {
        VerifyReport::Text => Box::new(VerifyText {
            colored: console.colors_stdout(),
        }),
        VerifyReport::Json => Box::new(VerifyJson),
        VerifyReport::Github => Box::new(VerifyGitHub),
        VerifyReport::Sarif => Box::new(VerifySarif),
        VerifyReport::Html => Box::new(VerifyHtml),
    }
}
