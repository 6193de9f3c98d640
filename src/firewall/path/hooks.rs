//! The base chains at the hooks of the kernel, and the passage of flows through them.

use std::cmp::Reverse;

use super::flow::Flow;
use super::question::{Cause, Journey, Question, Stop};
use super::walker::{ReadChains, Results, Walker};
use crate::firewall::chains::{BaseChain, ChainKind};
use crate::firewall::criteria::{Criteria, Facts, Interface};
use crate::firewall::model::{Firewall, Table};
use crate::firewall::rule::Translation;
use crate::limits::LimitExceeded;
use crate::packets::{Condition, Dimension, Direction, HeaderMatch, States};

/// The base chains of all tables, each with the index of its table, in the order in which packets pass them.
#[derive(Debug)]
pub(super) struct Hooks<'a>(pub Vec<(usize, BaseChain<'a>)>);

impl<'a> Hooks<'a> {
    pub fn of(firewall: &Firewall<'a>) -> Self {
        let tables = firewall.tables.iter().enumerate();
        let mut chains: Vec<(usize, BaseChain)> = tables
            .flat_map(|(number, table)| {
                let base_chains = table.chains.base_chains().into_iter();
                base_chains.map(move |chain| (number, chain))
            })
            .collect();
        // Of chains with the same priority, packets pass the last one first (`nf_hook_entries_grow` of Linux).
        chains.sort_by_cached_key(|(table, chain)| {
            let (_, at) = policy(&firewall.tables[*table], chain);
            (
                place_of_hook(chain),
                place_in_hook(chain),
                chain.priority,
                Reverse(at),
            )
        });
        Hooks(chains)
    }
}

/// The hooks, in the order in which packets may pass them.
const HOOKS: [&str; 7] = [
    "ingress",
    "prerouting",
    "input",
    "forward",
    "output",
    "postrouting",
    "egress",
];

fn place_of_hook(chain: &BaseChain) -> Option<usize> {
    HOOKS
        .iter()
        .position(|hook| chain.hook.eq_ignore_ascii_case(hook))
}

/// Returns the priority of the function of Linux that calls the chain. Two functions call all chains that translate
/// addresses: one for destinations and one for sources (`nf_nat_ipv4_ops`).
fn place_in_hook(chain: &BaseChain) -> i32 {
    match chain.kind {
        ChainKind::Filter => chain.priority,
        ChainKind::Nat if chain.translates_destinations() => DESTINATIONS,
        ChainKind::Nat => SOURCES,
    }
}

/// Returns whether the end of a base chain accepts packets, and the place of the policy in the input. Packets may also be
/// denied if this is unknown.
fn policy(table: &Table, chain: &BaseChain) -> (Option<bool>, u32) {
    match table.chains.policy(chain.name).ok().flatten() {
        Some((accepts, at)) => (Some(accepts), table.offset.saturating_add(at)),
        None => (None, table.offset),
    }
}

/// The priority of connection tracking (`NF_IP_PRI_CONNTRACK` of Linux).
const CONNECTION_TRACKING: i32 = -200;

/// The priorities at which destinations and sources are translated (`NF_IP_PRI_NAT_DST` and `NF_IP_PRI_NAT_SRC` of Linux).
const DESTINATIONS: i32 = -100;
const SOURCES: i32 = 100;

/// Flows on their way through the hooks.
pub(super) struct Passage<'a, 'f, 'q> {
    firewall: &'f Firewall<'a>,
    hooks: &'f Hooks<'a>,
    question: &'q Question<'q>,
    walker: Walker<'a, 'f>,
    pub journey: Journey,
}

impl<'a, 'f, 'q> Passage<'a, 'f, 'q> {
    pub fn new(
        firewall: &'f Firewall<'a>,
        hooks: &'f Hooks<'a>,
        chains: &'f mut ReadChains<'a>,
        question: &'q Question<'q>,
    ) -> Self {
        let Question {
            direction, limits, ..
        } = *question;
        Passage {
            firewall,
            hooks,
            question,
            walker: Walker::new(&firewall.tables, chains, direction, limits),
            journey: Journey::default(),
        }
    }

    pub fn forwards(&self) -> Option<bool> {
        self.question.forwards
    }

