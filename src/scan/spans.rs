//! Properties of sets of addresses.

use crate::dataset::SHORTEST_PREFIX;
use crate::packets::Interval;
use crate::policy::not_public;

/// Returns true if a span is wider than a network of an allowlist can be.
pub(super) fn is_wide(span: Interval) -> bool {
    span.last - span.first >= 1 << (32 - SHORTEST_PREFIX)
}

/// Returns true if all addresses of a span are for hosts on the internet.
pub(super) fn is_public(span: Interval) -> bool {
    not_public().all(|network| !network.overlaps(span))
}

/// Returns true if `spans` contain all of a span. They must be normalized.
pub(super) fn covers(spans: &[Interval], span: Interval) -> bool {
    let after = spans.partition_point(|own| own.last < span.first);
    spans.get(after).is_some_and(|own| own.holds(span))
}
