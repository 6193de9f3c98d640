//! IPv4 addresses in text of any kind, with whatever makes sets of them: prefixes, masks, ranges.

use std::net::Ipv4Addr;
use std::ops::Range;

use ipnet::Ipv4Net;
use memchr::{memchr, memchr_iter, memrchr};

use crate::packets::Interval;

/// A set of addresses that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The addresses.
    pub span: Interval,
    /// Its place in the text, from the first figure to the last.
    pub place: Range<usize>,
    /// Whether its prefix is none.
    pub has_odd_prefix: bool,
    /// Where other text stands between its parts, such as the names of fields: its parts alone.
    pub parts: Option<String>,
}

impl Found {
    /// It as it stands in the text; its parts, where other text is between them.
    pub fn text(&self, text: &[u8]) -> String {
        let whole = || String::from_utf8_lossy(&text[self.place.clone()]).into_owned();
        self.parts.clone().unwrap_or_else(whole)
    }
}

/// Between an address and its mask, or the other end of its range: in fields, and the blanks on each side of a sign.
const LONGEST_GAP: usize = 48;

/// As much of a line, and of the next, as is looked at for the other end of a range.
const LONGEST_FIELD: usize = 256;

/// All sets of addresses, in the order of the text.
pub fn find(text: &[u8]) -> impl Iterator<Item = Found> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let first = next_address(text, at)?;
        let found = whole(text, &first);
        at = found.place.end;
        Some(found)
    })
}

/// An address of four figures.
#[derive(Clone, Debug)]
struct Address {
    bits: u32,
    place: Range<usize>,
}

/// The next address from a place on.
fn next_address(text: &[u8], from: usize) -> Option<Address> {
    let mut at = from;
    loop {
        let dot = at + memchr(b'.', text.get(at..)?)?;
        at = dot + 1;
        let start = dot
            - text[from..dot]
                .iter()
                .rev()
                .take(4)
                .take_while(|b| b.is_ascii_digit())
                .count();
        if start == dot || !text.get(dot + 1).is_some_and(u8::is_ascii_digit) {
            continue;
        }
        if let Some(address) =
            address_at(text, start).filter(|address| stands_alone(text, &address.place))
        {
            return Some(address);
        }
        // Further figures of the same row begin no address either.
        let row = |b: &&u8| b.is_ascii_digit() || **b == b'.';
        at += text[at..].iter().take_while(row).count();
    }
}

