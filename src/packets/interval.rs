//! Intervals of addresses or ports, and sets of such intervals.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use ipnet::{Ipv4Net, Ipv4Subnets};

/// The addresses or ports from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    pub first: u32,
    /// Never less than `first`.
    pub last: u32,
}

impl Interval {
    pub const ADDRESSES: Interval = Interval {
        first: 0,
        last: u32::MAX,
    };
    /// Every port, including 0.
    pub const PORTS: Interval = Interval {
        first: 0,
        last: u16::MAX as u32,
    };

    /// Returns the interval from `first` to `last`; `None` if `first` is greater than `last`.
    pub fn new(first: u32, last: u32) -> Option<Interval> {
        (first <= last).then_some(Interval { first, last })
    }

    /// Returns the interval that contains only `number`.
    pub const fn single(number: u32) -> Interval {
        Interval {
            first: number,
            last: number,
        }
    }

    /// Returns the addresses of a network, given any of its addresses and its prefix length.
    pub fn network(address: u32, prefix_length: u32) -> Interval {
        let hosts = u32::MAX.checked_shr(prefix_length).unwrap_or(0);
        Interval {
            first: address & !hosts,
            last: address | hosts,
        }
    }

    /// Returns the fewest networks that contain exactly these addresses.
    pub fn networks(self) -> Ipv4Subnets {
        Ipv4Subnets::new(self.first.into(), self.last.into(), 0)
    }

    /// Returns the number of values.
    pub fn size(self) -> u64 {
        u64::from(self.last - self.first) + 1
    }

    /// Returns the intersection; `None` if it is empty.
    pub fn and(self, other: Interval) -> Option<Interval> {
        Interval::new(self.first.max(other.first), self.last.min(other.last))
    }

    /// Returns true if the intersection is not empty.
    pub fn overlaps(self, other: Interval) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Returns true if `other` is a subset.
    pub fn holds(self, other: Interval) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

impl From<Ipv4Net> for Interval {
    fn from(network: Ipv4Net) -> Self {
        Interval {
            first: network.network().to_bits(),
            last: network.broadcast().to_bits(),
        }
    }
}

/// Returns the same numbers as disjoint intervals that do not touch, in ascending order.
pub fn normalized(mut intervals: Vec<Interval>) -> Vec<Interval> {
    // Most rules have a single interval.
    if intervals.len() < 2 {
        return intervals;
    }
    intervals.sort_unstable();
    joined(intervals.into_iter()).collect()
}

/// Does the same as [`normalized`] for intervals that are sorted by their first number.
pub fn joined(ascending: impl Iterator<Item = Interval>) -> impl Iterator<Item = Interval> {
    let mut intervals = ascending.peekable();
    std::iter::from_fn(move || {
        let mut interval = intervals.next()?;
        while let Some(next) =
            intervals.next_if(|next| next.first <= interval.last.saturating_add(1))
        {
            interval.last = interval.last.max(next.last);
        }
        Some(interval)
    })
}

/// Returns the numbers of `whole` that are in none of `intervals`, which must be [`normalized`].
pub fn complement(intervals: &[Interval], whole: Interval) -> Vec<Interval> {
    let mut result = Vec::new();
    let mut first = whole.first;
    let start = intervals.partition_point(|interval| interval.last < whole.first);
    let within = |interval: &&Interval| interval.first <= whole.last;
    for interval in intervals[start..].iter().take_while(within) {
        if interval.first > first {
            result.extend(Interval::new(first, interval.first - 1));
        }
        match interval.last.checked_add(1) {
            Some(after) => first = after,
            None => return result,
        }
    }
    result.extend(Interval::new(first, whole.last));
    result
}

/// A nonempty set of addresses or ports.
///
/// Most sets are one interval. A rule that accepts every source after thousands of rules that each
/// deny one source has a set of thousands of intervals. Copies of a set share them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IntervalSet {
    One(Interval),
    /// At least two disjoint intervals that do not touch, in ascending order.
    Many(Arc<[Interval]>),
}

impl From<Interval> for IntervalSet {
    fn from(interval: Interval) -> Self {
        IntervalSet::One(interval)
    }
}

