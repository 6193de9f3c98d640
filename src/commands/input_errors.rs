//! Summarizes the errors of one input in few messages.

use crate::format::read::{Lines, ReadError};
use crate::outcome::Outcome;
use crate::output::Console;
use crate::report::also_in_lines;

/// The maximum number of causes to report.
const MAX_CAUSES: usize = 3;

/// The maximum number of further lines to list for one cause.
const MAX_LINES: usize = 4;

/// An error in an input.
pub(super) struct InputError {
    /// The line number, counted from 1. `None` if the input has no lines.
    pub line: Option<usize>,
    /// Errors with the same cause are reported together.
    pub cause: String,
    /// The text that contains the error. May be empty.
    pub found: String,
}

/// The errors with the same cause.
struct Group {
    first: InputError,
    /// The lines of further errors, at most [`MAX_LINES`].
    lines: Vec<usize>,
    /// The number of errors, including `first`.
    count: usize,
}

/// A message about errors in an input.
pub(super) struct InputMessage {
    /// The name of the input, the line number, the cause, and the numbers of other lines with the same cause.
    text: String,
    /// The text that contains the first error. May be empty.
    found: String,
}

/// Returns one message for each of the first causes, with some lines where it occurs. A last message
/// counts the errors with other causes. `name` is the name of the input and may be empty.
pub(super) fn messages(
    name: &str,
    errors: impl IntoIterator<Item = InputError>,
) -> Vec<InputMessage> {
    let mut groups: Vec<Group> = Vec::new();
    let mut more = 0;
    for error in errors {
        if let Some(group) = groups.iter_mut().find(|g| g.first.cause == error.cause) {
            group.add(error.line);
        } else if groups.len() < MAX_CAUSES {
            groups.push(Group {
                first: error,
                lines: Vec::new(),
                count: 1,
            });
        } else {
            more += 1;
        }
    }
    let mut messages: Vec<InputMessage> = groups.into_iter().map(|g| g.message(name)).collect();
    if more > 0 {
        let text = format!("{}{more} more {}", place(name, None), plural(more));
        messages.push(text.into());
    }
    messages
}

/// Returns the messages for the errors of a parser. `excerpt` quotes the text at a byte offset.
pub(super) fn reading_errors(
    name: &str,
    text: &str,
    errors: &[ReadError],
    excerpt: fn(&str, u32) -> String,
) -> Vec<InputMessage> {
    let lines = Lines::of(text);
    let errors = errors.iter().map(|error| InputError {
        line: Some(lines.number(error.at())),
        cause: error.problem(),
        found: excerpt(text, error.at()),
    });
    messages(name, errors)
}

/// Prints the errors in an input.
pub(super) fn report_input_errors(
    console: Console,
    name: &str,
    errors: impl IntoIterator<Item = InputError>,
) -> Outcome {
    for message in messages(name, errors) {
        message.print(console);
    }
    Outcome::Failed
}

impl InputMessage {
    /// Prints `FILE:3: not a rule (also in line 4)`, and then the text with the error on a line of its own.
    pub fn print(&self, console: Console) {
        console.error_in(&self.text, &self.found);
    }
}

impl From<String> for InputMessage {
    fn from(text: String) -> Self {
        InputMessage {
            text,
            found: String::new(),
        }
    }
}

impl Group {
    fn add(&mut self, line: Option<usize>) {
        self.count += 1;
        if self.lines.len() < MAX_LINES {
            self.lines.extend(line);
        }
    }

    /// `FILE:3: not a rule (also in lines 4, 5 and 7 more)`, and the text of line 3.
    fn message(self, name: &str) -> InputMessage {
        let place = place(name, self.first.line);
        InputMessage {
            text: format!("{place}{}{}", self.first.cause, self.others()),
            found: self.first.found,
        }
    }

    fn others(&self) -> String {
        let others = self.count - 1;
        if others > 0 && self.lines.is_empty() {
            return format!(" (and {others} more such {})", plural(others));
        }
        also_in_lines(&self.lines, others)
    }
}

/// The start of a message, such as `FILE:3: `. Empty if the input has neither lines nor a name.
fn place(name: &str, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{name}:{line}: "),
        None if name.is_empty() => String::new(),
        None => format!("{name}: "),
    }
}

fn plural(errors: usize) -> &'static str {
    if errors == 1 { "error" } else { "errors" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(causes: &[(usize, &str)]) -> Vec<String> {
        let error = |(line, cause): &(usize, &str)| InputError {
            line: Some(*line),
            cause: (*cause).to_owned(),
            found: format!("text {line}"),
        };
        shown(messages("file", causes.iter().map(error)))
    }

    fn shown(messages: Vec<InputMessage>) -> Vec<String> {
        let shown = |InputMessage { text, found }| [text, found].join(" | ");
        messages.into_iter().map(shown).collect()
    }

    #[test]
    fn a_repeated_error_is_reported_once_with_its_lines() {
        assert_eq!(reported(&[(1, "a")]), ["file:1: a | text 1"]);
        assert_eq!(
            reported(&[(1, "a"), (2, "b"), (3, "a")]),
            ["file:1: a (also in line 3) | text 1", "file:2: b | text 2"]
        );
        let three = [(1, "a"), (2, "a"), (9, "a")];
        let once = ["file:1: a (also in lines 2 and 9) | text 1"];
        assert_eq!(reported(&three), once);
        let many: Vec<_> = (1..=20).map(|line| (line, "a")).collect();
        let once = ["file:1: a (also in lines 2, 3, 4, 5 and 15 more) | text 1"];
        assert_eq!(reported(&many), once);
    }

    #[test]
    fn only_three_causes_are_reported_and_the_other_errors_are_counted() {
        let causes = [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e"), (6, "c")];
        let messages = reported(&causes);
        assert_eq!(messages.len(), 4);
        assert_eq!(messages[2], "file:3: c (also in line 6) | text 3");
        assert_eq!(messages[3], "file: 2 more errors | ");
        assert_eq!(reported(&causes[..4])[3], "file: 1 more error | ");
    }

    #[test]
    fn a_message_has_no_line_or_name_if_the_input_has_none() {
        let error = |cause: &str| InputError {
            line: None,
            cause: cause.to_owned(),
            found: String::new(),
        };
        let errors = [error("a"), error("a"), error("b")];
        let printed = shown(messages("", errors));
        assert_eq!(printed, ["a (and 1 more such error) | ", "b | "]);
        assert_eq!(shown(messages("page", [error("a")])), ["page: a | "]);
    }
}