    /// Records that flows do not pass. `chain` is the index of the base chain that stops them, if one does.
    pub fn stop(&mut self, flow: Flow, cause: Cause, chain: Option<usize>) {
        self.journey.stopped.push(Stop { flow, cause, chain });
    }

    /// Returns the flows that pass all base chains of a hook.
    pub fn hook(&mut self, hook: &str, flows: Vec<Flow>) -> Result<Vec<Flow>, LimitExceeded> {
        let mut left = Vec::new();
        for (facts, flows) in self.by_facts(hook, flows) {
            left.extend(self.chains_of(hook, facts, flows)?);
        }
        Ok(left)
    }

    fn chains_of(
        &mut self,
        hook: &str,
        facts: Facts<'q>,
        mut flows: Vec<Flow>,
    ) -> Result<Vec<Flow>, LimitExceeded> {
        // Packets get a state, and a known translation, at the first hook after a network or a program.
        let is_first = matches!(hook, "prerouting" | "output");
        let mut has_state = !is_first;
        let mut translation = self.translation_at(hook);
        for number in 0..self.hooks.0.len() {
            let (table, chain) = self.hooks.0[number].clone();
            if !chain.hook.eq_ignore_ascii_case(hook) {
                continue;
            }
            if !has_state && place_in_hook(&chain) >= CONNECTION_TRACKING {
                flows = self.tracked(flows);
                has_state = true;
            }
            if translation.is_some_and(|place| place_in_hook(&chain) >= place) {
                self.translate_known(&mut flows);
                translation = None;
            }
            flows = self.walker.fewer(flows)?;
            flows = self.enter(number, table, &chain, facts, flows)?;
        }
        if !has_state {
            flows = self.tracked(flows);
        }
        if translation.is_some() {
            self.translate_known(&mut flows);
        }
        Ok(flows)
    }

    /// Returns the priority at which a hook applies the known translation: that of destinations, or that of the sources
    /// of answers.
    fn translation_at(&self, hook: &str) -> Option<i32> {
        match (hook, self.question.direction) {
            ("prerouting", Direction::In) => Some(DESTINATIONS),
            ("postrouting", Direction::Out) => Some(SOURCES),
            _ => None,
        }
    }

    /// Applies the translation that connection tracking knows from the first packet.
    fn translate_known(&self, flows: &mut [Flow]) {
        let Some(translated) = &self.question.translated else {
            return;
        };
        let tracked = flows.iter_mut().filter(|flow| !flow.facts.is_untracked);
        tracked.for_each(|flow| flow.send_to(translated));
    }

    /// Divides flows by the facts about their interfaces at a hook.
    fn by_facts(&self, hook: &str, flows: Vec<Flow>) -> Vec<(Facts<'q>, Vec<Flow>)> {
        let mut groups: Vec<(Facts, Vec<Flow>)> = Vec::new();
        for flow in flows {
            let facts = self.facts(hook, &flow);
            let is_same =
                |known: &Facts| (known.input, known.output) == (facts.input, facts.output);
            match groups.iter_mut().find(|(known, _)| is_same(known)) {
                Some((_, group)) => group.push(flow),
                None => groups.push((facts, vec![flow])),
            }
        }
        groups
    }

