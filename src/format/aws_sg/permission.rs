//! The permissions of a security group (EC2 API reference, `IpPermission`).
//!
//! They are in no order, and each only lets through. A group remembers connections, so the way
//! back needs none.

use std::borrow::Cow;
use std::fmt;

use ipnet::{Ipv4Net, Ipv6Net};

use super::json::{Node, Others, Problem};
use crate::policy::drift::Beyond;
use crate::policy::space::{Field, Packets, Protocols, Span, Step, Verdict};
use crate::policy::{Direction, parse_network};

/// Rules of the same protocol and ports.
pub(super) struct Permission<'a> {
    pub traffic: Traffic<'a>,
    pub networks: Vec<Rule<Ipv4Net>>,
    pub others: Vec<Rule<Other<'a>>>,
}

/// A rule for one far side.
pub(super) struct Rule<T> {
    /// Where it stands in the text.
    pub at: u32,
    pub far: T,
}

/// A far side that is no set of IPv4 addresses.
pub(super) struct Other<'a> {
    /// The list that it stands in.
    pub list: &'static str,
    /// The keys that identify it, and their values.
    pub identity: Vec<(&'static str, Cow<'a, str>)>,
    /// Such as `prefix list pl-63a5400a`.
    what: String,
}

/// A protocol and ports.
pub(super) struct Traffic<'a> {
    /// `IpProtocol` as it is deployed.
    pub protocol: Cow<'a, str>,
    /// `FromPort` and `ToPort` as they are deployed.
    pub ports: Option<(i64, i64)>,
    protocols: Protocols,
    destination_ports: Span,
    /// Whether it is all such packets, not only those of one type of ICMP.
    certain: bool,
}

pub(super) const RANGES: &str = "IpRanges";
pub(super) const CIDR: &str = "CidrIp";
const RANGES_V6: &str = "Ipv6Ranges";
const PREFIX_LISTS: &str = "PrefixListIds";
const GROUPS: &str = "UserIdGroupPairs";

const PROTOCOL: &str = "IpProtocol";
const FROM: &str = "FromPort";
const TO: &str = "ToPort";
const DESCRIPTION: &str = "Description";

const ICMP: Protocols = Protocols::of(1);
const ICMP_V6: Protocols = Protocols::of(58);

impl<'a> Permission<'a> {
    pub fn read(node: Node<'a>) -> Result<Self, Vec<Problem>> {
        let keys = [PROTOCOL, FROM, TO, RANGES, RANGES_V6, PREFIX_LISTS, GROUPS];
        let [protocol, from, to, lists @ ..] = node.fields(keys, Others::Refused)?;
        let traffic = Traffic::read(node, protocol, from, to)?;
        if lists.iter().all(Option::is_none) {
            let what = format!("expected one or more of {}", keys[3..].join(", "));
            return Err(node.problem(what).into());
        }
        let [ranges, ranges_v6, prefix_lists, groups] = lists;
        let mut others = each(node, RANGES_V6, ranges_v6, network_v6)?;
        others.extend(each(node, PREFIX_LISTS, prefix_lists, prefix_list)?);
        others.extend(each(node, GROUPS, groups, group)?);
        Ok(Permission {
            traffic,
            networks: each(node, RANGES, ranges, network)?,
            others,
        })
    }

    /// What lets packets through by their IPv4 addresses.
    pub fn steps(&self, direction: Direction) -> impl Iterator<Item = Step> {
        let traffic = &self.traffic;
        let packets = move |network| {
            packets(
                direction,
                traffic.protocols,
                traffic.destination_ports,
                network,
            )
        };
        self.networks.iter().map(move |rule| Step {
            packets: packets(rule.far),
            certain: traffic.certain,
            verdict: Verdict::Accept,
            at: rule.at,
        })
    }

    /// What lets packets through otherwise.
    pub fn beyond(&self, direction: Direction) -> impl Iterator<Item = Beyond> {
        let preposition = match direction {
            Direction::In => "from",
            Direction::Out => "to",
        };
        self.others.iter().map(move |rule| Beyond {
            what: format!("{} {preposition} {}", self.traffic, rule.far.what),
            at: rule.at,
        })
    }
}

