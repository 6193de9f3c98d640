//! The base chains at the hooks of the kernel, and the passage of flows through them.

use std::cmp::Reverse;

use super::flow::{Flow, Translated};
use super::question::{Cause, Journey, Position, Question, Stop};
use super::walker::{ReadChains, Results, Walker};
use crate::firewall::chains::{BaseChain, ChainKind};
use crate::firewall::criteria::{Criteria, Facts, Interface};
use crate::firewall::model::{Firewall, Table};
use crate::firewall::rule::Translation;
use crate::limits::LimitExceeded;
use crate::packets::{
    Cell, Condition, Dimension, Direction, Interval, IntervalSet, PacketBox, States,
};

/// The base chains at all hooks.
#[derive(Debug)]
pub(super) struct Hooks<'a> {
    /// Each base chain with the index of its table, in the order in which packets pass them.
    pub chains: Vec<(usize, BaseChain<'a>)>,
    /// The first chain that translates addresses, as by [`created`]. With it, Linux registers the functions that translate.
    translating_since: Option<u32>,
}

impl<'a> Hooks<'a> {
    pub fn of(firewall: &Firewall<'a>) -> Self {
        let tables = firewall.tables.iter().enumerate();
        let mut chains: Vec<(usize, BaseChain)> = tables
            .flat_map(|(number, table)| {
                let base_chains = table.chains.base_chains().into_iter();
                base_chains.map(move |chain| (number, chain))
            })
            .collect();
        let at = |(table, chain): &(usize, BaseChain)| created(&firewall.tables[*table], chain);
        let translating = chains
            .iter()
            .filter(|(_, chain)| chain.kind == ChainKind::Nat);
        let translating_since = translating.map(at).min();
        // Of functions with the same priority, packets pass the last one first (`nf_hook_entries_grow` of Linux).
        chains.sort_by_cached_key(|placed| {
            let (_, chain) = placed;
            let own = at(placed);
            let registered = match chain.kind {
                ChainKind::Filter => own,
                ChainKind::Nat => translating_since.unwrap_or(own),
            };
            (
                place_of_hook(chain),
                place_in_hook(chain),
                Reverse(registered),
                chain.priority,
                Reverse(own),
            )
        });
        Hooks {
            chains,
            translating_since,
        }
    }

    /// True if packets pass a base chain before the functions that translate, although both have the same priority.
    fn precedes_translation(&self, chain: &BaseChain, at: u32) -> bool {
        let is_later = self.translating_since.is_some_and(|since| at > since);
        chain.kind == ChainKind::Filter && is_later
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

/// Returns a place that is higher for a chain that was created later.
fn created(table: &Table, chain: &BaseChain) -> u32 {
    table.created.unwrap_or_else(|| policy(table, chain).1)
}

/// The priority of connection tracking (`NF_IP_PRI_CONNTRACK` of Linux).
const CONNECTION_TRACKING: i32 = -200;

/// The priorities at which destinations and sources are translated (`NF_IP_PRI_NAT_DST` and `NF_IP_PRI_NAT_SRC` of Linux).
const DESTINATIONS: i32 = -100;
const SOURCES: i32 = 100;

/// A step of connection tracking, which needs no rule.
#[derive(Clone, Copy)]
enum KnownStep {
    /// It finds the state of the connection.
    State,
    /// It translates the destination as that of the first packet.
    Destination,
    /// It makes the destination of the first packet, before its translation, the source of the reply.
    Source,
}

impl KnownStep {
    fn translates(self) -> bool {
        !matches!(self, KnownStep::State)
    }
}

/// The local end that connection tracking gives packets.
struct Known<'k> {
    addresses: &'k Option<IntervalSet>,
    ports: &'k Option<IntervalSet>,
    changed_by: u32,
}

impl Known<'_> {
    fn ends(&self) -> [(Dimension, &Option<IntervalSet>); 2] {
        [
            (Dimension::Local, self.addresses),
            (Dimension::LocalPort, self.ports),
        ]
    }

    /// Returns the packets that may have this end.
    fn packets(&self) -> Cell {
        let all = Cell::from(PacketBox::ALL);
        let with = |packets: Cell, (dimension, to): (Dimension, &Option<IntervalSet>)| match to {
            Some(to) => packets.with(dimension, to.clone()),
            None => packets,
        };
        self.ends().into_iter().fold(all, with)
    }

    /// True if there is only one such end.
    fn is_single(&self) -> bool {
        let is_single = |to: &IntervalSet| to.hull().first == to.hull().last;
        self.ends()
            .iter()
            .all(|(_, to)| to.as_ref().is_none_or(is_single))
    }
}

/// Returns the steps of connection tracking at a hook, each with its priority.
fn known_steps(hook: &str) -> &'static [(i32, KnownStep)] {
    match hook {
        "prerouting" => &[
            (CONNECTION_TRACKING, KnownStep::State),
            (DESTINATIONS, KnownStep::Destination),
        ],
        "output" => &[(CONNECTION_TRACKING, KnownStep::State)],
        "postrouting" => &[(SOURCES, KnownStep::Source)],
        _ => &[],
    }
}

