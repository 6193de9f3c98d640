//! The path of packets through a whole firewall, compared with an interpreter that follows single packets.
//!
//! Hooks, priorities, jumps, marks, translations and connection tracking are random. A condition that is unknown lets
//! the interpreter go both ways, so it finds every possible result.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::common::judge::{chance, pick};
use crate::common::oracle::Random;
use twilio_sip_allow::firewall::{
    BaseChain, Cause, ChainKind, Chains, Change, Criteria, Firewall, Flow, Follower, Interface,
    Interfaces, Ipv6Packets, Mark, MarkChange, MarkMatch, Position, Question, Range, Routes,
    RuleAction, RuleBranch, RuleText, Table, Translation,
};
use twilio_sip_allow::format::nftables_firewall;
use twilio_sip_allow::format::read::ReadError;
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{
    Cell, Condition, Dimension, Direction, Flags, HeaderBox, HeaderField, HeaderMatch, Interval,
    IntervalSet, PacketBox, Protocols, States,
};

const ADDRESSES: [u32; 4] = [0, 1, 2, u32::MAX];
const PORTS: [u32; 2] = [5060, 65535];
const REMOTE_PORT: u32 = 5060;
const HOOKS: [&str; 7] = [
    "ingress",
    "prerouting",
    "input",
    "forward",
    "output",
    "postrouting",
    "egress",
];
const PRIORITIES: [i32; 6] = [-300, -200, -150, -100, 0, 50];
/// User-defined chains, of which each rule may jump only to later ones, and one that does not exist.
const OWN: [&str; 4] = ["own1", "own2", "own3", "missing"];

#[derive(Clone)]
struct Rule {
    at: u32,
    branches: Vec<RuleBranch<'static>>,
}

struct Chain {
    name: &'static str,
    /// The place of the policy.
    at: u32,
    base: Option<(BaseChain<'static>, bool)>,
    texts: Vec<RuleText<'static>>,
    rules: Vec<Rule>,
}

struct Ruleset(Vec<Chain>);

impl Ruleset {
    fn chain(&self, name: &str) -> Option<&Chain> {
        self.0.iter().find(|chain| chain.name == name)
    }
}

impl Chains<'static> for &'static Ruleset {
    fn place(&self) -> String {
        "a table".to_owned()
    }

    fn takes_ipv6(&self) -> bool {
        false
    }

    fn names(&self) -> Box<dyn Iterator<Item = &'static str> + '_> {
        Box::new(self.0.iter().map(|chain| chain.name))
    }

    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError> {
        let chain = self.chain(chain).unwrap();
        Ok(chain.base.as_ref().map(|(_, accepts)| (*accepts, chain.at)))
    }

    fn rules(&self, chain: &str) -> Option<&[RuleText<'static>]> {
        self.chain(chain).map(|chain| &chain.texts[..])
    }

    fn base_chains(&self) -> Vec<BaseChain<'static>> {
        let bases = self.0.iter().filter_map(|chain| chain.base.as_ref());
        bases.map(|(base, _)| base.clone()).collect()
    }

    fn read(
        &self,
        rule: RuleText<'static>,
        _: Limits,
        branches: &mut Vec<RuleBranch<'static>>,
    ) -> Result<(), ReadError> {
        let mut rules = self.0.iter().flat_map(|chain| &chain.rules);
        let found = rules.find(|known| known.at == rule.at).unwrap();
        branches.extend(found.branches.iter().cloned());
        Ok(())
    }
}

fn interval(random: &mut Random, values: &[u32]) -> Interval {
    let (a, b) = (pick(random, values), pick(random, values));
    Interval::new(*a.min(b), *a.max(b)).unwrap()
}

fn mark_match(random: &mut Random) -> MarkMatch {
    MarkMatch {
        value: *pick(random, &[0, 1, 2, 3]),
        mask: *pick(random, &[1, 2, 3]),
        is_negated: chance(random, 3),
    }
}

fn range(random: &mut Random, values: &[u32]) -> Range {
    Range {
        interval: interval(random, values),
        is_negated: chance(random, 3),
    }
}

