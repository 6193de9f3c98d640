//! Random access lists in random notations. The parser must give each packet the intended verdict.

use std::fmt::Write as _;

use twilio_sip_allow::firewall::DeployedUnit;
use twilio_sip_allow::packets::{Action, Dimension, Interval, Protocols};
use twilio_sip_allow::policy::Direction;

use super::FORMAT;
use super::common::judge::{chance, pick, units};
use super::common::oracle::{Random, dotted};

const LISTS: usize = 300;

const PROBES: usize = 200;

const BASE: u32 = 0x3641_3fc0;

/// The networks, each with its notation in an entry. A range needs an object, because no mask expresses it.
const NETWORKS: [(u32, u32, &str); 6] = [
    (0, 3, "54.65.63.192 255.255.255.252"),
    (0, 63, "54.65.63.192 255.255.255.192"),
    (4, 4, "host 54.65.63.196"),
    (4, 5, "54.65.63.196 255.255.255.254"),
    (1, 6, "range 54.65.63.193 54.65.63.198"),
    (7, 64, "range 54.65.63.199 54.65.64.0"),
];

const PORTS: [(&[(u16, u16)], &str); 7] = [
    (&[(5060, 5060)], "eq sip"),
    (&[(5060, 5061)], "range sip 5061"),
    (&[(0, 5059), (5061, 65535)], "neq 5060"),
    (&[(5061, 65535)], "gt sip"),
    (&[(0, 5059)], "lt 5060"),
    (&[(10000, 20000)], "range 10000 20000"),
    (&[(80, 80)], "eq www"),
];

/// The meaning of an entry. `protocols` is `None` for all protocols. The sides are the source and the destination.
struct Entry {
    permits: bool,
    is_active: bool,
    protocols: Option<Vec<&'static str>>,
    sides: [Side; 2],
}

/// Indexes into [`NETWORKS`] and [`PORTS`]. Empty means any.
struct Side {
    networks: Vec<usize>,
    ports: Vec<usize>,
}

struct Packet {
    protocol: u8,
    ends: [(u32, u16); 2],
}

fn side(random: &mut Random, has_ports: bool) -> Side {
    let some = |random: &mut Random, most: usize, all: usize| {
        let count = random.between(0, most as u64);
        let all: Vec<usize> = (0..all).collect();
        (0..count).map(|_| *pick(random, &all)).collect::<Vec<_>>()
    };
    Side {
        networks: some(random, 3, NETWORKS.len()),
        ports: if has_ports {
            some(random, 2, PORTS.len())
        } else {
            Vec::new()
        },
    }
}

fn entry(random: &mut Random) -> Entry {
    let protocols = match random.between(0, 3) {
        0 => Some(vec!["udp"]),
        1 => Some(vec!["tcp"]),
        2 => Some(vec!["tcp", "udp"]),
        _ => None,
    };
    let has_ports = protocols.is_some();
    Entry {
        permits: chance(random, 2),
        is_active: !chance(random, 8),
        protocols,
        sides: [side(random, has_ports), side(random, has_ports)],
    }
}

impl Entry {
    fn matches(&self, packet: &Packet) -> bool {
        let number = |name: &&str| if *name == "tcp" { 6 } else { 17 };
        let protocols = self.protocols.as_ref();
        let known = protocols.is_none_or(|all| all.iter().any(|p| number(p) == packet.protocol));
        let mut ends = self.sides.iter().zip(packet.ends);
        self.is_active
            && known
            && ends.all(|(side, (address, port))| {
                let network = |at: &usize| {
                    let (first, last, _) = NETWORKS[*at];
                    (first..=last).contains(&address.wrapping_sub(BASE))
                };
                let ports =
                    |at: &usize| PORTS[*at].0.iter().any(|(a, b)| (*a..=*b).contains(&port));
                (side.networks.is_empty() || side.networks.iter().any(network))
                    && (side.ports.is_empty() || side.ports.iter().any(ports))
            })
    }
}

/// The objects and groups that the entries refer to.
#[derive(Default)]
struct Objects {
    text: String,
    count: usize,
}

impl Objects {
    /// Adds an object or group, and returns the words that refer to it.
    fn add(&mut self, head: &str, tail: &str, lines: &[String]) -> String {
        self.count += 1;
        let name = format!("o{}", self.count);
        let _ = writeln!(self.text, "{head} {name}{tail}");
        for line in lines {
            let _ = writeln!(self.text, " {line}");
        }
        let (kind, _) = head.split_once(' ').unwrap();
        format!("{kind} {name}")
    }

