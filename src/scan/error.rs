//! Errors of a scan.

use std::io;

use thiserror::Error;

use crate::limits::LimitExceeded;

/// An error that stops the scan of a text.
#[derive(Debug, Error)]
pub enum ScanError {
    /// The text exceeds a limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// A finding could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}