/// The members of a list, if it is there.
fn each<'a, T>(
    node: Node<'a>,
    key: &str,
    list: Option<Node<'a>>,
    read: fn(Node<'a>) -> Result<T, Problem>,
) -> Result<Vec<Rule<T>>, Vec<Problem>> {
    let rule = |node: Node<'a>| {
        let far = read(node)?;
        let at = node.place();
        Ok(Rule { at, far })
    };
    list.map_or_else(|| Ok(Vec::new()), |list| list.each(node, key, rule))
}

fn network(node: Node) -> Result<Ipv4Net, Problem> {
    let [cidr, _] = node.strings([CIDR, DESCRIPTION])?;
    let cidr = cidr.ok_or_else(|| node.problem("expected 'CidrIp'"))?;
    let wrong = |what| Err(node.problem(what).of(node, CIDR));
    match parse_network(&cidr) {
        Ok(network) if cidr.contains('/') => Ok(network),
        Ok(network) => wrong(format!("'{cidr}' has no prefix length; expected {network}")),
        Err(error) => wrong(error.to_string()),
    }
}

fn network_v6(node: Node) -> Result<Other, Problem> {
    let keys = ["CidrIpv6"];
    let [cidr, _] = node.strings([keys[0], DESCRIPTION])?;
    let network = cidr.as_ref().and_then(|cidr| cidr.parse::<Ipv6Net>().ok());
    if cidr.is_some() && network.is_none() {
        let what = "expected an IPv6 network, as in 2001:db8::/32";
        return Err(node.problem(what).of(node, keys[0]));
    }
    Other::identified(node, RANGES_V6, "IPv6", keys, [cidr])
}

fn prefix_list(node: Node) -> Result<Other, Problem> {
    let keys = ["PrefixListId"];
    let [id, _] = node.strings([keys[0], DESCRIPTION])?;
    Other::identified(node, PREFIX_LISTS, "prefix list", keys, [id])
}

fn group(node: Node) -> Result<Other, Problem> {
    let keys = [
        "GroupId",
        "GroupName",
        "UserId",
        "VpcId",
        "VpcPeeringConnectionId",
    ];
    let [id, name, user, vpc, peering] = keys;
    let all = [id, name, user, vpc, peering, DESCRIPTION, "PeeringStatus"];
    let [id, name, user, vpc, peering, ..] = node.strings(all)?;
    if id.is_none() && name.is_none() {
        return Err(node.problem("expected 'GroupId' or 'GroupName'"));
    }
    let values = [id, name, user, vpc, peering];
    Other::identified(node, GROUPS, "security group", keys, values)
}

