//! Recognizes the language of a text by its first lines. This affects only messages, never results.

use std::collections::BTreeSet;

use super::interface::Format;
use super::read::lines::start_of;
use super::render::header::PURPOSE;
use crate::terminal::clip;

/// The maximum number of bytes to examine.
const HEAD_BYTES: usize = 1 << 16;

/// The maximum number of lines to examine.
const HEAD_LINES: usize = 500;

/// A text is in a language if one of this many first lines is typical of the language. Comments do not count.
const FIRST_LINES: usize = 3;

/// A text is in a language if, on average, at least one in this many lines is typical of the language. Comments do not
/// count.
const LINES_PER_TYPICAL_ONE: usize = 20;

/// The maximum number of lines that a failed command prints.
const LINES_OF_FAILURE: usize = 5;

/// The maximum length of an error message in a description, in characters.
const FAILURE_LENGTH: usize = 80;

/// The first lines of a text.
pub(super) struct Head<'t> {
    /// The lines that are not empty, without surrounding space and `sudo`.
    lines: Vec<&'t str>,
    /// The keys, if the text begins like JSON.
    keys: BTreeSet<&'t str>,
}

impl<'t> Head<'t> {
    pub fn of(text: &'t str) -> Self {
        let text = start_of(text, HEAD_BYTES);
        let command = |line: &'t str| line.trim().trim_start_matches("sudo ");
        let lines = text.lines().map(command).filter(|line| !line.is_empty());
        Head {
            lines: lines.take(HEAD_LINES).collect(),
            keys: if text.trim_start().starts_with(['{', '[']) {
                keys(text).collect()
            } else {
                BTreeSet::new()
            },
        }
    }

    /// Measures how typical the text is of a format. Returns 0 if the text is in another language.
    pub fn likeness(&self, format: &dyn Format) -> usize {
        let is_typical = |line: &&str| format.is_typical_line(line);
        let typical = self.lines.iter().copied().filter(is_typical).count();
        // Texts in formats without a parser come only from this program.
        if self.is_output_of(format) || format.parser().is_none() && typical > 0 {
            return usize::MAX;
        }
        if self.is_json() {
            let keys = format.typical_keys().iter();
            return keys.filter(|key| self.keys.contains(**key)).count();
        }
        let is_comment = |line: &&str| line.starts_with(['#', '!', ';']);
        let statements = || self.lines.iter().copied().filter(|line| !is_comment(line));
        let is_dense = statements().count() <= typical.saturating_mul(LINES_PER_TYPICAL_ONE);
        if is_dense || statements().take(FIRST_LINES).any(|line| is_typical(&line)) {
            typical
        } else {
            0
        }
    }

    /// True if the comments of an output of this program name the format.
    fn is_output_of(&self, format: &dyn Format) -> bool {
        let names = |line: &&str| {
            let (_, purpose) = line.split_once(PURPOSE)?;
            Some(purpose.trim_end_matches(['"', ',']) == format.info().name)
        };
        self.lines.iter().find_map(names).unwrap_or(false)
    }

    /// True if the text begins like JSON and has a key.
    pub fn is_json(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Describes a text that no firewall prints, in a few words.
    pub fn kind(&self) -> Option<String> {
        let first = self.lines.first()?;
        let start = first.get(..first.len().min(14)).unwrap_or_default();
        let start = start.to_ascii_lowercase();
        let is_short = self.lines.len() <= LINES_OF_FAILURE;
        let mut failures = self.lines.iter().filter(|line| is_failure(line));
        let mut helps = self.lines.iter().take(LINES_OF_FAILURE);
        let logged = self.lines.iter().filter(|line| is_logged(line));
        let kind = if start.starts_with("<!doctype html") || start.starts_with("<html") {
            "a web page"
        } else if self.is_json() {
            "JSON from another program"
        } else if let Some(line) = failures.next().filter(|_| is_short) {
            let line = clip((*line).to_owned(), FAILURE_LENGTH);
            return Some(format!("the error message of a failed command ('{line}')"));
        } else if helps.any(|line| starts_with_any(line, &["Usage: ", "usage: ", "USAGE:"])) {
            "the help text of a command"
        } else if starts_with_any(first, &["in sync: ", "drift: "]) {
            "a report of 'check'"
        } else if logged.count() * 2 > self.lines.len() {
            "a log"
        } else {
            return None;
        };
        Some(kind.to_owned())
    }
}

/// True if a line starts with any of these texts.
pub(super) fn starts_with_any(line: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| line.starts_with(start))
}

/// Returns the keys of the outermost objects of a JSON text, which may be cut off. Inner keys may be names
/// that a user has chosen.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = text.split('"');
    let mut next = quoted.next();
    let mut depth = 0_i32;
    std::iter::from_fn(move || {
        for byte in next?.bytes() {
            depth += i32::from(byte == b'{') - i32::from(byte == b'}');
        }
        let word = quoted.next()?;
        next = quoted.next();
        let is_key = next.is_some_and(|after| after.trim_start().starts_with(':'));
        Some((word, is_key && depth == 1))
    })
    .filter_map(|(word, is_outer_key)| is_outer_key.then_some(word))
}

fn is_failure(line: &str) -> bool {
    const CAUSES: [&str; 8] = [
        "command not found",
        ": not found",
        "permission denied",
        "operation not permitted",
        "no such file or directory",
        "you must be root",
        "connection refused",
        "connection timed out",
    ];
    let line = line.to_ascii_lowercase();
    CAUSES.iter().any(|cause| line.contains(cause))
        || starts_with_any(&line, &["error: ", "sudo: "])
}

/// True if a line begins with a time, as in logs of syslog and the kernel, and in RFC 3339.
fn is_logged(line: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ",
        "Dec ",
    ];
    let shape: String = line
        .chars()
        .take(10)
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let is_date = ["0000-00-00", "0000/00/00"].contains(&&*shape);
    let time = line.get(4..15).unwrap_or_default();
    let is_syslog = starts_with_any(line, &MONTHS) && time.matches(':').count() == 2;
    let kernel = line.strip_prefix('[').and_then(|line| line.split_once(']'));
    let is_kernel = kernel.is_some_and(|(seconds, _)| seconds.trim().parse::<f64>().is_ok());
    is_date || is_syslog || is_kernel
}
