//! Random main rulesets, compared with an independent evaluator. It follows single packets through the statements in the
//! order of pf.conf(5) until they get to the anchor `twilio-sip`, or until evaluation ends.

use twilio_sip_allow::policy::Direction;

use super::common::judge::{BOTH, chance, pick};
use super::common::oracle::Random;
use super::hooks::{main_ruleset, unhooked};
use super::tokyo;

const TEXTS: usize = 3_000;

/// The last byte and the prefix length of networks around 54.65.63.192, where Twilio's Tokyo networks start.
const NETWORKS: [(u32, u32); 8] = [
    (192, 30),
    (192, 26),
    (192, 31),
    (194, 31),
    (192, 32),
    (193, 32),
    (0, 24),
    (64, 26),
];

/// Ports as pf writes them, with the first and the last one.
const PORTS: [(&str, u16, u16); 5] = [
    ("= 5060", 5060, 5060),
    ("= 5061", 5061, 5061),
    ("5060:5061", 5060, 5061),
    ("10000:20000", 10_000, 20_000),
    ("> 1023", 1_024, 65_535),
];

/// An expected packet.
struct Packet {
    direction: Direction,
    protocol: &'static str,
    /// The last byte of the Twilio address.
    remote: u32,
    /// The destination port.
    port: u16,
}

/// One packet for each way in which the networks and the ports can divide the expected packets.
fn expected(direction: Direction) -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut add = |protocol, remote, port| {
        packets.push(Packet {
            direction,
            protocol,
            remote,
            port,
        });
    };
    for remote in 192..=195 {
        add("udp", remote, 5060);
        add("tcp", remote, 5060);
        add("tcp", remote, 5061);
        add("udp", remote, 10_000);
    }
    add("udp", 200, 10_000);
    packets
}

/// The packets that a rule or a call matches.
struct Condition {
    direction: Option<Direction>,
    /// True if the match depends on the interface.
    interface: bool,
    protocol: Option<&'static str>,
    network: Option<(u32, u32)>,
    port: Option<(&'static str, u16, u16)>,
}

impl Condition {
    fn random(random: &mut Random) -> Condition {
        let protocol = (!chance(random, 3)).then(|| *pick(random, &["udp", "tcp"]));
        let direction = (!chance(random, 3)).then(|| *pick(random, &BOTH));
        Condition {
            direction,
            interface: chance(random, 5),
            protocol,
            // Without a direction, Twilio's address may be on either side.
            network: (direction.is_some() && chance(random, 2)).then(|| *pick(random, &NETWORKS)),
            port: (protocol.is_some() && chance(random, 3)).then(|| *pick(random, &PORTS)),
        }
    }

    fn matches(&self, packet: &Packet) -> bool {
        let within = |(byte, length): (u32, u32)| (packet.remote ^ byte) >> (32 - length) == 0;
        self.direction.is_none_or(|d| d == packet.direction)
            && self.protocol.is_none_or(|p| p == packet.protocol)
            && self.network.is_none_or(within)
            && self
                .port
                .is_none_or(|(_, first, last)| (first..=last).contains(&packet.port))
    }

    fn text(&self, quick: bool) -> String {
        let direction = self.direction.map_or(String::new(), |d| format!(" {d}"));
        let quick = if quick { " quick" } else { "" };
        let interface = if self.interface { " on em0" } else { "" };
        let protocol = self
            .protocol
            .map_or(String::new(), |p| format!(" proto {p}"));
        let network = self
            .network
            .map(|(byte, length)| format!("54.65.63.{byte}/{length}"));
        let network = network.unwrap_or("any".to_owned());
        let (from, to) = match self.direction {
            Some(Direction::In) => (network, "any".to_owned()),
            _ => ("any".to_owned(), network),
        };
        let port = self
            .port
            .map_or(String::new(), |(port, ..)| format!(" port {port}"));
        format!("{direction}{quick}{interface}{protocol} from {from} to {to}{port}")
    }
}

enum Statement {
    Rule {
        passes: bool,
        quick: bool,
        when: Condition,
    },
    /// A call of the anchor `twilio-sip`.
    Call(Condition),
    Other {
        quick: bool,
        when: Condition,
        rules: Vec<Statement>,
    },
}

fn statements(random: &mut Random, depth: u32) -> Vec<Statement> {
    let count = random.between(0, if depth == 0 { 5 } else { 3 });
    let statement = |random: &mut Random| match random.between(0, 9) {
        0 | 1 => Statement::Call(Condition::random(random)),
        2 | 3 if depth < 2 => {
            let rules = statements(random, depth + 1);
            let has_calls = rules.iter().any(|s| !matches!(s, Statement::Rule { .. }));
            Statement::Other {
                // Systems differ about an anchor with `quick` that calls others.
                quick: !has_calls && chance(random, 3),
                when: Condition::random(random),
                rules,
            }
        }
        _ => Statement::Rule {
            passes: chance(random, 4),
            quick: chance(random, 2),
            when: Condition::random(random),
        },
    };
    (0..count).map(|_| statement(random)).collect()
}

fn text(statements: &[Statement]) -> String {
    let line = |statement: &Statement| match statement {
        Statement::Rule {
            passes,
            quick,
            when,
        } => {
            let action = if *passes { "pass" } else { "block" };
            format!("{action}{}\n", when.text(*quick))
        }
        Statement::Call(when) => format!("anchor \"/twilio-sip\"{} RULES\n", when.text(false)),
        Statement::Other { quick, when, rules } => {
            format!("anchor \"a\"{} {{\n{}}}\n", when.text(*quick), text(rules))
        }
    };
    statements.iter().map(line).collect()
}

/// The way of a packet that matches no rule with an interface, but every call of the anchor `twilio-sip`
/// that does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    Passes,
    Stops,
    /// It gets to the end of the statements. The last rule that matched it, if any, is of no account here.
    Continues,
}

