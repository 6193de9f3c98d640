//! Intervals of addresses or ports, and sets of these.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use ipnet::{Ipv4Net, Ipv4Subnets};

/// Numbers from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// The lowest.
    pub first: u32,
    /// The highest; never lower than `first`.
    pub last: u32,
}

impl Interval {
    /// Every IPv4 address.
    pub const ADDRESSES: Interval = Interval {
        first: 0,
        last: u32::MAX,
    };
    /// Every port.
    pub const PORTS: Interval = Interval {
        first: 0,
        last: u16::MAX as u32,
    };

    /// The numbers from `first` to `last`; `None` when they are reversed.
    pub fn new(first: u32, last: u32) -> Option<Interval> {
        (first <= last).then_some(Interval { first, last })
    }

    /// One number.
    pub const fn single(number: u32) -> Interval {
        Interval {
            first: number,
            last: number,
        }
    }

    /// The addresses of a network, by any of them and its prefix length.
    pub fn network(address: u32, prefix_length: u32) -> Interval {
        let hosts = u32::MAX.checked_shr(prefix_length).unwrap_or(0);
        Interval {
            first: address & !hosts,
            last: address | hosts,
        }
    }

    /// As addresses, the fewest networks that are exactly these.
    pub fn networks(self) -> Ipv4Subnets {
        Ipv4Subnets::new(self.first.into(), self.last.into(), 0)
    }

    /// The numbers that are in both.
    pub fn and(self, other: Interval) -> Option<Interval> {
        Interval::new(self.first.max(other.first), self.last.min(other.last))
    }

    /// True if a number is in both.
    pub fn overlaps(self, other: Interval) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// True if all of `other` is in it.
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

/// Spans that are disjoint, with gaps between them, in ascending order.
pub fn normalized(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_unstable();
    joined(intervals.into_iter()).collect()
}

/// The same of intervals that come in the order of their first numbers.
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

/// The numbers of `whole` that are in none of the intervals, which are [`normalized`].
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

/// A set of addresses or ports that is not empty.
///
/// Most sets are one interval. A rule that accepts any source behind thousands of rules that each
/// deny one source has a set of thousands of intervals, which its copies share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IntervalSet {
    /// One interval.
    One(Interval),
    /// At least two intervals that are disjoint, with gaps between them, in ascending order.
    Many(Arc<[Interval]>),
}

impl IntervalSet {
    /// The set of the numbers in any of the intervals; `None` if there is no interval.
    pub fn of(intervals: Vec<Interval>) -> Option<IntervalSet> {
        let intervals = normalized(intervals);
        match intervals[..] {
            [] => None,
            [only] => Some(IntervalSet::One(only)),
            _ => Some(IntervalSet::Many(intervals.into())),
        }
    }

    /// Its intervals in ascending order, with gaps between them.
    pub fn intervals(&self) -> &[Interval] {
        match self {
            IntervalSet::One(interval) => std::slice::from_ref(interval),
            IntervalSet::Many(intervals) => intervals,
        }
    }

    /// The interval from its lowest to its highest number.
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

    /// The numbers that are also in a interval.
    pub fn and(&self, interval: Interval) -> Option<IntervalSet> {
        let common = self.intervals()[self.overlapping(interval)].iter();
        IntervalSet::of(common.filter_map(|own| own.and(interval)).collect())
    }

    /// The numbers that are not in a interval.
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

    /// The places of its intervals that overlap with a interval.
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
