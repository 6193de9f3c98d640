//! What follows the options in the help of a command.

/// The last line of every section on exit statuses.
const FAILURE: &str =
    "  2  wrong use, bad input or a failure: nothing is printed on stdout, and no file
     is touched";

/// The sections on exit statuses and examples. Status 1 is left out if its meaning is empty.
pub(super) fn sections(done: &str, found: &str, examples: &str) -> String {
    let found = match found {
        "" => String::new(),
        found => format!("  1  {found}\n"),
    };
    let examples = match examples {
        "" => String::new(),
        examples => format!("\n\nExamples:\n{examples}"),
    };
    format!("Exit status:\n  0  {done}\n{found}{FAILURE}{examples}")
}
