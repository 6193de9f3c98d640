//! The text around an address.

use memchr::{memchr_iter, memrchr};

use super::address::Address;

/// The longest gap, in bytes, between an address and its mask or the other end of its range: in fields,
/// and of blanks on each side of a sign.
pub(super) const LONGEST_GAP: usize = 48;

/// The most bytes of a line, and of the next one, that are searched for the other end of a range.
pub(super) const LONGEST_FIELD: usize = 256;

/// The text up to the end of its second line; at most `longest` bytes.
pub(super) fn two_lines(text: &[u8], longest: usize) -> &[u8] {
    let near = &text[..text.len().min(longest)];
    let end = memchr_iter(b'\n', near).nth(1).unwrap_or(near.len());
    &near[..end]
}

/// The text before an address in its line; at most [`LONGEST_FIELD`] bytes.
pub(super) fn start_of_line<'t>(text: &'t [u8], first: &Address) -> &'t [u8] {
    let before = &text[first.place.start.saturating_sub(LONGEST_FIELD)..first.place.start];
    let start = memrchr(b'\n', before).map_or(0, |at| at + 1);
    &before[start..]
}

/// The number of blanks and tabs at the start of a text. Those beyond [`LONGEST_GAP`] are not counted, so
/// they are not skipped.
pub(super) fn blanks(text: &[u8]) -> usize {
    text.iter()
        .take(LONGEST_GAP)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count()
}

/// True if a word precedes an address, with only blanks between them.
pub(super) fn preceded_by(text: &[u8], first: &Address, word: &str) -> bool {
    let before = text[..first.place.start].trim_ascii_end();
    let start = before.len().saturating_sub(word.len());
    let blank = before.len() < first.place.start;
    blank && before[start..].eq_ignore_ascii_case(word.as_bytes())
}
