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

/// Returns the first of the spans that may overlap `span`. They must be normalized.
fn first_near(spans: &[Interval], span: Interval) -> Option<&Interval> {
    spans.get(spans.partition_point(|own| own.last < span.first))
}

/// Returns true if any of the spans overlaps `span`. They must be normalized.
pub(super) fn touches(spans: &[Interval], span: Interval) -> bool {
    first_near(spans, span).is_some_and(|own| own.overlaps(span))
}

/// Returns true if `spans` contain all of a span. They must be normalized.
pub(super) fn covers(spans: &[Interval], span: Interval) -> bool {
    first_near(spans, span).is_some_and(|own| own.holds(span))
}
