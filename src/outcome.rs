//! The result of a command, which determines the exit status.

use std::process::ExitCode;

use anyhow::Result;

use crate::output::is_closed_pipe;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command succeeded, or found no difference: status 0.
    Done,
    /// The command found drift or another difference: status 1.
    Drift,
    /// The command failed and reported the reason: status 2.
    Failed,
}

impl Outcome {
    /// Returns the outcome after writing the report. A closed pipe does not change it.
    ///
    /// # Errors
    ///
    /// Returns the error of writing, except for a closed pipe.
    pub fn after_writing(self, written: Result<()>) -> Result<Outcome> {
        match written {
            Err(error) if !is_closed_pipe(&error) => Err(error),
            _ => Ok(self),
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(match outcome {
            Outcome::Done => 0,
            Outcome::Drift => 1,
            Outcome::Failed => 2,
        })
    }
}
