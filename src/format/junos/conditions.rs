//! Reads the `from` of a term as packet sets.
//!
//! A condition does not imply a protocol. A condition on ports or flags checks the same bits in
//! packets of any protocol (Junos OS Routing Policies, Firewall Filters, and Traffic Policers User
//! Guide, "Firewall Filter Match Conditions for IPv4 Traffic" and "Protocol Match Conditions").

use super::addresses::Lists;
use super::flags::flags;
use super::tree::Branch;
use super::words;
use crate::format::read::matches::Matches;
use crate::limits::{Limit, Limits};
use crate::packets::{
    Condition, Flags, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, complement,
    normalized,
};
use crate::read_error::ReadError;

/// Packets of a term. The condition is unknown if only some of them match.
pub(super) type Part = (HeaderBox, Condition);

/// The side of a packet that a condition checks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Destination,
    /// Either side. One match is enough.
    Either,
}

/// A condition on addresses or ports.
struct Ends<'t, 'a> {
    condition: Branch<'t, 'a>,
    side: Side,
    negated: bool,
    spans: Vec<Interval>,
}

pub(super) struct Conditions<'t, 'a> {
    addresses: Vec<Ends<'t, 'a>>,
    ports: Vec<Ends<'t, 'a>>,
    protocols: Option<Protocols>,
    flags: Option<Flags>,
    condition: Condition,
    limits: Limits,
}

/// Conditions that packet sets cannot represent. Each one may end in `-except`.
const NARROWING: &[&str] = &[
    "ah-spi",
    "destination-class",
    "dscp",
    "esp-spi",
    "first-fragment",
    "flexible-match-mask",
    "flexible-match-range",
    "forwarding-class",
    "fragment-flags",
    "fragment-offset",
    "gre-key",
    "icmp-code",
    "icmp-type",
    "interface",
    "interface-group",
    "interface-set",
    "ip-options",
    "is-fragment",
    "loss-priority",
    "packet-length",
    "precedence",
    "source-class",
    "ttl",
];

impl<'t, 'a> Conditions<'t, 'a> {
    /// Reads the conditions of a term. A term without conditions matches every packet.
    pub fn read(
        from: Option<Branch<'t, 'a>>,
        lists: &mut Lists<'t, 'a>,
        limits: Limits,
    ) -> Result<Self, ReadError> {
        let mut conditions = Conditions {
            addresses: Vec::new(),
            ports: Vec::new(),
            protocols: None,
            flags: None,
            condition: Condition::True,
            limits,
        };
        for condition in from.into_iter().flat_map(Branch::below) {
            conditions.add(condition, lists)?;
        }
        refuse_two_of_a_side(&conditions.addresses)?;
        refuse_two_of_a_side(&conditions.ports)?;
        Ok(conditions)
    }

    fn add(
        &mut self,
        condition: Branch<'t, 'a>,
        lists: &mut Lists<'t, 'a>,
    ) -> Result<(), ReadError> {
        let word = condition.word();
        let (positive, negated) = match word.strip_suffix("-except") {
            Some(positive) => (positive, true),
            None => (word, false),
        };
        let (side, field) = side(positive);
        match field {
            "address" if !negated => {
                let spans = Lists::addresses(condition)?;
                self.addresses(condition, side, spans)
            }
            "prefix-list" if !negated => {
                let spans = lists.lists(condition)?;
                self.addresses(condition, side, spans)
            }
            "port" => {
                let values = condition.values()?;
                let spans = values.into_iter().map(|value| read(value, words::ports));
                self.ports.push(Ends {
                    condition,
                    side,
                    negated,
                    spans: normalized(spans.collect::<Result<_, _>>()?),
                });
                Ok(())
            }
            _ if positive == "protocol" => self.protocol(condition, negated),
            _ if matches!(word, "tcp-established" | "tcp-initial" | "tcp-flags") => {
                self.flags(condition)
            }
            _ if NARROWING.contains(&positive) => {
                self.condition = Condition::Unknown;
                Ok(())
            }
            _ => Err(condition.problem(format!("unknown match condition '{word}' for IPv4"))),
        }
    }

    fn addresses(
        &mut self,
        condition: Branch<'t, 'a>,
        side: Side,
        spans: Vec<Interval>,
    ) -> Result<(), ReadError> {
        let excepts = || {
            condition
                .below()
                .any(|value| value.below().next().is_some())
        };
        if side == Side::Either && excepts() {
            return Err(condition.problem(format!(
                "'{}' with 'except' checks source and destination, so its meaning is ambiguous; use a source \
                 or destination condition",
                condition.word()
            )));
        }
        self.addresses.push(Ends {
            condition,
            side,
            negated: false,
            spans,
        });
        Ok(())
    }

