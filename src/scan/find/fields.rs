//! Parses networks and ranges whose parts are in separate fields or columns.

use memchr::memrchr;

use super::address::{Address, address_at, is_word, next_address, stands_alone};
use super::masks::{is_counted, masked, prefix_at};
use super::nearby::{LONGEST_FIELD, LONGEST_GAP, blanks, start_of_line, two_lines};
use super::ranges::{MOST_IN_RANGE, ends_of_range};
use crate::packets::Interval;

/// Words in the names of the first and the second field of a range.
const ENDS: [(&str, &str); 8] = [
    ("start", "end"),
    ("from", "to"),
    ("first", "last"),
    ("begin", "end"),
    ("low", "high"),
    ("lower", "upper"),
    ("min", "max"),
    ("start", "stop"),
];

/// Returns true if the name of a field contains a word, as in `ip-from` or `rangeStart`.
fn has_word(name: &str, word: &str) -> bool {
    let at_an_end = word.len() > 2 && (name.starts_with(word) || name.ends_with(word));
    at_an_end || name.split(['-', '_', '.']).any(|part| part == word)
}

/// Parses `start-ip A` and `end-ip B`, on one line or on two consecutive lines.
pub(super) fn range_in_fields(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let before = field_name(start_of_line(text, first))?;
    let reach = first.place.end + two_lines(&text[first.place.end..], LONGEST_FIELD).len();
    let last = next_address(text, first.place.end).filter(|last| last.place.end <= reach)?;
    let between = &text[first.place.end..last.place.start];
    let after = field_name(&between[between.len().saturating_sub(LONGEST_GAP)..])?;
    let pair = |(start, end): &(&str, &str)| has_word(&before, start) && has_word(&after, end);
    ENDS.iter().any(pair).then_some(())?;
    ends_of_range(text, first, &last)
}

/// Returns the name of the field whose value follows the text, as in `start-ip `, `"first": "` or
/// `<from>`.
fn field_name(before: &[u8]) -> Option<String> {
    let signs = |b: &u8| matches!(b, b' ' | b'\t' | b':' | b'=' | b'"' | b'\'' | b'>');
    let end = before.len() - before.iter().rev().take_while(|b| signs(b)).count();
    let name = |b: &u8| is_word(*b) || matches!(b, b'-' | b'.');
    let start = end - before[..end].iter().rev().take_while(|b| name(b)).count();
    let name = String::from_utf8_lossy(&before[start..end]).to_ascii_lowercase();
    let between = &before[end..];
    // `from A` and `to A` without punctuation are words of a sentence.
    let is_field = between.iter().any(|b| !matches!(b, b' ' | b'\t')) || name.contains(['-', '_']);
    (is_field && !between.is_empty()).then_some(name)
}

/// Words for a mask or a prefix length.
const MASKS: [&str; 13] = [
    "mask",
    "plen",
    "wildcard",
    "prefixlen",
    "prefix_len",
    "prefixlength",
    "prefix_length",
    "prefix-length",
    "masklen",
    "mask_length",
    "mask-length",
    "len",
    "cidr",
];

/// Parses `"netmask": "255.255.255.0"`, `"prefix": 24` or `mask 24` after the address, on the same
/// or the next line. Also parses a netmask with only punctuation before it, as in a row of CSV.
pub(super) fn mask_in_field(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let rest = two_lines(&text[first.place.end..], LONGEST_GAP);
    let gap = rest.iter().position(u8::is_ascii_digit)?;
    let between = String::from_utf8_lossy(&rest[..gap]).to_ascii_lowercase();
    let at = first.place.end + gap;
    let mask = address_at(text, at).filter(|mask| stands_alone(text, &mask.place));
    let Some(last_word) = between.rfind(|c: char| c.is_ascii_alphabetic()) else {
        let mask = mask.filter(|mask| {
            mask.bits >> 24 == 255
                && !between.contains(['\n', '.'])
                && text.get(mask.place.end) != Some(&b'/')
        })?;
        return Some((masked(first.bits, mask.bits)?, mask.place.end));
    };
    let (word, signs) = between.split_at(last_word + 1);
    if signs.contains(['\n', ',']) {
        return None;
    }
    if MASKS.iter().any(|name| word.ends_with(name)) {
        return match mask {
            Some(mask) => Some((masked(first.bits, mask.bits)?, mask.place.end)),
            None => prefix_at(text, first, at),
        };
    }
    // The number after `prefix` may belong to a telephone number, and that after `bits` may be a size, unless the
    // address has no host bits.
    let is_length = word.ends_with("prefix") || word.ends_with("bits");
    let (span, end) = prefix_at(text, first, at).filter(|_| is_length)?;
    (span.first == first.bits).then_some((span, end))
}