fn criteria(random: &mut Random) -> Criteria<'static> {
    let mut interfaces = |one_in| {
        chance(random, one_in).then(|| {
            let (name, is_prefix) = *pick(random, &[("lo", false), ("eth0", false), ("eth", true)]);
            Interfaces::one(name, is_prefix, chance(random, 3))
        })
    };
    let drawn = Criteria {
        input: interfaces(8),
        output: interfaces(8),
        mark: chance(random, 5).then(|| mark_match(random)),
        connection_mark: chance(random, 8).then(|| mark_match(random)),
        needs_connection: chance(random, 12),
        destination_is_local: chance(random, 8).then(|| chance(random, 2)),
        source_is_local: chance(random, 20).then(|| chance(random, 2)),
        is_irregular: chance(random, 12).then(|| chance(random, 2)),
        // Whether a translation changes anything depends on the single packet.
        is_redirected: None,
        has_route_back: None,
        original_address: chance(random, 20).then(|| range(random, &ADDRESSES)),
        original_port: chance(random, 20).then(|| range(random, &PORTS)),
        is_original_optional: false,
    };
    Criteria {
        // The other criteria are random, so this one is too.
        is_original_optional: drawn.mark.is_some() || drawn.input.is_some(),
        ..drawn
    }
}

fn change(random: &mut Random) -> Change {
    let (cleared, flipped) = (*pick(random, &[0, 1, 3]), *pick(random, &[0, 1, 2, 3]));
    let change = MarkChange { cleared, flipped };
    let taken = flipped;
    match pick(random, &[0, 1, 2, 3, 4]) {
        0 => Change::Mark(change),
        1 => Change::ConnectionMark(change),
        2 => Change::SaveMark { cleared, taken },
        3 => Change::RestoreMark { cleared, taken },
        _ => Change::Untrack,
    }
}

/// A translation that Linux accepts in a base chain of this hook.
fn translation(random: &mut Random, hook: &str) -> Translation {
    if hook == "postrouting" {
        return Translation::Source;
    }
    let mut ports = || chance(random, 2).then(|| Interval::single(*pick(random, &PORTS)));
    let ports = ports();
    if chance(random, 3) {
        return Translation::Redirect { ports };
    }
    Translation::Destination {
        addresses: chance(random, 3).then(|| Interval::single(*pick(random, &ADDRESSES))),
        ports,
    }
}

