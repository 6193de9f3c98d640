//! What is wrong with a text, and where.

use std::fmt;

/// Something in a text that is not understood, or that no set of packets says exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// Where, in bytes; see [`Lines`] and [`excerpt`].
    pub at: u32,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl ReadError {
    /// Something wrong at a place.
    pub fn new(at: u32, problem: impl fmt::Display) -> Self {
        ReadError {
            at,
            problem: problem.to_string(),
        }
    }
}

/// As many mistakes as are worth reporting.
pub(in crate::format) const ERROR_LIMIT: usize = 20;

/// What is made of a text, unless something of that was not understood.
pub(in crate::format) fn ok_or_errors<T>(
    made: T,
    mut errors: Vec<ReadError>,
) -> Result<T, Vec<ReadError>> {
    if errors.is_empty() {
        return Ok(made);
    }
    errors.truncate(ERROR_LIMIT);
    Err(errors)
}
