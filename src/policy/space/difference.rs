//! The exact difference of what is expected and what the steps of a firewall let through.

use std::cmp::Ordering;

use super::partition::{ORDER, Partition, Question};
use super::{Cell, FIELDS, Field, Flags, Packets, SpanSet, Step, Verdict};
use crate::limits::{Exceeded, Limits};

/// The side that has packets that the other side does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Expected, and not let through, or not always.
    Missing,
    /// Let through, or sometimes, and not expected.
    Extra,
}

/// Packets that one side lets through and the other does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The side that has them.
    pub side: Side,
    /// True if they pass in some circumstances and not in others.
    pub sometimes: bool,
    /// The packets.
    pub packets: Cell,
    /// The steps that let them through, or stop them, by [`Step::at`]; ascending. None if no
    /// step matches them.
    pub blame: Vec<u32>,
}

/// The exact difference of what is expected and what the steps let through.
///
/// A packet that passes only in some circumstances is missing if expected, and extra if not.
/// The differences of one side are disjoint boxes if there are about as many as rules or fewer.
/// If boxes that are disjoint would be far more, the differences are [`by_rule`]. They are in no
/// particular order.
pub fn differences(
    expected: &[Packets],
    steps: &[Step],
    limits: Limits,
) -> Result<Vec<Difference>, Exceeded> {
    // A partition that is given up is gone before the next one is made.
    let disjoint = Partition::new(expected, steps, limits).of(Question::All)?;
    match disjoint {
        Some(found) => Ok(coalesced(found)),
        None => by_rule(expected, steps, limits),
    }
}

/// The same, but in cells, each with the packets that one rule lets through or stops.
///
/// Packets that rules of different shapes let through are extra in a cell of each shape: rules
/// that name a source, say, and rules that name a destination cut each other into as many
/// disjoint boxes as there are pairs of them. `sometimes` is then about the rules of the cell.
pub fn by_rule(
    expected: &[Packets],
    steps: &[Step],
    limits: Limits,
) -> Result<Vec<Difference>, Exceeded> {
    let mut partition = Partition::new(expected, steps, limits);
    let accepts = steps.iter().filter(|step| step.verdict == Verdict::Accept);
    let mut shapes: Vec<Shape> = accepts.map(|step| Shape::of(&step.packets)).collect();
    shapes.sort_unstable();
    shapes.dedup();
    let extra = shapes.into_iter().map(Question::Extra);
    let mut found = Vec::new();
    for question in std::iter::once(Question::Missing).chain(extra) {
        found.extend(partition.of(question)?.unwrap_or_default());
    }
    Ok(gathered(found))
}

/// The fields that a rule restricts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape([bool; FIELDS]);

impl Shape {
    pub fn of(packets: &Packets) -> Shape {
        Shape(ORDER.map(|field| packets.span(field) != field.whole()))
    }

    /// The fields in the order in which to divide them: the restricted ones come first.
    pub fn order(self) -> [Field; FIELDS] {
        let mut numbers = [0, 1, 2, 3];
        numbers.sort_by_key(|number| !self.0[*number]);
        numbers.map(|number| ORDER[number])
    }
}

/// Joins differences that are one box together, and sorts the blame of each.
pub fn coalesced(found: Vec<Difference>) -> Vec<Difference> {
    joined_on_every_axis(found, Join::Neighbors)
}

/// Joins differences of one rule that are one cell together.
fn gathered(mut found: Vec<Difference>) -> Vec<Difference> {
    found.iter_mut().for_each(Difference::sort_blame);
    joined_on_every_axis(found, Join::SameBlame)
}

/// The differences that are joined if they are equal along every other axis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    /// Those that touch.
    Neighbors,
    /// Those with the same blame, with or without a gap between them.
    SameBlame,
}

fn joined_on_every_axis(mut found: Vec<Difference>, join: Join) -> Vec<Difference> {
    let fields = ORDER.into_iter().rev().map(Axis::Field);
    let axes: Vec<Axis> = fields
        .chain([Axis::States, Axis::Flags, Axis::Protocols])
        .collect();
    // Done when no axis in a row joins any.
    let mut idle = 0;
    for axis in axes.iter().cycle() {
        let before = found.len();
        found = axis.joined(found, join);
        idle = if found.len() < before { 0 } else { idle + 1 };
        if idle == axes.len() {
            break;
        }
    }
    found.iter_mut().for_each(Difference::sort_blame);
    found
}

