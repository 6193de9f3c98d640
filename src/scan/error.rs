use std::io;

use thiserror::Error;

use crate::limits::LimitExceeded;

/// The reason why the scan of a text stopped.
#[derive(Debug, Error)]
pub enum ScanError {
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// A finding could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}
