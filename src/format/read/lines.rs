//! Lines and offsets of a text.

use crate::read_error::ReadError;
use crate::terminal::clip;

/// The maximum length of an excerpt in a message, in characters.
const EXCERPT_LIMIT: usize = 240;

/// The number of bytes that are read again for an excerpt.
const EXCERPT_BYTES: usize = 1 << 12;

/// The offsets of the starts of all lines of a text.
#[derive(Debug, Default)]
pub struct Lines(Vec<u32>);

impl Lines {
    /// Finds all lines of a text.
    pub fn of(text: &str) -> Lines {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let after = newlines.map(|(at, _)| place(at + 1));
        Lines([0].into_iter().chain(after).collect())
    }

    /// Returns the number of the line that contains an offset, from 1.
    pub fn number(&self, at: u32) -> usize {
        self.0.partition_point(|start| *start <= at)
    }
}

/// Returns the text at an offset: a JSON value, or the rest of the line without surrounding space.
pub fn excerpt(text: &str, at: u32) -> String {
    let start = start_of(text.get(at as usize..).unwrap_or_default(), EXCERPT_BYTES);
    let head = start_of(text, EXCERPT_BYTES).trim_start();
    // A capture contains JSON after other text.
    let is_json =
        head.trim_start_matches('[').trim_start().starts_with('{') || start.starts_with("{\"");
    let value = if is_json { first_value(start) } else { None };
    let found = value.unwrap_or_else(|| start.lines().next().unwrap_or_default().trim().to_owned());
    clip(found, EXCERPT_LIMIT)
}

/// Returns the start of a text: at most `limit` bytes, and whole characters.
pub(in crate::format) fn start_of(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Returns the JSON value at the start of a text, without whitespace.
fn first_value(text: &str) -> Option<String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    Some(values.next()?.ok()?.to_string())
}

/// Converts an offset. Texts are smaller than 4 GiB, see [`crate::format::parse()`].
pub(in crate::format) fn place(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Returns the offset of a JSON error. Serde counts columns in bytes.
pub(in crate::format) fn place_of_error(text: &str, error: &serde_json::Error) -> u32 {
    let before = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let line: usize = before.map(str::len).sum();
    let before_error = start_of(text, line + error.column().saturating_sub(1));
    place(before_error.len())
}

/// Returns the lines of a text, each with its offset, without line endings.
///
/// The last line must end in a newline too. Otherwise the text may have been cut off.
pub(in crate::format) fn lines(text: &str) -> Result<impl Iterator<Item = (u32, &str)>, ReadError> {
    if !text.is_empty() && !text.ends_with('\n') {
        let start = text.rfind('\n').map_or(0, |newline| newline + 1);
        return Err(ReadError::new(
            place(start),
            "the last line does not end in a newline, so the input may have been cut off; provide the complete input",
        ));
    }
    let mut offset = 0;
    Ok(text.split_inclusive('\n').map(move |line| {
        let at = place(offset);
        offset += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        (at, line.strip_suffix('\r').unwrap_or(line))
    }))
}

pub(in crate::format) fn count_lines(text: &str) -> usize {
    let unended = !text.is_empty() && !text.ends_with('\n');
    memchr::memchr_iter(b'\n', text.as_bytes()).count() + usize::from(unended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_a_line_or_a_value_of_at_most_240_characters() {
        assert_eq!(excerpt("a\n b c \nd\n", 2), "b c");
        let longest = "é".repeat(240);
        assert_eq!(excerpt(&longest, 0), longest);
        let cut = format!("{}...", "é".repeat(237));
        assert_eq!(excerpt(&format!("{longest}é"), 0), cut);
        assert_eq!(excerpt("{\"a\": [1,  2]}", 6), "[1,2]");
        // A value that is too long is shown as written.
        let long = format!("{{\"a\": [ {}1]}}", "1,  ".repeat(1 << 16));
        let shown = format!("[ {}1, ...", "1,  ".repeat(58));
        assert_eq!(excerpt(&long, 6), shown);
    }

    #[test]
    fn numbers_a_newline_with_the_line_that_it_ends() {
        let numbers = [0, 1, 2, 3].map(|at| Lines::of("a\n\nb").number(at));
        assert_eq!(numbers, [1, 1, 2, 3]);
        let places = |text| lines(text).map(Iterator::collect::<Vec<_>>);
        assert_eq!(places("a\r\n\nb\n"), Ok(vec![(0, "a"), (3, ""), (4, "b")]));
        assert_eq!(places("a\nbc").unwrap_err().at(), 2);
    }
}
