//! Rules of the filter (RouterOS documentation, "Common Firewall Matchers and Actions" and "Filter").

use std::borrow::Cow;

use super::address_lists::addresses_of;
use super::filter::{BUILT_IN, Filter};
use super::words::{Property, Words};
use crate::firewall::{Criteria, Ipv6Packets, RuleAction, RuleBranch, RuleText};
use crate::format::read::matches::Matches;
use crate::format::read::number::{from_digits, is_number, plain_number};
use crate::limits::Limits;
use crate::packets::{
    Condition, HeaderField, HeaderMatch, Interval, Protocols, States, normalized,
};
use crate::read_error::ReadError;

/// Reads a rule and adds its branches.
pub(super) fn read<'a>(
    rule: RuleText<'a>,
    filter: &Filter<'a>,
    limits: Limits,
    branches: &mut Vec<RuleBranch<'a>>,
) -> Result<(), ReadError> {
    let here = |problem| ReadError::new(rule.at, problem);
    let properties = Words::new(rule.text).properties().map_err(here)?;
    let mut reader = RuleReader {
        properties,
        filter,
        matches: Matches::within(limits),
    };
    let action = reader.rule().map_err(|error| error.or_at(rule.at))?;
    let work = filter.lists.work(reader.matches.cost, limits);
    work.map_err(|exceeded| here(exceeded.into()))?;
    if let Some(action) = action {
        let condition = reader.matches.condition;
        branches.extend(reader.matches.boxes.iter().map(|packets| RuleBranch {
            packets: *packets,
            criteria: Criteria::default(),
            condition,
            ipv4: true,
            ipv6: Ipv6Packets::None,
            action,
        }));
    }
    Ok(())
}

/// Properties that do not affect which packets pass.
const IDLE: &[&str] = &[
    "address-list",
    "address-list-timeout",
    "chain",
    "comment",
    "disabled",
    "hw-offload",
    "log",
    "log-prefix",
    "reject-with",
];

/// Properties that packet sets cannot represent.
const NARROWING: &[&str] = &[
    "connection-bytes",
    "connection-limit",
    "connection-mark",
    "connection-nat-state",
    "connection-rate",
    "connection-type",
    "content",
    "dscp",
    "dst-address-type",
    "dst-limit",
    "fragment",
    "hotspot",
    "icmp-options",
    "in-bridge-port",
    "in-bridge-port-list",
    "in-interface",
    "in-interface-list",
    "ingress-priority",
    "ipsec-policy",
    "ipv4-options",
    "layer7-protocol",
    "limit",
    "nth",
    "out-bridge-port",
    "out-bridge-port-list",
    "out-interface",
    "out-interface-list",
    "p2p",
    "packet-mark",
    "packet-size",
    "per-connection-classifier",
    "priority",
    "psd",
    "random",
    "realm",
    "routing-mark",
    "routing-table",
    "src-address-type",
    "src-mac-address",
    "tcp-flags",
    "tcp-mss",
    "time",
    "tls-host",
    "ttl",
];

/// Properties that [`RuleReader`] reads one by one.
const READ: &[&str] = &[
    "action",
    "connection-state",
    "dst-address",
    "dst-address-list",
    "dst-port",
    "jump-target",
    "port",
    "protocol",
    "src-address",
    "src-address-list",
    "src-port",
];

/// Names of protocols in RouterOS. Its names for other protocols are uncertain.
const PROTOCOLS: [(&str, u8); 16] = [
    ("icmp", 1),
    ("igmp", 2),
    ("tcp", 6),
    ("egp", 8),
    ("udp", 17),
    ("dccp", 33),
    ("rsvp", 46),
    ("gre", 47),
    ("ipsec-esp", 50),
    ("ipsec-ah", 51),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udp-lite", 136),
];

struct RuleReader<'a, 'f> {
    properties: Vec<Property<'a>>,
    filter: &'f Filter<'a>,
    matches: Matches,
}

