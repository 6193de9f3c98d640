//! Protocols, ports and networks in the notation of AWS and of the tools that deploy to it
//! (EC2 API reference, `IpPermission`).

use std::borrow::Cow;
use std::fmt;

use ipnet::{Ipv4Net, Ipv6Net};

use crate::format::read::json_node::Node;
use crate::packets::{Condition, Dimension, Interval, PacketBox, Protocols};
use crate::policy::{Direction, parse_network};
use crate::read_error::ReadError;
use crate::terminal::clip;

pub(in crate::format) struct Traffic<'a> {
    /// The protocol as written in the input.
    pub protocol: Cow<'a, str>,
    /// The first and the last port as written in the input.
    pub ports: Option<(i64, i64)>,
    protocols: Protocols,
    destination_ports: Interval,
    /// Unknown for a single type of ICMP, because boxes do not distinguish types.
    pub condition: Condition,
}

/// The keys of a tool for protocol and ports, and how strictly to read their values.
pub(in crate::format) struct Spelling {
    pub protocol: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    /// True for text that people write. Then digits may be a number or a string, and ports are ignored
    /// for a protocol without ports, as AWS does. False for the output of AWS, which is read strictly.
    pub written: bool,
}

impl Spelling {
    fn word<'a>(&self, protocol: Node<'a>) -> Result<Cow<'a, str>, ReadError> {
        if self.written {
            protocol.string_or_number()
        } else {
            protocol.string()
        }
    }

    fn port(&self, port: Node) -> Result<i64, ReadError> {
        if self.written {
            port.integer_or_digits()
        } else {
            port.integer()
        }
    }

    fn ports(
        &self,
        object: Node,
        from: Option<Node>,
        to: Option<Node>,
    ) -> Result<Option<(i64, i64)>, ReadError> {
        let read = |key, port: Option<Node>| {
            let number = port.map(|port| self.port(port)).transpose();
            number.map_err(|problem| problem.of(object, key))
        };
        match (read(self.from, from)?, read(self.to, to)?) {
            (Some(from), Some(to)) => Ok(Some((from, to))),
            (None, None) => Ok(None),
            _ => {
                let what = format!("expected both or neither of {} and {}", self.from, self.to);
                Err(object.problem(what))
            }
        }
    }
}

/// The maximum length of a remote side in reports, in characters. Names in AWS are shorter.
const LONGEST_NAME: usize = 300;

const ICMP: Protocols = Protocols::of(1);
const ICMP_V6: Protocols = Protocols::of(58);

