//! Follows flows through the rules of chains.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::batch::Batch;
use super::compiled::{Compiled, compile, joined_by};
use super::flow::{Decision, Destination, End, Flow, FlowFacts};
use super::question::Question;
use super::split::{COPIED, size, split_by_any};
use crate::firewall::criteria::Facts;
use crate::firewall::model::Table;
use crate::firewall::rule::{RuleAction, Translation};
use crate::limits::{Limit, LimitExceeded};
use crate::packets::{Cell, Condition, Dimension, Direction};

/// Above this number, flows with the same packets become one flow, whose mark is only partly known.
const MAX_FLOWS: usize = 256;

/// The work of copying a flow, and of joining it with others.
const JOINING: usize = 4;

/// The chains that were read, and the work of all questions so far.
#[derive(Default)]
pub(super) struct ReadChains<'a> {
    /// The rules of each chain, by direction, table and name.
    known: HashMap<(Direction, usize, &'a str), Rc<[Compiled<'a>]>>,
    work: usize,
}

/// Follows flows through chains.
pub(super) struct Walker<'a, 'f, 'q> {
    tables: &'f [Table<'a>],
    question: &'q Question<'q>,
    chains: &'f mut ReadChains<'a>,
}

/// The results of a base chain.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// The packets that rules accept, and the places of these rules.
    pub accepted: Vec<(Flow, u32)>,
    /// The packets that rules deny, and the places of these rules.
    pub denied: Vec<(Flow, u32)>,
    /// The packets that a rule translates.
    pub translated: Vec<(Flow, Translation, u32)>,
}

/// A base chain that is being followed.
struct Call<'c, 'a> {
    table: usize,
    facts: Facts<'c>,
    results: Results,
    /// The chains that a rule has led to, and the results of their later visits by the flows that entered. So the work does
    /// not double with each chain that has two jumps to the next one.
    visited: HashSet<&'a str>,
    visits: HashMap<Visit<'a>, Vec<Flow>>,
}

/// A chain, and the flows that enter it.
type Visit<'a> = (&'a str, Vec<(Cell, State)>);

