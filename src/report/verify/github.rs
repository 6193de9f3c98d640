//! The report of `verify` for GitHub Actions: one annotation for each problem and each exposure.

use std::io::{self, Write};

use super::interface::{MachineCounts, MachineReport};
use super::messages;
use super::text;
use super::verified::VerifiedMachine;
use super::words;
use crate::policy::Scope;
use crate::report::annotation::{Place, annotation};
use crate::terminal::escape_hidden_at_start;

/// The maximum number of annotations of one machine. GitHub shows far fewer for each step.
const MAX_ANNOTATIONS: usize = 1_000;

pub struct VerifyGitHub;

impl MachineReport for VerifyGitHub {
    fn head(&self, scope: &Scope, counts: &MachineCounts) -> io::Result<String> {
        Ok(text::head(scope, counts))
    }

    fn machine(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
        writeln!(
            to,
            "{}: {}; {}",
            words::name(&escape_hidden_at_start(&machine.name)),
            words::calls(machine),
            words::others(machine)
        )?;
        let messages = messages::all(machine);
        for message in messages.iter().take(MAX_ANNOTATIONS) {
            let place = Place {
                file: machine.file,
                line: message.line,
                column: None,
            };
            let title = format!("verify: {}", message.kind.name());
            let text = format!("{}: {}", words::name(&machine.name), message.text);
            let annotation = annotation(message.level.of_annotation(), &title, place, &text);
            to.write_all(annotation.as_bytes())?;
        }
        Ok(())
    }
}
