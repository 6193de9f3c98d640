//! Annotations for GitHub Actions as workflow commands (docs.github.com, "Workflow commands for
//! GitHub Actions", "Setting an error message").

use crate::terminal::{SPELLED_SIGN, is_hidden, without_commands};

/// The place of an annotation.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The file as the user named it; `-` means stdin.
    pub file: &'a str,
    /// The line number, starting at 1.
    pub line: Option<usize>,
    /// The column number, starting at 1.
    pub column: Option<usize>,
}

/// Returns a workflow command. `level` is `error`, `warning` or `notice`.
pub fn annotation(level: &str, title: &str, place: Place, message: &str) -> String {
    let mut properties = vec![format!("title={}", property(title))];
    if place.file != "-" {
        properties.push(format!("file={}", property(place.file)));
        // GitHub would assign a line without a file to another file.
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

/// Escapes a text for the runner. Percent signs, line breaks and `others` are encoded as the runner
/// decodes them. Other hidden characters are escaped so that they do not appear in a log.
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
