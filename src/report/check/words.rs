//! Describes packets and their use by Twilio in words.

use crate::firewall::{Attribution, Part, Publication};
use crate::packets::{Cell, Dimension, Flags, Interval, Protocols, States, complement};
use crate::policy::{ALL_REGIONS, Direction, notation};

/// The maximum number of addresses or ports of one side in a report for programs.
const MAX_LISTED: usize = 64;

/// The maximum number of addresses or ports of one side in a report for people.
const MAX_SHOWN: usize = 3;

/// A set by its members, or by the values that it does not contain if these are fewer.
pub struct Named {
    /// True if the names are those of the values outside the set.
    pub is_all_but: bool,
    /// The first names.
    pub names: Vec<String>,
    /// The number of the other names.
    pub more: usize,
}

/// Returns the addresses or ports of a cell, such as `54.65.63.192/30`, `54.65.63.192`,
/// `54.65.63.192-54.65.63.194` or `10000-20000`.
pub fn named(packets: &Cell, dimension: Dimension) -> Named {
    let spans = packets.set(dimension).intervals();
    let whole = dimension.whole();
    let others = complement(spans, whole);
    let is_all_but = spans == [whole] || spans.len() > 1 && others.len() < spans.len();
    let listed = if is_all_but { &others[..] } else { spans };
    let name: fn(Interval) -> String = match dimension {
        Dimension::Remote | Dimension::Local => notation,
        Dimension::RemotePort | Dimension::LocalPort => ports,
    };
    Named {
        is_all_but,
        names: listed.iter().take(MAX_LISTED).copied().map(name).collect(),
        more: listed.len().saturating_sub(MAX_LISTED),
    }
}

/// Returns text such as `any`, `54.65.63.192/30`, `any but 54.65.63.192/30`, or `192.0.2.1,
/// 192.0.2.3 and 7 more`.
fn abbreviate(named: &Named) -> String {
    let Named {
        is_all_but,
        names,
        more,
    } = named;
    let (kept, rest) = names.split_at(names.len().min(MAX_SHOWN));
    let more = match rest.len() + more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match (is_all_but, kept.is_empty()) {
        (true, true) => "any".to_owned(),
        (true, false) => format!("any but {}{more}", kept.join(", ")),
        (false, _) => format!("{}{more}", kept.join(", ")),
    }
}

fn ports(span: Interval) -> String {
    if span.first == span.last {
        span.first.to_string()
    } else {
        format!("{}-{}", span.first, span.last)
    }
}

/// Returns the names of the protocols in a set. If fewer protocols are outside the set, returns
/// their names and `true`.
pub fn protocol_names(protocols: Protocols) -> (bool, Vec<String>) {
    let names = |set: Protocols| set.numbers().map(protocol).collect();
    if protocols.numbers().count() <= 128 {
        (false, names(protocols))
    } else {
        (true, names(protocols.not()))
    }
}

fn protocols(protocols: Protocols) -> String {
    match protocol_names(protocols) {
        (true, others) if others.is_empty() => "any protocol".to_owned(),
        (true, others) => format!("any protocol but {}", others.join(", ")),
        (false, names) => names.join(", "),
    }
}

fn protocol(number: u8) -> String {
    match number {
        1 => "icmp".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        132 => "sctp".to_owned(),
        other => format!("protocol {other}"),
    }
}

/// Returns the combinations of flags, such as `syn` and `syn+ack`; `None` if the set contains all.
pub fn flags(packets: &Cell) -> Option<Vec<String>> {
    let kind = packets.header;
    let is_partial = kind.flags != Flags::ALL && !kind.protocols.and(Protocols::TCP).is_empty();
    is_partial.then(|| combinations(kind.flags))
}

fn combinations(flags: Flags) -> Vec<String> {
    const NAMES: [(&str, u8); 4] = [
        ("fin", Flags::FIN),
        ("syn", Flags::SYN),
        ("rst", Flags::RST),
        ("ack", Flags::ACK),
    ];
    let name = |set: u8| {
        let names = NAMES.iter().filter(|(_, bit)| set & bit != 0);
        let names: Vec<&str> = names.map(|(name, _)| *name).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join("+")
        }
    };
    let held = (0..16).filter(|set| !flags.and(Flags::masked(15, *set)).is_empty());
    held.map(name).collect()
}

/// Returns the connection tracking states; `None` if the set contains all.
pub fn states(packets: &Cell) -> Option<Vec<&'static str>> {
    let states = packets.header.states;
    (states != States::ALL).then(|| states.names().collect())
}

/// Returns text such as `udp from 54.65.63.192/30 to any port 5060 (signaling udp of tokyo, edition
/// regional)`.
pub fn part(part: &Part) -> String {
    match &part.attribution {
        Attribution::Nothing => packets(part),
        attribution => format!("{} ({})", packets(part), self::attribution(attribution)),
    }
}

/// Returns text such as `udp from 54.65.63.192/30 to any port 5060`.
fn packets(part: &Part) -> String {
    let side = |at, port| side(&named(&part.packets, at), &named(&part.packets, port));
    let remote = side(Dimension::Remote, Dimension::RemotePort);
    let local = side(Dimension::Local, Dimension::LocalPort);
    let (from, to) = match part.direction {
        Direction::In => (remote, local),
        Direction::Out => (local, remote),
    };
    let set = part.packets.header.flags;
    let flags = match flags(&part.packets) {
        None => String::new(),
        Some(_) if set == Flags::opening() => " that open a connection".to_owned(),
        Some(_) if set == Flags::opening().not() => " that do not open a connection".to_owned(),
        Some(_) if set == Flags::established() => " established".to_owned(),
        Some(flags) if flags.len() > 8 => {
            let others = combinations(set.not()).join(", ");
            format!(" with TCP flags other than {others}")
        }
        Some(flags) => format!(" with TCP flags {}", flags.join(", ")),
    };
    let states = states(&part.packets).map_or_else(String::new, |states| {
        format!(" in state {}", states.join(", "))
    });
    let condition = if part.condition.is_true() {
        ""
    } else {
        ", allowed only under some conditions"
    };
    format!(
        "{} from {from} to {to}{flags}{states}{condition}",
        protocols(part.packets.header.protocols)
    )
}

fn side(addresses: &Named, ports: &Named) -> String {
    match &abbreviate(ports)[..] {
        "any" => abbreviate(addresses),
        ports => format!("{} port {ports}", abbreviate(addresses)),
    }
}

/// Returns text such as `signaling udp of tokyo, edition regional`; empty if Twilio does not use
/// the packets.
fn attribution(attribution: &Attribution) -> String {
    match attribution {
        Attribution::Rule {
            subject,
            region,
            editions,
            ..
        } => format!("{subject} of {region}, {}", of_editions(editions)),
        Attribution::Published(places) => {
            let places: Vec<String> = places.iter().map(publication).collect();
            places.join("; ")
        }
        Attribution::Nothing => String::new(),
    }
}

/// Returns text such as `media of frankfurt, edition regional`.
fn publication(place: &Publication) -> String {
    let region = place.region.as_deref().unwrap_or(ALL_REGIONS);
    let editions = of_editions(&place.editions);
    let plane = place.plane;
    if place.own_ports {
        format!("{plane} of {region}, {editions}")
    } else {
        format!("{plane} addresses of {region}, {editions}, on other ports")
    }
}

fn of_editions<T: AsRef<str>>(editions: &[T]) -> String {
    let names: Vec<&str> = editions.iter().map(AsRef::as_ref).collect();
    let word = if names.len() == 1 {
        "edition"
    } else {
        "editions"
    };
    format!("{word} {}", names.join(", "))
}