    fn facts(&self, hook: &str, flow: &Flow) -> Facts<'q> {
        let outside = self.question.interface;
        let inside = match self
            .question
            .routes
            .interface(flow.packets.set(Dimension::Local))
        {
            Some(name) => Interface::Named(name),
            None => Interface::Unknown,
        };
        let (from, to) = match self.question.direction {
            Direction::In => (outside, inside),
            Direction::Out => (inside, outside),
        };
        let (input, output) = match hook {
            "ingress" | "prerouting" | "input" => (from, Interface::None),
            "output" | "egress" => (Interface::None, to),
            "postrouting" if !flow.is_forwarded => (Interface::None, to),
            _ => (from, to),
        };
        Facts {
            input,
            output,
            ..Facts::default()
        }
    }

    /// Gives flows the state that connection tracking knows.
    fn tracked(&self, flows: Vec<Flow>) -> Vec<Flow> {
        let with_state = |mut flow: Flow| {
            if flow.facts.is_untracked {
                return in_state(flow, States::UNTRACKED);
            }
            flow.facts.is_redirected = self.question.is_redirected;
            in_state(flow, self.question.state)
        };
        flows.into_iter().map(with_state).collect()
    }

    /// Returns the flows that a base chain lets pass.
    fn enter(
        &mut self,
        number: usize,
        table: usize,
        chain: &BaseChain<'a>,
        facts: Facts,
        flows: Vec<Flow>,
    ) -> Result<Vec<Flow>, LimitExceeded> {
        let place = policy(&self.firewall.tables[table], chain).1;
        let (mut left, entering) = self.divide(chain, place, &facts, flows);
        if entering.is_empty() {
            return Ok(left);
        }
        let (results, undecided) = self.walker.base_chain(table, chain.name, facts, entering)?;
        self.end(number, table, chain, undecided, &mut left);
        let Results {
            accepted,
            denied,
            translated,
        } = results;
        for (mut flow, at) in accepted {
            flow.decide(number, at, false);
            left.push(flow);
        }
        for (flow, at) in denied {
            self.stop(flow, Cause::Rule(at), Some(number));
        }
        for (flow, translation, at) in translated {
            self.translate(number, flow, translation, at, &mut left);
        }
        Ok(left)
    }

    /// Returns the flows that do not enter a base chain, and those that do or may do so. `place` is that of the chain.
    fn divide(
        &self,
        chain: &BaseChain<'a>,
        place: u32,
        facts: &Facts,
        flows: Vec<Flow>,
    ) -> (Vec<Flow>, Vec<Flow>) {
        let devices = match self.question.direction {
            Direction::In => Criteria {
                input: chain.devices.clone(),
                ..Criteria::default()
            },
            Direction::Out => Criteria {
                output: chain.devices.clone(),
                ..Criteria::default()
            },
        };
        match devices.condition(facts) {
            Condition::False => return (flows, Vec::new()),
            Condition::Unknown => {
                let mut flows = flows;
                for flow in &mut flows {
                    flow.assume(place);
                }
                return (flows.clone(), flows);
            }
            Condition::True => {}
        }
        if chain.kind == ChainKind::Filter {
            return (Vec::new(), flows);
        }
        let is_settled = |flow: &Flow| {
            let is_translated = if chain.translates_destinations() {
                flow.before.is_some()
            } else {
                flow.facts.has_new_source
            };
            self.question.state != States::NEW || flow.facts.is_untracked || is_translated
        };
        flows.into_iter().partition(is_settled)
    }

    /// Applies the policy of a base chain.
    fn end(
        &mut self,
        number: usize,
        table: usize,
        chain: &BaseChain<'a>,
        flows: Vec<Flow>,
        left: &mut Vec<Flow>,
    ) {
        let (accepts, at) = policy(&self.firewall.tables[table], chain);
        for mut flow in flows {
            if accepts.is_none() {
                flow.assume(at);
            }
            if accepts != Some(true) {
                self.stop(flow.clone(), Cause::Policy(at), Some(number));
            }
            if accepts != Some(false) {
                flow.decide(number, at, true);
                left.push(flow);
            }
        }
    }

    fn translate(
        &mut self,
        number: usize,
        mut flow: Flow,
        translation: Translation,
        at: u32,
        left: &mut Vec<Flow>,
    ) {
        let is_source = translation == Translation::Source;
        if !is_source && self.question.direction == Direction::Out {
            return self.stop(flow, Cause::Diverted(at), Some(number));
        }
        flow.translate(translation, at, self.question.own);
        flow.decide(number, at, false);
        if !is_source && flow.is_for_loopback() {
            // The kernel drops the packet, unless the setting route_localnet allows it.
            flow.assume(at);
            self.stop(flow.clone(), Cause::Diverted(at), Some(number));
        }
        left.push(flow);
    }
}

/// Returns the flow with another connection state.
pub(super) fn in_state(flow: Flow, states: States) -> Flow {
    let header = HeaderMatch {
        states,
        ..flow.packets.header
    };
    let packets = flow.packets.with_header(header);
    Flow { packets, ..flow }
}