/// The address whose first figure stands at a place.
fn address_at(text: &[u8], start: usize) -> Option<Address> {
    let mut bits = 0;
    let mut at = start;
    for part in 0..4 {
        if part > 0 {
            if text.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let (number, end) = number_at(text, at).filter(|(number, _)| *number < 256)?;
        bits = bits << 8 | number;
        at = end;
    }
    Some(Address {
        bits,
        place: start..at,
    })
}

/// A number of up to five figures without leading zeros, and where it ends.
fn number_at(text: &[u8], start: usize) -> Option<(u32, usize)> {
    let digits = text
        .get(start..)?
        .iter()
        .take(6)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let leading_zero = digits > 1 && text[start] == b'0';
    if digits == 0 || digits > 5 || leading_zero {
        return None;
    }
    let number = text[start..start + digits]
        .iter()
        .fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
    Some((number, start + digits))
}

/// Whether no letter, figure or point makes it a part of something longer.
fn stands_alone(text: &[u8], place: &Range<usize>) -> bool {
    let before = &text[..place.start];
    let after = &text[place.end..];
    let starts = match before {
        [.., b'.', b'.'] | [.., b'\\', b'n' | b'r' | b't'] | [] => true,
        [.., last] => !is_word(*last) && *last != b'.',
    };
    let ends = match after {
        [b'.', next, ..] | [next, ..] => !is_word(*next),
        [] => true,
    };
    starts && ends
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// An address with what belongs to it.
fn whole(text: &[u8], first: &Address) -> Found {
    let found = |(span, end), parts| Found {
        span,
        place: first.place.start..end,
        has_odd_prefix: false,
        parts,
    };
    let beside = slash(text, first)
        .or_else(|| range(text, first))
        .or_else(|| mask_beside(text, first));
    if let Some(together) = beside {
        return found(together, None);
    }
    let address = Ipv4Addr::from(first.bits);
    if let Some((span, end)) = fields(text, first) {
        let last = Ipv4Addr::from(span.last);
        return found((span, end), Some(format!("{address}-{last}")));
    }
    if let Some((span, end)) = mask_in_field(text, first).or_else(|| prefix_beside(text, first)) {
        let prefix = (span.last - span.first).leading_zeros();
        return found((span, end), Some(format!("{address}/{prefix}")));
    }
    let alone = Interval::single(first.bits);
    match odd_prefix(text, first) {
        Some(end) => Found {
            has_odd_prefix: true,
            ..found((alone, end), None)
        },
        None => found((alone, first.place.end), None),
    }
}

/// Between an address and its prefix, also as JSON and URIs may write it.
const SLASHES: [&[u8]; 4] = [b"/", b"\\/", b"%2F", b"%2f"];

/// What stands behind a slash, if that is no part of a path.
fn behind_slash(text: &[u8], first: &Address) -> Option<usize> {
    let rest = &text[first.place.end..];
    let in_uri = text[..first.place.start].ends_with(b"://");
    if let Some(slash) = SLASHES.iter().find(|slash| rest.starts_with(slash)) {
        return (!in_uri).then_some(first.place.end + slash.len());
    }
    // `A /26`, as in the columns of some routers; not `A / 26 of them`.
    let before = blanks(rest);
    let digits = rest.get(before + 1..)?;
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let alone =
        !matches!(digits.get(count..), Some([b' ', next, ..]) if next.is_ascii_alphabetic());
    let is_prefix = before > 0 && rest[before] == b'/' && count == 2 && alone;
    is_prefix.then_some(first.place.end + before + 1)
}

/// Whether a number at an end is a whole one, and not the start of a path or a version.
fn ends_number(text: &[u8], end: usize) -> bool {
    match &text[end..] {
        [byte, ..] if is_word(*byte) => false,
        [b'.' | b'-', next, ..] => !next.is_ascii_digit(),
        [b'/', next, ..] => !is_word(*next),
        _ => true,
    }
}

/// `A/24`, `A/255.255.255.0`
fn slash(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let at = behind_slash(text, first)?;
    if let Some(mask) = address_at(text, at).filter(|mask| stands_alone(text, &mask.place)) {
        // Behind a slash stands a netmask, of which this one has no bit.
        let span = if mask.bits == 0 {
            Some(Interval::ADDRESSES)
        } else {
            masked(first.bits, mask.bits)
        };
        return Some((span?, mask.place.end));
    }
    let (bits, end) = number_at(text, at)?;
    Some((
        prefixed(first.bits, bits).filter(|_| ends_number(text, end))?,
        end,
    ))
}

/// The end of a prefix that is none, such as `/33`.
fn odd_prefix(text: &[u8], first: &Address) -> Option<usize> {
    let at = behind_slash(text, first)?;
    let (bits, end) = number_at(text, at)?;
    ((33..1000).contains(&bits) && ends_number(text, end)).then_some(end)
}

/// Four numbers with points between them that are no address: one is over 255, or has a zero in
/// front of it. With the prefix behind them, if there is one.
pub fn odd_addresses(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let dot = at + memchr(b'.', text.get(at..)?)?;
            let of_row = |b: &&u8| b.is_ascii_digit() || **b == b'.';
            let start = dot - text[at..dot].iter().rev().take_while(of_row).count();
            let end = start + text[start..].iter().take_while(of_row).count();
            at = end.max(dot + 1);
            let place = start..end;
            // A row may be as long as the text.
            let parts = text[place.clone()].split(|b| *b == b'.').take(5);
            let parts: Vec<usize> = parts.map(<[u8]>::len).collect();
            let fits = parts.len() == 4 && parts.iter().all(|part| (1..=4).contains(part));
            if fits
                && stands_alone(text, &place)
                && address_at(text, start).is_none_or(|a| a.place != place)
            {
                let prefix = text[end..].strip_prefix(b"/").map_or(0, |rest| {
                    rest.iter().take_while(|b| b.is_ascii_digit()).count() + 1
                });
                return Some(start..end + if prefix > 1 { prefix } else { 0 });
            }
        }
    })
}

