//! Sets of packets that the rules of another listing refer to by name.

use std::rc::Rc;

use crate::format::read::matches::Matches;
use crate::packets::{
    Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, complement,
};

/// The sets that a listing shows.
pub(in crate::format) trait NamedSets {
    /// Returns the contents of a set; `None` if the listing has no such set.
    fn contents(&self, name: &str) -> Option<Rc<Contents>>;

    /// Records that rules add entries to a set or delete them, so that its contents are unknown.
    fn forget(&self, name: &str);
}

/// The side of a packet that an element of an entry is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Side {
    Source,
    Destination,
}

/// A part of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Element {
    Address,
    Port,
}

/// The contents of a set, as far as they are known.
#[derive(Debug)]
pub(in crate::format) enum Contents {
    /// Entries with one element. The intervals are [`normalized`](crate::packets::normalized).
    Values {
        element: Element,
        /// The values that match for sure.
        certain: Vec<Interval>,
        /// The values that may match, including the certain ones.
        possible: Vec<Interval>,
    },
    /// Entries with several elements.
    Tuples {
        elements: &'static [Element],
        tuples: Vec<Tuple>,
        /// True if each tuple matches for sure. The tuples then do not overlap.
        is_certain: bool,
    },
    Unknown,
}

/// An entry with several elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::format) struct Tuple {
    pub protocols: Protocols,
    /// One interval for each element.
    pub values: [Interval; MAX_ELEMENTS],
}

pub(in crate::format) const MAX_ELEMENTS: usize = 3;

/// The protocols whose ports a set of ports contains.
const PROTOCOLS_OF_PORTS: HeaderMatch = HeaderMatch::of(Protocols::TCP.or(Protocols::UDP));

impl Contents {
    /// The contents of a set that matches no IPv4 packet.
    pub const NOTHING: Contents = Contents::Values {
        element: Element::Address,
        certain: Vec::new(),
        possible: Vec::new(),
    };

    /// Keeps the packets that are in the set, or those that are not in it. `sides` has a side for each element.
    pub fn narrow(
        &self,
        sides: &[Side],
        is_negated: bool,
        matches: &mut Matches,
    ) -> Result<(), String> {
        match self {
            Contents::Values {
                element,
                certain,
                possible,
            } => {
                if certain != possible {
                    matches.condition = Condition::Unknown;
                }
                let side = sides.first().copied().unwrap_or(Side::Source);
                let field = element.field(side);
                match (element, is_negated) {
                    (Element::Address, false) => matches.span(field, possible),
                    (Element::Address, true) => {
                        matches.span(field, &complement(certain, field.whole()))
                    }
                    (Element::Port, false) => {
                        matches.kind(PROTOCOLS_OF_PORTS);
                        matches.span(field, possible)
                    }
                    (Element::Port, true) => matches.any_of(&other_ports(field, certain)),
                }
            }
            // The kernel compares no entry with more elements than the rule has sides.
            Contents::Tuples { elements, .. } if sides.len() < elements.len() => {
                Contents::NOTHING.narrow(sides, is_negated, matches)
            }
            Contents::Tuples {
                elements,
                tuples,
                is_certain,
            } if !is_negated => {
                matches.condition &= Condition::true_if(*is_certain);
                let boxes = tuples
                    .iter()
                    .filter_map(|tuple| tuple.packets(elements, sides));
                matches.any_of(&boxes.collect::<Vec<_>>())
            }
            Contents::Tuples { tuples, .. } => {
                matches.condition &= Condition::true_if(tuples.is_empty());
                Ok(())
            }
            Contents::Unknown => {
                matches.condition = Condition::Unknown;
                Ok(())
            }
        }
    }
}

/// Returns the packets whose port is not in a set of ports, including those without such ports.
fn other_ports(field: HeaderField, ports: &[Interval]) -> Vec<HeaderBox> {
    let others = HeaderMatch::of(PROTOCOLS_OF_PORTS.protocols.not());
    let with_ports = complement(ports, field.whole())
        .into_iter()
        .filter_map(|ports| {
            let packets = HeaderBox::ALL.with(field, ports);
            packets.matching(PROTOCOLS_OF_PORTS)
        });
    with_ports.chain(HeaderBox::ALL.matching(others)).collect()
}

impl Element {
    fn field(self, side: Side) -> HeaderField {
        match (self, side) {
            (Element::Address, Side::Source) => HeaderField::Source,
            (Element::Address, Side::Destination) => HeaderField::Destination,
            (Element::Port, Side::Source) => HeaderField::SourcePort,
            (Element::Port, Side::Destination) => HeaderField::DestinationPort,
        }
    }
}

impl Tuple {
    fn packets(&self, elements: &[Element], sides: &[Side]) -> Option<HeaderBox> {
        let header = HeaderMatch::of(self.protocols);
        let fields = elements.iter().zip(sides).zip(self.values);
        fields.fold(
            HeaderBox::ALL.matching(header),
            |packets, ((element, side), value)| packets?.narrowed(element.field(*side), value),
        )
    }
}
