//! Parses ranges of addresses, with a sign or a word between the two ends.

use super::address::{Address, address_at, is_word, number_at, stands_alone};
use super::nearby::{blanks, preceded_by};
use crate::packets::Interval;

/// The maximum number of addresses in a range. If the ends are further apart, they are probably a
/// source and a destination.
pub(super) const MOST_IN_RANGE: u32 = 1 << 16;

/// Signs between the two ends of a range.
const SIGNS: [&str; 16] = [
    "-", "–", "—", "―", "‐", "‑", "‒", "−", "－", "~", "〜", "～", "...", "..", "…", "から",
];

/// Words between the two ends of a range.
const WORDS: [&str; 3] = ["to", "through", "thru"];

/// Parses `A-B`, `A to B`, `range A B` and `A-7`.
pub(super) fn range_notation(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let rest = &text[first.place.end..];
    let gap = blanks(rest);
    let starts = |sign: &&&str| rest[gap..].starts_with(sign.as_bytes());
    let joined = SIGNS.iter().find(starts).map(|sign| sign.len());
    let is_joint = |word: &&&str| {
        let found = rest.get(gap..gap + word.len() + 1);
        found.is_some_and(|found| {
            found[..word.len()].eq_ignore_ascii_case(word.as_bytes()) && found.ends_with(b" ")
        })
    };
    // `from A to B` in a firewall rule is not a range.
    let spaced = gap > 0 && !preceded_by(text, first, "from");
    let word = WORDS
        .iter()
        .find(is_joint)
        .filter(|_| spaced)
        .map(|word| word.len());
    let listed = (gap > 0 && preceded_by(text, first, "range")).then_some(0);
    let at = first.place.end + gap + joined.or(word).or(listed)?;
    let at = at + blanks(&text[at..]);
    if let Some(last) = address_at(text, at).filter(|last| stands_alone(text, &last.place)) {
        return ends_of_range(text, first, &last);
    }
    let tight =
        |sign: &str| rest.starts_with(sign.as_bytes()) && at == first.place.end + sign.len();
    let short = tight("-") || tight("–");
    let (last, end) = number_at(text, at).filter(|(last, _)| short && *last < 256)?;
    let ends = match &text[end..] {
        [byte, ..] if is_word(*byte) => false,
        [b'.' | b'-', next, ..] => !is_word(*next),
        _ => true,
    };
    let span = Interval::new(first.bits, first.bits & !255 | last)?;
    ends.then_some((span, end))
}

/// Returns the range between two ends. Returns `None` if they are far apart, as a source and a
/// destination are, or if the second one has a prefix.
pub(super) fn ends_of_range(
    text: &[u8],
    first: &Address,
    last: &Address,
) -> Option<(Interval, usize)> {
    let span = Interval::new(first.bits, last.bits)?;
    let is_network = text.get(last.place.end) == Some(&b'/');
    let is_near = span.last - span.first < MOST_IN_RANGE;
    (is_near && !is_network).then_some((span, last.place.end))
}
