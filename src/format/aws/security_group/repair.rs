//! Commands that authorize and revoke single rules, because AWS cannot replace a group in one step.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::group::Group;
use super::output::permissions;
use super::permission::{CIDR, Permission, RANGES};
use crate::format::aws::words::{Traffic, packets, port_field};
use crate::format::error::FormatError;
use crate::format::read::query::UnitQuery;
use crate::format::unit::Unit;
use crate::limits::LimitExceeded;
use crate::packets::{
    Difference, Dimension, HeaderMatch, Interval, PacketBox, Step, coalesced, complement,
    differences, near_differences, normalized,
};
use crate::policy::{Direction, Granularity, Policy, Protocol, boxes};
use crate::terminal::json_document;

/// A rule, as the API identifies it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rule<'a> {
    protocol: Cow<'a, str>,
    ports: Option<(i64, i64)>,
    far: Far<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Far<'a> {
    Network(Ipv4Net),
    /// The key of the list that contains it, and the keys that identify it there.
    Other(&'static str, &'a [(&'static str, Cow<'a, str>)]),
}

/// Rules, each with its description if it needs one.
type Rules<'a> = BTreeMap<Rule<'a>, Option<String>>;

/// Returns JSON with one key for each `aws ec2` command that repairs the group. The value is the
/// command's `--cli-input-json`. Rules are authorized before others are revoked, so that no call is
/// blocked in between.
pub(super) fn commands(
    policy: &Policy,
    text: &str,
    wanted: UnitQuery,
) -> Result<String, FormatError> {
    let group = Group::read(text, wanted).map_err(|errors| {
        let problems: Vec<_> = errors.into_iter().map(|error| error.problem()).collect();
        FormatError::Irreparable(problems.join("; "))
    })?;
    let tangled = |error: LimitExceeded| FormatError::Irreparable(error.to_string());
    let mut commands = Commands(Vec::new());
    for (direction, permissions) in &group.permissions {
        let rules = policy.stateful(*direction);
        let expected: Vec<PacketBox> = rules
            .flat_map(|rule| boxes(rule, Granularity::Packet))
            .collect();
        let (stay, revoke) = sort_out(permissions, *direction, &expected);
        let missing = differences(&expected, &stay, wanted.limits).map_err(tangled)?;
        let authorize = missing_rules(policy, wanted.unit, *direction, &missing);
        let way = match direction {
            Direction::In => "ingress",
            Direction::Out => "egress",
        };
        for (verb, rules) in [("authorize", authorize), ("revoke", revoke)] {
            if !rules.is_empty() {
                let input = Input {
                    group_id: group.names.id.as_deref(),
                    ip_permissions: rules.into_iter().collect(),
                };
                commands
                    .0
                    .push((format!("{verb}-security-group-{way}"), input));
            }
        }
    }
    json_document(&commands).map_err(|error| FormatError::Irreparable(error.to_string()))
}

/// Returns the packets of the rules that stay, and the rules to revoke because they allow packets
/// that are not expected.
fn sort_out<'a>(
    permissions: &'a [Permission],
    direction: Direction,
    expected: &[PacketBox],
) -> (Vec<Step>, Rules<'a>) {
    let allowed = Allowed::new(expected, port_field(direction));
    let mut stay = Vec::new();
    let mut revoke = Rules::new();
    for permission in permissions {
        let mut revoke = |far| revoke.insert(Rule::deployed(&permission.traffic, far), None);
        for (step, rule) in permission.steps(direction).zip(&permission.networks) {
            if allowed.holds(&step.packets) {
                stay.push(step);
            } else {
                revoke(Far::Network(rule.far));
            }
        }
        for rule in &permission.others {
            revoke(Far::Other(rule.far.list, &rule.far.identity));
        }
    }
    (stay, revoke)
}

/// The expected packets by kind, port and remote address. A group distinguishes nothing else.
struct Allowed {
    port: Dimension,
    /// The [`normalized`] remote addresses for each kind and port range. The ranges do not overlap.
    parts: BTreeMap<(HeaderMatch, Interval), Vec<Interval>>,
}

