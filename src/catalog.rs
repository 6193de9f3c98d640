//! What every address is to Twilio: all editions at once, those that hold and those that held.

use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::dataset::{Atlas, Edition};
use crate::policy::space::{Span, normalized};
use crate::policy::{Plane, Transport};

/// Everything that was ever published.
#[derive(Debug)]
pub struct Catalog {
    /// In the order of publication; a list of the user's own is the last.
    pub editions: Vec<Edition>,
    /// Each network of a plane and a region once, with all editions that have it on the same ports.
    pub entries: Vec<Entry>,
}

/// A published network.
#[derive(Debug)]
pub struct Entry {
    /// Its addresses.
    pub network: Ipv4Net,
    /// What it is for.
    pub plane: Plane,
    /// The region's id; `None` where it belongs to every region.
    pub region: Option<Arc<str>>,
    /// Where it is published, as positions in [`Catalog::editions`].
    pub editions: Vec<usize>,
    /// Such as `udp 5060, tcp 5060, tls 5061`.
    pub ports: String,
    /// Whether one of the editions is in force.
    pub in_force: bool,
}

impl Entry {
    /// Its addresses.
    pub fn span(&self) -> Span {
        self.network.into()
    }

    /// `media of tokyo`
    pub fn subject(&self) -> String {
        format!(
            "{} of {}",
            self.plane,
            self.region.as_deref().unwrap_or("all regions")
        )
    }
}

impl Catalog {
    /// Of some editions.
    pub fn new(editions: Vec<Edition>, atlas: &Atlas) -> Catalog {
        let mut entries: Vec<Entry> = Vec::new();
        for (at, edition) in editions.iter().enumerate() {
            let in_force = edition.superseded.is_none();
            for (plane, region, network) in edition.published(atlas) {
                let region = region.map(|region| region.id.clone());
                let ports = ports(edition, plane);
                let same = |e: &&mut Entry| {
                    e.network == network
                        && e.plane == plane
                        && e.region == region
                        && e.ports == ports
                };
                match entries.iter_mut().find(same) {
                    Some(entry) => {
                        entry.editions.push(at);
                        entry.in_force |= in_force;
                    }
                    None => entries.push(Entry {
                        network,
                        plane,
                        region,
                        editions: vec![at],
                        ports,
                        in_force,
                    }),
                }
            }
        }
        Catalog { editions, entries }
    }

    /// The entries that have an address in a span.
    pub fn touching(&self, span: Span) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.span().and(span).is_some())
    }

    /// The addresses of some entries.
    pub fn addresses(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Span> {
        let entries = self.entries.iter().filter(|entry| wanted(entry));
        normalized(entries.map(Entry::span).collect())
    }

    /// `regional (superseded on 2024-02-21 by global), global (in force since 2024-02-21)`
    pub fn standing(&self, entry: &Entry) -> String {
        let editions = entry.editions.iter().map(|at| &self.editions[*at]);
        let words = editions.map(|edition| format!("{} ({})", edition.name, edition.standing()));
        words.collect::<Vec<_>>().join(", ")
    }
}

fn ports(edition: &Edition, plane: Plane) -> String {
    match plane {
        Plane::Signaling => {
            let transports = [Transport::Udp, Transport::Tcp, Transport::Tls];
            let words = transports.map(|t| format!("{t} {}", edition.signaling.ports.of(t)));
            words.join(", ")
        }
        Plane::Media => format!("udp {}", edition.media.ports),
    }
}
