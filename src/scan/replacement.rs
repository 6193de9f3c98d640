//! Recommends networks in force instead of other ones.

use std::collections::HashMap;
use std::sync::Arc;

use ipnet::Ipv4Net;

use super::evidence::Planes;
use crate::catalog::{Catalog, Entry, ServiceNetwork};
use crate::dataset::Connection;
use crate::packets::{Interval, normalized};
use crate::policy::Plane;

/// The maximum number of networks in a recommendation. A longer list is not a replacement for a single network.
const MAX_NETWORKS: usize = 32;

/// The networks that replace addresses, by plane. Both lists are empty if nothing is recommended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacement {
    pub signaling: Vec<Ipv4Net>,
    pub media: Vec<Ipv4Net>,
}

impl Replacement {
    /// Returns the replacement by a single network.
    pub(super) fn by(network: Ipv4Net, plane: Plane) -> Replacement {
        let mut replacement = Replacement::default();
        *replacement.of_plane(plane) = vec![network];
        replacement
    }

    fn of_plane(&mut self, plane: Plane) -> &mut Vec<Ipv4Net> {
        match plane {
            Plane::Signaling => &mut self.signaling,
            Plane::Media => &mut self.media,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.signaling.is_empty() && self.media.is_empty()
    }
}

/// The networks in force, by what they are for.
pub(super) struct Successors(HashMap<Use, Vec<Interval>>);

/// The plane, connection and region of a network. Without a region, it serves every region.
type Use = (Plane, Connection, Option<Arc<str>>);

impl Successors {
    pub(super) fn new(catalog: &Catalog) -> Successors {
        let mut in_force: HashMap<Use, Vec<Interval>> = HashMap::new();
        for entry in &catalog.entries {
            for edition in catalog.editions_in_force(entry) {
                let key = (entry.plane, edition.connection, entry.region.clone());
                in_force.entry(key).or_default().push(entry.span());
            }
        }
        Successors(in_force)
    }

    /// Returns the replacement for a set of addresses, of which not all are in force. `touched` and `services` are the
    /// published networks that it touches.
    ///
    /// Addresses in force remain. Superseded ones are replaced by the networks in force for the same plane, connection
    /// and region. If the addresses serve only signaling according to `planes`, superseded media networks are replaced by
    /// the signaling of their region.
    pub(super) fn replacement(
        &self,
        span: Interval,
        planes: Planes,
        touched: &[&Entry],
        services: &[ServiceNetwork],
        catalog: &Catalog,
    ) -> Replacement {
        let mut replacement = Replacement::default();
        for plane in Plane::ALL {
            let own = touched.iter().copied().filter(|entry| entry.plane == plane);
            let (in_force, old): (Vec<&Entry>, Vec<&Entry>) = own.partition(|entry| entry.in_force);
            // Signaling addresses are published one by one, but media networks only as a whole.
            let kept = in_force.iter().filter_map(|entry| match plane {
                Plane::Signaling => entry.span().and(span),
                Plane::Media => Some(entry.span()),
            });
            let mut networks: Vec<Interval> = kept.collect();
            if networks.is_empty() {
                networks = self.instead_of(plane, &old, services, catalog);
            }
            let networks = normalized(networks)
                .into_iter()
                .flat_map(Interval::networks);
            *replacement.of_plane(plane) = networks.take(MAX_NETWORKS + 1).collect();
        }
        if !planes.media && replacement.signaling.is_empty() {
            let old = touched.iter().copied().filter(|entry| !entry.in_force);
            let old: Vec<&Entry> = old.collect();
            let networks = normalized(self.instead_of(Plane::Signaling, &old, &[], catalog));
            let networks = networks.into_iter().flat_map(Interval::networks);
            replacement.signaling = networks.take(MAX_NETWORKS + 1).collect();
        }
        let is_short = replacement.signaling.len() + replacement.media.len() <= MAX_NETWORKS;
        if is_short {
            replacement
        } else {
            Replacement::default()
        }
    }

    /// Returns the networks in force instead of superseded ones.
    fn instead_of(
        &self,
        plane: Plane,
        old: &[&Entry],
        services: &[ServiceNetwork],
        catalog: &Catalog,
    ) -> Vec<Interval> {
        let entries = old.iter().flat_map(|entry| {
            let editions = entry.editions.iter().map(|at| &catalog.editions[*at]);
            editions.map(|edition| (plane, edition.connection, entry.region.clone()))
        });
        let lists = services
            .iter()
            .filter(|listed| listed.service.plane == Some(plane));
        let lists = lists.map(|listed| (plane, Connection::Public, Some(listed.place.into())));
        let uses = entries.chain(lists);
        let with_all = uses.flat_map(|of_region| [(of_region.0, of_region.1, None), of_region]);
        with_all
            .filter_map(|key| self.0.get(&key))
            .flatten()
            .copied()
            .collect()
    }
}
