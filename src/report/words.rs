//! Packets and what they are to Twilio, in words.

use crate::policy::drift::{Belongs, Part, Publication};
use crate::policy::space::{Field, Flags, Packets, Protocols, Span, States};
use crate::policy::{ALL_REGIONS, Direction, notation};

/// `any`, `54.65.63.192/30`, `54.65.63.192`, or `54.65.63.192-54.65.63.194`.
pub fn addresses(span: Span) -> String {
    if span == Span::ADDRESSES {
        return "any".to_owned();
    }
    notation(span)
}

/// `any`, `5060`, or `10000-20000`.
pub fn ports(span: Span) -> String {
    if span == Span::PORTS {
        "any".to_owned()
    } else if span.first == span.last {
        span.first.to_string()
    } else {
        format!("{}-{}", span.first, span.last)
    }
}

/// A set of protocols by the fewer names: those in it, or, with `true`, those not in it.
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

/// The combinations of flags, such as `syn` and `syn+ack`; `None` where all are meant.
pub fn flags(packets: &Packets) -> Option<Vec<String>> {
    let kind = packets.kind;
    let told = kind.flags != Flags::ALL && !kind.protocols.and(Protocols::TCP).is_empty();
    told.then(|| combinations(kind.flags))
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

/// The states of connection tracking; `None` where all are meant.
pub fn states(packets: &Packets) -> Option<Vec<&'static str>> {
    let states = packets.kind.states;
    (states != States::ALL).then(|| states.names().collect())
}

/// `udp from 54.65.63.192/30 to any port 5060 (signaling udp of tokyo, edition regional)`
pub fn part(part: &Part) -> String {
    match &part.belongs {
        Belongs::Nothing => packets(part),
        belongs => format!("{} ({})", packets(part), self::belongs(belongs)),
    }
}

/// `udp from 54.65.63.192/30 to any port 5060`
fn packets(part: &Part) -> String {
    let span = |field| part.packets.span(field);
    let remote = side(span(Field::Remote), span(Field::RemotePort));
    let local = side(span(Field::Local), span(Field::LocalPort));
    let (from, to) = match part.direction {
        Direction::In => (remote, local),
        Direction::Out => (local, remote),
    };
    let set = part.packets.kind.flags;
    let flags = match flags(&part.packets) {
        None => String::new(),
        Some(_) if set == Flags::opening() => " that open a connection".to_owned(),
        Some(_) if set == Flags::opening().not() => " that do not open a connection".to_owned(),
        Some(_) if set == Flags::established() => " established".to_owned(),
        Some(flags) if flags.len() > 8 => {
            let others = combinations(set.not()).join(", ");
            format!(" with other TCP flags than {others}")
        }
        Some(flags) => format!(" with TCP flags {}", flags.join(", ")),
    };
    let states = states(&part.packets).map_or_else(String::new, |states| {
        format!(" in state {}", states.join(", "))
    });
    let sometimes = if part.sometimes {
        ", but only in some circumstances"
    } else {
        ""
    };
    format!(
        "{} from {from} to {to}{flags}{states}{sometimes}",
        protocols(part.packets.kind.protocols)
    )
}

fn side(at: Span, port: Span) -> String {
    if port == Span::PORTS {
        addresses(at)
    } else {
        format!("{} port {}", addresses(at), ports(port))
    }
}

/// `signaling udp of tokyo, edition regional`; empty where Twilio has nothing to do with it.
fn belongs(belongs: &Belongs) -> String {
    match belongs {
        Belongs::Rule {
            subject,
            region,
            editions,
            ..
        } => format!("{subject} of {region}, {}", of_editions(editions)),
        Belongs::Published(places) => {
            let places: Vec<String> = places.iter().map(publication).collect();
            places.join("; ")
        }
        Belongs::Nothing => String::new(),
    }
}

/// `media of frankfurt, edition regional`
fn publication(place: &Publication) -> String {
    let region = place.region.as_deref().unwrap_or(ALL_REGIONS);
    let editions = of_editions(&place.editions);
    let plane = place.plane;
    if place.own_ports {
        format!("{plane} of {region}, {editions}")
    } else {
        format!("addresses for {plane} of {region}, {editions}, but on other ports")
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