/// Parses `'A', 24` in a row of SQL, and `1 A 24 0` in a line of Kamailio's address file. In other rows, such as
/// `1;GRP;A;24;0`, the number is a prefix only if the address has no host bits.
pub(super) fn prefix_in_row(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let before = start_of_line(text, first);
    let rest = &text[first.place.end..];
    let at = match rest {
        [b'\'' | b'"', b',', more @ ..] if before.ends_with(&rest[..1]) && is_row(before) => {
            2 + blanks(more)
        }
        [b' ' | b'\t', ..] if is_group(before) => blanks(rest),
        _ => return prefix_in_column(text, first, before),
    };
    prefix_at(text, first, first.place.end + at)
        .filter(|(span, _)| span.last - span.first < MOST_IN_RANGE)
}

/// Parses the prefix in the next column of a row whose columns are separated by `;`, `,`, `|`, tabs or blanks.
fn prefix_in_column(text: &[u8], first: &Address, before: &[u8]) -> Option<(Interval, usize)> {
    // The arguments of a function and the rows of SQL have brackets.
    if before.contains(&b'(') {
        return None;
    }
    let rest = &text[first.place.end..];
    let quote = usize::from(matches!(rest, [b'"' | b'\'', ..]));
    let gap = blanks(&rest[quote..]);
    let sign = matches!(rest.get(quote + gap), Some(b';' | b',' | b'|'));
    let start = quote + gap + usize::from(sign);
    let start = start + blanks(&rest[start..]);
    let start = start + usize::from(sign && matches!(rest.get(start), Some(b'"' | b'\'')));
    let (span, end) = prefix_at(text, first, first.place.end + start)?;
    let after = &text[end..];
    let next = after.first();
    let is_column = next.is_none_or(|b| b.is_ascii_whitespace() || b";,|\"']}".contains(b));
    let is_prefix = start > 0 && is_column && !is_counted(after) && span.first == first.bits;
    is_prefix.then_some((span, end))
}

/// Returns true if the last bracket opens a row of SQL, and not the arguments of a function.
fn is_row(before: &[u8]) -> bool {
    let Some(bracket) = memrchr(b'(', before) else {
        return false;
    };
    let before = before[..bracket].trim_ascii_end();
    // If the statement names its columns, one of them must be for the mask.
    let words = before.to_ascii_lowercase();
    let names_columns =
        memchr::memmem::find(&words, b"values").is_some_and(|at| words[..at].contains(&b')'));
    let has_mask = ["mask", "prefix", "cidr", "bits", "len"];
    let has_mask = has_mask
        .iter()
        .any(|name| memchr::memmem::find(&words, name.as_bytes()).is_some());
    if names_columns && !has_mask {
        return false;
    }
    before.is_empty() || before.ends_with(b",") || before.to_ascii_uppercase().ends_with(b"VALUES")
}

/// Returns true if a text is only a number and blanks, such as a group in Kamailio's address file.
fn is_group(before: &[u8]) -> bool {
    let number = before.trim_ascii();
    let ends = before.last().is_some_and(u8::is_ascii_whitespace);
    ends && !number.is_empty() && number.len() < 8 && number.iter().all(u8::is_ascii_digit)
}