    /// Adds a group of these lines. Some of them may move to a nested group.
    fn group(&mut self, random: &mut Random, kind: &str, tail: &str, lines: &[String]) -> String {
        let (own, nested) =
            lines.split_at(usize::try_from(random.between(0, lines.len() as u64)).unwrap());
        let mut own = own.to_vec();
        if !nested.is_empty() {
            let nested = self.add(&format!("object-group {kind}"), tail, nested);
            own.push(nested.replace("object-group", "group-object"));
        }
        self.add(&format!("object-group {kind}"), tail, &own)
    }

    fn network(&mut self, at: usize) -> String {
        let spelled = NETWORKS[at].2;
        let is_masked = spelled.starts_with(|c: char| c.is_ascii_digit());
        let line = if is_masked {
            format!("subnet {spelled}")
        } else {
            spelled.to_owned()
        };
        self.add("object network", "", &[line])
    }

    fn networks(&mut self, random: &mut Random, networks: &[usize]) -> String {
        match networks {
            [] => pick(random, &["any", "any4"]).to_string(),
            [only] if !NETWORKS[*only].2.starts_with("range") && chance(random, 2) => {
                NETWORKS[*only].2.to_owned()
            }
            [only] if chance(random, 2) => self.network(*only),
            several => {
                let member = |at: &usize| {
                    let spelled = NETWORKS[*at].2;
                    if spelled.starts_with("range") || chance(random, 3) {
                        format!("network-object {}", self.network(*at))
                    } else {
                        format!("network-object {spelled}")
                    }
                };
                let members: Vec<String> = several.iter().map(member).collect();
                self.group(random, "network", "", &members)
            }
        }
    }

    /// Spells ports, with a space before them. A group can contain only ranges.
    fn ports(&mut self, random: &mut Random, ports: &[usize], protocols: &[&str]) -> String {
        match ports {
            [] => String::new(),
            [only] if chance(random, 2) => format!(" {}", PORTS[*only].1),
            several => {
                let ranges = several.iter().flat_map(|at| PORTS[*at].0);
                let line = |(first, last): &(u16, u16)| format!("port-object range {first} {last}");
                let lines: Vec<String> = ranges.map(line).collect();
                let tail = format!(" {}", protocols.join("-"));
                let tail = if chance(random, 3) { " tcp-udp" } else { &tail };
                format!(" {}", self.group(random, "service", tail, &lines))
            }
        }
    }

    /// Spells the words after `permit` or `deny`.
    fn spell(&mut self, random: &mut Random, entry: &Entry) -> String {
        let [from, to] = &entry.sides;
        let (source, destination) = (
            self.networks(random, &from.networks),
            self.networks(random, &to.networks),
        );
        let Some(protocols) = &entry.protocols else {
            return format!("ip {source} {destination}");
        };
        if from.ports.len() < 2 && to.ports.len() < 2 && chance(random, 2) {
            let service = self.services(random, protocols, from, to);
            return format!("{service} {source} {destination}");
        }
        let source_ports = self.ports(random, &from.ports, protocols);
        let destination_ports = self.ports(random, &to.ports, protocols);
        let protocol = match protocols[..] {
            [only] if chance(random, 2) => only.to_owned(),
            _ => {
                let line = |name: &&str| format!("protocol-object {name}");
                let lines: Vec<String> = protocols.iter().map(line).collect();
                self.group(random, "protocol", "", &lines)
            }
        };
        format!("{protocol} {source}{source_ports} {destination}{destination_ports}")
    }

    fn services(
        &mut self,
        random: &mut Random,
        protocols: &[&str],
        from: &Side,
        to: &Side,
    ) -> String {
        let named = |side: &str, ports: &[usize]| {
            ports
                .first()
                .map_or(String::new(), |at| format!(" {side} {}", PORTS[*at].1))
        };
        let ports = named("source", &from.ports) + &named("destination", &to.ports);
        if let [only] = protocols {
            if chance(random, 2) {
                return self.add("object service", "", &[format!("service {only}{ports}")]);
            }
        }
        let mut protocols = protocols.to_vec();
        if protocols.len() == 2 && chance(random, 2) {
            protocols = vec!["tcp-udp"];
        }
        let line = |name: &&str| format!("service-object {name}{ports}");
        let lines: Vec<String> = protocols.iter().map(line).collect();
        self.group(random, "service", "", &lines)
    }
}

