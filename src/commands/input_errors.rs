//! The errors of one input.

use crate::outcome::Outcome;
use crate::output::Console;

/// The most errors of one input that are reported.
const MAX_REPORTED: usize = 20;

/// Reports the first errors of an input in their order, and the number of the others.
pub(super) fn report_input_errors(console: Console, errors: &[String]) -> Outcome {
    for error in errors.iter().take(MAX_REPORTED) {
        console.error(error);
    }
    if errors.len() > MAX_REPORTED {
        console.error(&format!("{} more such faults", errors.len() - MAX_REPORTED));
    }
    Outcome::Failed
}