impl Difference {
    fn sort_blame(&mut self) {
        self.blame.sort_unstable();
        self.blame.dedup();
    }
}

/// A dimension of the space of packets.
#[derive(Clone, Copy)]
enum Axis {
    Field(Field),
    States,
    Flags,
    Protocols,
}

impl Axis {
    /// Joins differences that are equal along the other axes.
    fn joined(self, mut found: Vec<Difference>, join: Join) -> Vec<Difference> {
        found.sort_unstable_by(|a, b| {
            self.compare_others(a, b, join)
                .then_with(|| self.compare_own(&a.packets, &b.packets))
        });
        let mut result: Vec<Difference> = Vec::with_capacity(found.len());
        // The spans of the last result along this axis, which are put into it when it is complete.
        let mut spans = Vec::new();
        for next in found {
            match result.last_mut() {
                Some(kept)
                    if self.compare_others(&next, kept, join).is_eq()
                        && self.may_join(&kept.packets, &spans, &next.packets, join) =>
                {
                    self.unite(&mut kept.packets, &mut spans, &next.packets);
                    if join == Join::Neighbors {
                        kept.blame.extend(next.blame);
                    }
                }
                last => {
                    self.complete(last, &mut spans);
                    result.push(next);
                }
            }
        }
        self.complete(result.last_mut(), &mut spans);
        result
    }

    fn compare_others(self, a: &Difference, b: &Difference, join: Join) -> Ordering {
        let (x, y) = (&a.packets, &b.packets);
        let mut order = (a.side, a.sometimes).cmp(&(b.side, b.sometimes));
        for field in ORDER {
            if !matches!(self, Axis::Field(own) if own == field) {
                order = order.then_with(|| x.set(field).cmp(y.set(field)));
            }
        }
        if !matches!(self, Axis::States) {
            order = order.then_with(|| x.kind.states.cmp(&y.kind.states));
        }
        if !matches!(self, Axis::Flags) {
            order = order.then_with(|| x.kind.flags.cmp(&y.kind.flags));
        }
        if !matches!(self, Axis::Protocols) {
            order = order.then_with(|| x.kind.protocols.cmp(&y.kind.protocols));
        }
        match join {
            Join::Neighbors => order,
            Join::SameBlame => order.then_with(|| a.blame.cmp(&b.blame)),
        }
    }

    fn compare_own(self, a: &Cell, b: &Cell) -> Ordering {
        match self {
            Axis::Field(field) => a.set(field).cmp(b.set(field)),
            Axis::States => a.kind.states.cmp(&b.kind.states),
            Axis::Flags => a.kind.flags.cmp(&b.kind.flags),
            Axis::Protocols => a.kind.protocols.cmp(&b.kind.protocols),
        }
    }

    fn may_join(self, kept: &Cell, spans: &[super::Span], next: &Cell, join: Join) -> bool {
        match self {
            Axis::Field(field) if join == Join::Neighbors => {
                let last = spans.last().copied();
                let last = last.unwrap_or_else(|| kept.set(field).hull()).last;
                last.checked_add(1) == Some(next.set(field).hull().first)
            }
            _ => true,
        }
    }

    /// Adds `next` to `kept`; along a field, to the spans that `kept` is to have.
    fn unite(self, kept: &mut Cell, spans: &mut Vec<super::Span>, next: &Cell) {
        let (kind, other) = (&mut kept.kind, &next.kind);
        match self {
            Axis::Field(field) => {
                if spans.is_empty() {
                    spans.extend(kept.set(field).spans());
                }
                spans.extend(next.set(field).spans());
            }
            Axis::States => kind.states = kind.states.or(other.states),
            Axis::Flags => kind.flags = Flags(kind.flags.0 | other.flags.0),
            Axis::Protocols => kind.protocols = kind.protocols.or(other.protocols),
        }
    }

    /// Gives a difference the spans that were united.
    fn complete(self, difference: Option<&mut Difference>, spans: &mut Vec<super::Span>) {
        let Axis::Field(field) = self else { return };
        if let (Some(difference), Some(set)) = (difference, SpanSet::of(std::mem::take(spans))) {
            difference.packets.sets[field as usize] = set;
        }
    }
}
