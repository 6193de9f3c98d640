//! The output and exit status of calls that run no command.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::command_line::{CommandLine, Mistake};
use super::mistakes::mistake;
use super::variables::{all_arguments, environment_note, flag, variable_of, without_variables};
use crate::dataset::{Data, Edition};
use crate::outcome::Outcome;
use crate::output;
use crate::select::{CURRENT, editions};
use crate::terminal::{escape_hidden, shortened};

/// The end of a call that runs no command: help, the version, or a mistake on the command line.
pub struct CliExit(End);

enum End {
    /// Help or the version, because the user requested it.
    Answer(String),
    /// The help of a command that lacks its verb.
    Usage(String),
    /// An error in the configuration file.
    Configuration(String),
    Mistake {
        mistake: Mistake,
        /// The environment variables that cause it.
        variables: Vec<String>,
    },
}

impl CliExit {
    /// Converts an error of clap. A mistake names the environment variable that causes it, unless the
    /// command line alone has the same mistake.
    pub(super) fn new(error: &clap::Error, command: &Command, arguments: &[OsString]) -> Self {
        CliExit(match error.kind() {
            ErrorKind::DisplayHelp => End::Answer(error.to_string()),
            ErrorKind::DisplayVersion => End::Answer(format!("{error}{}", data_line())),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => End::Usage(error.to_string()),
            _ => End::Mistake {
                mistake: mistake(error, command, arguments),
                variables: variable_at_fault(error, command, arguments),
            },
        })
    }

    /// A mistake that clap does not find, such as two options that exclude each other.
    pub(super) fn mistake(
        message: String,
        variables: Vec<String>,
        command: &Command,
        arguments: &[OsString],
    ) -> Self {
        let mistake = CommandLine::new(command, arguments).mistake(message);
        CliExit(End::Mistake { mistake, variables })
    }

    /// The mistake of an option that must follow the verb but precedes it.
    pub(super) fn option_before_verb(arg: &Arg, command: &Command, arguments: &[OsString]) -> Self {
        let line = CommandLine::new(command, arguments);
        let (option, values) = (flag(arg), line.values_of(arg).join(","));
        let mistake = Mistake {
            message: format!("{option} must follow '{}'", line.verbs.join(" ")),
            advice: format!("try: {}", line.call(&[&option, &values])),
        };
        let variables = Vec::new();
        CliExit(End::Mistake { mistake, variables })
    }

    /// An error in the configuration file.
    pub(super) fn configuration(message: String) -> Self {
        CliExit(End::Configuration(message))
    }

    /// The text that [`CliExit::print`] prints.
    pub fn text(&self) -> String {
        match &self.0 {
            End::Answer(text) | End::Usage(text) => text.clone(),
            End::Configuration(message) => {
                format!("error: {}\n", escape_hidden(&shortened(message)))
            }
            End::Mistake { mistake, variables } => {
                let line = |text| escape_hidden(&shortened(text));
                let (message, advice) = (line(&mistake.message), line(&mistake.advice));
                let note = environment_note(variables);
                format!("error: {message}\n{advice}\n{note}")
            }
        }
    }

    /// Prints help and the version to stdout, and everything else to stderr.
    pub fn print(&self) -> anyhow::Result<Outcome> {
        match &self.0 {
            End::Answer(text) => {
                output::write_stdout(text)?;
                return Ok(Outcome::Done);
            }
            // If writing to stderr fails, the error cannot be reported anywhere.
            End::Usage(text) => drop(write!(io::stderr().lock(), "{text}")),
            End::Configuration(_) | End::Mistake { .. } => output::print_note(&self.text()),
        }
        Ok(Outcome::Failed)
    }
}

/// The environment variable of the option that the error is about. Empty if the command line alone has
/// the same mistake.
fn variable_at_fault(
    error: &clap::Error,
    command: &Command,
    arguments: &[OsString],
) -> Vec<String> {
    let bare = without_variables(command.clone()).try_get_matches_from(arguments);
    let same = |other: clap::Error| other.to_string() == error.to_string();
    let option = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) if !bare.is_err_and(same) => option,
        _ => return Vec::new(),
    };
    let option = option.split(' ').next().unwrap_or_default();
    let arg = all_arguments(command).find(|arg| flag(arg) == option);
    arg.and_then(variable_of).into_iter().collect()
}

/// The line about the embedded data in the output of `--version`.
fn data_line() -> String {
    let current = editions(&[CURRENT.to_owned()], &Data::Embedded).unwrap_or_default();
    let line =
        |edition: &Edition| format!("data: edition '{}', {}\n", edition.name, edition.status());
    current.iter().map(line).collect()
}
