//! All published networks, prepared for looking up addresses.

use ipnet::Ipv4Net;

use super::replacement::{Replacement, Successors};
use super::spans::{covers, touches};
use super::spellings::Spellings;
use super::work::Work;
use crate::catalog::{Catalog, Entry};
use crate::packets::{Interval, normalized};
use crate::policy::{Plane, parse_network};

/// A network that is larger than a published one by more than this factor is not a mistyped one.
/// Unless the text mentions Twilio, such a network belongs to somebody else.
pub(super) const MOST_TIMES: u64 = 16;

/// Published addresses, grouped by properties.
pub(super) struct Published<'a> {
    pub catalog: &'a Catalog,
    pub in_force: Vec<Interval>,
    pub signaling: Vec<Interval>,
    /// The addresses that other services use, such as STUN and TURN.
    pub other_services: Vec<Interval>,
    /// All addresses that were ever published, for SIP or for another service.
    pub ever: Vec<Interval>,
    pub successors: Successors,
    spellings: Spellings,
}

impl<'a> Published<'a> {
    pub fn new(catalog: &'a Catalog) -> Self {
        Published {
            in_force: catalog.addresses(|entry| entry.in_force),
            signaling: catalog.addresses(|entry| entry.in_force && entry.plane == Plane::Signaling),
            other_services: catalog.addresses_of_services(|service| service.superseded.is_none()),
            ever: normalized(
                [
                    catalog.addresses(|_| true),
                    catalog.addresses_of_services(|_| true),
                ]
                .concat(),
            ),
            successors: Successors::new(catalog),
            spellings: Spellings::new(catalog),
            catalog,
        }
    }

    /// Returns true if any address of a span was ever published.
    pub fn contains_some(&self, span: Interval) -> bool {
        touches(&self.ever, span)
    }

    /// Returns true if any address of a span was published for SIP, or belongs to the address space of an exchange, unless
    /// the span is so large that it must belong to somebody else.
    pub fn is_twilios(&self, span: Interval) -> bool {
        if !self.contains_some(span) {
            return false;
        }
        let of_editions = self.catalog.touching(span).iter().next_back();
        let of_editions = of_editions.map(Entry::span).into_iter();
        let of_services = self.catalog.services_touching(span).filter(|listed| {
            // A text that does not mention Twilio may have addresses close to those of other services by chance.
            listed.service.plane.is_some() || listed.service.address_space
        });
        let mut all = of_editions.chain(of_services.map(|listed| listed.span()));
        all.any(|published| span.size() <= MOST_TIMES * published.size())
    }

    /// Returns the widest published network that a span touches.
    pub fn widest(&self, span: Interval) -> Option<Ipv4Net> {
        let widest = self.catalog.touching(span).iter().next_back();
        widest.map(|entry| entry.network)
    }

    /// Returns true if a span is a published network, or an address of SIP that is in force.
    pub fn is_listed(&self, span: Interval) -> bool {
        let touching = self.catalog.touching(span);
        let is_network = touching.iter().any(|entry| entry.span() == span);
        is_network || span.size() == 1 && covers(&self.in_force, span)
    }

    /// Returns true if a span contains addresses of a plane. For media, it must contain no signaling in force, because the
    /// old media networks also serve as lists of signaling.
    pub fn is_of_plane(&self, span: Interval, plane: Plane) -> bool {
        let has_signaling = touches(&self.signaling, span);
        let touching = self.catalog.touching(span);
        let is_near = |entry: &Entry| span.size() <= MOST_TIMES * entry.span().size();
        // The address space of an exchange is much larger than its signaling networks.
        let is_touched =
            touching.iter().any(is_near) && touching.iter().any(|entry| entry.plane == plane);
        is_touched && (plane == Plane::Signaling || !has_signaling)
    }

    /// Returns a published network or address from which `spelling` differs by one typing error,
    /// with the index of its entry in the catalog.
    pub fn one_slip_from(&self, spelling: &str, work: &Work) -> Option<&(String, usize)> {
        self.spellings.one_slip_from(spelling, work)
    }

    /// Returns the replacement by the network that was probably meant.
    pub fn meant(&self, (spelling, entry): &(String, usize)) -> Replacement {
        let entry = &self.catalog.entries[*entry];
        // The spelling is that of the network, or of one of its addresses.
        let network = parse_network(spelling).unwrap_or(entry.network);
        Replacement::by(network, entry.plane)
    }

    /// Returns a suggestion, such as `did you mean 192.0.2.0/30, signaling of tokyo?`
    pub fn suggestion(&self, (spelling, entry): &(String, usize)) -> String {
        let subject = self.catalog.subject(&self.catalog.entries[*entry]);
        format!("did you mean {spelling}, {subject}?")
    }
}