/// `own` are the chains that the rule may jump to. The rule may translate addresses if its base chain does so at this hook.
fn rule(random: &mut Random, at: u32, translates_at: Option<&str>, own: &[&'static str]) -> Rule {
    let criteria = criteria(random);
    let condition = Condition::true_if(!chance(random, 6));
    let mut packets = HeaderBox::ALL
        .with(HeaderField::Source, interval(random, &ADDRESSES))
        .with(HeaderField::Destination, interval(random, &ADDRESSES));
    if chance(random, 2) {
        packets = packets.with(HeaderField::DestinationPort, interval(random, &PORTS));
    }
    let state = *pick(
        random,
        &[
            States::ALL,
            States::ALL,
            States::NEW,
            States::NEW.not(),
            States::UNTRACKED,
            States::INVALID,
        ],
    );
    let protocols = *pick(random, &[Protocols::ALL, Protocols::UDP, Protocols::TCP]);
    let header = HeaderMatch {
        states: state,
        ..HeaderMatch::of(protocols)
    };
    let packets = packets.matching(header).unwrap();
    let branch = |action| RuleBranch {
        packets,
        criteria: criteria.clone(),
        condition,
        ipv4: true,
        ipv6: Ipv6Packets::None,
        action,
    };
    let mut branches = Vec::new();
    if chance(random, 4) {
        branches.push(branch(RuleAction::Change(change(random))));
    }
    let target = own.is_empty().then_some(OWN[3]);
    let target = target.unwrap_or_else(|| *pick(random, own));
    let number = *pick(random, &[0, 1, 2, 3, 4, 5, 6, 7, 8]);
    let hook = translates_at.filter(|_| matches!(number, 0 | 2 | 4 | 7));
    let translation = hook.map(|hook| RuleAction::Translate(translation(random, hook)));
    let action = match number {
        _ if translation.is_some() => translation,
        0 | 1 => Some(RuleAction::Accept),
        2 | 3 => Some(RuleAction::Deny),
        4 => Some(RuleAction::Return),
        5 => Some(RuleAction::Jump(target)),
        6 => Some(RuleAction::Goto(target)),
        7 if chance(random, 3) => Some(RuleAction::Undecided),
        _ => None,
    };
    branches.extend(action.map(branch));
    Rule { at, branches }
}

fn ruleset(random: &mut Random, at: &mut u32) -> Ruleset {
    let mut chains = Vec::new();
    // Translations occur in chains that only base chains of NAT reach.
    for (number, name) in ["base1", "base2", "own1", "own2", "own3"]
        .into_iter()
        .enumerate()
    {
        let is_nat = number == 0 && chance(random, 2);
        let kind = if is_nat {
            ChainKind::Nat
        } else {
            ChainKind::Filter
        };
        let base = (number < 2).then(|| {
            let hook = if is_nat {
                pick(
                    random,
                    &["prerouting", "prerouting", "output", "postrouting"],
                )
            } else {
                pick(random, &HOOKS)
            };
            let mut base = BaseChain::of_hook(name, hook);
            base.kind = kind;
            base.priority = *pick(
                random,
                if is_nat {
                    &[-150, -100, 0]
                } else {
                    &PRIORITIES
                },
            );
            if matches!(*hook, "ingress" | "egress") {
                base.devices = Some(Interfaces::one(
                    ["eth0", "eth1"][usize::from(chance(random, 2))],
                    false,
                    false,
                ));
            }
            (base, !chance(random, 4))
        });
        let nat = base
            .as_ref()
            .filter(|(base, _)| base.kind == ChainKind::Nat);
        let translates_at = nat.map(|(base, _)| base.hook);
        let own = &OWN[number.saturating_sub(1).min(3)
            ..if chance(random, 9) { 4 } else { 3 }.max(number.saturating_sub(1).min(3))];
        *at += 1;
        let place = *at;
        let count = *pick(random, &[0, 1, 2, 3, 4]);
        let rules: Vec<Rule> = (0..count)
            .map(|_| {
                *at += 1;
                rule(random, *at, translates_at, own)
            })
            .collect();
        let texts = rules.iter().map(|rule| RuleText {
            at: rule.at,
            text: "",
        });
        chains.push(Chain {
            name,
            at: place,
            base,
            texts: texts.collect(),
            rules,
        });
    }
    Ruleset(chains)
}

/// A single packet, and the facts about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each fact is independent of the others"
)]
struct Packet {
    remote: u32,
    local: u32,
    local_port: u32,
    /// The address and the port before any translation.
    first_local: u32,
    first_port: u32,
    protocol: u8,
    state: &'static str,
    mark: u32,
    connection_mark: u32,
    is_untracked: bool,
    is_for_machine: bool,
    is_translated: bool,
    has_new_source: bool,
    is_forwarded: bool,
}

impl Packet {
    /// True if connection tracking has given the packet a connection (`nf_ct_get` of Linux).
    fn is_tracked(&self) -> bool {
        matches!(self.state, "new" | "established")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Accept,
    Deny,
    Translate(u8, Option<u32>, Option<u32>),
    Fall,
}

struct Interpreter<'r> {
    tables: &'r [&'static Ruleset],
    direction: Direction,
    state: &'static str,
    position: Position,
    interface: Interface<'static>,
    own: Option<IntervalSet>,
}

/// `None` if both are possible.
fn both(value: Option<bool>) -> Vec<bool> {
    value.map_or_else(|| vec![false, true], |value| vec![value])
}

