//! Describes the branches of rules.

use std::net::Ipv4Addr;

use twilio_sip_allow::firewall::{
    Change, Criteria, Interfaces, MarkMatch, Names, Range, RuleAction, RuleBranch, Table,
    Translation,
};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{Dimension, Direction, Flags, Interval, Protocols, States};

/// Describes an interval of addresses, such as `192.0.2.0-192.0.2.255`.
fn addresses(interval: Interval) -> String {
    let [first, last] = [interval.first, interval.last].map(Ipv4Addr::from_bits);
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

fn ports(interval: Interval) -> String {
    if interval.first == interval.last {
        interval.first.to_string()
    } else {
        format!("{}:{}", interval.first, interval.last)
    }
}

fn interfaces(name: &str, wanted: Option<&Interfaces>) -> Option<String> {
    let wanted = wanted?;
    let Names::One(pattern) = &wanted.names else {
        panic!("a rule of iptables has one interface: {wanted:?}");
    };
    let negation = if wanted.is_negated { "!" } else { "" };
    let any = if pattern.is_prefix { "+" } else { "" };
    Some(format!("{name} {negation}{}{any}", pattern.name))
}

fn mark(name: &str, wanted: Option<MarkMatch>) -> Option<String> {
    let MarkMatch {
        value,
        mask,
        is_negated,
    } = wanted?;
    let negation = if is_negated { "!" } else { "" };
    Some(format!("{name} {negation}{value:#x}/{mask:#x}"))
}

fn criteria(criteria: &Criteria) -> Vec<String> {
    let is = |name: &str, wanted: Option<bool>| {
        let negation = |wanted| if wanted { "" } else { "not " };
        wanted.map(|wanted| format!("{}{name}", negation(wanted)))
    };
    let range = |name: &str, wanted: Option<Range>, show: fn(Interval) -> String| {
        let negation = |wanted: Range| if wanted.is_negated { "!" } else { "" };
        wanted.map(|wanted| format!("{name} {}{}", negation(wanted), show(wanted.interval)))
    };
    [
        interfaces("in", criteria.input.as_ref()),
        interfaces("out", criteria.output.as_ref()),
        mark("mark", criteria.mark),
        mark("connmark", criteria.connection_mark),
        is("local", criteria.destination_is_local),
        is("from itself", criteria.source_is_local),
        criteria
            .is_irregular
            .map(|special| if special { "irregular" } else { "regular" }.to_owned()),
        is("route back", criteria.has_route_back),
        is("tracked", criteria.needs_connection.then_some(true)),
        is("redirected", criteria.is_redirected),
        range("once to", criteria.original_address, addresses),
        range("once to port", criteria.original_port, ports),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn action(action: RuleAction) -> String {
    let of = |name: &str, interval: Option<String>| {
        interval.map_or(String::new(), |interval| format!(" {name} {interval}"))
    };
    match action {
        RuleAction::Accept => "accept".to_owned(),
        RuleAction::Deny => "deny".to_owned(),
        RuleAction::Return => "return".to_owned(),
        RuleAction::Jump(chain) => format!("jump {chain}"),
        RuleAction::Goto(chain) => format!("goto {chain}"),
        RuleAction::Undecided => "undecided".to_owned(),
        RuleAction::Change(Change::Mark(change)) => {
            format!("mark & ~{:#x} ^ {:#x}", change.cleared, change.flipped)
        }
        RuleAction::Change(Change::ConnectionMark(change)) => {
            format!("connmark & ~{:#x} ^ {:#x}", change.cleared, change.flipped)
        }
        RuleAction::Change(Change::SaveMark { cleared, taken }) => {
            format!("connmark & ~{cleared:#x} ^ mark & {taken:#x}")
        }
        RuleAction::Change(Change::RestoreMark { cleared, taken }) => {
            format!("mark & ~{cleared:#x} ^ connmark & {taken:#x}")
        }
        RuleAction::Change(Change::UnknownMark) => "mark = ?".to_owned(),
        RuleAction::Change(Change::UnknownConnectionMark) => "connmark = ?".to_owned(),
        RuleAction::Change(Change::Untrack) => "untrack".to_owned(),
        RuleAction::Translate(Translation::Source) => "new source".to_owned(),
        RuleAction::Translate(Translation::Redirect { ports: to }) => {
            format!("redirect{}", of("port", to.map(ports)))
        }
        RuleAction::Translate(Translation::Destination {
            addresses: to,
            ports: to_ports,
        }) => {
            let address = of("address", to.map(addresses));
            format!("destination{address}{}", of("port", to_ports.map(ports)))
        }
    }
}

/// Describes a branch, such as `udp dport 5060, in eth0: accept`. `maybe` means an unknown condition.
pub fn description(branch: &RuleBranch) -> String {
    let packets = branch.packets.to_remote_local(Direction::In);
    let header = packets.header;
    let mut parts = Vec::new();
    if header.protocols != Protocols::ALL {
        let numbers: Vec<u8> = header.protocols.numbers().collect();
        parts.push(match numbers[..] {
            [6] => "tcp".to_owned(),
            [17] => "udp".to_owned(),
            [6, 17] => "tcp+udp".to_owned(),
            _ if numbers.len() > 250 => format!("{} protocols", numbers.len()),
            _ => format!("protocol {numbers:?}"),
        });
    }
    if header.flags != Flags::ALL {
        parts.push("flags".to_owned());
    }
    if header.states != States::ALL {
        let names: Vec<&str> = header.states.names().collect();
        parts.push(names.join("+"));
    }
    for (name, dimension) in [
        ("src", Dimension::Remote),
        ("dst", Dimension::Local),
        ("sport", Dimension::RemotePort),
        ("dport", Dimension::LocalPort),
    ] {
        let interval = packets.interval(dimension);
        if interval != dimension.whole() {
            let shown = match dimension {
                Dimension::Remote | Dimension::Local => addresses(interval),
                _ => ports(interval),
            };
            parts.push(format!("{name} {shown}"));
        }
    }
    let mut parts = vec![parts.join(" ")];
    parts.extend(criteria(&branch.criteria));
    if !branch.condition.is_true() {
        parts.push("maybe".to_owned());
    }
    parts.retain(|part| !part.is_empty());
    format!("{}: {}", parts.join(", "), action(branch.action))
}

/// Describes the branches of all rules of a chain.
pub fn branches(table: &Table, chain: &str) -> Vec<String> {
    let mut described = Vec::new();
    for rule in table.chains.rules(chain).unwrap() {
        let mut branches = Vec::new();
        let _ = table.chains.read(*rule, Limits::default(), &mut branches);
        described.extend(branches.iter().map(description));
    }
    described
}
