//! Consecutive rules that are evaluated at once.

use std::collections::{BTreeMap, BTreeSet};

use super::compiled::{Compiled, joined_by};
use super::split::{size, split_by_any};
use crate::firewall::rule::RuleAction;
use crate::limits::{Limit, Limits};
use crate::packets::{Cell, Dimension, Interval, IntervalSet};

/// Consecutive rules that accept or deny packets under all conditions.
///
/// One after the other, thousands of rules that each have another source and another port would each divide all packets
/// that the rules before left over. A batch divides the sources once.
#[derive(Default)]
pub(super) struct Batch<'r, 'a> {
    rules: Vec<(&'r Compiled<'a>, &'r Cell)>,
    /// True if a rule differs from the first one in more than its remote addresses.
    is_mixed: bool,
    /// True if a rule matches all remote addresses.
    has_any: bool,
}

/// The packets after the rules of a batch.
pub(super) struct Divided<'r, 'a> {
    /// The packets that a rule decides about.
    pub ends: Vec<(Cell, &'r Compiled<'a>)>,
    pub rest: Vec<Cell>,
}

impl<'r, 'a> Batch<'r, 'a> {
    /// Adds a rule, if it fits.
    pub fn takes(&mut self, rule: &'r Compiled<'a>) -> bool {
        let Some(cell) = plain(rule) else {
            return false;
        };
        let differs = self.rules.first().is_some_and(|(first, packets)| {
            first.action != rule.action || !differ_only_in_remote(packets, cell)
        });
        let is_mixed = self.is_mixed || differs;
        let has_any = self.has_any || *cell.set(Dimension::Remote) == Interval::ADDRESSES.into();
        // Each rule for all sources would match in each division of the sources.
        let fits = !(is_mixed && has_any);
        if fits {
            (self.is_mixed, self.has_any) = (is_mixed, has_any);
            self.rules.push((rule, cell));
        }
        fits
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub fn clear(&mut self) {
        *self = Batch::default();
    }

    /// Divides packets, and adds to `work`. Stops once `work` is above the limit.
    pub fn divide(&self, packets: &Cell, limits: Limits, work: &mut usize) -> Divided<'r, 'a> {
        if self.is_mixed {
            self.by_sources(packets, limits, work)
        } else {
            self.together(packets, limits, work)
        }
    }

    /// Divides packets by rules that differ only in their remote addresses. One of the rules stands for all of them.
    fn together(&self, packets: &Cell, limits: Limits, work: &mut usize) -> Divided<'r, 'a> {
        let all = self.all();
        let (common, rest) = split_by_any(packets, all.as_slice(), limits, work);
        let ends = common.into_iter().filter_map(|cell| {
            let rule = self.first_for(&cell)?;
            Some((cell, rule))
        });
        Divided {
            ends: ends.collect(),
            rest,
        }
    }

    /// Returns the packets that match any of the rules, if the rules differ only in their remote addresses.
    fn all(&self) -> Option<Cell> {
        let (_, packets) = self.rules.first()?;
        if self.rules.len() == 1 {
            return Some((*packets).clone());
        }
        let remotes = self.rules.iter();
        let remotes = remotes.flat_map(|(_, cell)| cell.set(Dimension::Remote).intervals());
        let remotes = IntervalSet::of(remotes.copied().collect())?;
        Some(packets.with(Dimension::Remote, remotes))
    }

    /// Returns the rule that decides about the first of these packets.
    fn first_for(&self, packets: &Cell) -> Option<&'r Compiled<'a>> {
        let first = Interval::single(packets.set(Dimension::Remote).hull().first);
        let holds = |cell: &Cell| cell.set(Dimension::Remote).and(first).is_some();
        let mut rules = self.rules.iter();
        let deciding = rules.find(|(_, cell)| holds(cell)).or(self.rules.first());
        deciding.map(|(rule, _)| *rule)
    }

    /// Divides packets by rules that also differ in other ways.
    fn by_sources(&self, packets: &Cell, limits: Limits, work: &mut usize) -> Divided<'r, 'a> {
        *work += self.rules.len() + size(packets);
        let own = packets.set(Dimension::Remote);
        let rules = self.rules.iter().filter_map(|(rule, cell)| {
            let common = cell.may_overlap(packets).then_some(*cell)?;
            let sources = common.set(Dimension::Remote).and_set(own)?;
            Some((*rule, common, sources))
        });
        let rules: Vec<(&Compiled, &Cell, IntervalSet)> = rules.collect();
        let sources = || rules.iter().map(|(_, _, sources)| sources);
        let named = sources().flat_map(IntervalSet::intervals);
        let other = match IntervalSet::of(named.copied().collect()) {
            Some(named) => own.without_set(&named),
            None => Some(own.clone()),
        };
        let with = |sources: IntervalSet| packets.with(Dimension::Remote, sources);
        let mut ends = Vec::new();
        let mut rest: Vec<Cell> = other.map(with).into_iter().collect();
        for (matching, sources) in by_matching(sources(), limits, work) {
            let mut left: Vec<Cell> = IntervalSet::of(sources).map(with).into_iter().collect();
            for (rule, cell, _) in matching.into_iter().map(|number| &rules[number]) {
                let (common, others) = split_all(left, &to_any_remote(cell));
                ends.extend(common.into_iter().map(|packets| (packets, *rule)));
                left = others;
                *work += left.len() + 1;
            }
            rest.append(&mut left);
        }
        Divided {
            ends,
            rest: joined_by(Dimension::Remote, rest),
        }
    }
}

fn to_any_remote(cell: &Cell) -> Cell {
    cell.with(Dimension::Remote, Interval::ADDRESSES.into())
}

/// Returns the packets of some cells that are in another one, and the rest.
fn split_all(cells: Vec<Cell>, by: &Cell) -> (Vec<Cell>, Vec<Cell>) {
    let (mut common, mut rest) = (Vec::new(), Vec::new());
    for cell in cells {
        match cell.split_by(by) {
            Some((both, left)) => {
                common.push(both);
                rest.extend(left);
            }
            None => rest.push(cell),
        }
    }
    (common, rest)
}

/// Returns the members of some sets by the numbers of all sets that contain them. Stops once `work` is above the limit.
fn by_matching<'s>(
    sets: impl Iterator<Item = &'s IntervalSet>,
    limits: Limits,
    work: &mut usize,
) -> BTreeMap<Vec<usize>, Vec<Interval>> {
    let mut bounds: Vec<(u64, usize, bool)> = Vec::new();
    for (number, set) in sets.enumerate() {
        for interval in set.intervals() {
            bounds.push((interval.first.into(), number, true));
            bounds.push((u64::from(interval.last) + 1, number, false));
        }
    }
    bounds.sort_unstable();
    let mut parts: BTreeMap<Vec<usize>, Vec<Interval>> = BTreeMap::new();
    let mut matching = BTreeSet::new();
    let mut from = 0;
    for (at, number, starts) in bounds {
        if at > from && !matching.is_empty() {
            *work += matching.len();
            if limits.check(Limit::Work, *work).is_err() {
                break;
            }
            let part = parts.entry(matching.iter().copied().collect());
            part.or_default().extend(interval(from, at - 1));
        }
        from = at;
        if starts {
            matching.insert(number);
        } else {
            matching.remove(&number);
        }
    }
    parts
}

fn interval(first: u64, last: u64) -> Option<Interval> {
    Interval::new(first.try_into().ok()?, last.try_into().ok()?)
}

/// Returns the packets of a rule that only accepts or denies one cell, under all conditions.
fn plain<'r>(rule: &'r Compiled) -> Option<&'r Cell> {
    let is_final = matches!(rule.action, Some(RuleAction::Accept | RuleAction::Deny));
    let is_certain = rule.condition.is_true() && rule.criteria.is_empty();
    match &rule.packets[..] {
        [only] if is_final && is_certain && rule.changes.is_empty() => Some(only),
        _ => None,
    }
}

fn differ_only_in_remote(one: &Cell, other: &Cell) -> bool {
    let others = [
        Dimension::Local,
        Dimension::RemotePort,
        Dimension::LocalPort,
    ];
    one.header == other.header && others.iter().all(|at| one.set(*at) == other.set(*at))
}