impl<'a> Other<'a> {
    /// `word` and the first of the values, which is needed, name it.
    fn identified<const N: usize>(
        node: Node,
        list: &'static str,
        word: &str,
        keys: [&'static str; N],
        values: [Option<Cow<'a, str>>; N],
    ) -> Result<Self, Problem> {
        let pairs = keys.into_iter().zip(values);
        let identity: Vec<_> = pairs.filter_map(|(k, value)| Some((k, value?))).collect();
        match identity.first() {
            Some((_, name)) => Ok(Other {
                list,
                what: format!("{word} {name}"),
                identity,
            }),
            None => Err(node.problem(format!("expected '{}'", keys[0]))),
        }
    }
}

impl<'a> Traffic<'a> {
    fn read(
        node: Node<'a>,
        protocol: Option<Node<'a>>,
        from: Option<Node>,
        to: Option<Node>,
    ) -> Result<Self, Problem> {
        let protocol = protocol.ok_or_else(|| node.problem("expected 'IpProtocol'"))?;
        let protocol = protocol.string().map_err(|p| p.of(node, PROTOCOL))?;
        let port = |key, port: Option<Node>| {
            let number = port.map(Node::integer).transpose();
            number.map_err(|problem| problem.of(node, key))
        };
        let ports = match (port(FROM, from)?, port(TO, to)?) {
            (Some(from), Some(to)) => Some((from, to)),
            (None, None) => None,
            _ => return Err(node.problem("expected both FromPort and ToPort, or neither")),
        };
        let protocols = protocols(&protocol).ok_or_else(|| {
            let what = format!(
                "'{protocol}' is not tcp, udp, icmp, icmpv6, a number from 0 to 255, or -1 for all"
            );
            node.problem(what).of(node, PROTOCOL)
        })?;
        let (destination_ports, certain) =
            meaning(protocols, ports).map_err(|what| node.problem(what))?;
        Ok(Traffic {
            protocol,
            ports,
            protocols,
            destination_ports,
            certain,
        })
    }
}

/// What a rule for a network holds for.
pub(super) fn packets(
    direction: Direction,
    protocols: Protocols,
    destination_ports: Span,
    far: Ipv4Net,
) -> Packets {
    let mut packets = Packets::ALL
        .with(Field::Remote, far.into())
        .with(port_field(direction), destination_ports);
    packets.kind.protocols = protocols;
    packets
}

/// Where [`Packets`] have the port that packets go to.
pub(super) fn port_field(direction: Direction) -> Field {
    match direction {
        Direction::In => Field::LocalPort,
        Direction::Out => Field::RemotePort,
    }
}

fn protocols(word: &str) -> Option<Protocols> {
    match word {
        "-1" => Some(Protocols::ALL),
        "tcp" => Some(Protocols::TCP),
        "udp" => Some(Protocols::UDP),
        "icmp" => Some(ICMP),
        "icmpv6" => Some(ICMP_V6),
        _ => {
            let number: u8 = word.parse().ok()?;
            (number.to_string() == word).then(|| Protocols::of(number))
        }
    }
}

/// The ports of packets, and whether all such packets are meant.
///
/// Ports are needed for TCP and UDP; for ICMP they are a type and a code, -1 for any; for all other
/// protocols AWS lets any port through, whatever is given.
fn meaning(protocols: Protocols, ports: Option<(i64, i64)>) -> Result<(Span, bool), String> {
    if protocols == Protocols::TCP || protocols == Protocols::UDP {
        let (from, to) = ports.ok_or("expected FromPort and ToPort")?;
        let port = |port: i64| u16::try_from(port).ok().map(u32::from);
        return match (port(from), port(to)) {
            (Some(first), Some(last)) if first <= last => Ok((Span { first, last }, true)),
            (Some(_), Some(_)) => Err(format!("the ports from {from} to {to} are reversed")),
            _ => Err(format!(
                "expected ports from 0 to 65535, not {from} and {to}"
            )),
        };
    }
    let all = Ok((Span::PORTS, true));
    if protocols == ICMP || protocols == ICMP_V6 {
        return match ports {
            None if protocols == ICMP => Err("expected FromPort and ToPort".to_owned()),
            None | Some((-1, -1)) => all,
            Some((0..=255, -1..=255)) => Ok((Span::PORTS, false)),
            Some((from, to)) => Err(format!(
                "expected a type and a code of ICMP from 0 to 255, or -1 for any, not {from} and {to}"
            )),
        };
    }
    match ports {
        None | Some((-1, -1) | (0, 65_535)) => all,
        Some((from, to)) => Err(format!(
            "ports mean nothing to this protocol; expected none, not {from} and {to}"
        )),
    }
}

/// Such as `tcp 5060-5061`, `icmp type 8`, `all protocols`.
impl fmt::Display for Traffic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.protocol {
            "-1" => f.write_str("all protocols")?,
            word if word.starts_with(|c: char| c.is_ascii_digit()) => write!(f, "protocol {word}")?,
            word => f.write_str(word)?,
        }
        match self.ports {
            Some((kind, -1)) if !self.certain => write!(f, " type {kind}"),
            Some((kind, code)) if !self.certain => write!(f, " type {kind} code {code}"),
            Some((-1, _)) | None => Ok(()),
            Some((from, to)) if from == to => write!(f, " {from}"),
            Some((from, to)) => write!(f, " {from}-{to}"),
        }
    }
}
