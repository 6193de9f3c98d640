//! The uses of every published address: all editions at once, in force or superseded.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::dataset::{Edition, ReferenceData};
use crate::packets::{Interval, normalized};
use crate::policy::{ALL_REGIONS, Plane, Transport};

/// What reports say of an address that is on no list.
pub const NEVER_PUBLISHED: &str = "not on any list that Twilio has published";

/// Everything that was ever published.
#[derive(Debug)]
pub struct Catalog {
    /// In the order of publication; a list of the user's own is the last.
    pub editions: Vec<Edition>,
    /// The name of the user's own list, if there is one.
    pub own: Option<Arc<str>>,
    /// Each network of a plane and a region once, with all editions that have it on the same ports.
    pub entries: Vec<Entry>,
    /// The positions of the entries for each prefix, ascending: the longest prefix first.
    widths: Vec<(u8, Vec<usize>)>,
}

/// A published network.
#[derive(Debug)]
pub struct Entry {
    /// Its addresses.
    pub network: Ipv4Net,
    /// Its use.
    pub plane: Plane,
    /// The region's id; `None` if it belongs to every region.
    pub region: Option<Arc<str>>,
    /// The editions that publish it, as positions in [`Catalog::editions`].
    pub editions: Vec<usize>,
    /// Such as `udp 5060, tcp 5060, tls 5061`.
    pub ports: String,
    /// True if one of the editions is in force.
    pub in_force: bool,
}

/// The properties that two published networks of one entry share: plane, region, network, ports.
type Key = (Plane, Option<Arc<str>>, Ipv4Net, String);

impl Entry {
    /// Its addresses.
    pub fn span(&self) -> Interval {
        self.network.into()
    }

    /// `media of tokyo`
    pub fn subject(&self) -> String {
        format!(
            "{} of {}",
            self.plane,
            self.region.as_deref().unwrap_or(ALL_REGIONS)
        )
    }
}

impl Catalog {
    /// A catalog of editions and of the user's own list. The selected editions count as in force, and so do
    /// the others that are, unless the user's own list replaces them.
    pub fn new(
        mut editions: Vec<Edition>,
        own: Option<Edition>,
        selected: &[Arc<str>],
        reference_data: &ReferenceData,
    ) -> Catalog {
        let replaced = own.as_ref().map(|own| own.connection);
        let name = own.as_ref().map(|own| own.name.clone());
        let embedded = editions.len();
        editions.extend(own);
        let mut entries: Vec<Entry> = Vec::new();
        let mut known: HashMap<Key, usize> = HashMap::new();
        for (at, edition) in editions.iter().enumerate() {
            let in_force = edition.superseded.is_none() && replaced != Some(edition.connection);
            let in_force =
                in_force || at == embedded || (name.is_none() && selected.contains(&edition.name));
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
                entries[entry].in_force |= in_force;
            }
        }
        Catalog {
            widths: by_width(&entries),
            editions,
            own: name,
            entries,
        }
    }

    /// The entries that have an address in a span: the narrowest first, and those of one width in
    /// the order of their addresses. Counting them does not visit each.
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

    /// The addresses of some entries.
    pub fn addresses(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Interval> {
        let entries = self.entries.iter().filter(|entry| wanted(entry));
        normalized(entries.map(Entry::span).collect())
    }
}

/// The positions of entries for each prefix, ascending: the longest prefix first.
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

/// Entries of a catalog.
#[derive(Debug)]
pub struct Touching<'a> {
    entries: &'a [Entry],
    /// Positions of entries, for each width of their networks.
    widths: Vec<&'a [usize]>,
}

impl<'a> Touching<'a> {
    /// The number of networks.
    pub fn len(&self) -> usize {
        self.widths.iter().map(|of_width| of_width.len()).sum()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.widths.is_empty()
    }

    /// The entries.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a Entry> {
        let positions = self.widths.iter().copied().flatten();
        let entries = self.entries;
        positions.map(move |at| &entries[*at])
    }
}

/// The ports of a plane in words: `udp 5060, tcp 5060, tls 5061`.
fn ports(edition: &Edition, plane: Plane) -> String {
    match plane {
        Plane::Signaling => {
            let words = Transport::ALL.map(|t| format!("{t} {}", edition.signaling.ports.of(t)));
            words.join(", ")
        }
        Plane::Media => format!("udp {}", edition.media.ports),
    }
}