impl Interpreter<'_> {
    fn chain(
        &self,
        rules: &Ruleset,
        name: &str,
        hook: &str,
        start: Packet,
    ) -> BTreeSet<(End, Packet)> {
        let mut ends = BTreeSet::new();
        let Some(chain) = rules.chain(name) else {
            return [End::Accept, End::Deny, End::Fall]
                .map(|end| (end, start))
                .into();
        };
        let mut here = BTreeSet::from([start]);
        for rule in &chain.rules {
            let mut next = BTreeSet::new();
            for packet in here {
                if !self.fits(&rule.branches, &packet) {
                    next.insert(packet);
                    continue;
                }
                for matches in both(self.decides(&rule.branches[0], hook, &packet)) {
                    if !matches {
                        next.insert(packet);
                        continue;
                    }
                    let mut packet = packet;
                    let mut continues = true;
                    for branch in &rule.branches {
                        match branch.action {
                            RuleAction::Change(change) => apply(change, &mut packet),
                            action => {
                                continues = false;
                                self.act(rules, action, hook, packet, &mut ends, &mut next);
                            }
                        }
                    }
                    if continues {
                        next.insert(packet);
                    }
                }
            }
            here = next;
        }
        ends.extend(here.into_iter().map(|packet| (End::Fall, packet)));
        ends
    }

    fn act(
        &self,
        rules: &Ruleset,
        action: RuleAction,
        hook: &str,
        packet: Packet,
        ends: &mut BTreeSet<(End, Packet)>,
        next: &mut BTreeSet<Packet>,
    ) {
        match action {
            RuleAction::Accept => drop(ends.insert((End::Accept, packet))),
            RuleAction::Deny => drop(ends.insert((End::Deny, packet))),
            RuleAction::Return => drop(ends.insert((End::Fall, packet))),
            RuleAction::Undecided => {
                ends.insert((End::Accept, packet));
                ends.insert((End::Deny, packet));
                next.insert(packet);
            }
            RuleAction::Translate(translation) => {
                let single = |interval: Option<Interval>| interval.map(|interval| interval.first);
                let end = match translation {
                    Translation::Source => End::Translate(0, None, None),
                    Translation::Redirect { ports } => End::Translate(1, None, single(ports)),
                    Translation::Destination { addresses, ports } => {
                        End::Translate(2, single(addresses), single(ports))
                    }
                };
                ends.insert((end, packet));
            }
            RuleAction::Jump(target) | RuleAction::Goto(target) => {
                let is_jump = matches!(action, RuleAction::Jump(_));
                for (end, packet) in self.chain(rules, target, hook, packet) {
                    if end == End::Fall && is_jump {
                        next.insert(packet);
                    } else {
                        ends.insert((end, packet));
                    }
                }
            }
            RuleAction::Change(_) => unreachable!(),
        }
    }

    /// True if the header of a packet fits a rule. An unknown address of the machine may be any address.
    fn fits(&self, branches: &[RuleBranch], packet: &Packet) -> bool {
        let Some(branch) = branches.first() else {
            return false;
        };
        let packets = branch.packets.to_remote_local(self.direction);
        let within = |dimension, value| packets.interval(dimension).holds(Interval::single(value));
        let header = packets.header;
        let (port, other) = (Dimension::LocalPort, Dimension::RemotePort);
        within(Dimension::Remote, packet.remote)
            && within(Dimension::Local, packet.local)
            && within(port, packet.local_port)
            && within(other, REMOTE_PORT)
            && header.protocols.holds(Protocols::of(packet.protocol))
            && header.states.names().any(|name| name == packet.state)
    }

    fn decides(&self, branch: &RuleBranch, hook: &str, packet: &Packet) -> Option<bool> {
        let criteria = &branch.criteria;
        let (mut input, mut output) = match self.direction {
            Direction::In => (self.interface, Interface::Unknown),
            Direction::Out => (Interface::Unknown, self.interface),
        };
        if matches!(hook, "output" | "egress") || hook == "postrouting" && !packet.is_forwarded {
            input = Interface::None;
        }
        if matches!(hook, "ingress" | "prerouting" | "input") {
            output = Interface::None;
        }
        let first = match self.direction {
            Direction::In => (packet.first_local, packet.first_port),
            Direction::Out => (packet.remote, REMOTE_PORT),
        };
        let has_original = criteria.original_address.is_some() || criteria.original_port.is_some();
        // As `conntrack_mt` of Linux, which compares nothing but the state of packets without a connection.
        let skips_original = criteria.is_original_optional && !packet.is_tracked();
        let needs_connection = criteria.needs_connection
            || criteria.connection_mark.is_some()
            || has_original && !skips_original;
        let all = [
            branch.condition.is_true().then_some(true),
            on_interface(criteria.input.as_ref(), input),
            on_interface(criteria.output.as_ref(), output),
            Some(marked(criteria.mark, packet.mark)),
            Some(marked(criteria.connection_mark, packet.connection_mark)),
            Some(packet.is_tracked() || !needs_connection),
            match criteria.destination_is_local {
                None => Some(true),
                Some(wanted) => Some(packet.is_for_machine == wanted),
            },
            criteria.is_irregular.map(|wanted| !wanted).or(Some(true)),
            Some(skips_original || within(criteria.original_address, first.0)),
            Some(skips_original || within(criteria.original_port, first.1)),
            criteria.source_is_local.map_or(Some(true), |wanted| {
                let is_local = self.direction == Direction::Out && self.position == Position::Host;
                // A new source may be an address of the machine.
                (!packet.has_new_source).then_some(is_local == wanted)
            }),
        ];
        if all.contains(&Some(false)) {
            Some(false)
        } else if all.contains(&None) {
            None
        } else {
            Some(true)
        }
    }

    /// Returns the packets that may pass a hook, and true if the packet may be stopped.
    ///
    /// Connection tracking may come before or after a base chain with the same priority.
    fn hook(&self, hook: &str, packet: Packet) -> (BTreeSet<Packet>, bool) {
        let (mut passed, stops) = self.hook_in_order(hook, packet, true);
        let (others, others_stop) = self.hook_in_order(hook, packet, false);
        passed.extend(others);
        (passed, stops || others_stop)
    }

    fn hook_in_order(
        &self,
        hook: &str,
        packet: Packet,
        tracks_first: bool,
    ) -> (BTreeSet<Packet>, bool) {
        let mut chains: Vec<(&Ruleset, &Chain)> = Vec::new();
        for rules in self.tables {
            let bases = rules.0.iter().filter(|chain| chain.base.is_some());
            chains.extend(bases.map(|chain| (*rules, chain)));
        }
        let base = |chain: &Chain| chain.base.as_ref().unwrap().0.clone();
        // Linux puts a new function before those with the same priority (`nf_hook_entries_grow`), and calls all chains of
        // NAT at the places of `nf_nat_ipv4_ops`, whose functions it registers with the first of these chains.
        let mut chains: Vec<(usize, (&Ruleset, &Chain))> = chains.into_iter().enumerate().collect();
        let mut of_nat = chains
            .iter()
            .filter(|(_, (_, chain))| base(chain).kind == ChainKind::Nat);
        let first_of_nat = of_nat.next().map(|(number, _)| *number);
        for (number, (_, chain)) in &mut chains {
            if base(chain).kind == ChainKind::Nat {
                *number = first_of_nat.unwrap();
            }
        }
        chains.retain(|(_, (_, chain))| base(chain).hook == hook);
        chains.reverse();
        let key = |chain: &Chain| {
            let base = &chain.base.as_ref().unwrap().0;
            let place = match (base.kind, base.hook) {
                (ChainKind::Filter, _) => base.priority,
                (ChainKind::Nat, "prerouting" | "output") => -100,
                (ChainKind::Nat, _) => 100,
            };
            (place, base.priority)
        };
        chains.sort_by_key(|(registered, (_, chain))| {
            let (place, priority) = key(chain);
            (place, Reverse(*registered), priority)
        });
        let chains = chains.into_iter().map(|(_, chain)| chain);
        let mut here = BTreeSet::from([packet]);
        let mut stops = false;
        let tracks = matches!(hook, "prerouting" | "output");
        let mut tracked = !tracks;
        let track = |here: BTreeSet<Packet>| -> BTreeSet<Packet> {
            let state = |p: &Packet| {
                if p.is_untracked {
                    "untracked"
                } else {
                    self.state
                }
            };
            here.into_iter()
                .map(|p| Packet {
                    state: state(&p),
                    ..p
                })
                .collect()
        };
        for (rules, chain) in chains {
            let place = key(chain).0;
            if !tracked && (place > -200 || place == -200 && tracks_first) {
                here = track(here);
                tracked = true;
            }
            let mut next = BTreeSet::new();
            for packet in here {
                let (base, accepts) = chain.base.as_ref().unwrap();
                let is_outside = (hook == "egress") == (self.direction == Direction::Out);
                let interface = if is_outside {
                    self.interface
                } else {
                    Interface::Unknown
                };
                let device = on_interface(base.devices.as_ref(), interface);
                let is_translated = match hook {
                    "prerouting" | "output" => packet.is_translated,
                    _ => packet.has_new_source,
                };
                let settled = packet.state != "new" || is_translated;
                if base.kind == ChainKind::Nat && settled || device == Some(false) {
                    next.insert(packet);
                    continue;
                }
                if device.is_none() {
                    next.insert(packet);
                }
                for (end, packet) in self.chain(rules, chain.name, hook, packet) {
                    let passing = self.end(end, *accepts, packet);
                    stops |= passing.is_empty();
                    next.extend(passing);
                }
            }
            here = next;
        }
        if !tracked {
            here = track(here);
        }
        (here, stops)
    }

    /// Returns the packet after a base chain that it passes. A redirection leads to any address of the machine.
    fn end(&self, end: End, accepts: bool, packet: Packet) -> Vec<Packet> {
        let (kind, address, port) = match end {
            End::Translate(0, ..) => {
                let has_new_source = true;
                return vec![Packet {
                    has_new_source,
                    ..packet
                }];
            }
            End::Accept => return vec![packet],
            End::Fall if accepts => return vec![packet],
            End::Deny | End::Fall => return Vec::new(),
            End::Translate(2, address, port) if self.direction == Direction::Out => {
                let is_unchanged = address.is_none_or(|address| address == packet.remote)
                    && port.is_none_or(|port| port == REMOTE_PORT);
                return is_unchanged.then_some(packet).into_iter().collect();
            }
            End::Translate(..) if self.direction == Direction::Out => return Vec::new(),
            End::Translate(kind, address, port) => (kind, address, port),
        };
        let packet = Packet {
            is_translated: true,
            local_port: port.unwrap_or(packet.local_port),
            ..packet
        };
        let to = |local, is_for_machine| Packet {
            local,
            is_for_machine,
            ..packet
        };
        let own = self.own.as_ref();
        match (kind, address, own) {
            (1, _, Some(own)) => vec![to(own.hull().first, true)],
            (1, _, None) => [0, 1, 2, 3, u32::MAX].map(|local| to(local, true)).into(),
            (_, Some(address), _) => {
                let is_own = |own: &IntervalSet| own.and(Interval::single(address)).is_some();
                vec![to(address, own.is_some_and(is_own))]
            }
            (_, None, _) => vec![packet],
        }
    }

    fn hooks(&self, hooks: &[&str], packet: Packet) -> (BTreeSet<Packet>, bool) {
        let mut here = BTreeSet::from([packet]);
        let mut stops = false;
        for hook in hooks {
            let mut next = BTreeSet::new();
            for packet in here {
                let is_forwarded = packet.is_forwarded || *hook == "forward";
                let (passed, stopped) = self.hook(
                    hook,
                    Packet {
                        is_forwarded,
                        ..packet
                    },
                );
                next.extend(passed);
                stops |= stopped;
            }
            here = next;
        }
        (here, stops)
    }

    /// Returns whether the packet may pass, and whether it may be stopped.
    fn journey(&self, packet: Packet) -> (bool, bool) {
        let is_behind = |packet: &Packet| match &self.position {
            Position::Router(Some(behind)) => behind.and(Interval::single(packet.local)).is_some(),
            Position::Router(None) => true,
            Position::Host => false,
        };
        if self.direction == Direction::Out {
            let hooks: &[&str] = match self.position {
                Position::Host => &["output", "postrouting", "egress"],
                Position::Router(_) => {
                    &["ingress", "prerouting", "forward", "postrouting", "egress"]
                }
            };
            let (passed, stops) = self.hooks(hooks, packet);
            return (!passed.is_empty(), stops);
        }
        let mut packet = packet;
        packet.is_for_machine = match self.position {
            Position::Host => true,
            Position::Router(None) => false,
            Position::Router(Some(_)) => {
                let own = self.own.as_ref();
                let is_own = |own: &IntervalSet| own.and(Interval::single(packet.local)).is_some();
                !is_behind(&packet) && own.is_none_or(is_own)
            }
        };
        let (arrived, mut stops) = self.hooks(&["ingress", "prerouting"], packet);
        let mut passes = false;
        for packet in arrived {
            let is_for_machine = packet.is_for_machine;
            let (passed, stopped) = match (&self.position, is_for_machine) {
                (Position::Host, true) => self.hooks(&["input"], packet),
                (_, false) if self.position == Position::Host || is_behind(&packet) => {
                    self.hooks(&["forward", "postrouting", "egress"], packet)
                }
                _ => (BTreeSet::new(), true),
            };
            passes |= !passed.is_empty();
            stops |= stopped;
        }
        (passes, stops)
    }
}

