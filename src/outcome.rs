//! The result of a command, from which the exit status follows.

use std::process::ExitCode;

use anyhow::Result;

use crate::output::is_closed_pipe;

/// The result of a command that did not fail with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or in sync: status 0.
    Done,
    /// Drift, or another difference, was found: status 1.
    Drift,
    /// The command failed, and has reported why: status 2.
    Failed,
}

impl Outcome {
    /// The outcome after its report was written. It stays the same if the reader closed the pipe
    /// early.
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
