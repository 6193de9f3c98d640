//! The parts of a rule and its effect (firewalld.richlanguage(5)).

use std::net::Ipv6Addr;

use crate::format::read::iana;
use crate::format::read::matches::Matches;
use crate::format::read::number::{from_digits, is_number};
use crate::format::read::values::{address, network, port, port_range, prefix_length};
use crate::limits::Limits;
use crate::packets::{Action, Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols};

/// An element of a rule or policy.
pub(super) struct Part<'a> {
    pub name: &'a str,
    pub attributes: Vec<(&'a str, &'a str)>,
    /// True if the element has a limit, so that it applies only up to a rate.
    pub limited: bool,
}

impl<'a> Part<'a> {
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let mut found = self.attributes.iter().filter(|(known, _)| *known == name);
        found.next().map(|(_, value)| *value)
    }

    pub fn need(&self, name: &str) -> Result<&'a str, String> {
        self.get(name)
            .ok_or_else(|| format!("'{}' lacks the attribute '{name}'", self.name))
    }

    /// Rejects all attributes except these.
    pub fn only(&self, names: &[&str]) -> Result<(), String> {
        let mut others = self
            .attributes
            .iter()
            .filter(|(name, _)| !names.contains(name));
        match others.next() {
            None => Ok(()),
            Some((name, _)) => Err(format!(
                "in firewalld, '{}' has no attribute '{name}'",
                self.name
            )),
        }
    }
}

/// The parts that may have a limit.
pub(super) const LIMITED: [&str; 7] = ["log", "nflog", "audit", "accept", "reject", "drop", "mark"];
pub(super) struct Effect {
    pub boxes: Vec<HeaderBox>,
    pub condition: Condition,
    pub action: Action,
    pub priority: i16,
    /// True if the rule applies to IPv6, alone or together with IPv4.
    pub ipv6: bool,
}

/// The parts of a rule by kind.
#[derive(Default)]
struct Parts<'p, 'a> {
    source: Option<&'p Part<'a>>,
    destination: Option<&'p Part<'a>>,
    element: Option<&'p Part<'a>>,
    log: Option<&'p Part<'a>>,
    audit: Option<&'p Part<'a>>,
    action: Option<&'p Part<'a>>,
}

impl<'p, 'a> Parts<'p, 'a> {
    fn of(parts: &'p [Part<'a>]) -> Result<Self, String> {
        let mut found = Parts::default();
        for part in parts {
            let (slot, what) = match part.name {
                "source" => (&mut found.source, "source"),
                "destination" => (&mut found.destination, "destination"),
                "service" | "port" | "protocol" | "icmp-block" | "icmp-type" | "masquerade"
                | "forward-port" | "source-port" | "tcp-mss-clamp" => {
                    (&mut found.element, "element")
                }
                "log" | "nflog" => (&mut found.log, "log"),
                "audit" => (&mut found.audit, "audit"),
                "accept" | "reject" | "drop" | "mark" => (&mut found.action, "action"),
                other => return Err(format!("'{other}' is not a part of a firewalld rule")),
            };
            if part.limited && !LIMITED.contains(&part.name) {
                return Err(format!("in firewalld, '{}' has no limit", part.name));
            }
            if slot.replace(part).is_some() {
                return Err(format!(
                    "firewalld ignores a rule that has more than one {what}"
                ));
            }
        }
        Ok(found)
    }
}

/// The effect of a rule with these attributes and parts; `None` if it neither accepts nor denies.
pub(super) fn effect(
    rule: &Part,
    parts: &[Part],
    limits: Limits,
) -> Result<Option<Effect>, String> {
    rule.only(&["family", "priority"])?;
    let family = Family::of(rule.get("family"))?;
    let priority = priority(rule.get("priority").unwrap_or("0"))?;
    let parts = Parts::of(parts)?;
    for part in parts.log.iter().chain(&parts.audit) {
        check_log(part)?;
    }
    let mut matches = Matches::within(limits);
    let action = match action(&parts, family)? {
        None => return Ok(None),
        Some((action, limited)) => {
            matches.condition = Condition::true_if(!limited);
            action
        }
    };
    let ends = [parts.source, parts.destination];
    if parts.element.is_none() && ends.iter().all(Option::is_none) && priority == 0 {
        return Err(
            "firewalld ignores a rule that has no element, no address and no priority".to_owned(),
        );
    }
    for (end, field) in ends
        .into_iter()
        .zip([HeaderField::Source, HeaderField::Destination])
    {
        if let Some(end) = end {
            narrow_to_end(end, field, family, &mut matches)?;
        }
    }
    if let Some(element) = parts.element {
        narrow_to_element(element, &mut matches)?;
    }
    if parts
        .action
        .is_some_and(|action| action.get("type") == Some(TCP_RESET))
    {
        matches.kind(HeaderMatch::of(Protocols::TCP));
    }
    if family == Family::Ipv6 {
        matches.boxes.clear();
    }
    Ok(Some(Effect {
        boxes: matches.boxes,
        condition: matches.condition,
        action,
        priority,
        ipv6: family != Family::Ipv4,
    }))
}