/// The network of a prefix, whatever bits stand behind it.
fn prefixed(address: u32, prefix: u32) -> Option<Interval> {
    let prefix = u8::try_from(prefix).ok()?;
    let network = Ipv4Net::new(address.into(), prefix).ok()?;
    Some(network.trunc().into())
}

/// The network of a netmask or of a wildcard mask.
fn masked(address: u32, mask: u32) -> Option<Interval> {
    let ones = mask.leading_ones();
    let zeros = mask.leading_zeros();
    if mask.checked_shl(ones).unwrap_or(0) == 0 && mask != 0 {
        prefixed(address, ones)
    } else if mask.checked_shl(zeros).unwrap_or(0) == u32::MAX.checked_shl(zeros).unwrap_or(0) {
        prefixed(address, zeros)
    } else {
        None
    }
}

/// As many addresses as a range of an allowlist has at the most. Ends further apart are a source and a
/// destination.
const MOST_IN_RANGE: u32 = 1 << 16;

/// Signs between the ends of a range.
const SIGNS: [&str; 16] = [
    "-", "–", "—", "―", "‐", "‑", "‒", "−", "－", "~", "〜", "～", "...", "..", "…", "から",
];

/// Words between the ends of a range.
const WORDS: [&str; 3] = ["to", "through", "thru"];

/// `A-B`, `A to B`, `range A B`, `A-7`
fn range(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let rest = &text[first.place.end..];
    let blanks = blanks(rest);
    let starts = |sign: &&&str| rest[blanks..].starts_with(sign.as_bytes());
    let joined = SIGNS.iter().find(starts).map(|sign| sign.len());
    let is_joint = |word: &&&str| {
        let found = rest.get(blanks..blanks + word.len() + 1);
        found.is_some_and(|found| {
            found[..word.len()].eq_ignore_ascii_case(word.as_bytes()) && found.ends_with(b" ")
        })
    };
    // `from A to B` of a firewall's rule is no range.
    let spaced = blanks > 0 && !preceded_by(text, first, "from");
    let word = WORDS
        .iter()
        .find(is_joint)
        .filter(|_| spaced)
        .map(|word| word.len());
    let listed = (blanks > 0 && preceded_by(text, first, "range")).then_some(0);
    let at = first.place.end + blanks + joined.or(word).or(listed)?;
    let at = at + self::blanks(&text[at..]);
    if let Some(last) = address_at(text, at).filter(|last| stands_alone(text, &last.place)) {
        return ends_of_range(text, first, &last);
    }
    let short = text.get(first.place.end) == Some(&b'-') && at == first.place.end + 1;
    let (last, end) = number_at(text, at).filter(|(last, _)| short && *last < 256)?;
    let ends = match &text[end..] {
        [byte, ..] if is_word(*byte) => false,
        [b'.' | b'-', next, ..] => !is_word(*next),
        _ => true,
    };
    let span = Interval::new(first.bits, first.bits & !255 | last)?;
    ends.then_some((span, end))
}

/// The addresses between two ends. A source and a destination are far apart, and the start of a
/// network with its prefix is no end.
fn ends_of_range(text: &[u8], first: &Address, last: &Address) -> Option<(Interval, usize)> {
    let span = Interval::new(first.bits, last.bits)?;
    let is_network = text.get(last.place.end) == Some(&b'/');
    let is_near = span.last - span.first < MOST_IN_RANGE;
    (is_near && !is_network).then_some((span, last.place.end))
}

