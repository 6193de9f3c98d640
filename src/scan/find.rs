//! Finds IPv4 addresses in any text, with their prefixes, masks, and ranges.

mod address;
mod fields;
mod masks;
mod nearby;
mod ranges;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::ops::Range;

use crate::packets::Interval;
use address::{Address, next_address};
use fields::{mask_in_field, prefix_in_row, range_in_fields};
use masks::{adjacent_mask, invalid_prefix, slash_notation};
use ranges::range_notation;

pub use address::invalid_addresses;

/// A set of addresses in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub span: Interval,
    /// The range of bytes in the text from the first digit to the last.
    pub place: Range<usize>,
    /// True if the prefix length is greater than 32.
    pub has_invalid_prefix: bool,
    /// The parts of the set, if there is other text between them, such as the names of fields.
    pub parts: Option<String>,
}

impl Found {
    /// Returns the set as it is written in the text, without other text between its parts.
    pub fn text(&self, text: &[u8]) -> String {
        let whole = || String::from_utf8_lossy(&text[self.place.clone()]).into_owned();
        self.parts.clone().unwrap_or_else(whole)
    }
}

/// Finds all sets of addresses, in the order of the text.
pub fn find(text: &[u8]) -> impl Iterator<Item = Found> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let first = next_address(text, at)?;
        let found = set_at(text, &first);
        at = found.place.end;
        Some(found)
    })
}

/// Returns the set that starts with an address: the address with its prefix, mask or end of range.
fn set_at(text: &[u8], first: &Address) -> Found {
    let found = |(span, end), parts| Found {
        span,
        place: first.place.start..end,
        has_invalid_prefix: false,
        parts,
    };
    let adjacent = slash_notation(text, first)
        .or_else(|| range_notation(text, first))
        .or_else(|| adjacent_mask(text, first));
    if let Some(together) = adjacent {
        return found(together, None);
    }
    let address = Ipv4Addr::from(first.bits);
    if let Some((span, end)) = range_in_fields(text, first) {
        let last = Ipv4Addr::from(span.last);
        return found((span, end), Some(format!("{address}-{last}")));
    }
    if let Some((span, end)) = mask_in_field(text, first).or_else(|| prefix_in_row(text, first)) {
        let prefix = (span.last - span.first).leading_zeros();
        return found((span, end), Some(format!("{address}/{prefix}")));
    }
    let alone = Interval::single(first.bits);
    match invalid_prefix(text, first) {
        Some(end) => Found {
            has_invalid_prefix: true,
            ..found((alone, end), None)
        },
        None => found((alone, first.place.end), None),
    }
}
