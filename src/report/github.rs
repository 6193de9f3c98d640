//! For GitHub Actions: a workflow command for each part
//! (docs.github.com, "Workflow commands for GitHub Actions", "Setting an error message").

use std::io::{self, Write};

use super::{GitHub, Judged, PARTS_LIMIT, Report, Subject, Summary, Text, more_parts, words};
use crate::packets::Side;
use crate::terminal::{SPELLED_SIGN, is_hidden, without_commands};

impl Report for GitHub {
    fn head(&self, subject: &Subject, summary: &Summary) -> String {
        Text { colored: false }.head(subject, summary)
    }

    fn file(&self, judged: &Judged, to: &mut dyn Write) -> io::Result<()> {
        let drift = judged.drift;
        for (side, part) in drift.parts().take(PARTS_LIMIT) {
            let message = format!("{} {}", part.direction, words::part(part));
            let command = error(judged, side, &message, part.source_lines.first().copied());
            to.write_all(command.as_bytes())?;
        }
        for (direction, unmeasured) in drift.unmeasured.iter().take(PARTS_LIMIT) {
            let message = format!("{direction} {}", unmeasured.what);
            let command = error(judged, Side::Extra, &message, Some(unmeasured.at));
            to.write_all(command.as_bytes())?;
        }
        // GitHub shows far fewer annotations of a step.
        let hidden = [
            drift.missing.len() + drift.extra.len(),
            drift.unmeasured.len(),
        ];
        let hidden: usize = hidden
            .map(|count| count.saturating_sub(PARTS_LIMIT))
            .iter()
            .sum();
        if let Some(more) = more_parts(hidden) {
            let place = Place {
                file: &judged.file,
                line: None,
                column: None,
            };
            let message = format!("{}: {more}", judged.name);
            to.write_all(annotation("notice", "drift", place, &message).as_bytes())?;
        }
        Ok(())
    }
}

fn error(judged: &Judged, side: Side, message: &str, at: Option<u32>) -> String {
    let place = Place {
        file: &judged.file,
        line: at.map(|at| judged.lines.number(at)),
        column: None,
    };
    let message = format!("{}: {side}: {message}", judged.name);
    annotation("error", &format!("drift: {side}"), place, &message)
}

/// What an annotation is put to.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// As it was given; `-` is stdin.
    pub file: &'a str,
    /// From 1.
    pub line: Option<usize>,
    /// From 1.
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
        escaped(message, &[])
    )
}

fn property(text: &str) -> String {
    escaped(text, &[':', ','])
}

/// As the runner unescapes it: the text behind the second colons, and in a property `others` too.
/// Line breaks have an escape of their own; other hidden characters must not reach a log.
fn escaped(text: &str, others: &[char]) -> String {
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