impl Allowed {
    fn new(expected: &[PacketBox], port: Dimension) -> Self {
        // A policy has few port ranges, however many networks it has.
        let mut by_ports: BTreeMap<(HeaderMatch, Interval), Vec<Interval>> = BTreeMap::new();
        for packets in expected {
            let remotes = by_ports.entry((packets.header, packets.interval(port)));
            remotes
                .or_default()
                .push(packets.interval(Dimension::Remote));
        }
        let ends = by_ports
            .keys()
            .map(|(_, ports)| [ports.first, ports.last + 1]);
        let edges: BTreeSet<u32> = ends.flatten().collect();
        let mut parts: BTreeMap<_, Vec<Interval>> = BTreeMap::new();
        for ((header, ports), remotes) in &by_ports {
            let inner = edges.range(ports.first + 1..=ports.last + 1);
            let mut first = ports.first;
            for end in inner {
                let last = end - 1;
                let part = parts.entry((*header, Interval { first, last }));
                part.or_default().extend(remotes);
                first = *end;
            }
        }
        for remotes in parts.values_mut() {
            *remotes = normalized(std::mem::take(remotes));
        }
        Allowed { port, parts }
    }

    /// True if all packets of the box are expected. Their local address and their source port are ignored.
    fn holds(&self, packets: &PacketBox) -> bool {
        let remote = packets.interval(Dimension::Remote);
        let with_all = |remotes: &[Interval]| {
            let at = remotes.partition_point(|span| span.last < remote.last);
            remotes.get(at).is_some_and(|span| span.holds(remote))
        };
        let parts = self.parts.iter();
        let ports = parts
            .filter(|((header, _), remotes)| *header == packets.header && with_all(remotes))
            .map(|((_, ports), _)| *ports);
        complement(&normalized(ports.collect()), packets.interval(self.port)).is_empty()
    }
}

/// Returns the missing part of each rendered rule, with the rule's description.
fn missing_rules(
    policy: &Policy,
    unit: &Unit,
    direction: Direction,
    missing: &[Difference],
) -> Rules<'static> {
    let permissions = permissions(policy, unit, direction);
    let ranges = permissions.iter().flat_map(|permission| {
        let ports = Interval {
            first: permission.from_port.into(),
            last: permission.to_port.into(),
        };
        let protocol = permission.ip_protocol;
        let ranges = permission.ip_ranges.iter();
        ranges.map(move |range| {
            let whole = packets(direction, protocol.into(), ports, range.cidr_ip);
            (whole, protocol, &range.description)
        })
    });
    let ranges: Vec<_> = ranges.collect();
    let wholes: Vec<PacketBox> = ranges.iter().map(|(whole, ..)| *whole).collect();
    let near = near_differences(&wholes, missing);
    let mut rules = Rules::new();
    for ((whole, protocol, description), near) in ranges.into_iter().zip(near) {
        let parts = near.into_iter().filter_map(|number| {
            Some(Difference {
                packets: missing[number].packets.and(&whole)?,
                source_lines: Vec::new(),
                ..missing[number]
            })
        });
        for part in coalesced(parts.collect()) {
            let boxes = part.packets.boxes();
            for rule in boxes.flat_map(|packets| split(protocol, direction, packets)) {
                rules
                    .entry(rule)
                    .or_insert_with(|| Some(description.clone()));
            }
        }
    }
    rules
}

/// Splits a box into rules, because AWS accepts networks only, not ranges of addresses.
fn split(
    protocol: Protocol,
    direction: Direction,
    packets: PacketBox,
) -> impl Iterator<Item = Rule<'static>> {
    let far = packets.interval(Dimension::Remote);
    let ports = packets.interval(port_field(direction));
    far.networks().map(move |network| Rule {
        protocol: protocol.to_string().into(),
        ports: Some((ports.first.into(), ports.last.into())),
        far: Far::Network(network),
    })
}