fn on_interface(wanted: Option<&Interfaces>, interface: Interface) -> Option<bool> {
    let Some(wanted) = wanted else {
        return Some(true);
    };
    let twilio_sip_allow::firewall::Names::One(pattern) = &wanted.names else {
        panic!("the tests use one name");
    };
    let fits = |name: &str| {
        if pattern.is_prefix {
            name.starts_with(pattern.name)
        } else {
            name == pattern.name
        }
    };
    let fits = match interface {
        Interface::None => fits(""),
        Interface::Named(name) => fits(name),
        Interface::External if pattern.name == "lo" => false,
        Interface::External | Interface::Unknown => return None,
    };
    Some(fits != wanted.is_negated)
}

fn within(wanted: Option<Range>, value: u32) -> bool {
    wanted.is_none_or(|wanted| wanted.interval.holds(Interval::single(value)) != wanted.is_negated)
}

fn marked(wanted: Option<MarkMatch>, mark: u32) -> bool {
    wanted.is_none_or(|wanted| (mark & wanted.mask == wanted.value) != wanted.is_negated)
}

fn apply(change: Change, packet: &mut Packet) {
    let Packet {
        mark,
        connection_mark,
        ..
    } = *packet;
    match change {
        Change::Mark(MarkChange { cleared, flipped }) => packet.mark = mark & !cleared ^ flipped,
        Change::Untrack if !packet.is_tracked() => {
            packet.is_untracked = true;
            packet.state = "untracked";
        }
        _ if !packet.is_tracked() => {}
        Change::ConnectionMark(MarkChange { cleared, flipped }) => {
            packet.connection_mark = connection_mark & !cleared ^ flipped;
        }
        Change::SaveMark { cleared, taken } => {
            packet.connection_mark = connection_mark & !cleared ^ (mark & taken);
        }
        Change::RestoreMark { cleared, taken } => {
            packet.mark = mark & !cleared ^ (connection_mark & taken);
        }
        Change::Untrack => {}
        Change::UnknownMark | Change::UnknownConnectionMark => unreachable!(),
    }
}