impl<'a, 'f, 'q> Walker<'a, 'f, 'q> {
    pub fn new(
        tables: &'f [Table<'a>],
        chains: &'f mut ReadChains<'a>,
        question: &'q Question<'q>,
    ) -> Self {
        Walker {
            tables,
            question,
            chains,
        }
    }

    /// Follows flows through a base chain. Also returns the flows that no rule decides about.
    pub fn base_chain(
        &mut self,
        table: usize,
        chain: &'a str,
        facts: Facts,
        flows: Vec<Flow>,
    ) -> Result<(Results, Vec<Flow>), LimitExceeded> {
        let mut call = Call {
            table,
            facts,
            results: Results::default(),
            visited: HashSet::new(),
            visits: HashMap::new(),
        };
        let undecided = self.chain(&mut call, chain, flows, 1)?;
        Ok((call.results, undecided))
    }

    /// Returns the flows that continue after the chain.
    fn chain(
        &mut self,
        call: &mut Call<'_, 'a>,
        chain: &'a str,
        flows: Vec<Flow>,
        depth: usize,
    ) -> Result<Vec<Flow>, LimitExceeded> {
        let rules = self.rules(call.table, chain)?;
        let mut here = flows;
        let mut leaving = Vec::new();
        let mut batch = Batch::default();
        let mut most = MAX_FLOWS;
        for rule in rules.iter() {
            if here.is_empty() {
                break;
            }
            self.spend(here.len() * (1 + rule.packets.len() / COPIED) + 1)?;
            let may_match = here.iter().any(|flow| rule.may_match(&flow.packets));
            if !may_match || batch.takes(rule) {
                continue;
            }
            self.batch(call, &batch, &mut here)?;
            batch.clear();
            if batch.takes(rule) {
                continue;
            }
            let matching = self.split(call, rule, &mut here)?;
            if !matching.is_empty() {
                self.spend(matching.len() * JOINING)?;
                self.act(call, rule, matching, &mut here, &mut leaving, depth)?;
            }
            if here.len() > most {
                here = self.fewer(here)?;
                most = MAX_FLOWS.max(2 * here.len());
            }
        }
        self.batch(call, &batch, &mut here)?;
        here.append(&mut leaving);
        self.spend(here.len() * JOINING)?;
        Ok(joined(here))
    }

    /// Applies the rules of a batch.
    fn batch(
        &mut self,
        call: &mut Call<'_, 'a>,
        batch: &Batch,
        here: &mut Vec<Flow>,
    ) -> Result<(), LimitExceeded> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut work = 0;
        for flow in std::mem::take(here) {
            let divided = batch.divide(&flow.packets, self.question.limits, &mut work);
            for (cell, rule) in divided.ends {
                let results = &mut call.results;
                let decided = match rule.action {
                    Some(RuleAction::Accept) => &mut results.accepted,
                    _ => &mut results.denied,
                };
                decided.push((flow.with(cell), rule.at));
            }
            here.extend(divided.rest.into_iter().map(|cell| flow.with(cell)));
            self.question.limits.check(Limit::Work, work)?;
        }
        self.spend(work)
    }

    fn rules(&mut self, table: usize, chain: &'a str) -> Result<Rc<[Compiled<'a>]>, LimitExceeded> {
        let key = (self.question.direction, table, chain);
        if let Some(known) = self.chains.known.get(&key) {
            return Ok(known.clone());
        }
        let table = &self.tables[table];
        let work = &mut self.chains.work;
        let rules = compile(
            table,
            chain,
            self.question.direction,
            self.question.limits,
            work,
        )?;
        let rules: Rc<[Compiled]> = rules.into();
        self.chains.known.insert(key, rules.clone());
        Ok(rules)
    }

    /// Removes the packets that certainly match a rule from `here`. Returns the packets that match or may match.
    fn split(
        &mut self,
        call: &Call,
        rule: &Compiled,
        here: &mut Vec<Flow>,
    ) -> Result<Vec<Flow>, LimitExceeded> {
        let mut matching = Vec::new();
        let mut work = 0;
        for mut flow in self.by_original(rule, std::mem::take(here)) {
            let condition =
                rule.condition & rule.criteria.condition(&self.facts_of(&flow, call.facts));
            if condition.is_false() {
                here.push(flow);
                continue;
            }
            let (common, rest) = split_by_any(
                &flow.packets,
                &rule.packets,
                self.question.limits,
                &mut work,
            );
            if common.is_empty() {
                here.push(flow);
                continue;
            }
            if condition == Condition::Unknown {
                flow.assume(rule.at);
                matching.extend(common.into_iter().map(|cell| flow.with(cell)));
                here.push(flow);
            } else {
                matching.extend(common.into_iter().map(|cell| flow.with(cell)));
                here.extend(rest.into_iter().map(|cell| flow.with(cell)));
            }
        }
        self.spend(work)?;
        Ok(matching)
    }

    fn act(
        &mut self,
        call: &mut Call<'_, 'a>,
        rule: &Compiled<'a>,
        mut matching: Vec<Flow>,
        here: &mut Vec<Flow>,
        leaving: &mut Vec<Flow>,
        depth: usize,
    ) -> Result<(), LimitExceeded> {
        for flow in &mut matching {
            let changes = rule.changes.iter();
            changes.for_each(|change| flow.change(*change, rule.at));
        }
        let placed = |flow: Flow| (flow, rule.at);
        match rule.action {
            None => self.add_new(here, matching)?,
            Some(RuleAction::Accept) => {
                call.results
                    .accepted
                    .extend(matching.into_iter().map(placed));
            }
            Some(RuleAction::Deny) => call.results.denied.extend(matching.into_iter().map(placed)),
            Some(RuleAction::Return) => leaving.append(&mut matching),
            Some(RuleAction::Jump(chain)) => {
                let back = self.enter(call, chain, matching, rule.at, depth)?;
                self.add_new(here, back)?;
            }
            Some(RuleAction::Goto(chain)) => {
                let mut back = self.enter(call, chain, matching, rule.at, depth)?;
                leaving.append(&mut back);
            }
            Some(RuleAction::Translate(translation)) => {
                let translated = matching
                    .into_iter()
                    .map(|flow| (flow, translation, rule.at));
                call.results.translated.extend(translated);
            }
            Some(RuleAction::Undecided | RuleAction::Change(_)) => {
                let back = undecided(&mut call.results, matching, rule.at);
                self.add_new(here, back)?;
            }
        }
        Ok(())
    }

    /// Follows flows through a chain that a rule leads to. If the chain is unknown, everything is possible.
    fn enter(
        &mut self,
        call: &mut Call<'_, 'a>,
        chain: &'a str,
        flows: Vec<Flow>,
        at: u32,
        depth: usize,
    ) -> Result<Vec<Flow>, LimitExceeded> {
        let is_known = self.tables[call.table].chains.rules(chain).is_some();
        let is_too_deep = self.question.limits.check(Limit::Depth, depth + 1).is_err();
        if !is_known || is_too_deep {
            return Ok(undecided(&mut call.results, flows, at));
        }
        if call.visited.insert(chain) {
            return self.chain(call, chain, flows, depth + 1);
        }
        let sizes = flows.iter().map(|flow| size(&flow.packets));
        self.spend(sizes.sum::<usize>() / COPIED)?;
        let visit: Visit = (chain, flows.iter().map(key_of).collect());
        if let Some(known) = call.visits.get(&visit) {
            return Ok(known.clone());
        }
        let back = self.chain(call, chain, flows, depth + 1)?;
        call.visits.insert(visit, back.clone());
        Ok(back)
    }

    /// Adds flows, except those that a present flow already stands for: both ways around a rule with an unknown condition
    /// may meet again.
    fn add_new(&mut self, here: &mut Vec<Flow>, mut flows: Vec<Flow>) -> Result<(), LimitExceeded> {
        if flows.len() > 1 {
            let mut known = HashSet::new();
            flows.retain(|flow| known.insert(key_of(flow)));
        }
        let present = here.len();
        self.spend(present.saturating_mul(flows.len()))?;
        for flow in flows {
            let stands_for = |other: &Flow| {
                other.facts == flow.facts
                    && other.before == flow.before
                    && other.answered == flow.answered
                    && other.packets.holds(&flow.packets)
            };
            if !here[..present].iter().any(stands_for) {
                here.push(flow);
            }
        }
        Ok(())
    }

    /// Divides flows by whether they meet a match on the destination of the first packet.
    fn by_original(&self, rule: &Compiled, flows: Vec<Flow>) -> Vec<Flow> {
        let criteria = &rule.criteria;
        let ends = [
            (End::Address, criteria.original_address),
            (End::Port, criteria.original_port),
        ];
        let mut flows = flows;
        for (end, wanted) in ends {
            let Some(wanted) = wanted.filter(|_| flows.len() <= MAX_FLOWS) else {
                continue;
            };
            let divided = flows.into_iter().flat_map(|flow| {
                if rule.may_match(&flow.packets) {
                    self.question.by_original(flow, end, wanted.interval)
                } else {
                    vec![flow]
                }
            });
            flows = divided.collect();
        }
        flows
    }

    /// Returns the facts about a flow at a hook.
    fn facts_of<'c>(&'c self, flow: &'c Flow, hook: Facts<'c>) -> Facts<'c> {
        let FlowFacts {
            mark,
            connection_mark,
            has_new_source,
            is_for_machine,
            has_route_back,
            is_redirected,
            ..
        } = flow.facts;
        // The new source may be an address of the machine.
        let is_answered_from_elsewhere =
            self.question.direction == Direction::Out && flow.before.is_some();
        let keeps_source = !has_new_source && !is_answered_from_elsewhere;
        Facts {
            mark,
            connection_mark,
            source_is_local: hook.source_is_local.filter(|_| keeps_source),
            is_tracked: Some(flow.is_tracked()),
            destination_is_local: is_for_machine,
            is_irregular: Some(false),
            has_route_back,
            is_redirected,
            original_addresses: Some(self.question.original(flow, End::Address)),
            original_ports: Some(self.question.original(flow, End::Port)),
            ..hook
        }
    }

    /// Joins flows as far as possible, which may forget marks and decisions.
    pub fn fewer(&mut self, flows: Vec<Flow>) -> Result<Vec<Flow>, LimitExceeded> {
        self.spend(flows.len() * JOINING)?;
        Ok(fewer(flows))
    }

    fn spend(&mut self, work: usize) -> Result<(), LimitExceeded> {
        self.chains.work = self.chains.work.saturating_add(work);
        self.question.limits.check(Limit::Work, self.chains.work)
    }
}

