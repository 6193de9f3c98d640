//! Parses addresses in dotted decimal notation, and numbers.

use std::ops::Range;

use memchr::memchr;

#[derive(Clone, Debug)]
pub(super) struct Address {
    pub bits: u32,
    pub place: Range<usize>,
}

/// Returns the next address at or after a position.
pub(super) fn next_address(text: &[u8], from: usize) -> Option<Address> {
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
        // No address can start at a later digit of the same sequence either.
        let row = |b: &&u8| b.is_ascii_digit() || **b == b'.';
        at += text[at..].iter().take_while(row).count();
    }
}

/// Parses the address at a position.
pub(super) fn address_at(text: &[u8], start: usize) -> Option<Address> {
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

/// Parses a number of up to five digits without leading zeros. Returns the number and its end.
pub(super) fn number_at(text: &[u8], start: usize) -> Option<(u32, usize)> {
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

/// Returns true unless an adjacent letter, digit or point makes the text a part of something
/// longer.
pub(super) fn stands_alone(text: &[u8], place: &Range<usize>) -> bool {
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

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Finds four numbers separated by points that are not an address, because a number is greater than
/// 255 or has a leading zero. Their range includes a prefix after them.
pub fn invalid_addresses(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let dot = at + memchr(b'.', text.get(at..)?)?;
            let of_row = |b: &&u8| b.is_ascii_digit() || **b == b'.';
            let start = dot - text[at..dot].iter().rev().take_while(of_row).count();
            let end = start + text[start..].iter().take_while(of_row).count();
            at = end.max(dot + 1);
            let place = start..end;
            // The sequence may be as long as the text.
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