fn evaluate(statements: &[Statement], packet: &Packet, is_certain: bool) -> (Fate, Option<bool>) {
    let mut last = None;
    for statement in statements {
        let (fate, matched) = match statement {
            Statement::Call(when) if when.matches(packet) => return (Fate::Arrives, None),
            Statement::Rule { when, .. } if when.interface || !is_certain => continue,
            Statement::Rule {
                passes,
                quick,
                when,
            } if when.matches(packet) => {
                let end = if *passes { Fate::Passes } else { Fate::Stops };
                (if *quick { end } else { Fate::Continues }, Some(*passes))
            }
            Statement::Other { quick, when, rules } if when.matches(packet) => {
                let (fate, matched) = evaluate(rules, packet, is_certain && !when.interface);
                match (fate, matched) {
                    (Fate::Continues, Some(passes)) if *quick => {
                        (if passes { Fate::Passes } else { Fate::Stops }, matched)
                    }
                    _ => (fate, matched),
                }
            }
            _ => continue,
        };
        if fate != Fate::Continues {
            return (fate, matched);
        }
        last = matched.or(last);
    }
    (Fate::Continues, last)
}

/// True if the statements call the anchor for a direction.
fn is_called(statements: &[Statement], direction: Direction) -> bool {
    let serves = |when: &Condition| when.direction.is_none_or(|d| d == direction);
    statements.iter().any(|statement| match statement {
        Statement::Rule { .. } => false,
        Statement::Call(when) => serves(when),
        Statement::Other { when, rules, .. } => serves(when) && is_called(rules, direction),
    })
}

/// True if a packet of a direction may get to the anchor.
fn may_arrive(statements: &[Statement], direction: Direction) -> bool {
    let packets = expected(direction);
    let mut fates = packets
        .iter()
        .map(|packet| evaluate(statements, packet, true).0);
    is_called(statements, direction) && fates.any(|fate| fate == Fate::Arrives)
}

/// True if the statements certainly pass all packets of a direction.
fn pass_all(statements: &[Statement], direction: Direction) -> bool {
    let packets = expected(direction);
    let mut fates = packets
        .iter()
        .map(|packet| evaluate(statements, packet, true).0);
    fates.all(|fate| fate == Fate::Passes)
}

/// The statements before the first one that leads to the anchor.
fn before_calls(statements: &[Statement], direction: Direction) -> &[Statement] {
    let mut single = statements.chunks(1);
    let first = single.position(|statement| is_called(statement, direction));
    &statements[..first.unwrap_or(statements.len())]
}

#[test]
fn random_main_rulesets_agree_with_an_independent_evaluator() {
    let mut random = Random::new(0x7066_686f_6f6b);
    let policy = tokyo();
    let mut counts = [0, 0];
    for _ in 0..TEXTS {
        let statements = statements(&mut random, 0);
        let text = text(&statements);
        if !text.contains("twilio-sip") {
            continue;
        }
        let found = unhooked(&policy, &main_ruleset(&text));
        for direction in BOTH {
            let is_unhooked = found.contains(&format!("{direction}: "));
            let expected = if may_arrive(&statements, direction) {
                true
            } else if !is_called(&statements, direction) || !pass_all(&statements, direction) {
                false
            } else if pass_all(before_calls(&statements, direction), direction) {
                // A rule before the call passes each packet.
                true
            } else {
                // Whether these rules are before the call is not modeled here.
                continue;
            };
            assert_eq!(!is_unhooked, expected, "{direction} {found}\n{text}");
            counts[usize::from(expected)] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 500), "{counts:?}");
}
