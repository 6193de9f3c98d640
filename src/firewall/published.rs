//! The networks that Twilio published, found by their addresses.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::packets::{Cell, Dimension, Interval, IntervalSet, Protocols};
use crate::policy::Plane;

/// A network that an edition publishes.
#[derive(Clone, Debug)]
pub struct PublishedNetwork {
    /// Its addresses, which are those of a prefix.
    pub addresses: Interval,
    /// The plane that uses it.
    pub plane: Plane,
    /// The ports of that plane, as [`crate::packets::normalized`] has them.
    pub ports: Vec<Interval>,
    /// The region's id; `None` where it belongs to every region.
    pub region: Option<Arc<str>>,
    /// The edition's name.
    pub edition: Arc<str>,
}

impl PublishedNetwork {
    /// True if packets of these protocols and ports are of its plane.
    pub(super) fn carries(&self, protocols: Protocols, ports: &IntervalSet) -> bool {
        let carriers = match self.plane {
            Plane::Signaling => Protocols::UDP.or(Protocols::TCP),
            Plane::Media => Protocols::UDP,
        };
        let held = |ports: &Interval| self.ports.iter().any(|own| own.holds(*ports));
        carriers.holds(protocols) && ports.intervals().iter().all(held)
    }
}

/// The published networks, to find those that make up a span or hold it.
pub(super) struct Published<'k> {
    known: &'k [PublishedNetwork],
    /// The places in `known` of the networks with these addresses.
    places: HashMap<Interval, Vec<usize>>,
    /// Ascending; of those that start at one address the widest comes first.
    networks: Vec<Interval>,
    /// For each of them, the highest address that it or one before it has.
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

    /// Divides a cell into one for each published network that is in it, and the rest.
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

    /// The span itself if it is in one network, or the networks that make it up.
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
            // A gap, or the end of the span.
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

    /// The networks that hold a span, in the order in which they are known.
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