/// Records that a rule may accept or deny the flows. Returns them, because it may also let them continue.
fn undecided(results: &mut Results, mut flows: Vec<Flow>, at: u32) -> Vec<Flow> {
    for flow in &mut flows {
        flow.assume(at);
        results.accepted.push((flow.clone(), at));
        results.denied.push((flow.clone(), at));
    }
    flows
}

/// The state in which flows are equal, except for their packets.
type State = (
    FlowFacts,
    Option<Rc<Destination>>,
    Option<Rc<Destination>>,
    Option<*const Decision>,
    bool,
);

fn key_of(flow: &Flow) -> (Cell, State) {
    (flow.packets.clone(), state_of(flow))
}

fn state_of(flow: &Flow) -> State {
    let decisions = flow.decisions.as_ref().map(Rc::as_ptr);
    (
        flow.facts,
        flow.before.clone(),
        flow.answered.clone(),
        decisions,
        flow.is_certain(),
    )
}

/// Joins flows in the same state whose packets differ in only one address or port.
pub(super) fn joined(flows: Vec<Flow>) -> Vec<Flow> {
    if flows.len() < 2 {
        return flows;
    }
    let mut by_state: HashMap<State, (Flow, Vec<Cell>)> = HashMap::new();
    let mut order = Vec::new();
    for flow in flows {
        let state = state_of(&flow);
        if !by_state.contains_key(&state) {
            order.push(state.clone());
        }
        let cell = flow.packets.clone();
        by_state
            .entry(state)
            .or_insert_with(|| (flow, Vec::new()))
            .1
            .push(cell);
    }
    let mut result = Vec::new();
    for state in order {
        let Some((flow, mut cells)) = by_state.remove(&state) else {
            continue;
        };
        for dimension in [Dimension::Remote, Dimension::LocalPort, Dimension::Local] {
            cells = joined_by(dimension, cells);
        }
        result.extend(cells.into_iter().map(|cell| flow.with(cell)));
    }
    result
}

/// Packets, their destination before a translation, that of the packets that they answer, and whether they are untracked.
type Packets = (Cell, Option<Rc<Destination>>, Option<Rc<Destination>>, bool);

/// Joins flows as far as possible, which may forget marks and decisions.
fn fewer(flows: Vec<Flow>) -> Vec<Flow> {
    let flows = joined(flows);
    if flows.len() <= MAX_FLOWS {
        return flows;
    }
    let mut by_packets: HashMap<Packets, Flow> = HashMap::new();
    let mut order = Vec::new();
    for flow in flows {
        let is_untracked = flow.facts.is_untracked;
        let (before, answered) = (flow.before.clone(), flow.answered.clone());
        let key = (flow.packets.clone(), before, answered, is_untracked);
        if let Some(known) = by_packets.get_mut(&key) {
            known.facts = known.facts.or(flow.facts);
            known.assumed = known.assumed.take().or(flow.assumed);
        } else {
            order.push(key.clone());
            by_packets.insert(key, flow);
        }
    }
    let flows = order.iter().filter_map(|key| by_packets.remove(key));
    joined(flows.collect())
}