pub(super) fn priority(text: &str) -> Result<i16, String> {
    let priority = text.parse();
    priority.map_err(|_| format!("'{text}' is not a priority from -32768 to 32767"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Ipv4,
    Ipv6,
    Both,
}

impl Family {
    fn of(text: Option<&str>) -> Result<Family, String> {
        match text {
            None => Ok(Family::Both),
            Some("ipv4") => Ok(Family::Ipv4),
            Some("ipv6") => Ok(Family::Ipv6),
            Some(other) => Err(format!("expected the family ipv4 or ipv6, not '{other}'")),
        }
    }
}

/// The type of `reject` that applies only to TCP.
const TCP_RESET: &str = "tcp-reset";

/// The types of `reject` for IPv4 (firewalld.richlanguage(5)).
const REJECT_TYPES: [&str; 13] = [
    "host-prohib",
    "host-unreach",
    "icmp-admin-prohibited",
    "icmp-host-prohibited",
    "icmp-host-unreachable",
    "icmp-net-prohibited",
    "icmp-net-unreachable",
    "icmp-port-unreachable",
    "icmp-proto-unreachable",
    "net-prohib",
    "net-unreach",
    "port-unreach",
    TCP_RESET,
];

fn reject_type(action: &Part, family: Family) -> Result<(), String> {
    match action.get("type") {
        Some(_) if family == Family::Both => {
            Err("firewalld ignores a rule that has a reject type but no family".to_owned())
        }
        // The type of an IPv6 rule does not matter: it rejects no IPv4 packet.
        Some(kind) if family == Family::Ipv4 && !REJECT_TYPES.contains(&kind) => Err(format!(
            "'{kind}' is not a known reject type for IPv4, and firewalld ignores a rule with an unknown type"
        )),
        _ => Ok(()),
    }
}

const LOG_LEVELS: [&str; 8] = [
    "emerg", "alert", "crit", "error", "warning", "notice", "info", "debug",
];

/// Checks the attributes of logging. firewalld ignores a rule or rejects the file if they are invalid.
fn check_log(log: &Part) -> Result<(), String> {
    log.only(match log.name {
        "log" => &["prefix", "level"],
        "nflog" => &["group", "prefix", "queue-size"],
        _ => &[],
    })?;
    let wrong = |name: &str, value: &str| {
        Err(format!(
            "'{value}' is not a valid {name} for '{}', and firewalld ignores such a rule",
            log.name
        ))
    };
    for (name, value) in &log.attributes {
        let taken = match *name {
            "level" => LOG_LEVELS.contains(value),
            "prefix" => (1..128).contains(&value.len()) && !value.contains(['"', '\'']),
            "queue-size" => value.parse::<u16>().is_ok_and(|size| size > 0),
            _ => value.parse::<u16>().is_ok(),
        };
        if !taken {
            return wrong(name, value);
        }
    }
    Ok(())
}

/// Checks the rate of a limit, such as `10/m`.
pub(super) fn check_rate(rate: &str) -> Result<(), String> {
    let units = ["s", "m", "h", "d", "second", "minute", "hour", "day"];
    let taken = rate.split_once('/').is_some_and(|(count, unit)| {
        from_digits::<u32>(count).is_some_and(|count| count > 0) && units.contains(&unit)
    });
    if taken && rate != "1/d" && rate != "1/day" {
        Ok(())
    } else {
        Err(format!(
            "'{rate}' is not a rate that firewalld accepts, such as 10/m"
        ))
    }
}

/// The action, and true if it has a limit. `None` if the rule only logs.
fn action(parts: &Parts, family: Family) -> Result<Option<(Action, bool)>, String> {
    let element = parts.element.map_or("", |element| element.name);
    if ["masquerade", "forward-port", "tcp-mss-clamp"].contains(&element) {
        return Err(format!(
            "'{element}' changes packets, which is not supported"
        ));
    }
    let Some(action) = parts.action else {
        return match element {
            "icmp-block" => Ok(Some((Action::Deny, false))),
            _ if parts.log.is_some() || parts.audit.is_some() => Ok(None),
            _ => Err("expected accept, reject, drop, log or audit in the rule".to_owned()),
        };
    };
    let decision = match action.name {
        "accept" => Action::Accept,
        "mark" => {
            return Err(
                "'mark' is not supported: it only affects rules outside of the input".to_owned(),
            );
        }
        _ => Action::Deny,
    };
    action.only(if action.name == "reject" {
        &["type"]
    } else {
        &[]
    })?;
    reject_type(action, family)?;
    if element == "icmp-block" {
        return Err("firewalld ignores a rule that has both icmp-block and an action".to_owned());
    }
    Ok(Some((decision, action.limited)))
}

fn narrow_to_end(
    end: &Part,
    field: HeaderField,
    family: Family,
    matches: &mut Matches,
) -> Result<(), String> {
    end.only(&["address", "mac", "ipset", "invert"])?;
    let inverted = match end.get("invert").map(str::to_ascii_lowercase).as_deref() {
        Some("yes" | "true") => true,
        None | Some("no" | "false") => false,
        Some(other) => {
            return Err(format!(
                "expected invert to be true or false, not '{other}'"
            ));
        }
    };
    match (end.get("address"), end.get("mac"), end.get("ipset"), family) {
        (Some(text), None, None, Family::Ipv4) => {
            matches.span_or_not(inverted, field, &[address_span(text)?])
        }
        (Some(text), None, None, Family::Ipv6) => ipv6(text),
        (Some(_), None, None, Family::Both) => {
            Err("firewalld ignores a rule that has an address but no family".to_owned())
        }
        (None, Some(_), None, _) if field == HeaderField::Source => {
            matches.condition = Condition::Unknown;
            Ok(())
        }
        (None, None, Some(set), _) => Err(format!(
            "the input does not contain the addresses of the ipset '{set}'; use addresses in the rule"
        )),
        _ => Err(format!("expected one address in '{}'", end.name)),
    }
}

/// Parses `192.0.2.1`, `192.0.2.0/24` or `192.0.2.0/255.255.255.0`.
fn address_span(text: &str) -> Result<Interval, String> {
    match text.split_once('/') {
        Some((base, mask)) if mask.contains('.') => {
            let length = prefix_length(address(mask)?);
            let length = length.ok_or_else(|| {
                format!("the netmask of '{text}' has gaps, which is not supported")
            })?;
            Ok(Interval::network(address(base)?, length))
        }
        _ => network(text),
    }
}

fn ipv6(text: &str) -> Result<(), String> {
    let (base, length) = text.split_once('/').unwrap_or((text, "128"));
    let length = length.parse::<u8>().ok().filter(|length| *length <= 128);
    match (base.parse::<Ipv6Addr>(), length) {
        (Ok(_), Some(_)) => Ok(()),
        _ => Err(format!("'{text}' is not an IPv6 address")),
    }
}

/// Names that our parsers accept, but that are missing from `/etc/services` and `/etc/protocols` on Debian.
/// firewalld ignores a rule with such a name.
const UNCOMMON_NAMES: [&str; 8] = [
    "carp", "comp", "icmp6", "icmpv6", "stun", "stuns", "turn", "turns",
];

fn uncommon(name: &str) -> String {
    format!("not every Linux system knows the name '{name}'; use the number")
}

fn narrow_to_element(element: &Part, matches: &mut Matches) -> Result<(), String> {
    match element.name {
        "port" => narrow_to_ports(element, HeaderField::DestinationPort, matches),
        "source-port" => narrow_to_ports(element, HeaderField::SourcePort, matches),
        "protocol" => {
            element.only(&["value"])?;
            let name = element.need("value")?;
            if UNCOMMON_NAMES.contains(&name) {
                return Err(uncommon(name));
            }
            let protocol = iana::protocol(name)?;
            if protocol == Protocols::of(0) {
                return Err(
                    "protocol 0 means only itself with the nftables back end, but any protocol with iptables; remove \
                     the rule or the element"
                        .to_owned(),
                );
            }
            matches.kind(HeaderMatch::of(protocol));
            Ok(())
        }
        "icmp-block" | "icmp-type" => {
            element.only(&["name"])?;
            element.need("name")?;
            matches.condition = Condition::Unknown;
            matches.kind(HeaderMatch::of(Protocols::of(1)));
            Ok(())
        }
        // Other elements were rejected in `action`.
        _ => Err(format!(
            "the input does not contain the ports of the service '{}'; use ports in the rule",
            element.need("name")?
        )),
    }
}

fn narrow_to_ports(
    element: &Part,
    field: HeaderField,
    matches: &mut Matches,
) -> Result<(), String> {
    element.only(&["port", "protocol"])?;
    let protocol = element.need("protocol")?;
    if !["tcp", "udp", "sctp", "dccp"].contains(&protocol) {
        return Err(format!(
            "expected protocol tcp, udp, sctp or dccp, not '{protocol}'"
        ));
    }
    matches.kind(HeaderMatch::of(iana::protocol(protocol)?));
    let text = element.need("port")?;
    let span = match text.split_once('-') {
        Some((first, last)) if first.is_empty() || is_number(first) => port_range(first, last)?,
        _ if UNCOMMON_NAMES.contains(&text) => return Err(uncommon(text)),
        _ => Interval::single(port(text)?),
    };
    matches.span(field, &[span])
}
