//! Random anchors, compared with an independent evaluator. It follows the order of pf.conf(5): the last
//! rule that matches decides, unless a rule with `quick` matches before. A packet above a limit of its
//! state is dropped. In a table, the longest prefix decides.

use std::fmt::Write as _;

use twilio_sip_allow::firewall::{DeployedUnit, compare};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{
    Dimension, Flags, HeaderBox, HeaderField, HeaderMatch, Interval, PacketBox, Protocols, Side,
    States, differences,
};
use twilio_sip_allow::policy::{Direction, Plane, Policy, Transport};
use twilio_sip_allow::select::Selection;

use super::common::judge::{BOTH, chance, everything, pick};
use super::common::oracle::{Random, dotted};
use super::{parse, pf, policy};

const TEXTS: usize = 1_200;
const PACKETS: usize = 40;

/// 54.65.63.192, the start of Twilio's network in Tokyo.
const BASE: u32 = 0x3641_3fc0;

/// Networks: the offset of the first address from [`BASE`] and the prefix length.
const NETWORKS: [(u32, u32); 6] = [(0, 30), (0, 26), (4, 32), (0, 31), (2, 31), (64, 26)];
const ADDRESSES: [u32; 9] = [0, 1, 2, 3, 4, 5, 63, 64, 0x1000_0000];
const PORTS: [u32; 6] = [0, 5059, 5060, 5061, 5062, 65535];

const TCP: u8 = 6;
const UDP: u8 = 17;

/// The possible verdicts on a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Fate {
    passes: bool,
    stops: bool,
}

impl Fate {
    const ALWAYS: Fate = Fate {
        passes: true,
        stops: false,
    };
    const NEVER: Fate = Fate {
        passes: false,
        stops: true,
    };
    const SOMETIMES: Fate = Fate {
        passes: true,
        stops: true,
    };