/// Blanks and tabs at the start of a text; those beyond [`LONGEST_GAP`] are not counted, and so are not
/// skipped.
fn blanks(text: &[u8]) -> usize {
    text.iter()
        .take(LONGEST_GAP)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count()
}

/// Whether a word, and blanks alone, stand before an address.
fn preceded_by(text: &[u8], first: &Address, word: &str) -> bool {
    let before = text[..first.place.start].trim_ascii_end();
    let start = before.len().saturating_sub(word.len());
    let blank = before.len() < first.place.start;
    blank && before[start..].eq_ignore_ascii_case(word.as_bytes())
}

/// `A 255.255.255.0`, `A 0.0.0.255`, `A netmask 255.255.255.0`
fn mask_beside(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let rest = &text[first.place.end..];
    let mut at = blanks(rest);
    if at == 0 {
        return None;
    }
    for word in ["netmask ", "mask ", "wildcard "] {
        let found = rest
            .get(at..at + word.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()));
        if found {
            at += word.len();
            at += blanks(&rest[at..]);
            break;
        }
    }
    let mask =
        address_at(text, first.place.end + at).filter(|mask| stands_alone(text, &mask.place))?;
    if text.get(mask.place.end) == Some(&b'/') {
        return None;
    }
    Some((masked(first.bits, mask.bits)?, mask.place.end))
}

/// Words in the names of the two fields of a range.
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

/// Whether a field's name has a word: `ip-from`, `rangeStart`.
fn has_word(name: &str, word: &str) -> bool {
    let at_an_end = word.len() > 2 && (name.starts_with(word) || name.ends_with(word));
    at_an_end || name.split(['-', '_', '.']).any(|part| part == word)
}

/// `start-ip A` and `end-ip B`, in this line or in the next one.
fn fields(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let before = field_name(start_of_line(text, first))?;
    let reach = first.place.end + two_lines(&text[first.place.end..], LONGEST_FIELD).len();
    let last = next_address(text, first.place.end).filter(|last| last.place.end <= reach)?;
    let between = &text[first.place.end..last.place.start];
    let after = field_name(&between[between.len().saturating_sub(LONGEST_GAP)..])?;
    let pair = |(start, end): &(&str, &str)| has_word(&before, start) && has_word(&after, end);
    ENDS.iter().any(pair).then_some(())?;
    ends_of_range(text, first, &last)
}

/// The start of a text up to the end of its second line; at most so many bytes.
fn two_lines(text: &[u8], longest: usize) -> &[u8] {
    let near = &text[..text.len().min(longest)];
    let end = memchr_iter(b'\n', near).nth(1).unwrap_or(near.len());
    &near[..end]
}

/// The name of the field whose value begins behind a text: `start-ip `, `"first": "`, `<from>`.
fn field_name(before: &[u8]) -> Option<String> {
    let signs = |b: &u8| matches!(b, b' ' | b'\t' | b':' | b'=' | b'"' | b'\'' | b'>');
    let end = before.len() - before.iter().rev().take_while(|b| signs(b)).count();
    let name = |b: &u8| is_word(*b) || matches!(b, b'-' | b'.');
    let start = end - before[..end].iter().rev().take_while(|b| name(b)).count();
    let name = String::from_utf8_lossy(&before[start..end]).to_ascii_lowercase();
    let between = &before[end..];
    // `from A` and `to A` alone are words of a sentence.
    let is_field = between.iter().any(|b| !matches!(b, b' ' | b'\t')) || name.contains(['-', '_']);
    (is_field && !between.is_empty()).then_some(name)
}

