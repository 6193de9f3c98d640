//! Differences between two sets of packets, and joining them for the report.

use std::cmp::Ordering;
use std::fmt;

use super::cell::Cell;
use super::interval::{Interval, IntervalSet};
use super::packet_box::{DIMENSIONS, Dimension};
use super::step::Condition;

/// The order in which a partition divides the dimensions: the one in which most rules differ is
/// first.
pub(super) const ORDER: [Dimension; DIMENSIONS] = [
    Dimension::Remote,
    Dimension::LocalPort,
    Dimension::RemotePort,
    Dimension::Local,
];

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Expected, but not accepted, or accepted only under some conditions.
    Missing,
    /// Accepted, perhaps only under some conditions, but not expected.
    Extra,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Side::Missing => "missing",
            Side::Extra => "extra",
        })
    }
}

/// Packets that are expected and not accepted, or accepted and not expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub side: Side,
    /// `Unknown` if the packets pass only under some conditions.
    pub condition: Condition,
    pub packets: Cell,
    /// The places ([`super::Step::at`]) of the steps that accept or stop the packets, ascending.
    /// Empty if no step matches them.
    pub source_lines: Vec<u32>,
}

/// Joins differences that together are one box, and sorts the `source_lines` of each.
pub fn coalesced(found: Vec<Difference>) -> Vec<Difference> {
    joined_on_every_axis(found, Join::Neighbors)
}

/// Joins differences of the same rules that together are one cell.
pub(super) fn gathered(mut found: Vec<Difference>) -> Vec<Difference> {
    found.iter_mut().for_each(Difference::sort_blame);
    joined_on_every_axis(found, Join::SameBlame)
}

/// The condition for joining two differences that are equal along every other axis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    /// Their intervals touch.
    Neighbors,
    /// They have the same `source_lines`; there may be a gap between them.
    SameBlame,
}

fn joined_on_every_axis(mut found: Vec<Difference>, join: Join) -> Vec<Difference> {
    let dimensions = ORDER.into_iter().rev().map(Axis::Dimension);
    let axes: Vec<Axis> = dimensions
        .chain([Axis::States, Axis::Flags, Axis::Protocols])
        .collect();
    // The loop ends when it has tried every axis in a row without joining anything.
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
        self.source_lines.sort_unstable();
        self.source_lines.dedup();
    }
}

/// A property by which packets differ.
#[derive(Clone, Copy)]
enum Axis {
    Dimension(Dimension),
    States,
    Flags,
    Protocols,
}

impl Axis {
    /// Joins differences that are equal along all other axes.
    fn joined(self, mut found: Vec<Difference>, join: Join) -> Vec<Difference> {
        found.sort_unstable_by(|a, b| {
            self.compare_others(a, b, join)
                .then_with(|| self.compare_own(&a.packets, &b.packets))
        });
        let mut result: Vec<Difference> = Vec::with_capacity(found.len());
        // The intervals of the last result along this axis. `complete` stores them in the result.
        let mut intervals = Vec::new();
        for next in found {
            match result.last_mut() {
                Some(kept)
                    if self.compare_others(&next, kept, join).is_eq()
                        && self.may_join(&kept.packets, &intervals, &next.packets, join) =>
                {
                    self.unite(&mut kept.packets, &mut intervals, &next.packets);
                    if join == Join::Neighbors {
                        kept.source_lines.extend(next.source_lines);
                    }
                }
                last => {
                    self.complete(last, &mut intervals);
                    result.push(next);
                }
            }
        }
        self.complete(result.last_mut(), &mut intervals);
        result
    }

    fn compare_others(self, a: &Difference, b: &Difference, join: Join) -> Ordering {
        let (x, y) = (&a.packets, &b.packets);
        let mut order = (a.side, a.condition).cmp(&(b.side, b.condition));
        for dimension in ORDER {
            if !matches!(self, Axis::Dimension(own) if own == dimension) {
                order = order.then_with(|| x.set(dimension).cmp(y.set(dimension)));
            }
        }
        if !matches!(self, Axis::States) {
            order = order.then_with(|| x.header.states.cmp(&y.header.states));
        }
        if !matches!(self, Axis::Flags) {
            order = order.then_with(|| x.header.flags.cmp(&y.header.flags));
        }
        if !matches!(self, Axis::Protocols) {
            order = order.then_with(|| x.header.protocols.cmp(&y.header.protocols));
        }
        match join {
            Join::Neighbors => order,
            Join::SameBlame => order.then_with(|| a.source_lines.cmp(&b.source_lines)),
        }
    }

    fn compare_own(self, a: &Cell, b: &Cell) -> Ordering {
        match self {
            Axis::Dimension(dimension) => a.set(dimension).cmp(b.set(dimension)),
            Axis::States => a.header.states.cmp(&b.header.states),
            Axis::Flags => a.header.flags.cmp(&b.header.flags),
            Axis::Protocols => a.header.protocols.cmp(&b.header.protocols),
        }
    }

    fn may_join(self, kept: &Cell, intervals: &[Interval], next: &Cell, join: Join) -> bool {
        match self {
            Axis::Dimension(dimension) if join == Join::Neighbors => {
                let last = intervals.last().copied();
                let last = last.unwrap_or_else(|| kept.set(dimension).hull()).last;
                last.checked_add(1) == Some(next.set(dimension).hull().first)
            }
            _ => true,
        }
    }

    /// Adds `next` to `kept`. Along a dimension, it adds the intervals of `next` to `intervals`,
    /// which `complete` stores later.
    fn unite(self, kept: &mut Cell, intervals: &mut Vec<Interval>, next: &Cell) {
        let (header, other) = (&mut kept.header, &next.header);
        match self {
            Axis::Dimension(dimension) => {
                if intervals.is_empty() {
                    intervals.extend(kept.set(dimension).intervals());
                }
                intervals.extend(next.set(dimension).intervals());
            }
            Axis::States => header.states = header.states.or(other.states),
            Axis::Flags => header.flags = header.flags.or(other.flags),
            Axis::Protocols => header.protocols = header.protocols.or(other.protocols),
        }
    }

    /// Stores the united intervals in the difference.
    fn complete(self, difference: Option<&mut Difference>, intervals: &mut Vec<Interval>) {
        let Axis::Dimension(dimension) = self else {
            return;
        };
        if let (Some(difference), Some(set)) =
            (difference, IntervalSet::of(std::mem::take(intervals)))
        {
            difference.packets.sets[dimension as usize] = set;
        }
    }
}