/// Flows on their way through the hooks.
pub(super) struct Passage<'a, 'f, 'q> {
    firewall: &'f Firewall<'a>,
    hooks: &'f Hooks<'a>,
    question: &'q Question<'q>,
    walker: Walker<'a, 'f, 'q>,
    pub journey: Journey,
}

impl<'a, 'f, 'q> Passage<'a, 'f, 'q> {
    pub fn new(
        firewall: &'f Firewall<'a>,
        hooks: &'f Hooks<'a>,
        chains: &'f mut ReadChains<'a>,
        question: &'q Question<'q>,
    ) -> Self {
        Passage {
            firewall,
            hooks,
            question,
            walker: Walker::new(&firewall.tables, chains, question),
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

    /// Returns the flows that pass the base chains of a hook, if these facts are true of them.
    fn chains_of(
        &mut self,
        hook: &str,
        facts: Facts<'q>,
        mut flows: Vec<Flow>,
    ) -> Result<Vec<Flow>, LimitExceeded> {
        let Some(place) = self.beside_tracking(hook) else {
            return self.in_order(hook, facts, flows, true);
        };
        // Connection tracking starts with the first rule that needs it, and the listing does not show when that was.
        for flow in &mut flows {
            flow.assume(place);
        }
        let mut left = self.in_order(hook, facts, flows.clone(), true)?;
        left.extend(self.in_order(hook, facts, flows, false)?);
        Ok(left)
    }

    /// Returns the place of a base chain that has the same priority as connection tracking, if the hook has one.
    fn beside_tracking(&self, hook: &str) -> Option<u32> {
        let is_tracking = |(priority, step): &(i32, KnownStep)| {
            *priority == CONNECTION_TRACKING && !step.translates()
        };
        if !known_steps(hook).iter().any(is_tracking) {
            return None;
        }
        let is_beside = |(_, chain): &&(usize, BaseChain)| {
            chain.hook.eq_ignore_ascii_case(hook) && place_in_hook(chain) == CONNECTION_TRACKING
        };
        let (table, chain) = self.hooks.chains.iter().find(is_beside)?;
        Some(policy(&self.firewall.tables[*table], chain).1)
    }

    /// `tracks_first` decides between connection tracking and base chains with the same priority.
    fn in_order(
        &mut self,
        hook: &str,
        facts: Facts<'q>,
        mut flows: Vec<Flow>,
        tracks_first: bool,
    ) -> Result<Vec<Flow>, LimitExceeded> {
        let mut steps = known_steps(hook).iter().peekable();
        for number in 0..self.hooks.chains.len() {
            let (table, chain) = self.hooks.chains[number].clone();
            if !chain.hook.eq_ignore_ascii_case(hook) {
                continue;
            }
            let place = place_in_hook(&chain);
            let at = created(&self.firewall.tables[table], &chain);
            let is_first = self.hooks.precedes_translation(&chain, at);
            let comes_before = |(priority, step): &&(i32, KnownStep)| {
                let precedes = if step.translates() {
                    !is_first
                } else {
                    tracks_first
                };
                *priority < place || *priority == place && precedes
            };
            while let Some((_, step)) = steps.next_if(comes_before) {
                flows = self.apply(*step, flows);
            }
            flows = self.walker.fewer(flows)?;
            flows = self.enter(number, table, &chain, facts, flows)?;
        }
        Ok(steps.fold(flows, |flows, (_, step)| self.apply(*step, flows)))
    }

    /// Applies what connection tracking knows about the connection.
    fn apply(&mut self, step: KnownStep, flows: Vec<Flow>) -> Vec<Flow> {
        match step {
            KnownStep::State => self.tracked(flows),
            KnownStep::Destination => match self.question.translated.as_deref() {
                Some(to) => {
                    let sent = flows.into_iter().filter_map(|flow| self.sent(flow, to));
                    sent.collect()
                }
                None => flows,
            },
            KnownStep::Source => {
                let flows = self.with_first_source(flows).into_iter();
                flows.filter_map(|flow| self.answered(flow)).collect()
            }
        }
    }

    /// Sends a packet to the destination of the first one.
    fn sent(&mut self, flow: Flow, to: &Translated) -> Option<Flow> {
        let known = Known {
            addresses: &to.addresses,
            ports: &to.ports,
            changed_by: to.changed_by,
        };
        self.translated(flow, &known, |flow| {
            flow.send_to(to);
            if !known.is_single() {
                // It has chosen one of them.
                flow.assume(to.changed_by);
            }
        })
    }

    /// Sends a reply from the destination of the first packet, before its translation.
    fn answered(&mut self, flow: Flow) -> Option<Flow> {
        let Some(from) = flow.answered.clone() else {
            return Some(flow);
        };
        let known = Known {
            addresses: &from.addresses,
            ports: &from.ports,
            changed_by: from.changed_by,
        };
        self.translated(flow, &known, |flow| flow.answer_from(&from))
    }

    /// Records that the other side may not recognize packets whose source connection tracking does not change as that of
    /// the first packet. The new source, which is not modeled, may be the old one.
    fn with_first_source(&mut self, mut flows: Vec<Flow>) -> Vec<Flow> {
        let Some(at) = self.question.source_changed_by else {
            return flows;
        };
        for flow in flows.iter_mut().filter(|flow| !flow.is_tracked()) {
            flow.assume(at);
            self.stop(flow.clone(), Cause::Diverted(at), None);
        }
        flows
    }

    /// Translates packets as the first packet of the connection. Connection tracking does not translate untracked packets,
    /// so the other side does not recognize them, unless the translation would not change them.
    fn translated(
        &mut self,
        mut flow: Flow,
        known: &Known,
        translate: impl Fn(&mut Flow),
    ) -> Option<Flow> {
        if flow.facts.is_untracked {
            return self.unless_changed(&flow, known);
        }
        translate(&mut flow);
        Some(flow)
    }

    /// Stops later packets that a redirection sends to another end of the machine.
    fn keep_end(
        &mut self,
        number: usize,
        flow: &Flow,
        ports: Option<Interval>,
        at: u32,
        left: &mut Vec<Flow>,
    ) {
        let known = Known {
            addresses: &Some(
                self.question
                    .own
                    .cloned()
                    .unwrap_or(Interval::ADDRESSES.into()),
            ),
            ports: &ports.map(IntervalSet::One),
            changed_by: at,
        };
        if let Some(mut kept) = self.unless_changed(flow, &known) {
            kept.decide(number, at, false);
            left.push(kept);
        }
    }

    /// Stops packets whose local end would change, and returns those whose end may stay the same.
    fn unless_changed(&mut self, flow: &Flow, known: &Known) -> Option<Flow> {
        let cause = Cause::Diverted(known.changed_by);
        let Some((same, others)) = flow.packets.split_by(&known.packets()) else {
            self.stop(flow.clone(), cause, None);
            return None;
        };
        for packets in others {
            self.stop(flow.with(packets), cause, None);
        }
        let mut flow = flow.with(same);
        if !known.is_single() {
            flow.assume(known.changed_by);
            self.stop(flow.clone(), cause, None);
        }
        Some(flow)
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
        let is_from_machine =
            self.question.direction == Direction::Out && self.question.position == Position::Host;
        Facts {
            input,
            output,
            source_is_local: Some(is_from_machine),
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
        let devices = chain.devices.clone();
        let devices = if chain.hook.eq_ignore_ascii_case("egress") {
            Criteria {
                output: devices,
                ..Criteria::default()
            }
        } else {
            Criteria {
                input: devices,
                ..Criteria::default()
            }
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
            flow.packets.header.states != States::NEW || self.question.is_known || is_translated
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
        let Question {
            direction,
            is_later,
            own,
            ..
        } = *self.question;
        let is_source = translation == Translation::Source;
        if is_source && is_later {
            // The new source may be another address than the one that the other side expects.
            flow.assume(at);
            self.stop(flow.clone(), Cause::Diverted(at), Some(number));
        }
        if is_source && direction == Direction::Out {
            flow.source_changed_by = Some(at);
        }
        if is_source || direction == Direction::In && !is_later {
            flow.translate(translation, at, own);
            flow.decide(number, at, false);
            if !is_source && flow.is_for_loopback() {
                // The kernel drops the packet, unless the setting route_localnet allows it.
                flow.assume(at);
                self.stop(flow.clone(), Cause::Diverted(at), Some(number));
            }
            return left.push(flow);
        }
        if let (Translation::Redirect { ports }, Direction::In) = (translation, direction) {
            return self.keep_end(number, &flow, ports, at, left);
        }
        let unchanged = unchanged(translation, direction);
        let parts = unchanged.and_then(|unchanged| flow.packets.split_by(&unchanged));
        let (kept, diverted) = match parts {
            Some((kept, diverted)) => (Some(kept), diverted),
            None => (None, vec![flow.packets.clone()]),
        };
        for packets in diverted {
            self.stop(flow.with(packets), Cause::Diverted(at), Some(number));
        }
        if let Some(packets) = kept {
            flow.packets = packets;
            flow.decide(number, at, false);
            left.push(flow);
        }
    }
}

/// Returns the packets whose destination a translation does not change; `None` if there are none for certain.
fn unchanged(translation: Translation, direction: Direction) -> Option<Cell> {
    let Translation::Destination { addresses, ports } = translation else {
        return None;
    };
    let all = Cell::from(PacketBox::ALL);
    let (address, port) = match direction {
        Direction::In => (Dimension::Local, Dimension::LocalPort),
        Direction::Out => (Dimension::Remote, Dimension::RemotePort),
    };
    let ends = [(address, addresses), (port, ports)];
    ends.into_iter()
        .try_fold(all, |packets, (dimension, to)| match to {
            None => Some(packets),
            Some(to) if to.first == to.last => Some(packets.with(dimension, to.into())),
            Some(_) => None,
        })
}

/// Returns the flow with another connection state.
pub(super) fn in_state(flow: Flow, states: States) -> Flow {
    let packets = flow.packets.in_states(states);
    Flow { packets, ..flow }
}