    fn protocol(&mut self, condition: Branch, negated: bool) -> Result<(), ReadError> {
        let mut named = Protocols::NONE;
        for value in condition.values()? {
            named = named.or(read(value, words::protocols)?);
        }
        if self.protocols.is_some() {
            let problem = "expected only one of protocol and protocol-except";
            return Err(condition.problem(problem));
        }
        self.protocols = Some(if negated { named.not() } else { named });
        Ok(())
    }

    fn flags(&mut self, condition: Branch) -> Result<(), ReadError> {
        let (wanted, known) = match condition.word() {
            "tcp-flags" => {
                let value = condition.value()?;
                flags(value.word(), self.limits).map_err(|problem| value.problem(problem))?
            }
            word => {
                condition.leaf()?;
                flags(word, self.limits).map_err(|problem| condition.problem(problem))?
            }
        };
        if self.flags.is_some() {
            let problem = "expected only one of tcp-flags, tcp-established and tcp-initial";
            return Err(condition.problem(problem));
        }
        self.flags = Some(wanted);
        self.condition &= known;
        Ok(())
    }

    /// Returns the packets that match all conditions. Packets of a protocol without ports or flags may
    /// match by chance, so their condition is unknown.
    pub fn parts(&self) -> Result<Vec<Part>, String> {
        let (tcp, udp) = (Protocols::TCP, Protocols::UDP);
        let others = tcp.or(udp).not();
        let groups: &[(Protocols, Condition)] = match (self.flags, &self.ports[..]) {
            (None, []) => &[(Protocols::ALL, Condition::True)],
            (None, _) => &[(tcp.or(udp), Condition::True), (others, Condition::Unknown)],
            (Some(_), _) => &[
                (tcp, Condition::True),
                (udp, Condition::Unknown),
                (others, Condition::Unknown),
            ],
        };
        let mut parts = Vec::new();
        for (protocols, condition) in groups {
            let protocols = protocols.and(self.protocols.unwrap_or(Protocols::ALL));
            if protocols.is_empty() {
                continue;
            }
            let mut matches = Matches::within(self.limits);
            let flags = if protocols == tcp { self.flags } else { None };
            matches.kind(HeaderMatch {
                flags: flags.unwrap_or(Flags::ALL),
                ..HeaderMatch::of(protocols)
            });
            for ends in &self.addresses {
                ends.narrow(
                    &mut matches,
                    [HeaderField::Source, HeaderField::Destination],
                )?;
            }
            if tcp.or(udp).holds(protocols) {
                for ends in &self.ports {
                    ends.narrow(
                        &mut matches,
                        [HeaderField::SourcePort, HeaderField::DestinationPort],
                    )?;
                }
            }
            let condition = self.condition & *condition;
            parts.extend(
                matches
                    .boxes
                    .into_iter()
                    .map(|packets| (packets, condition)),
            );
        }
        Ok(parts)
    }
}

impl Ends<'_, '_> {
    fn narrow(
        &self,
        matches: &mut Matches,
        [source, destination]: [HeaderField; 2],
    ) -> Result<(), String> {
        let negative;
        let spans = if self.negated {
            negative = complement(&self.spans, source.whole());
            &negative
        } else {
            &self.spans
        };
        match self.side {
            Side::Source => matches.span(source, spans),
            Side::Destination => matches.span(destination, spans),
            Side::Either if self.negated => {
                matches.span(source, spans)?;
                matches.span(destination, spans)
            }
            Side::Either => {
                let mut others = matches.clone();
                matches.span(source, spans)?;
                others.span(destination, spans)?;
                matches.boxes.append(&mut others.boxes);
                Ok(matches.limits.check(Limit::Boxes, matches.boxes.len())?)
            }
        }
    }
}

/// Splits a condition into the side that it checks and the field.
fn side(condition: &str) -> (Side, &str) {
    for (start, side) in [
        ("source-", Side::Source),
        ("destination-", Side::Destination),
    ] {
        if let Some(field) = condition.strip_prefix(start) {
            return (side, field);
        }
    }
    (Side::Either, condition)
}

fn read<T>(value: Branch, parse: fn(&str) -> Result<T, String>) -> Result<T, ReadError> {
    value.leaf()?;
    parse(value.word()).map_err(|problem| value.problem(problem))
}

/// Refuses two conditions on the same side, because their meaning is not documented or Junos refuses them. A condition
/// on either side overlaps with any other.
fn refuse_two_of_a_side(conditions: &[Ends]) -> Result<(), ReadError> {
    for (at, later) in conditions.iter().enumerate() {
        let overlaps = |earlier: &&Ends| {
            earlier.side == later.side || earlier.side == Side::Either || later.side == Side::Either
        };
        if let Some(earlier) = conditions[..at].iter().find(overlaps) {
            return Err(later.condition.problem(format!(
                "the meaning of '{}' together with '{}' in one term is not documented; use only one of them",
                earlier.condition.word(),
                later.condition.word()
            )));
        }
    }
    Ok(())
}
