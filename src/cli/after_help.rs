//! The sections after the options in the help of a command.

/// The last line of every "Exit status" section.
const FAILURE: &str =
    "  2  wrong usage, invalid input or a failure: stdout is empty, and no file is changed";

/// Returns the sections "Exit status" and "Examples". `done` describes status 0, and `found` status 1.
/// The texts `found` and `examples` may be empty.
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
