//! Properties of sets of addresses.

use crate::dataset::SHORTEST_PREFIX;
use crate::packets::Interval;

/// Networks that are not for hosts on the internet (RFC 6890, and RFC 5771 for multicast).
const NOT_PUBLIC: [(u32, u8); 15] = [
    (0x0000_0000, 8),
    (0x0a00_0000, 8),
    (0x6440_0000, 10),
    (0x7f00_0000, 8),
    (0xa9fe_0000, 16),
    (0xac10_0000, 12),
    (0xc000_0000, 24),
    (0xc000_0200, 24),
    (0xc058_6300, 24),
    (0xc0a8_0000, 16),
    (0xc612_0000, 15),
    (0xc633_6400, 24),
    (0xcb00_7100, 24),
    (0xe000_0000, 4),
    (0xf000_0000, 4),
];

/// Returns true if a span is wider than a network of an allowlist can be.
pub(super) fn is_wide(span: Interval) -> bool {
    span.last - span.first >= 1 << (32 - SHORTEST_PREFIX)
}

/// Returns true if all addresses of a span are for hosts on the internet.
pub(super) fn is_public(span: Interval) -> bool {
    NOT_PUBLIC.iter().all(|(first, prefix)| {
        let last = first | u32::MAX >> prefix;
        Interval {
            first: *first,
            last,
        }
        .and(span)
        .is_none()
    })
}

/// Returns true if `spans` contain all of a span. They must be normalized.
pub(super) fn covers(spans: &[Interval], span: Interval) -> bool {
    let after = spans.partition_point(|own| own.last < span.first);
    spans.get(after).is_some_and(|own| own.holds(span))
}