    fn or(self, other: Fate) -> Fate {
        Fate {
            passes: self.passes || other.passes,
            stops: self.stops || other.stops,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Pass,
    Block,
    Match,
}

#[derive(Clone)]
struct Network {
    negated: bool,
    first: u32,
    length: u32,
}

impl Network {
    fn random(random: &mut Random) -> Network {
        let (offset, length) = *pick(random, &NETWORKS);
        Network {
            negated: chance(random, 4),
            first: BASE + offset,
            length,
        }
    }

    fn around(&self, address: u32) -> bool {
        (address ^ self.first)
            .checked_shr(32 - self.length)
            .unwrap_or(0)
            == 0
    }

    fn text(&self) -> String {
        let sign = if self.negated { "! " } else { "" };
        match self.length {
            32 => format!("{sign}{}", dotted(self.first)),
            length => format!("{sign}{}/{length}", dotted(self.first)),
        }
    }
}

struct Table(Vec<Network>);

impl Table {
    fn random(random: &mut Random) -> Table {
        let mut networks: Vec<Network> = Vec::new();
        for _ in 0..random.between(0, 4) {
            let new = Network::random(random);
            let same = |n: &Network| (n.first, n.length) == (new.first, new.length);
            if !networks.iter().any(same) {
                networks.push(new);
            }
        }
        Table(networks)
    }

    fn contains(&self, address: u32) -> bool {
        let around = self.0.iter().filter(|n| n.around(address));
        around.max_by_key(|n| n.length).is_some_and(|n| !n.negated)
    }
}

/// An alternative of one end of a rule.
enum Host {
    Network(Network),
    Table { negated: bool, number: usize },
}

/// Ports and how pf writes them.
struct Ports {
    spans: Vec<(u32, u32)>,
    text: String,
}

impl Ports {
    fn random(random: &mut Random) -> Ports {
        let a = *pick(random, &PORTS[1..5]);
        let b = *pick(random, &PORTS[3..]);
        let (a, b) = (a.min(b), b);
        let (spans, text) = match random.between(0, 9) {
            0 => (vec![(0, a - 1), (a + 1, 65535)], format!("!= {a}")),
            1 => (vec![(0, a - 1)], format!("< {a}")),
            2 => (vec![(0, a)], format!("<= {a}")),
            3 => (vec![(a + 1, 65535)], format!("> {a}")),
            4 => (vec![(a, 65535)], format!(">={a}")),
            5 => (vec![(a + 1, b - 1)], format!("{a} >< {b}")),
            6 => (vec![(0, a - 1), (b + 1, 65535)], format!("{a} <> {b}")),
            7 => (vec![(a, b)], format!("{a}:{b}")),
            _ if a == 5060 => (vec![(a, a)], "sip".to_owned()),
            _ => (vec![(a, a)], format!("= {a}")),
        };
        Ports { spans, text }
    }

    fn contain(&self, port: u32) -> bool {
        self.spans.iter().any(|(a, b)| (*a..=*b).contains(&port))
    }
}

#[derive(Default)]
struct End {
    /// Empty means any.
    hosts: Vec<Host>,
    ports: Vec<Ports>,
}

struct Rule {
    action: Action,
    direction: Option<Direction>,
    quick: bool,
    /// True for `inet6`, false for `inet`.
    family: Option<bool>,
    protocols: Vec<u8>,
    from: End,
    to: End,
    /// The flags that must be set and the mask.
    flags: Option<(u8, u8)>,
    /// True if the match depends on more than the packet.
    uncertain: bool,
    /// True for a pass rule that may drop a packet that matches.
    drops: bool,
    on: &'static str,
    options: Vec<&'static str>,
}

struct Packet {
    direction: Direction,
    ipv6: bool,
    protocol: u8,
    /// The address and the port of the source and of the destination.
    ends: [(u32, u32); 2],
    /// FIN, SYN, RST and ACK, as in [`Flags`].
    flags: u8,
}

/// Options with which a match depends on more than the packet.
const UNCERTAIN: [&str; 8] = [
    "user root",
    "tagged x",
    "! tagged x",
    "probability 50%",
    "once",
    "tos 0x10",
    "received-on em1",
    "prio 3",
];

/// Options with which a pass rule may drop a packet that matches.
const DROPS: [&str; 7] = [
    "no state",
    "keep state (max 1)",
    "keep state (source-track rule, max-src-states 3)",
    "modulate state (max-src-nodes 3, sloppy)",
    "keep state (max-src-conn-rate 3/5, overload <filled> flush)",
    "dnpipe 1",
    "dnqueue (1, 2)",
];

const WITHOUT_EFFECT: [&str; 8] = [
    "keep state",
    "keep state (if-bound, udp.first 20)",
    "label \"a block quick all b\"",
    "tag x",
    "set prio 6",
    "probability 100%",
    "allow-opts",
    "queue (a, b)",
];

impl Rule {
    /// The rule for the calls that the policy expects.
    fn expected() -> Rule {
        Rule {
            action: Action::Pass,
            direction: Some(Direction::In),
            quick: true,
            family: Some(false),
            protocols: vec![UDP],
            from: End {
                hosts: vec![Host::Network(Network {
                    negated: false,
                    first: BASE,
                    length: 30,
                })],
                ports: Vec::new(),
            },
            to: End {
                hosts: Vec::new(),
                ports: vec![Ports {
                    spans: vec![(5060, 5060)],
                    text: "5060".to_owned(),
                }],
            },
            flags: None,
            uncertain: false,
            drops: false,
            on: "",
            options: Vec::new(),
        }
    }

    fn random(random: &mut Random, tables: &[Table]) -> Rule {
        let mut rule = Rule::expected();
        rule.action = *pick(
            random,
            &[Action::Pass, Action::Pass, Action::Block, Action::Match],
        );
        rule.quick = rule.action != Action::Match && chance(random, 3);
        if chance(random, 2) {
            rule.direction = *pick(random, &[None, Some(Direction::In), Some(Direction::Out)]);
        }
        rule.family = *pick(random, &[Some(false), None]);
        if chance(random, 2) {
            rule.protocols = pick(
                random,
                &[vec![], vec![UDP], vec![TCP], vec![TCP, UDP], vec![1]],
            )
            .clone();
        }
        let has_ports = !rule.protocols.is_empty() && !rule.protocols.contains(&1);
        if chance(random, 2) || !has_ports {
            rule.from = End::random(random, has_ports, tables);
            rule.to = End::random(random, has_ports, tables);
        }
        let only_tcp = rule.protocols == [TCP];
        if only_tcp && chance(random, 3) {
            rule.flags = Some(*pick(random, &[(2, 10), (0, 8), (0, 0), (2, 15)]));
        }
        rule.options(random);
        // Another test covers rules that apply to some IPv6 addresses.
        let hosts = rule.from.hosts.iter().chain(&rule.to.hosts);
        if hosts
            .into_iter()
            .any(|h| matches!(h, Host::Table { negated: true, .. }))
        {
            rule.family = Some(false);
        }
        if rule.action == Action::Block
            && rule.from.hosts.is_empty()
            && rule.to.hosts.is_empty()
            && chance(random, 3)
        {
            rule.family = Some(true);
        }
        rule
    }

    fn options(&mut self, random: &mut Random) {
        if chance(random, 4) {
            self.uncertain = true;
            self.options.push(word(random, &UNCERTAIN));
        }
        if chance(random, 8) {
            self.uncertain = true;
            self.on = word(random, &["on em0 ", "on { em0, !em1 } "]);
        }
        if self.action != Action::Pass {
            return;
        }
        self.drops = chance(random, 3);
        if self.drops {
            self.options.push(word(random, &DROPS));
        } else {
            self.options.push(word(random, &WITHOUT_EFFECT));
        }
    }

    /// True if the rule matches; `None` if that depends on more than the packet.
    fn matches(&self, packet: &Packet, tables: &[Table]) -> Option<bool> {
        let keeps_state = self.action == Action::Pass && !self.options.contains(&"no state");
        let implied = if keeps_state { (2, 10) } else { (0, 0) };
        let (set, mask) = self.flags.unwrap_or(implied);
        let [source, destination] = packet.ends;
        let all = self.direction.is_none_or(|way| way == packet.direction)
            && self.family.is_none_or(|ipv6| ipv6 == packet.ipv6)
            && (self.protocols.is_empty() || self.protocols.contains(&packet.protocol))
            && (packet.protocol != TCP || packet.flags & mask == set)
            && self.from.matches(source, packet.ipv6, tables)
            && self.to.matches(destination, packet.ipv6, tables);
        if all && self.uncertain {
            None
        } else {
            Some(all)
        }
    }

    fn text(&self, random: &mut Random) -> String {
        let action = match self.action {
            Action::Pass => "pass",
            Action::Block => *pick(random, &["block", "block drop", "block return"]),
            Action::Match => "match",
        };
        let mut text = action.to_owned();
        if let Some(way) = self.direction {
            let _ = write!(text, " {way}");
        }
        if self.quick {
            text += word(random, &[" quick", " log quick", " quick log (all)"]);
        }
        let _ = write!(text, " {}", self.on);
        text += match self.family {
            Some(true) => "inet6",
            Some(false) => "inet",
            None => "",
        };
        let name = |protocol: &u8| match *protocol {
            TCP => "tcp".to_owned(),
            UDP => "UDP".to_owned(),
            other => other.to_string(),
        };
        if !self.protocols.is_empty() {
            let names: Vec<String> = self.protocols.iter().map(name).collect();
            let _ = write!(text, " proto {}", list(random, &names));
        }
        let space = if chance(random, 6) { " \\\n " } else { " " };
        let _ = write!(text, "{space}from {}", self.from.text(random));
        let _ = write!(text, "{space}to {}", self.to.text(random));
        match self.flags {
            Some((0, 0)) => text += " flags any",
            Some((2, 10)) => text += " flags S/SA",
            Some((0, _)) => text += " flags /A",
            Some(_) => text += " flags S/SAFR",
            None => {}
        }
        for option in &self.options {
            let _ = write!(text, " {option}");
        }
        text
    }
}

impl End {
    fn random(random: &mut Random, has_ports: bool, tables: &[Table]) -> End {
        let mut end = End::default();
        for _ in 0..random.between(0, 2) {
            end.hosts.push(if chance(random, 2) {
                Host::Network(Network::random(random))
            } else {
                let number = usize::try_from(random.between(1, tables.len() as u64)).unwrap() - 1;
                Host::Table {
                    negated: chance(random, 5),
                    number,
                }
            });
        }
        if has_ports {
            end.ports
                .extend((0..random.between(0, 2)).map(|_| Ports::random(random)));
        }
        end
    }

    fn matches(&self, (address, port): (u32, u32), ipv6: bool, tables: &[Table]) -> bool {
        let host = |host: &Host| match host {
            Host::Network(n) => !ipv6 && n.around(address) != n.negated,
            Host::Table { negated, number } => {
                !ipv6 && tables[*number].contains(address) != *negated
            }
        };
        (self.hosts.is_empty() || self.hosts.iter().any(host))
            && (self.ports.is_empty() || self.ports.iter().any(|ports| ports.contain(port)))
    }

    fn text(&self, random: &mut Random) -> String {
        let host = |host: &Host| match host {
            Host::Network(network) => network.text(),
            Host::Table { negated, number } => {
                format!("{}<t{number}>", if *negated { "!" } else { "" })
            }
        };
        let hosts: Vec<String> = self.hosts.iter().map(host).collect();
        let mut text = if hosts.is_empty() {
            "any".to_owned()
        } else {
            list(random, &hosts)
        };
        let ports: Vec<String> = self.ports.iter().map(|p| p.text.clone()).collect();
        if !ports.is_empty() {
            let ports = match &ports[..] {
                [only] if only == "5060" && chance(random, 2) => "$sip".to_owned(),
                [only] if only.starts_with("5060:") && chance(random, 2) => {
                    format!("$sip{}", &only[4..])
                }
                several => list(random, several),
            };
            let _ = write!(text, " port {ports}");
        }
        text
    }
}

fn word(random: &mut Random, words: &[&'static str]) -> &'static str {
    pick::<&str>(random, words)
}

fn list(random: &mut Random, items: &[String]) -> String {
    match items {
        [only] if chance(random, 2) => only.clone(),
        several => format!("{{ {} }}", several.join(word(random, &[", ", " ", "\n  "]))),
    }
}

/// Evaluates the rules in the order of pf.conf(5).
fn evaluate(rules: &[Rule], tables: &[Table], packet: &Packet) -> Fate {
    let mut decided = Fate::default();
    // The main ruleset blocks packets that no rule matches.
    let mut last = Fate::NEVER;
    for rule in rules {
        let matches = rule.matches(packet, tables);
        let result = match rule.action {
            Action::Pass if rule.drops => Fate::SOMETIMES,
            Action::Pass => Fate::ALWAYS,
            Action::Block => Fate::NEVER,
            Action::Match => continue,
        };
        match (matches, rule.quick) {
            (Some(false), _) => {}
            (Some(true), true) => return decided.or(result),
            (None, true) => decided = decided.or(result),
            (Some(true), false) => last = result,
            (None, false) => last = last.or(result),
        }
    }
    decided.or(last)
}

/// Lines without effect.
const LINES: [&str; 6] = [
    "# pass quick all \\\npass quick all",
    "set skip on lo0",
    "set timeout { udp.first 10, udp.single 5 }",
    "table <unused> persist",
    "scrub in all fragment reassemble",
    "unused = \"one\n two\"",
];

fn text(random: &mut Random, rules: &[Rule], tables: &[Table]) -> String {
    let table = |(number, table): (usize, &Table)| {
        let networks: Vec<String> = table.0.iter().map(Network::text).collect();
        format!("table <t{number}> const {{ {} }}", networks.join(" "))
    };
    let tables: Vec<String> = tables.iter().enumerate().map(table).collect();
    let mut lines: Vec<String> = rules.iter().map(|rule| rule.text(random)).collect();
    for _ in 0..random.between(0, 2) {
        let at = usize::try_from(random.between(0, lines.len() as u64)).unwrap();
        lines.insert(at, (*pick(random, &LINES)).to_owned());
    }
    if chance(random, 2) {
        lines.splice(0..0, tables);
    } else {
        lines.extend(tables);
    }
    format!("sip = \"5060\"\n{}\n", lines.join("\n"))
}

impl Packet {
    fn random(random: &mut Random) -> Packet {
        let mut end = || {
            (
                BASE.wrapping_add(*pick(random, &ADDRESSES)),
                *pick(random, &PORTS),
            )
        };
        let ends = [end(), end()];
        Packet {
            direction: *pick(random, &BOTH),
            ipv6: false,
            protocol: *pick(random, &[TCP, UDP, UDP, 1]),
            ends,
            flags: *pick(random, &[0, 2, 8, 10, 3]),
        }
    }

    /// A random packet that the policy expects.
    fn expected(random: &mut Random) -> Packet {
        let mut packet = Packet::random(random);
        packet.direction = Direction::In;
        packet.protocol = UDP;
        packet.ends[0].0 = BASE + *pick(random, &ADDRESSES[..4]);
        packet.ends[1].1 = 5060;
        packet
    }

    fn is_expected(&self) -> bool {
        let [(source, _), (_, port)] = self.ends;
        self.direction == Direction::In
            && !self.ipv6
            && self.protocol == UDP
            && (BASE..BASE + 4).contains(&source)
            && port == 5060
    }

    fn set(&self) -> PacketBox {
        let [(source, source_port), (destination, port)] = self.ends;
        let kind = HeaderMatch {
            protocols: Protocols::of(self.protocol),
            flags: Flags::masked(15, self.flags),
            states: States::ALL,
        };
        HeaderBox::ALL
            .matching(kind)
            .unwrap()
            .with(HeaderField::Source, Interval::single(source))
            .with(HeaderField::SourcePort, Interval::single(source_port))
            .with(HeaderField::Destination, Interval::single(destination))
            .with(HeaderField::DestinationPort, Interval::single(port))
            .to_remote_local(self.direction)
    }

    /// One packet of a box.
    fn of(packets: &PacketBox, direction: Direction) -> Packet {
        let [source, destination] =
            in_header_order(direction, [Dimension::Remote, Dimension::Local]);
        let ports = [Dimension::RemotePort, Dimension::LocalPort];
        let [source_port, destination_port] = in_header_order(direction, ports);
        let first = |dimension| packets.interval(dimension).first;
        let has = |flags: &u8| {
            !packets
                .header
                .flags
                .and(Flags::masked(15, *flags))
                .is_empty()
        };
        Packet {
            direction,
            ipv6: false,
            protocol: packets.header.protocols.numbers().next().unwrap(),
            ends: [
                (first(source), first(source_port)),
                (first(destination), first(destination_port)),
            ],
            flags: (0..16).find(has).unwrap(),
        }
    }
}

/// The result that `check` finds for a packet.
fn found(unit: &DeployedUnit, packet: &Packet) -> Fate {
    let parts = differences(&[packet.set()], &unit.steps, Limits::default()).unwrap();
    match parts.iter().find(|part| part.side == Side::Missing) {
        None => Fate::ALWAYS,
        Some(part) if !part.condition.is_true() => Fate::SOMETIMES,
        Some(_) => Fate::NEVER,
    }
}

/// True if the anchor passes any IPv6 packet. All rules for IPv6 have port ranges with the same bounds.
fn passes_ipv6(rules: &[Rule], tables: &[Table], direction: Direction) -> bool {
    let for_ipv6 = |rule: &Rule| rule.action == Action::Pass && rule.family.is_none();
    if !rules.iter().any(for_ipv6) {
        return false;
    }
    let ports = || PORTS.into_iter();
    let kinds = [
        (TCP, 0),
        (TCP, 2),
        (TCP, 8),
        (TCP, 10),
        (TCP, 3),
        (UDP, 0),
        (1, 0),
        (2, 0),
    ];
    kinds.into_iter().any(|(protocol, flags)| {
        ports().any(|source| {
            ports().any(|destination| {
                let packet = Packet {
                    direction,
                    ipv6: true,
                    protocol,
                    ends: [(0, source), (0, destination)],
                    flags,
                };
                evaluate(rules, tables, &packet).passes
            })
        })
    })
}

/// Checks the verdict on an anchor. Returns true if it is in sync.
fn check_verdict(
    expected: &Policy,
    units: &[DeployedUnit],
    rules: &[Rule],
    tables: &[Table],
    text: &str,
) -> bool {
    let mut in_sync = true;
    for unit in units {
        let direction = unit.direction;
        assert_eq!(
            !unit.unmeasured.is_empty(),
            passes_ipv6(rules, tables, direction),
            "{text}"
        );
        let policy: Vec<_> = expected.stateful(direction).collect();
        let drift = compare(
            &policy,
            pf().info().granularity,
            unit,
            0,
            Limits::default(),
            || &[],
        )
        .unwrap();
        for packets in drift.missing.iter().flat_map(|part| part.packets.boxes()) {
            let packet = Packet::of(&packets, direction);
            assert!(packet.is_expected(), "{text}");
            assert!(evaluate(rules, tables, &packet).stops, "{text}");
        }
        for packets in drift.extra.iter().flat_map(|part| part.packets.boxes()) {
            let packet = Packet::of(&packets, direction);
            assert!(!packet.is_expected(), "{text}");
            assert!(evaluate(rules, tables, &packet).passes, "{text}");
        }
        in_sync &=
            drift.missing.is_empty() && drift.extra.is_empty() && drift.unmeasured.is_empty();
    }
    in_sync
}

fn signaling() -> Policy {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        directions: vec![Direction::In],
        planes: vec![Plane::Signaling],
        transports: Some(vec![Transport::Udp]),
        ..everything()
    };
    policy(&selection, &["regional"]).unwrap()
}

/// Random rules, often with the expected one among them so that some anchors are in sync.
fn rules(random: &mut Random, tables: &[Table]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = (0..random.between(0, 5))
        .map(|_| Rule::random(random, tables))
        .collect();
    if chance(random, 2) {
        let at = usize::try_from(random.between(0, rules.len() as u64)).unwrap();
        rules.insert(at, Rule::expected());
    }
    if chance(random, 2) {
        for rule in &mut rules {
            let limited = rule.drops || rule.uncertain;
            if rule.action == Action::Pass && !limited {
                let quick = rule.quick;
                *rule = Rule {
                    quick,
                    ..Rule::expected()
                };
            } else if rule.action == Action::Pass {
                let like = Rule::expected();
                (rule.direction, rule.family, rule.protocols) =
                    (like.direction, like.family, like.protocols);
                (rule.from, rule.to, rule.flags) = (like.from, like.to, None);
            }
        }
    }
    rules
}

#[test]
fn random_anchors_agree_with_an_independent_evaluator() {
    let expected = signaling();
    let mut random = Random::new(15);
    let (mut in_sync, mut drifted, mut fates) = (0, 0, [0; 3]);
    for _ in 0..TEXTS {
        let tables = [(); 3].map(|()| Table::random(&mut random));
        let rules = rules(&mut random, &tables);
        let text = text(&mut random, &rules, &tables);
        let units = parse(&text).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
        let verdict = check_verdict(&expected, &units, &rules, &tables, &text);
        for number in 0..PACKETS {
            let packet = if number % 4 == 0 {
                Packet::expected(&mut random)
            } else {
                Packet::random(&mut random)
            };
            let fate = evaluate(&rules, &tables, &packet);
            let unit = &units[packet.direction as usize];
            let Packet {
                direction,
                protocol,
                flags,
                ..
            } = packet;
            let ends = packet.ends.map(|(address, port)| (dotted(address), port));
            assert_eq!(
                found(unit, &packet),
                fate,
                "{direction} {protocol} {ends:?} {flags}\n{text}"
            );
            if verdict {
                let wanted = if packet.is_expected() {
                    Fate::ALWAYS
                } else {
                    Fate::NEVER
                };
                assert_eq!(
                    fate, wanted,
                    "{direction} {protocol} {ends:?} {flags}\n{text}"
                );
            }
            fates[usize::from(fate.passes) + usize::from(fate == Fate::ALWAYS)] += 1;
        }
        if verdict {
            in_sync += 1;
        } else {
            drifted += 1;
        }
    }
    assert!(
        in_sync > TEXTS / 20 && drifted > TEXTS / 2,
        "{in_sync} {drifted}"
    );
    assert!(
        fates.iter().all(|count| *count > TEXTS * PACKETS / 20),
        "{fates:?}"
    );
}

/// The values of the remote and the local side as source and destination.
fn in_header_order<T>(direction: Direction, [remote, local]: [T; 2]) -> [T; 2] {
    match direction {
        Direction::In => [remote, local],
        Direction::Out => [local, remote],
    }
}
