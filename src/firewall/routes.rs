//! The routes of a machine.

use crate::packets::{Interval, IntervalSet, complement, normalized};

/// Routes to networks, each with its interface. The interface is `None` if it is unknown, as with several next hops,
/// or if the machine sends no packets to the network.
#[derive(Clone, Debug, Default)]
pub struct Routes(Vec<(Interval, Option<String>)>);

impl Routes {
    /// Creates routes. Of several routes to the same network, the first one is in force.
    pub fn new(mut routes: Vec<(Interval, Option<String>)>) -> Self {
        // The most specific routes are first.
        routes.sort_by_key(|(network, _)| (size(*network), network.first));
        routes.dedup_by_key(|(network, _)| *network);
        Routes(routes)
    }

    /// Returns the interface that leads to all of these addresses, if there is one.
    pub fn interface(&self, addresses: &IntervalSet) -> Option<&str> {
        let hull = addresses.hull();
        let overlapping = self.0.iter().find(|(network, _)| network.overlaps(hull));
        let (network, interface) = overlapping?;
        interface.as_deref().filter(|_| network.holds(hull))
    }

    /// Returns the addresses to which packets do not leave through an interface; `None` if no routes are known, or if packets
    /// to all addresses leave through it.
    pub fn not_through(&self, interface: &str) -> Option<IntervalSet> {
        if self.0.is_empty() {
            return None;
        }
        let mut found = Vec::new();
        let mut taken = Vec::new();
        // Networks of the same size do not overlap.
        for networks in self.0.chunk_by(|one, other| size(one.0) == size(other.0)) {
            let own = networks
                .iter()
                .filter(|(_, through)| through.as_deref() == Some(interface));
            found.extend(own.flat_map(|(network, _)| complement(&taken, *network)));
            taken.extend(networks.iter().map(|(network, _)| *network));
            taken = normalized(taken);
        }
        IntervalSet::of(complement(&normalized(found), Interval::ADDRESSES))
    }

    /// Returns the interface of the default route.
    pub fn default_interface(&self) -> Option<&str> {
        let is_default = |(network, _): &&(Interval, _)| *network == Interval::ADDRESSES;
        let (_, interface) = self.0.iter().find(is_default)?;
        interface.as_deref()
    }
}

fn size(network: Interval) -> u32 {
    network.last - network.first
}