fn cell(remote: Interval, local: Interval, ports: Interval, protocol: u8) -> Cell {
    let flags = Flags::masked(15, Flags::SYN);
    let header = HeaderMatch {
        flags,
        ..HeaderMatch::of(Protocols::of(protocol))
    };
    let packets = PacketBox::of(header)
        .with(Dimension::Remote, remote)
        .with(Dimension::Local, local)
        .with(Dimension::RemotePort, Interval::single(REMOTE_PORT))
        .with(Dimension::LocalPort, ports);
    packets.into()
}

fn holds(flow: &Flow, packet: &Packet) -> bool {
    let original = flow.original();
    let has = |dimension, value| {
        original
            .set(dimension)
            .and(Interval::single(value))
            .is_some()
    };
    has(Dimension::Remote, packet.remote)
        && has(Dimension::Local, packet.local)
        && has(Dimension::LocalPort, packet.local_port)
        && original
            .header
            .protocols
            .holds(Protocols::of(packet.protocol))
}

#[test]
fn follows_packets_like_an_interpreter_of_single_packets() {
    let mut random = Random::new(20);
    let (mut passing, mut stopped, mut either) = (0, 0, 0);
    for round in 0..6_000 {
        let mut at = 0;
        let tables: Vec<&'static Ruleset> = (0..*pick(&mut random, &[1, 2, 3]))
            .map(|_| &*Box::leak(Box::new(ruleset(&mut random, &mut at))))
            .collect();
        let direction = *pick(&mut random, &[Direction::In, Direction::In, Direction::Out]);
        let state = *pick(&mut random, &["new", "new", "established"]);
        let behind = IntervalSet::of(vec![interval(&mut random, &ADDRESSES)]);
        let position = pick(
            &mut random,
            &[
                Position::Host,
                Position::Router(None),
                Position::Router(behind),
            ],
        )
        .clone();
        let interface = *pick(
            &mut random,
            &[
                Interface::External,
                Interface::Named("eth0"),
                Interface::Unknown,
            ],
        );
        let own = *pick(&mut random, &ADDRESSES);
        let own = chance(&mut random, 2).then(|| IntervalSet::One(Interval::single(own)));
        let interpreter = Interpreter {
            tables: &tables,
            direction,
            state,
            position: position.clone(),
            interface,
            own: own.clone(),
        };
        let firewall = Firewall {
            tables: tables
                .iter()
                .map(|table| Table {
                    chains: Box::new(*table),
                    offset: 0,
                    created: None,
                    needs_legacy: false,
                })
                .collect(),
        };
        let routes = Routes::default();
        let question = Question {
            direction,
            packets: [6, 17]
                .map(|protocol| {
                    cell(
                        Interval::ADDRESSES,
                        Interval::ADDRESSES,
                        Interval::PORTS,
                        protocol,
                    )
                })
                .into(),
            state: States::named(state).unwrap(),
            position,
            interface,
            own: own.as_ref(),
            routes: &routes,
            led_elsewhere: None,
            opened_by: direction,
            is_known: false,
            is_later: false,
            answers_source_of: None,
            source_changed_by: None,
            chosen_by: None,
            forwards: None,
            translated: None,
            restored: None,
            is_redirected: Some(false),
            connection_mark: Mark::UNMARKED,
            limits: Limits::default(),
        };
        let journey = Follower::new(&firewall).follow(&question).unwrap();
        for remote in ADDRESSES {
            for local in ADDRESSES {
                for local_port in PORTS {
                    for protocol in [6, 17] {
                        let packet = Packet {
                            remote,
                            local,
                            local_port,
                            first_local: local,
                            first_port: local_port,
                            protocol,
                            state: "invalid",
                            mark: 0,
                            connection_mark: 0,
                            is_untracked: false,
                            is_for_machine: false,
                            is_translated: false,
                            has_new_source: false,
                            is_forwarded: false,
                        };
                        let expected = interpreter.journey(packet);
                        let passes = journey.passed.iter().any(|flow| holds(flow, &packet));
                        let stops = journey
                            .stopped
                            .iter()
                            .any(|stop| holds(&stop.flow, &packet));
                        assert_eq!((passes, stops), expected, "round {round}: {packet:?}");
                        let is_certain = |flow: &Flow| flow.is_certain() && holds(flow, &packet);
                        let is_certain = journey.passed.iter().any(is_certain);
                        assert!(!is_certain || !stops, "round {round}: {packet:?}");
                        match (passes, stops) {
                            (true, true) => either += 1,
                            (true, false) => passing += 1,
                            _ => stopped += 1,
                        }
                    }
                }
            }
        }
        let causes = journey
            .stopped
            .iter()
            .filter(|stop| stop.cause != Cause::NotForwarded);
        assert!(causes.count() <= 10_000, "round {round}");
    }
    println!("paths: {passing} pass, {stopped} are stopped, {either} depend on unknown conditions");
    assert!(
        passing.min(stopped).min(either) > 10_000,
        "{passing} {stopped} {either}"
    );
}

