//! Annotations for GitHub Actions, as workflow commands
//! (docs.github.com, "Workflow commands for GitHub Actions", "Setting an error message").

use crate::terminal::{SPELLED_SIGN, is_hidden, without_commands};

/// The place that an annotation belongs to.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The file as it was given; `-` is stdin.
    pub file: &'a str,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
}

/// A workflow command; the level is `error`, `warning` or `notice`.
pub fn annotation(level: &str, title: &str, place: Place, message: &str) -> String {
    let mut properties = vec![format!("title={}", property(title))];
    if place.file != "-" {
        properties.push(format!("file={}", property(place.file)));
        // A line without its file would be put to some other file.
        properties.extend(place.line.map(|line| format!("line={line}")));
        properties.extend(place.column.map(|column| format!("col={column}")));
    }
    format!(
        "::{level} {}::{}\n",
        properties.join(","),
        escape(message, &[])
    )
}

fn property(text: &str) -> String {
    escape(text, &[':', ','])
}

/// Escapes a text for the runner: signs and line breaks as the runner unescapes them, in a property
/// also `others`; other hidden characters so that they do not reach a log.
fn escape(text: &str, others: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        if matches!(c, '%' | '\r' | '\n') || others.contains(&c) {
            escaped.push_str(&format!("%{:02X}", u32::from(c)));
        } else if is_hidden(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    without_commands(escaped.into(), SPELLED_SIGN).into_owned()
}
