//! A catalog of every published network, from editions in force, superseded ones, and other services.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::dataset::{Edition, ReferenceData, Service};
use crate::packets::{Interval, normalized};
use crate::policy::{ALL_REGIONS, Plane, Transport};

/// The text in reports for an address that is on no list.
pub const NEVER_PUBLISHED: &str = "not on any list that Twilio has published";

/// Every published network.
#[derive(Debug)]
pub struct Catalog {
    /// In the order of publication. A user's own list is the last one.
    pub editions: Vec<Edition>,
    /// For each edition, true if it is in force.
    in_force: Vec<bool>,
    /// The name of the user's own list, if any.
    pub own: Option<Arc<str>>,
    /// One entry for each network, plane, region and ports, with all editions that publish it.
    pub entries: Vec<Entry>,
    /// Services and lists outside of the editions.
    pub services: Vec<Service>,
    /// For each prefix length, the longest first: the indices of its entries, sorted by address.
    widths: Vec<(u8, Vec<usize>)>,
}

/// A published network.
#[derive(Debug)]
pub struct Entry {
    pub network: Ipv4Net,
    pub plane: Plane,
    /// The id of the region; `None` if the network serves every region.
    pub region: Option<Arc<str>>,
    /// The editions that publish the network, as indices of [`Catalog::editions`].
    pub editions: Vec<usize>,
    /// Such as `udp 5060, tcp 5060, tls 5061`.
    pub ports: String,
    /// True if any of the editions is in force or upcoming, so that the network is no mistake.
    pub in_force: bool,
}

/// A network of a service that is no edition.
#[derive(Clone, Copy, Debug)]
pub struct ServiceNetwork<'a> {
    pub service: &'a Service,
    /// A region, or an exchange.
    pub place: &'a str,
    pub network: Ipv4Net,
}

impl ServiceNetwork<'_> {
    pub fn span(&self) -> Interval {
        self.network.into()
    }

    /// Returns a short description, such as `STUN/TURN of virginia`.
    pub fn subject(&self) -> String {
        format!("{} of {}", self.service.name, self.place)
    }
}

/// The properties that are the same for all editions of one entry: plane, region, network, ports.
type Key = (Plane, Option<Arc<str>>, Ipv4Net, String);

impl Entry {
    pub fn span(&self) -> Interval {
        self.network.into()
    }
}

impl Catalog {
    /// Makes a catalog of editions and a user's own list. The `selected` editions count as in force
    /// too. A user's own list counts as in force, and the editions for the same connection then do
    /// not. With such a list, `selected` has no effect.
    pub fn new(
        mut editions: Vec<Edition>,
        own: Option<Edition>,
        selected: &[Arc<str>],
        services: Vec<Service>,
        reference_data: &ReferenceData,
    ) -> Catalog {
        let replaced = own.as_ref().map(|own| own.connection);
        let name = own.as_ref().map(|own| own.name.clone());
        let embedded = editions.len();
        editions.extend(own);
        let mut entries: Vec<Entry> = Vec::new();
        let mut known: HashMap<Key, usize> = HashMap::new();
        let mut all_in_force = Vec::new();
        for (at, edition) in editions.iter().enumerate() {
            let is_replaced = replaced == Some(edition.connection);
            let in_force = edition.is_in_force() && !is_replaced;
            let in_force =
                in_force || at == embedded || (name.is_none() && selected.contains(&edition.name));
            all_in_force.push(in_force);
            for (plane, region, network) in edition.published(reference_data) {
                let region = region.map(|region| region.id.clone());
                let ports = ports(edition, plane);
                let key = (plane, region.clone(), network, ports.clone());
                let entry = *known.entry(key).or_insert_with(|| {
                    entries.push(Entry {
                        network,
                        plane,
                        region,
                        editions: Vec::new(),
                        ports,
                        in_force: false,
                    });
                    entries.len() - 1
                });
                entries[entry].editions.push(at);
                entries[entry].in_force |= in_force || edition.upcoming && !is_replaced;
            }
        }
        Catalog {
            widths: by_width(&entries),
            in_force: all_in_force,
            editions,
            own: name,
            entries,
            services,
        }
    }

