//! Reports a page that cannot be read.

use crate::commands::input_errors::{InputError, report_input_errors};
use crate::outcome::Outcome;
use crate::output::Console;
use crate::page::PageError;

/// Reports the errors in a page.
pub fn refuse_page(console: Console, name: &str, errors: &[PageError]) -> Outcome {
    let errors = errors.iter().map(|error| InputError {
        line: error.line,
        cause: error.problem.clone(),
        found: String::new(),
    });
    let outcome = report_input_errors(console, name, errors);
    console.note(
        "the page may be incomplete, damaged or in a new layout; if its text was copied from a browser, use its \
         Markdown instead (the address of the page with .md at its end), or the HTML that the browser saves",
    );
    outcome
}
