//! Everything that Twilio published, prepared for looking up addresses.

use super::spellings::Spellings;
use super::work::Work;
use crate::catalog::Catalog;
use crate::packets::Interval;
use crate::policy::Plane;

/// A network this many times as large as a published one is not a slip. In a text without anything else
/// of Twilio's it belongs to somebody else.
const MOST_TIMES: u64 = 16;

/// Published addresses by several properties.
pub(super) struct Published<'a> {
    pub catalog: &'a Catalog,
    /// The addresses in force.
    pub in_force: Vec<Interval>,
    /// The addresses in force for signaling.
    pub signaling: Vec<Interval>,
    /// All addresses that were ever published.
    pub ever: Vec<Interval>,
    spellings: Spellings,
}

impl<'a> Published<'a> {
    pub fn new(catalog: &'a Catalog) -> Self {
        Published {
            in_force: catalog.addresses(|entry| entry.in_force),
            signaling: catalog.addresses(|entry| entry.in_force && entry.plane == Plane::Signaling),
            ever: catalog.addresses(|_| true),
            spellings: Spellings::new(catalog),
            catalog,
        }
    }

    /// True if some address of a span was ever published.
    pub fn contains_some(&self, span: Interval) -> bool {
        let after = self.ever.partition_point(|known| known.last < span.first);
        self.ever
            .get(after)
            .is_some_and(|known| known.and(span).is_some())
    }

    /// True if some of a span was published, unless it is so much larger that it must belong to others.
    pub fn is_twilios(&self, span: Interval) -> bool {
        if !self.contains_some(span) {
            return false;
        }
        let size = |span: Interval| u64::from(span.last - span.first) + 1;
        let widest = self.catalog.touching(span).iter().next_back();
        widest.is_some_and(|entry| size(span) <= MOST_TIMES * size(entry.span()))
    }

    /// The published network or address that one slip has made a spelling of, with the position of its
    /// entry in the catalog.
    pub fn one_slip_from(&self, spelling: &str, work: &Work) -> Option<&(String, usize)> {
        self.spellings.one_slip_from(spelling, work)
    }

    /// A question about a spelling's network: `did you mean 192.0.2.0/30, signaling of tokyo?`
    pub fn suggestion(&self, (spelling, entry): &(String, usize)) -> String {
        let subject = self.catalog.entries[*entry].subject();
        format!("did you mean {spelling}, {subject}?")
    }
}