impl<'a> Rule<'a> {
    fn deployed(traffic: &'a Traffic, far: Far<'a>) -> Self {
        Rule {
            protocol: Cow::Borrowed(&traffic.protocol),
            ports: traffic.ports,
            far,
        }
    }
}

/// The commands in execution order, each with its input.
struct Commands<'a>(Vec<(String, Input<'a>)>);

impl Serialize for Commands<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, input)| (name, input)))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a str>,
    /// Sorted, so that rules of one permission are adjacent.
    #[serde(serialize_with = "as_permissions")]
    ip_permissions: Vec<Described<'a>>,
}

type Described<'a> = (Rule<'a>, Option<String>);

fn as_permissions<S: Serializer>(rules: &[Described], serializer: S) -> Result<S::Ok, S::Error> {
    let of_one =
        |(a, _): &Described, (b, _): &Described| a.protocol == b.protocol && a.ports == b.ports;
    serializer.collect_seq(rules.chunk_by(of_one).map(InputPermission))
}

/// Rules with the same protocol and ports; never empty.
struct InputPermission<'a>(&'a [Described<'a>]);

impl Serialize for InputPermission<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (first, _) = &self.0[0];
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("IpProtocol", &first.protocol)?;
        if let Some((from, to)) = first.ports {
            map.serialize_entry("FromPort", &from)?;
            map.serialize_entry("ToPort", &to)?;
        }
        let in_one = |(a, _): &Described, (b, _): &Described| a.far.list() == b.far.list();
        for rules in self.0.chunk_by(in_one) {
            let list: Vec<_> = rules.iter().map(InputRange).collect();
            map.serialize_entry(rules[0].0.far.list(), &list)?;
        }
        map.end()
    }
}

/// A rule within its permission: the keys that identify it, and its description.
struct InputRange<'a>(&'a Described<'a>);

impl Serialize for InputRange<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (rule, description) = self.0;
        let mut map = serializer.serialize_map(None)?;
        match &rule.far {
            Far::Network(network) => map.serialize_entry(CIDR, network)?,
            Far::Other(_, keys) => {
                for (key, value) in *keys {
                    map.serialize_entry(key, value)?;
                }
            }
        }
        if let Some(description) = description {
            map.serialize_entry("Description", description)?;
        }
        map.end()
    }
}

impl Far<'_> {
    /// The key of the list that contains it.
    fn list(&self) -> &'static str {
        match self {
            Far::Network(_) => RANGES,
            Far::Other(list, _) => list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::packets::{Action, Condition, Protocols, Side};

    /// Returns the rule for a number below 32, out of a few addresses and ports.
    fn rule(number: u32) -> PacketBox {
        let protocols = [Protocols::TCP, Protocols::UDP][(number & 1) as usize];
        let bits = [number >> 1 & 3, number >> 3 & 3];
        let networks = ["10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.1/32"];
        let ports = [(1, 1), (1, 2), (2, 3), (3, 3)];
        let (first, last) = ports[bits[0] as usize];
        let far = networks[bits[1] as usize].parse().unwrap();
        packets(Direction::In, protocols, Interval { first, last }, far)
    }

    #[test]
    fn expected_packets_are_those_that_are_not_extra() {
        let limits = Limits::default();
        let mut held = 0;
        for number in 0..1 << 15 {
            let [one, other, asked] = [number, number >> 5, number >> 10].map(|n| rule(n & 31));
            let expected = [one, other];
            let step = Step {
                packets: asked,
                condition: Condition::True,
                action: Action::Accept,
                at: 0,
            };
            let found = differences(&expected, &[step], limits).unwrap();
            let is_extra = found.iter().any(|part| part.side == Side::Extra);
            let allowed = Allowed::new(&expected, port_field(Direction::In));
            assert_eq!(allowed.holds(&asked), !is_extra, "{expected:?} {asked:?}");
            held += u32::from(!is_extra);
        }
        assert!(held > 1_000, "{held}");
    }
}
