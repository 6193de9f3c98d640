//! An end of the program that the command line alone decides.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::variables::{all_arguments, environment_note, flag, variable_of, without_variables};
use crate::outcome::Outcome;
use crate::output;

/// Ends the program without a command: help, the version, or an error on the command line.
pub struct CliExit {
    error: clap::Error,
    /// The environment variables that the error comes from, which clap does not name.
    variables: Vec<String>,
}

impl From<clap::Error> for CliExit {
    fn from(error: clap::Error) -> Self {
        CliExit {
            error,
            variables: Vec::new(),
        }
    }
}

impl CliExit {
    /// An error of an option or variable that excludes another one.
    pub(super) fn conflict(command: &Command, message: String, variables: Vec<String>) -> Self {
        let error = command.clone().error(ErrorKind::ArgumentConflict, message);
        CliExit { error, variables }
    }

    /// Names the variable of the option in question, unless the command line alone has the same error.
    pub(super) fn with_variables(
        error: clap::Error,
        command: &Command,
        arguments: &[OsString],
    ) -> Self {
        let bare = without_variables(command.clone()).try_get_matches_from(arguments);
        let same = |other: clap::Error| other.to_string() == error.to_string();
        let option = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(option)) if !bare.is_err_and(same) => option,
            _ => return error.into(),
        };
        let option = option.split(' ').next().unwrap_or_default();
        let arg = all_arguments(command).find(|arg| flag(arg) == option);
        let variables = arg.and_then(variable_of).into_iter().collect();
        CliExit { error, variables }
    }

    /// The text to print.
    pub fn text(&self) -> String {
        format!(
            "{}{}",
            self.error.render(),
            environment_note(&self.variables)
        )
    }

    /// Prints errors to stderr, help and the version to stdout.
    pub fn print(&self) -> anyhow::Result<Outcome> {
        if self.error.use_stderr() {
            output::print_note(&self.text());
            return Ok(Outcome::Failed);
        }
        output::write_stdout(&self.text())?;
        Ok(Outcome::Done)
    }
}
