//! The path of packets through a whole firewall.
//!
//! Packets pass the hooks of the kernel in a fixed order, and at each hook the base chains by their priorities. A packet
//! passes the firewall if no base chain on its path stops it.

mod batch;
mod compiled;
mod flow;
mod hooks;
mod later;
mod question;
mod split;
mod walker;

use self::flow::FlowFacts;
use self::hooks::{Hooks, Passage, in_state};
use self::walker::ReadChains;

pub use self::flow::{Decision, Flow, Translated};
pub use self::later::{by_treatment, next_packets, replies};
pub use self::question::{Cause, Journey, Position, Question, Stop};
use super::chains::BaseChain;
use super::mark::Mark;
use super::model::{Firewall, Table};
use super::redirections::Redirections;
use crate::limits::{LimitExceeded, Limits};
use crate::packets::{Cell, Dimension, Direction, IntervalSet, States};

/// Follows packets through a firewall, and keeps the rules that were read.
pub struct Follower<'a, 'f> {
    firewall: &'f Firewall<'a>,
    hooks: Hooks<'a>,
    chains: ReadChains<'a>,
}

impl<'a, 'f> Follower<'a, 'f> {
    pub fn new(firewall: &'f Firewall<'a>) -> Self {
        Follower {
            firewall,
            hooks: Hooks::of(firewall),
            chains: ReadChains::default(),
        }
    }

    /// Returns the ways of packets through the firewall. Conditions that are unknown may lead the same packets both ways.
    ///
    /// # Errors
    ///
    /// If the work exceeds a limit.
    pub fn follow(&mut self, question: &Question) -> Result<Journey, LimitExceeded> {
        let mut passage = Passage::new(self.firewall, &self.hooks, &mut self.chains, question);
        let starts = starts(question).into_iter();
        let flows = starts.flat_map(|flow| by_route_back(question, flow));
        let flows = flows.collect();
        match question.direction {
            Direction::In => incoming(&mut passage, question, flows)?,
            Direction::Out => outgoing(&mut passage, question, flows)?,
        }
        Ok(passage.journey)
    }

    /// Returns the base chains by the index in [`Decision::chain`], each with its table.
    pub fn base_chains(&self) -> impl Iterator<Item = (&Table<'a>, &BaseChain<'a>)> {
        let chains = self.hooks.chains.iter();
        chains.map(|(table, chain)| (&self.firewall.tables[*table], chain))
    }

    /// Returns the rules that send packets to other ports.
    ///
    /// # Errors
    ///
    /// If a chain has more rules than the limit.
    pub fn redirections(&self, limits: Limits) -> Result<Redirections<'a>, LimitExceeded> {
        Redirections::of(self.firewall, limits)
    }

    /// Returns the base chain of a decision: its table, and the name of its hook.
    pub fn base_chain(&self, decision: &Decision) -> Option<(&Table<'a>, &BaseChain<'a>)> {
        let (table, chain) = self.hooks.chains.get(decision.chain)?;
        Some((self.firewall.tables.get(*table)?, chain))
    }
}

/// Returns the packets of a question before the first hook.
fn starts(question: &Question) -> Vec<Flow> {
    let cells = question.packets.iter();
    let all = |is_for_machine| move |cell: &Cell| start(question, cell.clone(), is_for_machine);
    match (question.direction, &question.position) {
        (Direction::Out, _) | (_, Position::Router(None)) => cells.map(all(false)).collect(),
        (_, Position::Host) => cells.map(all(true)).collect(),
        (_, Position::Router(Some(behind))) => {
            let parts = cells.flat_map(|cell| {
                let local = cell.set(Dimension::Local);
                let part = |set: Option<IntervalSet>, is_for_machine| {
                    let cell = cell.with(Dimension::Local, set?);
                    Some(start(question, cell, is_for_machine))
                };
                let outside = local.without_set(behind);
                let (own, other) = match (&outside, question.own) {
                    (Some(outside), Some(own)) => (outside.and_set(own), outside.without_set(own)),
                    // Without the addresses of the machine, any address may be one of them.
                    _ => (outside, None),
                };
                [
                    part(local.and_set(behind), false),
                    part(own, true),
                    part(other, false),
                ]
            });
            parts.flatten().collect()
        }
    }
}

