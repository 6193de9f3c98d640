//! The rules of a chain, prepared for sets of packets.

use std::collections::HashMap;

use crate::firewall::criteria::Criteria;
use crate::firewall::model::Table;
use crate::firewall::rule::{Change, RuleAction, RuleBranch};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Cell, Condition, Dimension, Direction, Interval, IntervalSet, States};

/// A rule, as sets of packets.
#[derive(Debug)]
pub(super) struct Compiled<'a> {
    /// The packets that match any of these.
    pub packets: Vec<Cell>,
    pub criteria: Criteria<'a>,
    pub condition: Condition,
    pub changes: Vec<Change>,
    /// `None` if packets continue with the next rule.
    pub action: Option<RuleAction<'a>>,
    /// The place of the rule.
    pub at: u32,
}

impl Compiled<'_> {
    /// Returns true if the rule may match packets of a cell. It compares only the outlines of sets.
    pub fn may_match(&self, cell: &Cell) -> bool {
        self.packets.iter().any(|own| own.may_overlap(cell))
    }

    /// True if the rule exempts packets from connection tracking because of their state.
    fn changes_compared_state(&self) -> bool {
        let compares = |own: &Cell| own.header.states != States::ALL;
        self.changes.contains(&Change::Untrack) && self.packets.iter().any(compares)
    }

    /// Makes the rule match packets of any state, under an unknown condition.
    fn forget_states(&mut self) {
        for own in &mut self.packets {
            *own = own.in_states(States::ALL);
        }
        self.condition = Condition::Unknown;
    }
}

/// The work of preparing a branch of a rule, and of keeping a cell.
const BRANCH_WORK: usize = 4;
const CELL_WORK: usize = 32;

/// The number of cells of a rule that cause no work.
const FREE_CELLS: usize = 4;

/// Reads the rules of a chain, and adds to `work`. Rules that cannot be read exactly have all effects that they may have.
pub(super) fn compile<'a>(
    table: &Table<'a>,
    chain: &str,
    direction: Direction,
    limits: Limits,
    work: &mut usize,
) -> Result<Vec<Compiled<'a>>, LimitExceeded> {
    let chains = &*table.chains;
    let rules = chains.rules(chain).unwrap_or_default();
    limits.check(Limit::Rules, rules.len())?;
    let mut compiler = Compiler {
        direction,
        done: Vec::with_capacity(rules.len()),
    };
    let mut branches = Vec::new();
    for rule in rules {
        branches.clear();
        // The branches of a rule that cannot be read exactly contain its possible effects.
        let _inexact = chains.read(*rule, limits, &mut branches);
        let before = compiler.done.len();
        compiler.rule(&branches, table.offset.saturating_add(rule.at));
        let added = compiler.done[before..].iter();
        let cells: usize = added.map(|rule| rule.packets.len()).sum();
        *work += BRANCH_WORK * branches.len() + CELL_WORK * cells.saturating_sub(FREE_CELLS);
        limits.check(Limit::Work, *work)?;
    }
    Ok(compiler.done)
}

struct Compiler<'a> {
    direction: Direction,
    done: Vec<Compiled<'a>>,
}

impl<'a> Compiler<'a> {
    fn rule(&mut self, branches: &[RuleBranch<'a>], at: u32) {
        let ipv4: Vec<&RuleBranch> = branches.iter().filter(|branch| branch.ipv4).collect();
        let mut changes: Vec<Change> = Vec::new();
        // True if the rule has changed a mark.
        let mut is_changed = false;
        // True if the rule compared the state before it changed the state.
        let mut is_state_changed = false;
        let mut groups = ipv4
            .chunk_by(|one, next| has_same_effect(one, next))
            .peekable();
        while let Some(group) = groups.next() {
            let action = match group[0].action {
                RuleAction::Change(change) => {
                    changes.push(change);
                    if groups
                        .peek()
                        .is_some_and(|next| have_same_packets(group, next))
                    {
                        continue;
                    }
                    None
                }
                action => Some(action),
            };
            let boxes = group.iter();
            let boxes = boxes.map(|branch| branch.packets.to_remote_local(self.direction));
            let mut compiled = Compiled {
                packets: grouped(boxes.map(Cell::from).collect()),
                criteria: group[0].criteria.clone(),
                condition: group[0].condition,
                changes: std::mem::take(&mut changes),
                action,
                at,
            };
            if is_changed && compiled.criteria.mention_marks() {
                // The rule compared the mark before it changed the mark.
                compiled.criteria.forget_marks();
                compiled.condition = Condition::Unknown;
            }
            if is_state_changed {
                compiled.forget_states();
            }
            is_changed |= !compiled.changes.is_empty();
            is_state_changed |= compiled.changes_compared_state();
            self.done.push(compiled);
        }
    }
}

/// True if two branches of a rule do the same with their packets.
fn has_same_effect(one: &RuleBranch, next: &RuleBranch) -> bool {
    (one.action, one.condition, &one.criteria) == (next.action, next.condition, &next.criteria)
}

/// True if two groups of branches have the same packets under the same conditions.
fn have_same_packets(one: &[&RuleBranch], next: &[&RuleBranch]) -> bool {
    let same = |(one, next): (&&RuleBranch, &&RuleBranch)| one.packets == next.packets;
    let ends = (one[0].condition, &one[0].criteria) == (next[0].condition, &next[0].criteria);
    ends && one.len() == next.len() && one.iter().zip(next).all(same)
}

/// Returns the same packets as fewer cells, by joining cells that differ only in one of their addresses or ports.
fn grouped(cells: Vec<Cell>) -> Vec<Cell> {
    // Sets of ipset contain each port of a range as an element.
    const DIMENSIONS: [Dimension; 4] = [
        Dimension::LocalPort,
        Dimension::RemotePort,
        Dimension::Remote,
        Dimension::Local,
    ];
    let join = |cells, dimension: &Dimension| joined_by(*dimension, cells);
    DIMENSIONS.iter().fold(cells, join)
}

/// Joins cells that differ only in one dimension, in the order of their first appearance.
pub(super) fn joined_by(dimension: Dimension, cells: Vec<Cell>) -> Vec<Cell> {
    if cells.len() < 2 {
        return cells;
    }
    let mut known: HashMap<Cell, usize> = HashMap::new();
    let mut joined: Vec<(Cell, Vec<Interval>)> = Vec::new();
    for cell in cells {
        let others = cell.with(dimension, dimension.whole().into());
        let own = cell.set(dimension).intervals();
        if let Some(at) = known.get(&others) {
            joined[*at].1.extend(own);
        } else {
            known.insert(others, joined.len());
            let own = own.to_vec();
            joined.push((cell, own));
        }
    }
    let join = |(cell, own): (Cell, Vec<Interval>)| match IntervalSet::of(own) {
        Some(set) => cell.with(dimension, set),
        None => cell,
    };
    joined.into_iter().map(join).collect()
}