/// Returns whether UDP packets to port 5060 pass the input of a machine under all conditions.
fn passes_input(text: &str, own: Option<&IntervalSet>, is_reply: bool) -> bool {
    let firewall = nftables_firewall(text, Limits::default()).unwrap();
    let port = Interval::single(5060);
    let routes = Routes::default();
    let question = Question {
        direction: Direction::In,
        packets: vec![cell(Interval::ADDRESSES, Interval::ADDRESSES, port, 17)],
        state: if is_reply {
            States::ESTABLISHED
        } else {
            States::NEW
        },
        position: Position::Host,
        interface: Interface::External,
        own,
        routes: &routes,
        led_elsewhere: None,
        opened_by: Direction::In,
        is_known: false,
        is_later: false,
        answers_source_of: None,
        source_changed_by: None,
        chosen_by: None,
        restored: None,
        forwards: None,
        translated: None,
        is_redirected: Some(false),
        connection_mark: Mark::UNMARKED,
        limits: Limits::default(),
    };
    let journey = Follower::new(&firewall).follow(&question).unwrap();
    let first = &journey.passed[..];
    !first.is_empty() && journey.stopped.is_empty() && first[0].is_certain()
}

#[test]
fn a_changed_destination_decides_a_match_on_it() {
    let own = IntervalSet::One(Interval::single(1));
    let with = |rule: &str, translation: &str| {
        format!(
            "table inet own {{\n\tchain input {{\n\t\ttype filter hook input priority filter; policy drop;\n\t\t{rule}\n\t}}\n\
             \tchain prerouting {{\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t\t{translation}\n\t}}\n}}\n"
        )
    };
    let other_port = with("ct status dnat accept", "udp dport 5060 redirect to :5080");
    assert!(passes_input(&other_port, Some(&own), false));
    // Later packets have the state of their connection, not of the rules.
    assert!(!passes_input(&other_port, Some(&own), true));
    let unchanged = with("ct status dnat accept", "udp dport 5061 redirect to :5080");
    assert!(!passes_input(&unchanged, Some(&own), false));
    let not = with(
        "ct status ! dnat accept",
        "udp dport 5061 redirect to :5080",
    );
    assert!(passes_input(&not, Some(&own), false));
    // Any address may be one of the machine, so the destination may stay the same.
    let same_port = with("ct status dnat accept", "udp dport 5060 redirect to :5060");
    assert!(!passes_input(&same_port, None, false));
}
