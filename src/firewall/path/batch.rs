//! Consecutive rules that differ only in their remote addresses.

use super::compiled::Compiled;
use crate::firewall::rule::RuleAction;
use crate::packets::{Cell, Dimension, Interval, IntervalSet};

/// Consecutive rules that accept or deny packets, and differ only in their remote addresses. Sets of sources with
/// thousands of networks are evaluated at once.
#[derive(Default)]
pub(super) struct Batch<'r, 'a> {
    rules: Vec<(&'r Compiled<'a>, &'r Cell)>,
}

impl<'r, 'a> Batch<'r, 'a> {
    /// Adds a rule, if it fits.
    pub fn takes(&mut self, rule: &'r Compiled<'a>) -> bool {
        let Some(cell) = plain(rule) else {
            return false;
        };
        let fits = self.rules.first().is_none_or(|(first, packets)| {
            first.action == rule.action && differ_only_in_remote(packets, cell)
        });
        if fits {
            self.rules.push((rule, cell));
        }
        fits
    }

    /// Returns the packets that match any of the rules, and their action. `None` without rules.
    pub fn packets(&self) -> Option<(Cell, bool)> {
        let (first, packets) = self.rules.first()?;
        let accepts = first.action == Some(RuleAction::Accept);
        if self.rules.len() == 1 {
            return Some(((*packets).clone(), accepts));
        }
        let remotes = self.rules.iter();
        let remotes = remotes.flat_map(|(_, cell)| cell.set(Dimension::Remote).intervals());
        let remotes = IntervalSet::of(remotes.copied().collect())?;
        Some((packets.with(Dimension::Remote, remotes), accepts))
    }

    /// Returns the place of the rule that decides about the first of these packets.
    pub fn place(&self, packets: &Cell) -> u32 {
        let first = packets.set(Dimension::Remote).hull().first;
        let holds = |cell: &Cell| cell.set(Dimension::Remote).and(Interval::single(first));
        let mut rules = self.rules.iter();
        let deciding = rules.find(|(_, cell)| holds(cell).is_some());
        let deciding = deciding.or(self.rules.first());
        deciding.map_or(0, |(rule, _)| rule.at)
    }

    pub fn clear(&mut self) {
        self.rules.clear();
    }
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
