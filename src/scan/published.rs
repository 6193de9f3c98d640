//! All published networks, prepared for looking up addresses.

use super::spellings::Spellings;
use super::work::Work;
use crate::catalog::Catalog;
use crate::packets::Interval;
use crate::policy::Plane;

/// A network that is larger than a published one by more than this factor is not a mistyped one.
/// Unless the text mentions Twilio, such a network belongs to somebody else.
const MOST_TIMES: u64 = 16;

/// Published addresses, grouped by properties.
pub(super) struct Published<'a> {
    pub catalog: &'a Catalog,
    pub in_force: Vec<Interval>,
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

    /// Returns true if any address of a span was ever published.
    pub fn contains_some(&self, span: Interval) -> bool {
        let after = self.ever.partition_point(|known| known.last < span.first);
        self.ever
            .get(after)
            .is_some_and(|known| known.and(span).is_some())
    }

    /// Returns true if any address of a span was published, unless the span is so large that it
    /// must belong to somebody else.
    pub fn is_twilios(&self, span: Interval) -> bool {
        if !self.contains_some(span) {
            return false;
        }
        let size = |span: Interval| u64::from(span.last - span.first) + 1;
        let widest = self.catalog.touching(span).iter().next_back();
        widest.is_some_and(|entry| size(span) <= MOST_TIMES * size(entry.span()))
    }

    /// Returns a published network or address from which `spelling` differs by one typing error,
    /// with the index of its entry in the catalog.
    pub fn one_slip_from(&self, spelling: &str, work: &Work) -> Option<&(String, usize)> {
        self.spellings.one_slip_from(spelling, work)
    }

    /// Returns a suggestion, such as `did you mean 192.0.2.0/30, signaling of tokyo?`
    pub fn suggestion(&self, (spelling, entry): &(String, usize)) -> String {
        let subject = self.catalog.entries[*entry].subject();
        format!("did you mean {spelling}, {subject}?")
    }
}
