//! Parses networks: an address with a prefix, a netmask or a wildcard mask next to it.

use ipnet::Ipv4Net;

use super::address::{Address, address_at, is_word, number_at, stands_alone};
use super::nearby::{LONGEST_GAP, blanks};
use crate::packets::Interval;

/// The signs between an address and its prefix, including their escaped forms in JSON and URIs.
const SLASHES: [&[u8]; 4] = [b"/", b"\\/", b"%2F", b"%2f"];

/// Returns the position after a slash that follows an address, unless the slash is part of a path.
fn after_slash(text: &[u8], first: &Address) -> Option<usize> {
    let rest = &text[first.place.end..];
    let in_uri = text[..first.place.start].ends_with(b"://");
    if let Some(slash) = SLASHES.iter().find(|slash| rest.starts_with(slash)) {
        return (!in_uri).then_some(first.place.end + slash.len());
    }
    // Accept `A /26` and `A / 26`, as in the columns of some routers, but not `A / 26 of them`.
    let before = blanks(rest);
    let slash = before + usize::from(rest.get(before) == Some(&b'/'));
    let digits = slash + blanks(&rest[slash..]);
    let (prefix, end) = number_at(text, first.place.end + digits)?;
    let has_word = matches!(&text[end..], [b' ', next, ..] if next.is_ascii_alphabetic());
    let is_sure = digits == slash && !has_word || prefixed(first.bits, prefix)?.first == first.bits;
    let is_prefix = (1..slash).contains(&before) && end == first.place.end + digits + 2;
    (is_prefix && is_sure && !is_counted(&text[end..])).then_some(first.place.end + digits)
}

/// Returns true if the words after a number are what it counts, as in ` of them` or ` calls`.
pub(super) fn is_counted(after: &[u8]) -> bool {
    let rest = &after[blanks(after)..];
    let letters = |b: &&u8| b.is_ascii_alphabetic();
    let word = &rest[..rest.iter().take(LONGEST_GAP).take_while(letters).count()];
    let is_plural = word.ends_with(b"s") && !word.ends_with(b"ss");
    rest.len() < after.len() && (is_plural || word == b"of")
}

/// Returns true if a number ends here and is not the start of a path or a version number.
fn ends_number(text: &[u8], end: usize) -> bool {
    match &text[end..] {
        [byte, ..] if is_word(*byte) => false,
        [b'.' | b'-', next, ..] => !next.is_ascii_digit(),
        [b'/', next, ..] => !is_word(*next),
        _ => true,
    }
}

/// Parses `A/24` and `A/255.255.255.0`.
pub(super) fn slash_notation(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
    let at = after_slash(text, first)?;
    if let Some(mask) = address_at(text, at).filter(|mask| stands_alone(text, &mask.place)) {
        // A mask after a slash is a netmask, and this one is empty.
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

/// Returns the end of an invalid prefix, such as `/33`.
pub(super) fn invalid_prefix(text: &[u8], first: &Address) -> Option<usize> {
    let at = after_slash(text, first)?;
    let (bits, end) = number_at(text, at)?;
    ((33..1000).contains(&bits) && ends_number(text, end)).then_some(end)
}

/// Returns the network of an address and a prefix length. Host bits are ignored.
fn prefixed(address: u32, prefix: u32) -> Option<Interval> {
    let prefix = u8::try_from(prefix).ok()?;
    let network = Ipv4Net::new(address.into(), prefix).ok()?;
    Some(network.trunc().into())
}

/// Returns the network of an address and a netmask or wildcard mask.
pub(super) fn masked(address: u32, mask: u32) -> Option<Interval> {
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

/// Parses `A 255.255.255.0`, `A 0.0.0.255` and `A netmask 255.255.255.0`.
pub(super) fn adjacent_mask(text: &[u8], first: &Address) -> Option<(Interval, usize)> {
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

/// Parses the prefix length at a position, from 8 to 32, and returns the network.
pub(super) fn prefix_at(text: &[u8], first: &Address, at: usize) -> Option<(Interval, usize)> {
    let (prefix, end) = number_at(text, at).filter(|(prefix, _)| (8..=32).contains(prefix))?;
    let ends = !matches!(text.get(end), Some(byte) if is_word(*byte) || *byte == b'.');
    Some((prefixed(first.bits, prefix).filter(|_| ends)?, end))
}
