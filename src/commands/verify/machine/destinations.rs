//! The addresses to which Twilio may send packets.

use crate::format::capture::Link;
use crate::packets::{Interval, IntervalSet, complement};

/// Addresses that only private networks use (RFC 1918, RFC 6598).
const PRIVATE: [(u32, u32); 4] = [
    (0x0a00_0000, 8),
    (0x6440_0000, 10),
    (0xac10_0000, 12),
    (0xc0a8_0000, 16),
];

/// Returns the destinations of packets for the PBX on the machine itself: the addresses in `pbx`, or those of the
/// machine.
///
/// The private addresses of other interfaces, such as a bridge of containers, are left out: packets from Twilio have
/// none of them as their destination.
pub(super) fn of_host(
    pbx: Option<&IntervalSet>,
    interface: Option<&str>,
    links: &[Link],
) -> IntervalSet {
    if let Some(pbx) = pbx {
        return pbx.clone();
    }
    let is_there = |link: &Link| interface.is_none_or(|name| link.name == name);
    let reached = links.iter().flat_map(|link| {
        let addresses = link.addresses.iter().copied();
        addresses.filter(move |address| is_there(link) || !is_private(*address))
    });
    let all = || links.iter().flat_map(|link| link.addresses.iter().copied());
    IntervalSet::of(reached.collect())
        .or_else(|| IntervalSet::of(all().collect()))
        .unwrap_or_else(|| Interval::ADDRESSES.into())
}

/// Returns the destinations of packets at a router in front of the PBX: any address.
///
/// If only the router has public addresses, packets have no private address as their destination before the router
/// changes it.
pub(super) fn of_router(behind: Option<&IntervalSet>, own: Option<&IntervalSet>) -> IntervalSet {
    let is_private = |set: &IntervalSet| set.intervals().iter().all(|part| is_private(*part));
    let hides_pbx = behind.is_some_and(is_private) && own.is_some_and(|own| !is_private(own));
    let public = || IntervalSet::of(complement(&private(), Interval::ADDRESSES));
    let destinations = if hides_pbx { public() } else { None };
    destinations.unwrap_or_else(|| Interval::ADDRESSES.into())
}

fn private() -> [Interval; PRIVATE.len()] {
    PRIVATE.map(|(address, length)| Interval::network(address, length))
}

fn is_private(addresses: Interval) -> bool {
    private().iter().any(|network| network.holds(addresses))
}
