//! The parts of a line that contains an address.

use std::ops::Range;

use memchr::memmem;

use crate::scan::comment;

/// A line with one address, in byte positions of the text.
#[derive(Clone, Debug)]
pub(in crate::scan) struct Line {
    /// The line without its end of line.
    pub whole: Range<usize>,
    /// The start of the text that belongs to the address. It is after `VALUES` if a statement of SQL begins on the line.
    pub start: usize,
    /// The end of the text after the address, without a comma and a comment at the end of the line.
    pub core_end: usize,
    /// The position of the comma at the end of the line, before a comment.
    pub comma: Option<usize>,
    /// The position of the semicolon after the last row of a statement of SQL.
    pub semicolon: Option<usize>,
}

impl Line {
    /// Divides the line `whole`, which contains an address that ends at `end`.
    pub(super) fn new(text: &[u8], whole: Range<usize>, end: usize) -> Line {
        let ios_comment = memmem::find(&text[end..whole.end], b" !").map(|at| end + at);
        let comments = [comment_start(text, &whole, end), ios_comment];
        let before_comment = comments.into_iter().flatten().min().unwrap_or(whole.end);
        let core = text[end..before_comment].trim_ascii_end();
        let row = start_of_row(text, &whole, end);
        // A statement on one line is repeated as a whole.
        let is_statement = row > whole.start && core.ends_with(b";");
        let start = if is_statement { whole.start } else { row };
        let is_row = text[start..end].trim_ascii_start().starts_with(b"(");
        let comma = core.strip_suffix(b",");
        let semicolon = core.strip_suffix(b";");
        let semicolon = semicolon.filter(|core| is_row && core.ends_with(b")"));
        let rest = comma.or(semicolon).unwrap_or(core).trim_ascii_end();
        Line {
            whole,
            start,
            core_end: end + rest.len(),
            comma: comma.map(|core| end + core.len()),
            semicolon: semicolon.map(|core| end + core.len()),
        }
    }
}

/// Returns the position after `VALUES` in a line before a position, or the start of the line.
fn start_of_row(text: &[u8], line: &Range<usize>, end: usize) -> usize {
    let before = &text[line.start..end];
    let values = [&b"VALUES"[..], b"values"].iter().find_map(|word| {
        let at = memmem::find(before, word)? + word.len();
        before[at..]
            .trim_ascii_start()
            .starts_with(b"(")
            .then_some(at)
    });
    values.map_or(line.start, |at| line.start + at)
}

/// Signs that start a comment at the end of a line.
const COMMENT_SIGNS: [&[u8]; 8] = [
    b" #", b"\t#", b" //", b"\t//", b" ;", b" -- ", b"/*", b"<!--",
];

/// Returns the start of a comment in a line after a position. A sign within double quotes starts no comment.
fn comment_start(text: &[u8], line: &Range<usize>, from: usize) -> Option<usize> {
    let starts = COMMENT_SIGNS
        .iter()
        .filter_map(|sign| memmem::find(&text[from..line.end], sign));
    let start = from + starts.min()?;
    let quotes = memchr::memchr_iter(b'"', &text[line.start..start]).count();
    (quotes % 2 == 0).then_some(start)
}

/// Returns true if a place of a line is in a comment.
pub(in crate::scan) fn is_in_comment(text: &[u8], line: &Range<usize>, place: usize) -> bool {
    let before = &text[line.start..place];
    let start = before.trim_ascii_start();
    // `--source-ranges` is an option, and `*` may be a bullet.
    let is_option = matches!(start, [b'-', b'-', next, ..] if next.is_ascii_alphabetic());
    let is_bullet = start
        .iter()
        .all(|b| matches!(b, b'*' | b'-' | b' ' | b'`' | b'"' | b'\''));
    let is_comment = !is_option && !is_bullet && comment::is_comment(start);
    let within = line.start..place;
    is_comment || comment_start(text, &within, line.start).is_some()
}

/// Returns a line, or a part of it, with single blanks, and without the text of comments in attributes, such as
/// `--comment "Tokyo"`.
pub(super) fn without_comments(part: &[u8]) -> Vec<u8> {
    const ATTRIBUTES: [&[u8]; 5] = [b"comment", b"description", b"remark", b"label", b"note"];
    let lower = part.to_ascii_lowercase();
    let named = ATTRIBUTES.iter().filter_map(|name| {
        let at = memmem::find(&lower, name)? + name.len();
        let signs = |b: &&u8| matches!(b, b' ' | b'=' | b':' | b'"' | b'\'');
        Some(at..at + part[at..].iter().take_while(signs).count())
    });
    let Some(signs) = named.min_by_key(|signs| signs.end) else {
        return with_single_blanks(part);
    };
    let start = signs.end;
    let end = match part[start - 1] {
        quote @ (b'"' | b'\'') => memchr::memchr(quote, &part[start..]),
        _ if part[signs].contains(&b':') => None,
        _ => part[start..].iter().position(|b| *b == b' ' || *b == b','),
    };
    let end = end.map_or(part.len(), |end| start + end);
    with_single_blanks(&[&part[..start], &part[end..]].concat())
}

fn with_single_blanks(part: &[u8]) -> Vec<u8> {
    let is_blank = |b: u8| b == b' ' || b == b'\t';
    let mut result: Vec<u8> = Vec::with_capacity(part.len());
    for b in part {
        if !is_blank(*b) {
            result.push(*b);
        } else if result.last() != Some(&b' ') {
            result.push(b' ');
        }
    }
    result
}