fn start(question: &Question, packets: Cell, is_for_machine: bool) -> Flow {
    let mut flow = Flow {
        packets,
        before: None,
        answered: question.restored.clone(),
        facts: FlowFacts {
            mark: Mark::UNMARKED,
            connection_mark: question.connection_mark,
            is_untracked: false,
            has_new_source: false,
            is_for_machine: Some(is_for_machine),
            has_route_back: Some(true),
            is_redirected: Some(false),
        },
        source_changed_by: None,
        untracked_by: None,
        is_forwarded: false,
        assumed: None,
        decisions: None,
    };
    if let Some(at) = question.chosen_by {
        flow.assume(at);
    }
    if question.answers_source_of.is_some() {
        flow.facts.is_for_machine = Some(true);
    }
    // Before connection tracking, rules see packets of every connection as invalid.
    in_state(flow, States::INVALID)
}

/// Divides a flow by whether packets to its source leave through the interface that receives it. This is unknown if the
/// routes lead elsewhere: rules that the input does not show may lead them back.
fn by_route_back(question: &Question, flow: Flow) -> Vec<Flow> {
    let led_elsewhere = question.led_elsewhere;
    let Some(led_elsewhere) = led_elsewhere.filter(|_| question.direction == Direction::In) else {
        return vec![flow];
    };
    let sources = flow.packets.set(Dimension::Remote);
    let from = |sources| flow.with(flow.packets.with(Dimension::Remote, sources));
    let back = sources.without_set(led_elsewhere).map(from);
    let elsewhere = sources.and_set(led_elsewhere).map(|sources| {
        let mut flow = from(sources);
        flow.facts.has_route_back = None;
        flow
    });
    back.into_iter().chain(elsewhere).collect()
}

fn incoming(
    passage: &mut Passage,
    question: &Question,
    flows: Vec<Flow>,
) -> Result<(), LimitExceeded> {
    let flows = passage.hook("ingress", flows)?;
    let flows = passage.hook("prerouting", flows)?;
    let mut for_machine = Vec::new();
    let mut forwarded = Vec::new();
    for flow in flows {
        match (&question.position, flow.facts.is_for_machine) {
            (_, Some(false)) => forwarded.push(flow),
            (Position::Host, Some(true)) => for_machine.push(flow),
            (Position::Host, None) => {
                let mut flow = flow;
                flow.assume(place_of_change(&flow));
                forwarded.push(flow.clone());
                for_machine.push(flow);
            }
            (Position::Router(_), Some(true)) => passage.stop(flow, Cause::NotForwarded, None),
            (Position::Router(_), None) => {
                let mut flow = flow;
                flow.assume(place_of_change(&flow));
                passage.stop(flow.clone(), Cause::NotForwarded, None);
                forwarded.push(flow);
            }
        }
    }
    if let Position::Router(Some(behind)) = &question.position {
        forwarded = passage.only_to(behind, forwarded);
    }
    let mut passed = passage.hook("input", for_machine)?;
    passed.extend(forward(passage, forwarded)?);
    passage.journey.passed = passed;
    Ok(())
}

/// Returns the place of the rule that changed the destination.
fn place_of_change(flow: &Flow) -> u32 {
    flow.before.as_ref().map_or(0, |before| before.changed_by)
}

fn outgoing(
    passage: &mut Passage,
    question: &Question,
    flows: Vec<Flow>,
) -> Result<(), LimitExceeded> {
    passage.journey.passed = if question.position == Position::Host {
        let flows = passage.hook("output", flows)?;
        let flows = passage.hook("postrouting", flows)?;
        passage.hook("egress", flows)?
    } else {
        let flows = passage.hook("ingress", flows)?;
        let flows = passage.hook("prerouting", flows)?;
        forward(passage, flows)?
    };
    Ok(())
}

fn forward(passage: &mut Passage, mut flows: Vec<Flow>) -> Result<Vec<Flow>, LimitExceeded> {
    if passage.forwards() == Some(false) {
        for flow in flows {
            passage.stop(flow, Cause::NeverForwards, None);
        }
        return Ok(Vec::new());
    }
    for flow in &mut flows {
        flow.is_forwarded = true;
    }
    let flows = passage.hook("forward", flows)?;
    let flows = passage.hook("postrouting", flows)?;
    passage.hook("egress", flows)
}

impl Passage<'_, '_, '_> {
    /// Stops flows that are not to these addresses.
    fn only_to(&mut self, behind: &IntervalSet, flows: Vec<Flow>) -> Vec<Flow> {
        let mut kept = Vec::new();
        for flow in flows {
            let local = flow.packets.set(Dimension::Local);
            let inside = local.and_set(behind);
            if let Some(outside) = local.without_set(behind) {
                let cause = match &flow.before {
                    Some(before) => Cause::Diverted(before.changed_by),
                    None => Cause::NotForwarded,
                };
                self.stop(
                    flow.with(flow.packets.with(Dimension::Local, outside)),
                    cause,
                    None,
                );
            }
            kept.extend(inside.map(|set| flow.with(flow.packets.with(Dimension::Local, set))));
        }
        kept
    }
}
