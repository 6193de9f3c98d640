//! The whole firewall in a listing of nftables: its tables, base chains, and the effects of its rules.

use std::net::Ipv4Addr;

use twilio_sip_allow::firewall::{
    Chains, Change, Criteria, Firewall, Interfaces, MarkChange, MarkMatch, Names, RuleAction,
    RuleBranch, Translation,
};
use twilio_sip_allow::format::nftables_firewall;
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{
    Condition, Dimension, Flags, HeaderBox, Interval, Protocols, States,
};
use twilio_sip_allow::policy::Direction;

fn firewall(text: &str) -> Firewall<'_> {
    let found = nftables_firewall(text, Limits::default());
    found.unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// The branches of a rule as text, such as `udp dport 5060, in lo: accept`, joined by `; `.
fn branches<'a>(chains: &dyn Chains<'a>, chain: &str, number: usize) -> String {
    let rule = chains.rules(chain).unwrap()[number];
    let mut found = Vec::new();
    let _ = chains.read(rule, Limits::default(), &mut found);
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<String> = found.iter().map(branch).collect();
    shown.join("; ")
}

fn branch(branch: &RuleBranch) -> String {
    let mut parts = packets(&branch.packets);
    parts.extend(criteria(&branch.criteria));
    match branch.condition {
        Condition::True => {}
        Condition::Unknown => parts.push("perhaps".to_owned()),
        Condition::False => parts.push("never".to_owned()),
    }
    if !branch.ipv4 {
        parts.push("ipv6".to_owned());
    }
    if parts.is_empty() {
        parts.push("all".to_owned());
    }
    format!("{}: {}", parts.join(", "), action(branch.action))
}

fn packets(packets: &HeaderBox) -> Vec<String> {
    let header = packets.header();
    let mut parts = Vec::new();
    for (protocols, name) in [
        (Protocols::TCP, "tcp"),
        (Protocols::UDP, "udp"),
        (Protocols::TCP.or(Protocols::UDP), "tcp or udp"),
    ] {
        if header.protocols == protocols {
            parts.push(name.to_owned());
        }
    }
    if parts.is_empty() && header.protocols != Protocols::ALL {
        let numbers: Vec<String> = header.protocols.numbers().map(|n| n.to_string()).collect();
        parts.push(format!("protocol {}", numbers.join(" ")));
    }
    if header.flags != Flags::ALL {
        parts.push("flags".to_owned());
    }
    if header.states != States::ALL {
        let names: Vec<&str> = header.states.names().collect();
        parts.push(names.join(" or "));
    }
    let incoming = packets.to_remote_local(Direction::In);
    for (dimension, name, whole) in [
        (Dimension::Remote, "from", Interval::ADDRESSES),
        (Dimension::RemotePort, "sport", Interval::PORTS),
        (Dimension::Local, "to", Interval::ADDRESSES),
        (Dimension::LocalPort, "dport", Interval::PORTS),
    ] {
        let interval = incoming.interval(dimension);
        if interval != whole {
            parts.push(format!("{name} {}", span(interval, whole)));
        }
    }
    parts
}

/// `any`, `5060` or `192.0.2.1-192.0.2.9`
fn span(interval: Interval, whole: Interval) -> String {
    let shown = |value: u32| match whole {
        Interval::ADDRESSES => Ipv4Addr::from_bits(value).to_string(),
        _ => value.to_string(),
    };
    match interval {
        _ if interval == whole => "any".to_owned(),
        Interval { first, last } if first == last => shown(first),
        Interval { first, last } => format!("{}-{}", shown(first), shown(last)),
    }
}

fn criteria(criteria: &Criteria) -> Vec<String> {
    let input = criteria
        .input
        .as_ref()
        .map(|own| format!("in {}", interfaces(own)));
    let output = criteria
        .output
        .as_ref()
        .map(|own| format!("out {}", interfaces(own)));
    let mark = criteria.mark.map(|own| format!("mark {}", mark_match(own)));
    let connection_mark = criteria.connection_mark;
    let connection_mark = connection_mark.map(|own| format!("ct mark {}", mark_match(own)));
    let local = criteria.destination_is_local;
    let local = local.map(|local| if local { "to itself" } else { "to others" }.to_owned());
    let all = [input, output, mark, connection_mark, local];
    all.into_iter().flatten().collect()
}