impl<'a> RuleReader<'a, '_> {
    /// Returns the action, and narrows `matches`. `None` means that packets continue with the next rule.
    fn rule(&mut self) -> Result<Option<RuleAction<'a>>, ReadError> {
        if let Some(disabled) = self.find("disabled") {
            if disabled.flag()? {
                return Ok(None);
            }
        }
        self.others()?;
        let action = self.action()?;
        // Ports require a protocol, which RouterOS may print after them.
        self.protocol()?;
        self.states()?;
        self.ports("src-port", HeaderField::SourcePort)?;
        self.ports("dst-port", HeaderField::DestinationPort)?;
        self.either_port()?;
        for (side, field) in [
            ("src", HeaderField::Source),
            ("dst", HeaderField::Destination),
        ] {
            self.addresses(&format!("{side}-address"), field)?;
            self.address_list(&format!("{side}-address-list"), field)?;
        }
        Ok(action)
    }

    /// Returns the property with this name, if the rule sets it.
    fn find(&self, name: &str) -> Option<&Property<'a>> {
        let mut set = self.properties.iter().filter(|p| p.value.is_some());
        set.find(|property| property.name == name)
    }

    /// Refuses unknown properties. A property that packet sets cannot represent makes the condition unknown.
    fn others(&mut self) -> Result<(), String> {
        for property in self.properties.iter().filter(|p| p.value.is_some()) {
            let of = |names: &[&str]| names.contains(&property.name);
            if of(READ) || of(IDLE) {
                continue;
            }
            if of(NARROWING) {
                self.matches.condition = Condition::Unknown;
            } else if property.name == "place-before" {
                return Err("'place-before' refers to a rule number that is not in the input; put the rule in its place instead".to_owned());
            } else {
                return Err(format!(
                    "unknown property '{}' of a filter rule",
                    property.name
                ));
            }
        }
        Ok(())
    }

    /// Returns the action of the rule. The default is to accept.
    fn action(&mut self) -> Result<Option<RuleAction<'a>>, String> {
        let named = self.find("action").map(Property::plain).transpose()?;
        let name = named.unwrap_or("accept").to_owned();
        let chain = self.find("chain").and_then(|p| p.value.as_deref());
        if name == "return" && chain.is_some_and(|chain| BUILT_IN.contains(&chain)) {
            return Err("cannot return from a built-in chain".to_owned());
        }
        let target = self.find("jump-target");
        if target.is_some() != (name == "jump") {
            return Err("expected 'action=jump' and 'jump-target' together".to_owned());
        }
        Ok(match name.as_str() {
            "accept" => Some(RuleAction::Accept),
            // A tarpit answers connections itself, and passes nothing on.
            "drop" | "reject" | "tarpit" => Some(RuleAction::Deny),
            "return" => Some(RuleAction::Return),
            "jump" => {
                let target = target.map(Property::plain).transpose()?.unwrap_or_default();
                Some(RuleAction::Jump(self.filter.own_chain(target)?))
            }
            "log" | "passthrough" | "add-dst-to-address-list" | "add-src-to-address-list" => None,
            // Later packets of the connection may bypass the filter, but not all of them do.
            "fasttrack-connection" => {
                self.matches.condition = Condition::Unknown;
                Some(RuleAction::Accept)
            }
            _ => {
                return Err(format!("unknown action '{name}' of a filter rule"));
            }
        })
    }

    /// Returns the value of a property, and true if it is negated.
    fn value(&self, name: &str) -> Result<Option<(Cow<'a, str>, bool)>, String> {
        let Some(property) = self.find(name) else {
            return Ok(None);
        };
        match &property.value {
            Some(value) if !value.is_empty() => Ok(Some((value.clone(), property.negated))),
            _ => Err(format!("'{name}' has no value")),
        }
    }

    fn protocol(&mut self) -> Result<(), String> {
        let Some((name, negated)) = self.value("protocol")? else {
            return Ok(());
        };
        let number = if is_number(&name) {
            plain_number(&name)?.parse::<u8>().ok().filter(|n| *n > 0)
        } else {
            let known = PROTOCOLS.iter().find(|(known, _)| *known == name);
            known.map(|(_, number)| *number)
        };
        let number = number.ok_or_else(|| {
            format!("unknown protocol '{name}'; expected a known name or a number from 1 to 255")
        })?;
        let protocols = Protocols::of(number);
        let protocols = if negated { protocols.not() } else { protocols };
        self.matches.kind(HeaderMatch::of(protocols));
        Ok(())
    }

    fn states(&mut self) -> Result<(), String> {
        let Some((list, negated)) = self.value("connection-state")? else {
            return Ok(());
        };
        let mut states = States::ALL.not();
        for name in list.split(',') {
            let state = States::named(name);
            states = states.or(state.ok_or_else(|| {
                format!("unknown connection state '{name}'; expected a state in lower case")
            })?);
        }
        let states = if negated { states.not() } else { states };
        self.matches.kind(HeaderMatch {
            states,
            ..HeaderMatch::ALL
        });
        Ok(())
    }

    /// Reads ports such as `5060` or `10000-20000`, separated by commas.
    fn port_list(&mut self, name: &str) -> Result<Option<(Vec<Interval>, bool)>, String> {
        let Some((list, negated)) = self.value(name)? else {
            return Ok(None);
        };
        if !self.matches.have_ports() {
            return Err(format!(
                "'{name}' requires a protocol with ports, such as udp"
            ));
        }
        let spans = list.split(',').map(|item| {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let span = Interval::new(port(first)?, port(last)?);
            span.ok_or_else(|| format!("the port range '{item}' is reversed"))
        });
        let spans: Vec<Interval> = spans.collect::<Result<_, _>>()?;
        self.matches.cost += spans.len();
        Ok(Some((normalized(spans), negated)))
    }

    fn ports(&mut self, name: &str, field: HeaderField) -> Result<(), String> {
        match self.port_list(name)? {
            Some((spans, negated)) => self.matches.span_or_not(negated, field, &spans),
            None => Ok(()),
        }
    }

    /// Reads `port`, which matches either the source port or the destination port.
    fn either_port(&mut self) -> Result<(), String> {
        let Some((spans, negated)) = self.port_list("port")? else {
            return Ok(());
        };
        if negated {
            return Err("a negated 'port' is not supported; use src-port and dst-port".to_owned());
        }
        self.matches.either_port(&spans)
    }

    fn addresses(&mut self, name: &str, field: HeaderField) -> Result<(), String> {
        let Some((word, negated)) = self.value(name)? else {
            return Ok(());
        };
        let span = addresses_of(&word)?;
        self.matches.span_or_not(negated, field, &[span])
    }

    fn address_list(&mut self, name: &str, field: HeaderField) -> Result<(), ReadError> {
        let Some((list, negated)) = self.value(name)? else {
            return Ok(());
        };
        let spans = self.filter.lists.of(&list, self.matches.limits)?;
        Ok(self.matches.span_or_not(negated, field, &spans)?)
    }
}

fn port(word: &str) -> Result<u32, String> {
    from_digits::<u16>(plain_number(word)?)
        .map(u32::from)
        .ok_or_else(|| format!("'{word}' is not a port from 0 to 65535"))
}