impl<'a> Traffic<'a> {
    /// `fields` are the protocol, the first port and the last port of `object`.
    pub fn read(
        object: Node<'a>,
        fields: [Option<Node<'a>>; 3],
        spelling: &Spelling,
    ) -> Result<Self, ReadError> {
        let [protocol, from, to] = fields;
        let key = spelling.protocol;
        let protocol = protocol.ok_or_else(|| object.problem(format!("expected '{key}'")))?;
        let word = spelling.word(protocol);
        let word = word.map_err(|problem| problem.of(object, key))?;
        let ports = spelling.ports(object, from, to)?;
        let protocols = protocols(&word).ok_or_else(|| {
            let what = format!(
                "unknown protocol '{word}'; expected tcp, udp, icmp, icmpv6, a number from 0 to 255, or -1 for all"
            );
            object.problem(what).of(object, key)
        })?;
        let meant = ports.filter(|_| !spelling.written || has_ports(protocols));
        let (destination_ports, condition) =
            meaning(protocols, meant, spelling).map_err(|what| object.problem(what))?;
        Ok(Traffic {
            protocol: word,
            ports: meant,
            protocols,
            destination_ports,
            condition,
        })
    }

    /// The packets of a rule for a network.
    pub fn packets(&self, direction: Direction, far: Ipv4Net) -> PacketBox {
        packets(direction, self.protocols, self.destination_ports, far)
    }

    /// Describes the traffic from or to a remote side.
    pub fn with_far_side(&self, direction: Direction, far: &str) -> String {
        let preposition = match direction {
            Direction::In => "from",
            Direction::Out => "to",
        };
        let far = clip(far.to_owned(), LONGEST_NAME);
        format!("{self} {preposition} {far}")
    }
}

/// The packets of a rule for a network.
pub(in crate::format) fn packets(
    direction: Direction,
    protocols: Protocols,
    destination_ports: Interval,
    far: Ipv4Net,
) -> PacketBox {
    let mut packets = PacketBox::ALL
        .with(Dimension::Remote, far.into())
        .with(port_field(direction), destination_ports);
    packets.header.protocols = protocols;
    packets
}

/// The dimension of the destination port in a [`PacketBox`].
pub(in crate::format) fn port_field(direction: Direction) -> Dimension {
    match direction {
        Direction::In => Dimension::LocalPort,
        Direction::Out => Dimension::RemotePort,
    }
}

/// True if AWS checks the ports of a rule with this protocol.
fn has_ports(protocols: Protocols) -> bool {
    [Protocols::TCP, Protocols::UDP, ICMP, ICMP_V6].contains(&protocols)
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

/// Returns the destination ports, and whether all packets with them match.
///
/// TCP and UDP require ports. For ICMP they are a type and a code, -1 for any. For all other
/// protocols AWS ignores the ports.
fn meaning(
    protocols: Protocols,
    ports: Option<(i64, i64)>,
    spelling: &Spelling,
) -> Result<(Interval, Condition), String> {
    let Spelling { from, to, .. } = spelling;
    let needed = || format!("expected {from} and {to}");
    if protocols == Protocols::TCP || protocols == Protocols::UDP {
        let (from, to) = ports.ok_or_else(needed)?;
        let port = |port: i64| u16::try_from(port).ok().map(u32::from);
        return match (port(from), port(to)) {
            (Some(first), Some(last)) if first <= last => {
                Ok((Interval { first, last }, Condition::True))
            }
            (Some(_), Some(_)) => Err(format!("the port range from {from} to {to} is reversed")),
            _ => Err(format!(
                "expected ports from 0 to 65535, not {from} and {to}"
            )),
        };
    }
    let all = Ok((Interval::PORTS, Condition::True));
    if protocols == ICMP || protocols == ICMP_V6 {
        return match ports {
            None if protocols == ICMP => Err(needed()),
            None | Some((-1, -1)) => all,
            Some((0..=255, -1..=255)) => Ok((Interval::PORTS, Condition::Unknown)),
            Some((from, to)) => Err(format!(
                "expected an ICMP type and code from 0 to 255, or -1 for any, not {from} and {to}"
            )),
        };
    }
    match ports {
        None | Some((-1, -1) | (0, 65_535)) => all,
        Some((from, to)) => Err(format!(
            "this protocol has no ports; remove {from} and {to}"
        )),
    }
}

/// Writes `tcp 5060-5061`, `icmp type 8` or `all protocols`, for example.
impl fmt::Display for Traffic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.protocol {
            "-1" => f.write_str("all protocols")?,
            word if word.starts_with(|c: char| c.is_ascii_digit()) => write!(f, "protocol {word}")?,
            word => f.write_str(word)?,
        }
        match self.ports {
            Some((kind, -1)) if !self.condition.is_true() => write!(f, " type {kind}"),
            Some((kind, code)) if !self.condition.is_true() => {
                write!(f, " type {kind} code {code}")
            }
            Some((-1, _)) | None => Ok(()),
            Some((from, to)) if from == to => write!(f, " {from}"),
            Some((from, to)) => write!(f, " {from}-{to}"),
        }
    }
}

/// Parses a network in AWS's notation: with a prefix length and without host bits.
pub(in crate::format) fn network(cidr: &str) -> Result<Ipv4Net, String> {
    match parse_network(cidr) {
        Ok(network) if cidr.contains('/') => Ok(network),
        Ok(network) => Err(format!("'{cidr}' has no prefix length; write '{network}'")),
        Err(error) => Err(error.to_string()),
    }
}

/// Checks the syntax of an IPv6 network. Its value is only reported, because Twilio's SIP has no IPv6.
pub(in crate::format) fn network_v6(cidr: &str) -> Result<(), String> {
    let network = cidr.parse::<Ipv6Net>();
    network
        .map(|_| ())
        .map_err(|_| "expected an IPv6 network, as in 2001:db8::/32".to_owned())
}

/// True if a text contains the id of a security group, and not only as the start of a longer id. An id that does not
/// start with `sg-` must be the whole text.
pub(in crate::format) fn mentions_id(text: &str, id: &str) -> bool {
    let goes_on =
        |end: usize| text[end..].starts_with(|c: char| matches!(c, '0'..='9' | 'a'..='f'));
    // Preparing a search reads the whole id, which is too slow if many texts are shorter than the id.
    if !id.starts_with("sg-") || id.len() > text.len() {
        return text == id;
    }
    let mut places = text.match_indices(id);
    places.any(|(at, _)| !goes_on(at + id.len()))
}