fn interfaces(interfaces: &Interfaces) -> String {
    let patterns = match &interfaces.names {
        Names::One(pattern) => std::slice::from_ref(pattern),
        Names::Any(patterns) => patterns,
        Names::Unknown => return "unknown".to_owned(),
    };
    let star = |is_prefix| if is_prefix { "*" } else { "" };
    let names: Vec<String> = patterns
        .iter()
        .map(|pattern| format!("{}{}", pattern.name, star(pattern.is_prefix)))
        .collect();
    let not = if interfaces.is_negated { "!" } else { "" };
    format!("{not}{}", names.join("/"))
}

fn mark_match(mark: MarkMatch) -> String {
    let not = if mark.is_negated { "!" } else { "" };
    match mark.mask {
        u32::MAX => format!("{not}{:#x}", mark.value),
        mask => format!("{not}{:#x}/{mask:#x}", mark.value),
    }
}

fn action(action: RuleAction) -> String {
    match action {
        RuleAction::Accept => "accept".to_owned(),
        RuleAction::Deny => "deny".to_owned(),
        RuleAction::Return => "return".to_owned(),
        RuleAction::Jump(chain) => format!("jump {chain}"),
        RuleAction::Goto(chain) => format!("goto {chain}"),
        RuleAction::Change(change) => self::change(change),
        RuleAction::Translate(translation) => self::translation(translation),
        RuleAction::Undecided => "undecided".to_owned(),
    }
}

fn change(change: Change) -> String {
    let value = |change: MarkChange| format!("& {:#x} ^ {:#x}", !change.cleared, change.flipped);
    match change {
        Change::Mark(change) => format!("mark {}", value(change)),
        Change::ConnectionMark(change) => format!("ct mark {}", value(change)),
        Change::SaveMark { cleared, taken } => {
            format!("ct mark & {:#x} ^ mark & {taken:#x}", !cleared)
        }
        Change::RestoreMark { cleared, taken } => {
            format!("mark & {:#x} ^ ct mark & {taken:#x}", !cleared)
        }
        Change::UnknownMark => "mark unknown".to_owned(),
        Change::UnknownConnectionMark => "ct mark unknown".to_owned(),
        Change::Untrack => "untrack".to_owned(),
    }
}

fn translation(translation: Translation) -> String {
    let shown = |interval: Option<Interval>, whole| match interval {
        Some(interval) => span(interval, whole),
        None => "same".to_owned(),
    };
    match translation {
        Translation::Destination { addresses, ports } => format!(
            "dnat {}:{}",
            shown(addresses, Interval::ADDRESSES),
            shown(ports, Interval::PORTS)
        ),
        Translation::Redirect { ports } => format!("redirect {}", shown(ports, Interval::PORTS)),
        Translation::Source => "snat".to_owned(),
    }
}

#[test]
fn dump() {
    for path in [
        "/tmp/hnft/a.txt",
        "/tmp/hnft/a.json",
        "/tmp/hnft/i.txt",
        "/tmp/hnft/i.json",
    ] {
        let text = std::fs::read_to_string(path).unwrap();
        let firewall = firewall(&text);
        println!("== {path}");
        for table in &firewall.tables {
            println!("-- {}", table.chains.place());
            for b in table.chains.base_chains() {
                println!("{b:?} {:?}", table.chains.policy(b.name).ok());
            }
            let mut names: Vec<&str> = table.chains.names().collect();
            names.sort();
            for name in names {
                for number in 0..table.chains.rules(name).unwrap().len() {
                    let rule = table.chains.rules(name).unwrap()[number];
                    println!(
                        "{name} {} => {}",
                        rule.text,
                        branches(&*table.chains, name, number)
                    );
                }
            }
        }
    }
}