    /// Returns the entries that have an address in a span. Longer prefixes come first; entries with
    /// the same prefix length are sorted by address. Counting the entries is faster than iterating.
    pub fn touching(&self, span: Interval) -> Touching<'_> {
        let widths = self.widths.iter().map(|(prefix, positions)| {
            let wide = u32::MAX.checked_shr((*prefix).into()).unwrap_or(0);
            let first = span.first & !wide;
            let place = |at: &usize| self.entries[*at].span().first;
            let start = positions.partition_point(|at| place(at) < first);
            let rest = &positions[start..];
            &rest[..rest.partition_point(|at| place(at) <= span.last)]
        });
        Touching {
            entries: &self.entries,
            widths: widths.filter(|of_width| !of_width.is_empty()).collect(),
        }
    }

    /// Returns the editions of an entry that are in force.
    pub fn editions_in_force(&self, entry: &Entry) -> impl Iterator<Item = &Edition> {
        let editions = entry.editions.iter().filter(|at| self.in_force[**at]);
        editions.map(|at| &self.editions[*at])
    }

    /// True if a network is announced, but neither in force nor selected. A text may contain it, but need not.
    pub fn is_only_upcoming(&self, entry: &Entry) -> bool {
        entry.in_force && self.editions_in_force(entry).next().is_none()
    }

    /// Returns a short description that says whether the network is upcoming, such as `media of tokyo` or `media of tokyo
    /// (upcoming, in force from 2024-02-21)`.
    pub fn subject(&self, entry: &Entry) -> String {
        let status = self.upcoming_edition(entry);
        let status = status.map(|edition| format!(" ({})", edition.status()));
        format!(
            "{} of {}{}",
            entry.plane,
            entry.region.as_deref().unwrap_or(ALL_REGIONS),
            status.unwrap_or_default()
        )
    }

    /// True if [`Catalog::subject`] returns the same for both entries.
    pub fn have_same_subject(&self, one: &Entry, other: &Entry) -> bool {
        let name = |entry| self.upcoming_edition(entry).map(|edition| &edition.name);
        one.plane == other.plane && one.region == other.region && name(one) == name(other)
    }

    /// Returns the upcoming edition that publishes a network, if no edition in force does.
    fn upcoming_edition(&self, entry: &Entry) -> Option<&Edition> {
        let editions = entry.editions.iter().map(|at| &self.editions[*at]);
        let is_in_force = editions.clone().any(Edition::is_in_force);
        let mut upcoming = editions.filter(|edition| edition.upcoming && !is_in_force);
        upcoming.next()
    }

    /// Returns the networks of services that have an address in a span.
    pub fn services_touching(&self, span: Interval) -> impl Iterator<Item = ServiceNetwork<'_>> {
        let networks = self.services.iter().flat_map(|service| {
            let networks = service.networks();
            networks.map(move |(place, network)| ServiceNetwork {
                service,
                place,
                network,
            })
        });
        networks.filter(move |listed| listed.span().overlaps(span))
    }

    /// Returns the addresses of all services for which `wanted` is true.
    pub fn addresses_of_services(&self, wanted: impl Fn(&Service) -> bool) -> Vec<Interval> {
        let services = self.services.iter().filter(|service| wanted(service));
        let networks = services.flat_map(Service::networks);
        normalized(networks.map(|(_, network)| network.into()).collect())
    }

    /// Returns the addresses of all entries for which `wanted` is true.
    pub fn addresses(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Interval> {
        let entries = self.entries.iter().filter(|entry| wanted(entry));
        normalized(entries.map(Entry::span).collect())
    }
}

/// Groups entries by prefix length, the longest first, and sorts each group by address.
fn by_width(entries: &[Entry]) -> Vec<(u8, Vec<usize>)> {
    let mut by_width: BTreeMap<Reverse<u8>, Vec<usize>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let prefix = Reverse(entry.network.prefix_len());
        by_width.entry(prefix).or_default().push(at);
    }
    let widths = by_width.into_iter().map(|(prefix, mut positions)| {
        positions.sort_by_key(|at| entries[*at].network);
        (prefix.0, positions)
    });
    widths.collect()
}

/// The entries that [`Catalog::touching`] found.
#[derive(Debug)]
pub struct Touching<'a> {
    entries: &'a [Entry],
    /// For each prefix length, the indices of the entries.
    widths: Vec<&'a [usize]>,
}

impl<'a> Touching<'a> {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.widths.iter().map(|of_width| of_width.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.widths.is_empty()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a Entry> {
        let positions = self.widths.iter().copied().flatten();
        let entries = self.entries;
        positions.map(move |at| &entries[*at])
    }
}

/// Describes the ports of a plane, as in `udp 5060, tcp 5060, tls 5061`.
fn ports(edition: &Edition, plane: Plane) -> String {
    match plane {
        Plane::Signaling => {
            let words = Transport::ALL.map(|t| format!("{t} {}", edition.signaling.ports.of(t)));
            words.join(", ")
        }
        Plane::Media => format!("udp {}", edition.media.ports),
    }
}
