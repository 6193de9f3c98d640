//! Looks up networks that Twilio published by their addresses.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::packets::{Cell, Dimension, Interval, IntervalSet, Protocols};
use crate::policy::Plane;

/// A network that an edition publishes.
#[derive(Clone, Debug)]
pub struct PublishedNetwork {
    /// The addresses of one CIDR.
    pub addresses: Interval,
    pub plane: Plane,
    /// The ports of the plane, as [`crate::packets::normalized`] returns them.
    pub ports: Vec<Interval>,
    /// The id of the region; `None` if the network serves every region.
    pub region: Option<Arc<str>>,
    /// The name of the edition.
    pub edition: Arc<str>,
}

impl PublishedNetwork {
    /// Returns true if the plane uses all of these protocols and ports.
    pub(super) fn carries(&self, protocols: Protocols, ports: &IntervalSet) -> bool {
        let carriers = match self.plane {
            Plane::Signaling => Protocols::UDP.or(Protocols::TCP),
            Plane::Media => Protocols::UDP,
        };
        let held = |ports: &Interval| self.ports.iter().any(|own| own.holds(*ports));
        carriers.holds(protocols) && ports.intervals().iter().all(held)
    }
}

/// An index of published networks.
pub(super) struct Published<'k> {
    known: &'k [PublishedNetwork],
    /// For each network, the indices of its entries in `known`.
    places: HashMap<Interval, Vec<usize>>,
    /// Ascending by first address. Of networks with the same first address, the widest is first.
    networks: Vec<Interval>,
    /// For each network, the highest address in this network and all networks before it.
    reaches: Vec<u32>,
}

impl<'k> Published<'k> {
    pub(super) fn of(known: &'k [PublishedNetwork]) -> Self {
        let mut places: HashMap<Interval, Vec<usize>> = HashMap::new();
        for (place, network) in known.iter().enumerate() {
            places.entry(network.addresses).or_default().push(place);
        }
        let mut networks: Vec<Interval> = known.iter().map(|known| known.addresses).collect();
        networks.sort_by_key(|network| (network.first, u32::MAX - network.last));
        let mut reach = 0;
        let reaches = networks.iter().map(|network| {
            reach = reach.max(network.last);
            reach
        });
        Published {
            known,
            places,
            reaches: reaches.collect(),
            networks,
        }
    }

    /// Divides a cell by its spans of remote addresses. A span inside a published network becomes
    /// one cell. A span that consists of published networks becomes one cell for each network. All
    /// spans with unpublished addresses become one cell.
    pub(super) fn split(&self, packets: &Cell) -> Vec<Cell> {
        let with = |set| packets.with(Dimension::Remote, set);
        let mut parts = Vec::new();
        let mut rest = Vec::new();
        for span in packets.set(Dimension::Remote).intervals() {
            match self.made_of(*span) {
                Some(networks) => {
                    parts.extend(networks.into_iter().map(|one| with(IntervalSet::One(one))));
                }
                None => rest.push(*span),
            }
        }
        parts.extend(IntervalSet::of(rest).map(with));
        parts
    }

    /// Returns the span itself if a network contains the whole span, or else the networks that the
    /// span consists of. Returns `None` if the span has an unpublished address.
    fn made_of(&self, span: Interval) -> Option<Vec<Interval>> {
        let after = self
            .networks
            .partition_point(|network| network.first <= span.first);
        if after > 0 && self.reaches[after - 1] >= span.last {
            return Some(vec![span]);
        }
        let start = self
            .networks
            .partition_point(|network| network.first < span.first);
        let mut parts = Vec::new();
        let mut next = Some(span.first);
        for network in &self.networks[start..] {
            // There is a gap, or the span ends here.
            if next.is_none_or(|next| network.first > next) {
                break;
            }
            if next == Some(network.first) && network.last <= span.last {
                parts.push(*network);
                next = network.last.checked_add(1);
            }
        }
        (parts.last()?.last == span.last).then_some(parts)
    }

    /// Returns the networks that contain a span, in the order of `known`.
    pub(super) fn holders(&self, span: Interval) -> impl Iterator<Item = &'k PublishedNetwork> {
        let first = Ipv4Addr::from_bits(span.first);
        let networks = (0..=32).filter_map(|prefix| Ipv4Net::new(first, prefix).ok());
        let around = networks.map(|network| Interval::from(network.trunc()));
        let held = around.filter(|network| network.holds(span));
        let mut places: Vec<usize> = held
            .filter_map(|network| self.places.get(&network))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places.into_iter().map(|place| &self.known[place])
    }
}