/// Words for a mask or for the length of a prefix.
const MASKS: [&str; 12] = [
    "mask",
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

/// `"netmask": "255.255.255.0"`, `"prefix": 24`, `mask 24` behind the address, in its line or in the next
/// one; or a netmask with nothing but signs between, as in a row of CSV.
fn mask_in_field(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
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
    // `prefix` alone may be of a telephone number; then bits stand behind it.
    let (span, end) = prefix_at(text, first, at).filter(|_| word.ends_with("prefix"))?;
    (span.first == first.bits).then_some((span, end))
}

fn prefix_at(text: &[u8], first: &Address, at: usize) -> Option<(Interval, usize)> {
    let (prefix, end) = number_at(text, at).filter(|(prefix, _)| (8..=32).contains(prefix))?;
    let ends = !matches!(text.get(end), Some(byte) if is_word(*byte) || *byte == b'.');
    Some((prefixed(first.bits, prefix).filter(|_| ends)?, end))
}

/// `'A', 24` in a row of SQL; `1 A 24 0` in a line of Kamailio's address file.
fn prefix_beside(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let before = start_of_line(text, first);
    let rest = &text[first.place.end..];
    let at = match rest {
        [b'\'' | b'"', b',', more @ ..] if before.ends_with(&rest[..1]) && is_row(before) => {
            2 + blanks(more)
        }
        [b' ' | b'\t', ..] if is_group(before) => blanks(rest),
        _ => return None,
    };
    prefix_at(text, first, first.place.end + at)
        .filter(|(span, _)| span.last - span.first < MOST_IN_RANGE)
}

/// What stands before an address in its line, or as much of it as matters.
fn start_of_line<'t>(text: &'t [u8], first: &Address) -> &'t [u8] {
    let before = &text[first.place.start.saturating_sub(LONGEST_FIELD)..first.place.start];
    let start = memrchr(b'\n', before).map_or(0, |at| at + 1);
    &before[start..]
}