impl IntervalSet {
    /// Returns the union of the intervals; `None` if there are none.
    pub fn of(intervals: Vec<Interval>) -> Option<IntervalSet> {
        let intervals = normalized(intervals);
        match intervals[..] {
            [] => None,
            [only] => Some(IntervalSet::One(only)),
            _ => Some(IntervalSet::Many(intervals.into())),
        }
    }

    /// Returns disjoint intervals that do not touch, in ascending order.
    pub fn intervals(&self) -> &[Interval] {
        match self {
            IntervalSet::One(interval) => std::slice::from_ref(interval),
            IntervalSet::Many(intervals) => intervals,
        }
    }

    /// Returns the interval from the lowest to the highest number.
    pub fn hull(&self) -> Interval {
        match self {
            IntervalSet::One(interval) => *interval,
            IntervalSet::Many(intervals) => {
                let last = intervals
                    .last()
                    .map_or(intervals[0].last, |interval| interval.last);
                Interval {
                    first: intervals[0].first,
                    last,
                }
            }
        }
    }

    /// Returns the numbers that are also in `interval`; `None` if there are none.
    pub fn and(&self, interval: Interval) -> Option<IntervalSet> {
        let common = self.intervals()[self.overlapping(interval)].iter();
        IntervalSet::of(common.filter_map(|own| own.and(interval)).collect())
    }

    /// Returns true if the set is an interval that contains the other set. False does not mean that it does not contain it.
    pub fn is_around(&self, other: &IntervalSet) -> bool {
        matches!(self, IntervalSet::One(interval) if interval.holds(other.hull()))
    }

    /// Returns the numbers that are in both sets; `None` if there are none.
    pub fn and_set(&self, other: &IntervalSet) -> Option<IntervalSet> {
        if other.is_around(self) {
            return Some(self.clone());
        }
        let (few, many) = if self.intervals().len() < other.intervals().len() {
            (self, other)
        } else {
            (other, self)
        };
        let common = few.intervals().iter().flat_map(|one| {
            let near = many.intervals()[many.overlapping(*one)].iter();
            near.filter_map(|other| other.and(*one))
        });
        IntervalSet::of(common.collect())
    }

    /// Returns the numbers that are not in `other`; `None` if there are none.
    pub fn without_set(&self, other: &IntervalSet) -> Option<IntervalSet> {
        if other.is_around(self) {
            return None;
        }
        let own = self.intervals().iter();
        IntervalSet::of(
            own.flat_map(|own| complement(other.intervals(), *own))
                .collect(),
        )
    }

    /// Returns the numbers that are in at least one of the sets.
    #[must_use]
    pub fn or_set(&self, other: &IntervalSet) -> IntervalSet {
        let both = [self.intervals(), other.intervals()].concat();
        IntervalSet::of(both).unwrap_or_else(|| self.clone())
    }

    /// Returns true if `other` is a subset.
    pub fn holds_set(&self, other: &IntervalSet) -> bool {
        other.intervals().iter().all(|one| {
            let near = &self.intervals()[self.overlapping(*one)];
            matches!(near, [only] if only.holds(*one))
        })
    }

    /// Returns the numbers that are not in `interval`; `None` if there are none.
    pub(super) fn without(&self, interval: Interval) -> Option<IntervalSet> {
        let Range { start, end } = self.overlapping(interval);
        let intervals = self.intervals();
        let mut rest = Vec::with_capacity(intervals.len() + 1);
        rest.extend_from_slice(&intervals[..start]);
        for own in &intervals[start..end] {
            rest.extend(complement(&[interval], *own));
        }
        rest.extend_from_slice(&intervals[end..]);
        IntervalSet::of(rest)
    }

    /// Returns the indices of the intervals that overlap with `interval`.
    fn overlapping(&self, interval: Interval) -> Range<usize> {
        let intervals = self.intervals();
        let start = intervals.partition_point(|own| own.last < interval.first);
        start
            ..intervals
                .partition_point(|own| own.first <= interval.last)
                .max(start)
    }
}

impl Ord for IntervalSet {
    fn cmp(&self, other: &Self) -> Ordering {
        self.intervals().cmp(other.intervals())
    }
}

impl PartialOrd for IntervalSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
