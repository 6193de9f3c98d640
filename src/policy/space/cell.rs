//! Products of sets: the parts into which a comparison divides the packets.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use super::{FIELDS, Field, Kind, Packets, Span, complement, normalized};

/// A set of addresses or ports that is not empty.
///
/// Most sets are one span. A rule that accepts any source behind thousands of rules that each
/// deny one source has a set of thousands of spans, which its copies share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SpanSet {
    /// One span.
    One(Span),
    /// At least two spans that are disjoint, with gaps between them, in ascending order.
    Many(Arc<[Span]>),
}

impl SpanSet {
    /// The set of the numbers in any of the spans; `None` if there is no span.
    pub fn of(spans: Vec<Span>) -> Option<SpanSet> {
        let spans = normalized(spans);
        match spans[..] {
            [] => None,
            [only] => Some(SpanSet::One(only)),
            _ => Some(SpanSet::Many(spans.into())),
        }
    }

    /// Its spans in ascending order, with gaps between them.
    pub fn spans(&self) -> &[Span] {
        match self {
            SpanSet::One(span) => std::slice::from_ref(span),
            SpanSet::Many(spans) => spans,
        }
    }

    /// The span from its lowest to its highest number.
    pub fn hull(&self) -> Span {
        match self {
            SpanSet::One(span) => *span,
            SpanSet::Many(spans) => {
                let last = spans.last().map_or(spans[0].last, |span| span.last);
                Span {
                    first: spans[0].first,
                    last,
                }
            }
        }
    }

    /// The numbers that are also in a span.
    pub fn and(&self, span: Span) -> Option<SpanSet> {
        let common = self.spans()[self.overlapping(span)].iter();
        SpanSet::of(common.filter_map(|own| own.and(span)).collect())
    }

    /// The numbers that are not in a span.
    fn without(&self, span: Span) -> Option<SpanSet> {
        let Range { start, end } = self.overlapping(span);
        let spans = self.spans();
        let mut rest = Vec::with_capacity(spans.len() + 1);
        rest.extend_from_slice(&spans[..start]);
        for own in &spans[start..end] {
            rest.extend(complement(&[span], *own));
        }
        rest.extend_from_slice(&spans[end..]);
        SpanSet::of(rest)
    }

    /// The places of its spans that overlap with a span.
    fn overlapping(&self, span: Span) -> Range<usize> {
        let spans = self.spans();
        let start = spans.partition_point(|own| own.last < span.first);
        start
            ..spans
                .partition_point(|own| own.first <= span.last)
                .max(start)
    }
}

impl Ord for SpanSet {
    fn cmp(&self, other: &Self) -> Ordering {
        self.spans().cmp(other.spans())
    }
}

impl PartialOrd for SpanSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A set of packets: those of a kind with each address and port in a set of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The protocols, flags and states.
    pub kind: Kind,
    pub(super) sets: [SpanSet; FIELDS],
}

impl From<Packets> for Cell {
    fn from(packets: Packets) -> Self {
        Cell {
            kind: packets.kind,
            sets: packets.spans.map(SpanSet::One),
        }
    }
}

impl Cell {
    /// The numbers of a field.
    pub fn set(&self, field: Field) -> &SpanSet {
        &self.sets[field as usize]
    }

    /// The cell with another set of numbers of a field.
    #[must_use]
    pub fn with(&self, field: Field, set: SpanSet) -> Cell {
        let mut cell = self.clone();
        cell.sets[field as usize] = set;
        cell
    }

    /// The packets that are also in a box.
    pub fn and(&self, other: &Packets) -> Option<Cell> {
        let kind = self.kind.and(other.kind)?;
        let mut sets = self.sets.clone();
        for (set, span) in sets.iter_mut().zip(&other.spans) {
            *set = set.and(*span)?;
        }
        Some(Cell { kind, sets })
    }

    /// The packets that are not in a box; `None` if none is in it.
    pub fn without(&self, other: &Packets) -> Option<Vec<Cell>> {
        self.split(other).map(|(_, rest)| rest)
    }

    /// The packets that are also in a box, and those that are not; `None` if none is in it.
    pub fn split(&self, other: &Packets) -> Option<(Cell, Vec<Cell>)> {
        let common = self.and(other)?;
        let mut rest = Vec::new();
        let mut left = self.clone();
        for at in 0..FIELDS {
            if let Some(outside) = left.sets[at].without(other.spans[at]) {
                let mut part = left.clone();
                part.sets[at] = outside;
                rest.push(part);
            }
            left.sets[at] = common.sets[at].clone();
        }
        let atoms = Kind::atoms(&[left.kind, common.kind]);
        let outside = atoms
            .into_iter()
            .filter(|atom| left.kind.covers(atom) && !common.kind.covers(atom));
        let sets = left.sets;
        rest.extend(outside.map(|kind| Cell {
            kind,
            sets: sets.clone(),
        }));
        Some((common, rest))
    }

    /// For each span of remote addresses, the least box that holds the packets with them.
    pub fn outlines(&self) -> impl Iterator<Item = Packets> + '_ {
        let spans = self.sets.each_ref().map(SpanSet::hull);
        let outline = Packets {
            kind: self.kind,
            spans,
        };
        let remotes = self.set(Field::Remote).spans().iter();
        remotes.map(move |remote| outline.with(Field::Remote, *remote))
    }

    /// The boxes that make up the cell: one for each combination of spans.
    pub fn boxes(&self) -> impl Iterator<Item = Packets> + '_ {
        let [remotes, locals, remote_ports, local_ports] =
            [0, 1, 2, 3].map(|field| self.sets[field].spans());
        remotes.iter().flat_map(move |&remote| {
            locals.iter().flat_map(move |&local| {
                remote_ports.iter().flat_map(move |&remote_port| {
                    local_ports.iter().map(move |&local_port| Packets {
                        kind: self.kind,
                        spans: [remote, local, remote_port, local_port],
                    })
                })
            })
        })
    }
}
