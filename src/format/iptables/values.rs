//! The values of options.

use crate::firewall::MarkMatch;
use crate::format::read::values::{address, network, prefix_length};
use crate::packets::{Flags, Interval};

/// Reads `0x10` or `0x10/0xff`, the value and the mask of a mark.
pub(super) fn mark(text: &str, is_negated: bool) -> Option<MarkMatch> {
    let (value, mask) = value_and_mask(text)?;
    Some(MarkMatch {
        value,
        mask,
        is_negated,
    })
}

/// Does the same as [`mark`], without the negation.
pub(super) fn value_and_mask(text: &str) -> Option<(u32, u32)> {
    match text.split_once('/') {
        Some((value, mask)) => Some((number(value)?, number(mask)?)),
        None => Some((number(text)?, u32::MAX)),
    }
}

/// Parses a number in decimal, hexadecimal (`0x10`) or octal (`010`), as strtoul(3) does.
pub(super) fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let has_sign = digits.starts_with(['+', '-']);
    u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| !has_sign)
}

/// The bits of the flags that [`Flags`] models, and of the other flags.
pub(super) fn flag_bits(list: &str) -> Result<(u8, u8), String> {
    let (mut known, mut other) = (0, 0);
    for name in list.split(',') {
        match name {
            "FIN" => known |= Flags::FIN,
            "SYN" => known |= Flags::SYN,
            "RST" => known |= Flags::RST,
            "ACK" => known |= Flags::ACK,
            "PSH" => other |= 1,
            "URG" => other |= 2,
            "ALL" => (known, other) = (Flags::MASK, 3),
            "NONE" => {}
            _ => return Err(format!("'{name}' is not a TCP flag")),
        }
    }
    Ok((known, other))
}

/// Parses a network with a prefix length or a netmask.
pub(super) fn masked_network(word: &str) -> Result<Interval, String> {
    let Some((base, mask)) = word.split_once('/').filter(|(_, mask)| mask.contains('.')) else {
        return network(word);
    };
    let length = prefix_length(address(mask)?)
        .ok_or_else(|| format!("the netmask of '{word}' has gaps, which is not supported"))?;
    Ok(Interval::network(address(base)?, length))
}