/// Whether the last bracket opens a row of SQL, and not the arguments of a function.
fn is_row(before: &[u8]) -> bool {
    let Some(bracket) = memrchr(b'(', before) else {
        return false;
    };
    let before = before[..bracket].trim_ascii_end();
    // Where the columns are named, one of them is the mask.
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

/// A number and blanks alone.
fn is_group(before: &[u8]) -> bool {
    let number = before.trim_ascii();
    let ends = before.last().is_some_and(u8::is_ascii_whitespace);
    ends && !number.is_empty() && number.len() < 8 && number.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::notation;

    fn found(text: &str) -> Vec<String> {
        let all = find(text.as_bytes()).map(|f| {
            let (meaning, told) = (notation(f.span), f.text(text.as_bytes()));
            if meaning == told {
                meaning
            } else {
                format!("{meaning} as {told}")
            }
        });
        all.collect()
    }

    #[test]
    fn addresses_and_networks_are_found_between_whatever_marks() {
        assert_eq!(
            found("a=192.0.2.1,\"192.0.2.0/24\" <192.0.2.7>:5060 旧192.0.2.9は 192.0.2.3. End"),
            [
                "192.0.2.1",
                "192.0.2.0/24",
                "192.0.2.7",
                "192.0.2.9",
                "192.0.2.3"
            ]
        );
        assert_eq!(
            found("192.0.2.77/24 192.0.2.1/33 192.0.2.1/path"),
            [
                "192.0.2.0/24 as 192.0.2.77/24",
                "192.0.2.1 as 192.0.2.1/33",
                "192.0.2.1"
            ]
        );
        assert_eq!(
            found("0.0.0.0 255.255.255.254/31"),
            ["0.0.0.0", "255.255.255.254/31"]
        );
    }

    #[test]
    fn a_slash_may_be_escaped_and_a_path_is_no_prefix() {
        assert_eq!(
            found(r#"["192.0.2.0\/24"] x=192.0.2.0%2F24"#),
            [
                r"192.0.2.0/24 as 192.0.2.0\/24",
                "192.0.2.0/24 as 192.0.2.0%2F24"
            ]
        );
        assert_eq!(
            found("http://192.0.2.2/8/x 192.0.2.2/8/x 192.0.2.2/8.1 192.0.2.0/24."),
            ["192.0.2.2", "192.0.2.2", "192.0.2.2", "192.0.2.0/24"]
        );
    }

    #[test]
    fn an_end_that_is_too_far_away_is_none_of_the_range() {
        let text = format!(
            "{{\"start\": \"192.0.2.1\", \"x\": \"{}\", \"end\": \"192.0.2.100\"}}",
            "y".repeat(230)
        );
        assert_eq!(found(&text), ["192.0.2.1", "192.0.2.100"]);
    }

    #[test]
    fn what_is_behind_too_many_blanks_is_no_part_of_a_set() {
        for (before, behind, set) in [
            ("", "- 192.0.2.7", "192.0.2.1-192.0.2.7"),
            ("", "to 192.0.2.7", "192.0.2.1-192.0.2.7"),
            ("range ", "192.0.2.7", "192.0.2.1-192.0.2.7"),
            ("", "255.255.255.254", "192.0.2.0/31"),
            ("", "mask 255.255.255.254", "192.0.2.0/31"),
            ("", "/31", "192.0.2.0/31"),
            ("1 ", "31", "192.0.2.0/31"),
        ] {
            let first = |blanks: usize| {
                let text = format!("{before}192.0.2.1{}{behind}", "\t".repeat(blanks));
                let first = find(text.as_bytes()).next().unwrap();
                (notation(first.span), first.place.len() > "192.0.2.1".len())
            };
            assert_eq!(first(LONGEST_GAP), (set.to_owned(), true), "{behind}");
            let alone = ("192.0.2.1".to_owned(), false);
            assert_eq!(first(100 * LONGEST_GAP), alone, "{behind}");
        }
    }

    #[test]
    fn a_mask_below_the_next_line_is_none_of_the_address() {
        for mask in ["netmask: 255.255.255.0", "prefix: 24", "mask 24"] {
            let first = |breaks: usize| {
                let text = format!("ip: 192.0.2.0{}{mask}", "\r\n".repeat(breaks));
                found(&text).swap_remove(0)
            };
            assert_eq!(first(1), "192.0.2.0/24", "{mask}");
            assert_eq!(first(2), "192.0.2.0", "{mask}");
            assert_eq!(first(20), "192.0.2.0", "{mask}");
        }
    }

    #[test]
    fn rows_of_four_numbers_that_are_no_address_are_seen() {
        let text =
            b"192.0.2.256/24, 192.0.2.1922 192.0.02.1 192.0.2.1 1.3.6.1.4 v1.2.3.400 192.0.2.19222";
        let seen: Vec<&[u8]> = odd_addresses(text).map(|place| &text[place]).collect();
        assert_eq!(
            seen,
            [&b"192.0.2.256/24"[..], b"192.0.2.1922", b"192.0.02.1"]
        );
    }

    #[test]
    fn what_is_no_address_is_not_found() {
        for text in [
            "1.3.6.1.4.1.9",
            ".1.3.6.1",
            "v1.2.3.4",
            "1.2.3.4b",
            "192.0.2.256",
            "192.0.02.1",
            "2024.02.21",
            "192.0.2",
            "1.2.3.4.example",
            "1.2.3.4_5",
            "A1.2.3.4",
            "1.2.3.4.5.6.7.8",
            "x.1.2.3.4",
            "1..2.3.4",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn ranges_are_found_in_every_notation() {
        let range = "192.0.2.1-192.0.2.7";
        for text in [
            "192.0.2.1-192.0.2.7",
            "192.0.2.1 - 192.0.2.7",
            "192.0.2.1–192.0.2.7",
            "192.0.2.1..192.0.2.7",
            "192.0.2.1 to 192.0.2.7",
            "192.0.2.1 through 192.0.2.7",
            "192.0.2.1-7",
            "range 192.0.2.1 192.0.2.7",
            "192.0.2.1～192.0.2.7",
            "set start-ip 192.0.2.1\n  set end-ip 192.0.2.7\n",
            "<from>192.0.2.1</from><to>192.0.2.7</to>",
            "{\"first\": \"192.0.2.1\",\n \"last\": \"192.0.2.7\"}",
            "begin=192.0.2.1 end=192.0.2.7",
            "192.0.2.1~192.0.2.7",
            "192.0.2.1 To 192.0.2.7",
            "{\"rangeStart\": \"192.0.2.1\", \"rangeEnd\": \"192.0.2.7\"}",
            "--start-ip-address 192.0.2.1 --end-ip-address 192.0.2.7",
        ] {
            let all = found(text);
            assert_eq!(all.len(), 1, "{text}: {all:?}");
            assert!(all[0].starts_with(range), "{text}: {all:?}");
        }
        for text in [
            "from 192.0.2.1 to 192.0.2.7",
            "192.0.2.7-192.0.2.1",
            "192.0.2.1, 192.0.2.7",
            "start-ip 192.0.2.1\nother\nend-ip 192.0.2.7",
            "first 192.0.2.1 last 192.0.2.7",
            "From: 54.172.60.0\nTo: 54.244.51.0",
            "snat 10.0.0.5 to 192.0.2.7",
            "{\"from\":\"10.0.0.5\",\"to\":\"192.0.2.7\"}",
            "10.0.0.5 - 192.0.2.7 [21/Feb/2024:10:00:00 +0000]",
            "192.0.2.0 - 192.0.2.128/26",
        ] {
            assert_eq!(found(text).len(), 2, "{text}");
        }
        assert_eq!(
            found("192.0.2.5-3 192.0.2.5-1.2"),
            ["192.0.2.5", "192.0.2.5"]
        );
    }

    #[test]
    fn masks_and_prefixes_are_found_in_every_notation() {
        for text in [
            "192.0.2.0/24",
            "192.0.2.0 255.255.255.0",
            "192.0.2.0/255.255.255.0",
            "192.0.2.0 0.0.0.255",
            "192.0.2.0 netmask 255.255.255.0",
            "\"address\": \"192.0.2.0\", \"netmask\": \"255.255.255.0\"",
            "host=\"192.0.2.0\" mask=\"255.255.255.0\"",
            "ip: 192.0.2.0\n  prefix: 24",
            "192.0.2.0 mask 24",
            "(1,'192.0.2.0', 24,5060)",
            "INSERT INTO address VALUES (1,'192.0.2.0',24,0)",
            "1 192.0.2.0 24 0",
            "twilio,192.0.2.0,255.255.255.0",
            "| 192.0.2.0 | 255.255.255.0 |",
            "192.0.2.0 /24",
            "INSERT INTO a (ip, mask) VALUES ('192.0.2.0',24)",
            "192.0.2.0 mask-length 24",
        ] {
            let all = found(text);
            assert_eq!(all.len(), 1, "{text}: {all:?}");
            assert!(all[0].starts_with("192.0.2.0/24"), "{text}: {all:?}");
        }
        assert_eq!(
            found("192.0.2.9 0.0.0.0 any"),
            ["192.0.2.9 as 192.0.2.9 0.0.0.0"]
        );
        assert_eq!(found("192.0.2.9 255.0.255.0"), ["192.0.2.9", "255.0.255.0"]);
        assert_eq!(
            found("('192.0.2.9', 7)\nconnect('192.0.2.9', 24) s.f(('192.0.2.9', 22))"),
            ["192.0.2.9", "192.0.2.9", "192.0.2.9"]
        );
        assert_eq!(found("host: 192.0.2.193\n prefix: 11"), ["192.0.2.193"]);
        assert_eq!(
            found("192.0.2.0 / 8 channels, 192.0.2.0 /25 calls"),
            ["192.0.2.0", "192.0.2.0"]
        );
        assert_eq!(
            found("INSERT INTO gw (ip, weight) VALUES ('192.0.2.0', 20)"),
            ["192.0.2.0"]
        );
        assert_eq!(
            found(r#""192.0.2.0/24\n192.0.2.1\t192.0.2.2""#),
            ["192.0.2.0/24", "192.0.2.1", "192.0.2.2"]
        );
        assert_eq!(
            found("0.0.0.0/0 0.0.0.0/0.0.0.0"),
            ["0.0.0.0/0", "0.0.0.0/0 as 0.0.0.0/0.0.0.0"]
        );
    }
}
