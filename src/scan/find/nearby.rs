use memchr::{memchr_iter, memrchr};

use super::address::Address;

/// The maximum number of bytes between an address and its mask or the end of its range in fields.
/// Also the maximum number of blanks on each side of a sign.
pub(super) const LONGEST_GAP: usize = 48;

/// The maximum number of bytes, on this line and the next one, that are searched for the end of a
/// range.
pub(super) const LONGEST_FIELD: usize = 256;

/// Returns the text up to the end of its second line, but at most `longest` bytes.
pub(super) fn two_lines(text: &[u8], longest: usize) -> &[u8] {
    let near = &text[..text.len().min(longest)];
    let end = memchr_iter(b'\n', near).nth(1).unwrap_or(near.len());
    &near[..end]
}

/// Returns the text before an address on its line, but at most [`LONGEST_FIELD`] bytes.
pub(super) fn start_of_line<'t>(text: &'t [u8], first: &Address) -> &'t [u8] {
    let before = &text[first.place.start.saturating_sub(LONGEST_FIELD)..first.place.start];
    let start = memrchr(b'\n', before).map_or(0, |at| at + 1);
    &before[start..]
}

/// Counts the blanks and tabs at the start of a text, up to [`LONGEST_GAP`]. Callers do not skip
/// more.
pub(super) fn blanks(text: &[u8]) -> usize {
    text.iter()
        .take(LONGEST_GAP)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count()
}

/// Returns true if a word and blanks precede an address.
pub(super) fn preceded_by(text: &[u8], first: &Address, word: &str) -> bool {
    let before = text[..first.place.start].trim_ascii_end();
    let start = before.len().saturating_sub(word.len());
    let blank = before.len() < first.place.start;
    blank && before[start..].eq_ignore_ascii_case(word.as_bytes())
}
