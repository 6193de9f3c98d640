//! Reads configurations line by line.

use super::words::STEPS_OF_LINE;
use crate::format::read::lines::{count_lines, lines};
use crate::limits::{Limit, Limits};
use crate::read_error::{ErrorCollector, ReadError};

/// Calls `read` for each line with its offset, and returns the problems that it finds.
///
/// Returns an error if the text has too many lines, may have been cut off, or has too many problems.
pub(super) fn read_lines<'a>(
    text: &'a str,
    limits: Limits,
    mut read: impl FnMut(u32, &'a str) -> Result<(), String>,
) -> Result<ErrorCollector, Vec<ReadError>> {
    let steps = count_lines(text).saturating_mul(STEPS_OF_LINE);
    let fits = limits.check(Limit::Work, steps);
    fits.map_err(|exceeded| vec![ReadError::new(0, exceeded)])?;
    let mut errors = ErrorCollector::default();
    for (at, line) in lines(text).map_err(|error| vec![error])? {
        let problem = read(at, line).err();
        errors.extend(problem.map(|problem| ReadError::new(at, problem)));
        if errors.is_full() {
            return Err(errors.into_errors());
        }
    }
    Ok(errors)
}