/// The elements that `show access-list` prints for the objects and groups of an entry.
fn elements(entry: &Entry) -> Vec<String> {
    let networks = |side: &Side| match &side.networks[..] {
        [] => vec!["any"],
        some => some.iter().map(|at| NETWORKS[*at].2).collect(),
    };
    let ports = |side: &Side| match &side.ports[..] {
        [] => vec![String::new()],
        some => some.iter().map(|at| format!(" {}", PORTS[*at].1)).collect(),
    };
    let [from, to] = &entry.sides;
    let protocols = entry.protocols.clone().unwrap_or(vec!["ip"]);
    let mut lines = Vec::new();
    for protocol in protocols {
        for source in networks(from) {
            for source_ports in ports(from) {
                for destination in networks(to) {
                    for destination_ports in ports(to) {
                        lines.push(format!(
                            "{protocol} {source}{source_ports} {destination}{destination_ports}"
                        ));
                    }
                }
            }
        }
    }
    lines
}

fn configured(entries: &[Entry], random: &mut Random) -> String {
    let mut objects = Objects::default();
    let mut lines = String::new();
    for entry in entries {
        let verdict = if entry.permits { "permit" } else { "deny" };
        let spelled = objects.spell(random, entry);
        let end = if entry.is_active { "" } else { " inactive" };
        let _ = writeln!(
            lines,
            "access-list TWILIO-SIP-IN extended {verdict} {spelled}{end}"
        );
    }
    objects.text + &lines
}

/// The output of `show access-list`, which does not contain the definitions of the groups.
fn shown(entries: &[Entry], random: &mut Random) -> String {
    let mut objects = Objects::default();
    let mut lines = String::new();
    let mut count = 0;
    for (at, entry) in entries.iter().enumerate() {
        let verdict = if entry.permits { "permit" } else { "deny" };
        let end = if entry.is_active {
            "(hitcnt=0)"
        } else {
            "inactive (hitcnt=0) (inactive)"
        };
        let mut line = |spelled: &str, indent: &str| {
            let _ = writeln!(
                lines,
                "{indent}access-list TWILIO-SIP-IN line {} extended {verdict} {spelled} {end} 0x12345678 ",
                at + 1
            );
        };
        let spelled = objects.spell(random, entry);
        line(&spelled, "");
        let elements = elements(entry);
        count += elements.len();
        if spelled.contains("object") {
            for element in elements {
                line(&element, "  ");
            }
        }
    }
    format!("access-list TWILIO-SIP-IN; {count} elements; name hash: 0x12345678\n{lines}")
}

fn passes(unit: &DeployedUnit, packet: &Packet) -> bool {
    let [(source, source_port), (destination, destination_port)] = packet.ends;
    let holds = |field, number| {
        move |span: &dyn Fn(Dimension) -> Interval| span(field).holds(Interval::single(number))
    };
    let fields = [
        holds(Dimension::Remote, source),
        holds(Dimension::RemotePort, source_port.into()),
        holds(Dimension::Local, destination),
        holds(Dimension::LocalPort, destination_port.into()),
    ];
    let first = unit.steps.iter().find(|step| {
        assert!(step.condition.is_true());
        let kind = step.packets.header;
        kind.protocols.holds(Protocols::of(packet.protocol))
            && fields
                .iter()
                .all(|holds| holds(&|field| step.packets.interval(field)))
    });
    first.is_some_and(|step| step.action == Action::Accept)
}

fn probe(random: &mut Random) -> Packet {
    const ADDRESSES: [u32; 12] = [0, 1, 3, 4, 5, 6, 7, 8, 63, 64, 65, 0x1000_0000];
    const NUMBERS: [u16; 11] = [
        0, 80, 5059, 5060, 5061, 5062, 9999, 10000, 20000, 20001, 65535,
    ];
    let mut end = || {
        (
            BASE.wrapping_add(*pick(random, &ADDRESSES)),
            *pick(random, &NUMBERS),
        )
    };
    Packet {
        ends: [end(), end()],
        protocol: *pick(random, &[6, 17, 17, 1]),
    }
}

#[test]
fn random_lists_have_their_intended_meaning() {
    let mut random = Random::new(11);
    let mut passed = 0;
    for _ in 0..LISTS {
        let entries: Vec<Entry> = (0..random.between(1, 6))
            .map(|_| entry(&mut random))
            .collect();
        for text in [
            configured(&entries, &mut random),
            shown(&entries, &mut random),
        ] {
            let found = units(FORMAT, &text, "twilio-sip", &[Direction::In]);
            let found = found.unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
            for _ in 0..PROBES {
                let packet = probe(&mut random);
                let first = entries.iter().find(|entry| entry.matches(&packet));
                let meant = first.is_some_and(|entry| entry.permits);
                let (protocol, ends) = (packet.protocol, packet.ends.map(|(a, p)| (dotted(a), p)));
                assert_eq!(
                    passes(&found[0], &packet),
                    meant,
                    "{protocol} {ends:?}\n{text}"
                );
                passed += usize::from(meant);
            }
        }
    }
    assert!(passed > LISTS * PROBES / 10, "{passed}");
}
