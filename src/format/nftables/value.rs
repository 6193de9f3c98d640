//! The values on the right side of matches, and their meaning by type.

use std::fmt;

use super::words::is_listed;
use crate::firewall::{Pattern, RuleAction};
use crate::format::read::iana;
use crate::format::read::values::{address, port};
use crate::packets::{Interval, Protocols, States};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Address,
    Port,
    Protocol,
    Flags,
    State,
    /// The family of the hook that sees a packet.
    Nfproto,
    /// The type of an Ethernet frame.
    Ethernet,
    /// The version of an IP header.
    Version,
    Ipv6Address,
    /// The name of an interface, which may end in `*`.
    InterfaceName,
    /// The name of an interface, or its number.
    InterfaceIndex,
    /// A mark of packets or connections.
    Mark,
    /// A type that packet boxes do not model.
    Unmodeled,
}

/// Names of types that packet boxes do not model.
const UNMODELED_TYPES: &str = "
    boolean cgroupsv2 classid ct_dir ct_id ct_label ct_status day devgroup dscp ecn ether_addr
    fib_addrtype gid hour icmp_code icmp_type icmpv6_code icmpv6_type icmpx_code ifkind iface_type integer
    pkt_type priority realm string time uid
";

/// `NFPROTO_IPV4` and `NFPROTO_IPV6` of Linux.
const NFPROTOS: &[(&str, u32)] = &[("ipv4", 2), ("ipv6", 10)];

/// The names of `nft describe ether_type`.
const ETHER_TYPES: &[(&str, u32)] = &[
    ("ip", 0x0800),
    ("arp", 0x0806),
    ("ip6", 0x86dd),
    ("8021q", 0x8100),
    ("8021ad", 0x88a8),
    ("vlan", 0x8100),
];

const FLAGS: [(&str, u32); 8] = [
    ("fin", 0x01),
    ("syn", 0x02),
    ("rst", 0x04),
    ("psh", 0x08),
    ("ack", 0x10),
    ("urg", 0x20),
    ("ecn", 0x40),
    ("cwr", 0x80),
];

/// `NF_CT_STATE_BIT` of Linux.
const STATES: [(&str, u32); 5] = [
    ("invalid", 0x01),
    ("established", 0x02),
    ("related", 0x04),
    ("new", 0x08),
    ("untracked", 0x40),
];

/// The states whose bit satisfies `holds`.
pub(super) fn states_where(holds: impl Fn(u32) -> bool) -> States {
    let held = STATES.iter().filter(|(_, bit)| holds(*bit));
    held.filter_map(|(name, _)| States::named(name))
        .fold(States::ALL.not(), States::or)
}

impl Type {
    /// Parses the name of a type (`nft describe`).
    pub fn named(name: &str) -> Result<Type, String> {
        Ok(match name {
            "ipv4_addr" => Type::Address,
            "inet_service" => Type::Port,
            "inet_proto" => Type::Protocol,
            "tcp_flag" => Type::Flags,
            "ct_state" => Type::State,
            "nf_proto" => Type::Nfproto,
            "ether_type" => Type::Ethernet,
            "ipv6_addr" => Type::Ipv6Address,
            "ifname" => Type::InterfaceName,
            "iface_index" => Type::InterfaceIndex,
            "mark" => Type::Mark,
            _ if is_listed(UNMODELED_TYPES, name) => Type::Unmodeled,
            _ => return Err(format!("expected a type of nft, not '{name}'")),
        })
    }

    /// The type as far as the lookup in a set distinguishes it.
    pub fn modeled(self) -> Type {
        match self {
            Type::InterfaceName | Type::InterfaceIndex | Type::Mark => Type::Unmodeled,
            other => other,
        }
    }

    /// The meaning of a value in this type.
    pub fn part<'a>(self, value: &Value<'a>) -> Result<Part<'a>, String> {
        match self {
            Type::Address | Type::Port => self.span(value).map(Part::Interval),
            Type::Protocol => protocols(value).map(Part::Protocols),
            Type::Flags | Type::State => self.bits(value).map(Part::Bits),
            Type::Nfproto => named_number(value, NFPROTOS, "ipv4 or ipv6"),
            Type::Ethernet => {
                named_number(value, ETHER_TYPES, "an Ethernet type such as ip or ip6")
            }
            Type::Version => named_number(value, &[], "a version of IP"),
            Type::InterfaceName | Type::InterfaceIndex => Ok(self.interface(value)),
            Type::Mark => Ok(number(value).map_or(Part::Unknown, Part::Number)),
            Type::Ipv6Address | Type::Unmodeled => Ok(Part::Unknown),
        }
    }

    fn interface<'a>(self, value: &Value<'a>) -> Part<'a> {
        let Value::One(Scalar::Word(name)) = *value else {
            return Part::Unknown;
        };
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        match interface_name(name) {
            Some(pattern) if self == Type::InterfaceName => Part::Interface(pattern),
            Some(pattern) if !pattern.is_prefix && !is_number => Part::Interface(pattern),
            _ => Part::Unknown,
        }
    }

    fn number(self, scalar: Scalar) -> Result<u32, String> {
        match (self, scalar) {
            (Type::Address, Scalar::Word(word)) => address(word),
            (Type::Port, Scalar::Word(word)) if word.starts_with(|c: char| c.is_ascii_digit()) => {
                let port = integer(word).filter(|n| u16::try_from(*n).is_ok());
                port.ok_or_else(|| format!("'{word}' is not a port from 0 to 65535"))
            }
            (Type::Port, Scalar::Word(word)) => port(word),
            (Type::Port, Scalar::Number(n)) => u16::try_from(n)
                .map(u32::from)
                .map_err(|_| format!("'{n}' is not a port from 0 to 65535")),
            _ => Err(format!("expected an IPv4 address, not '{scalar}'")),
        }
    }

    fn span(self, value: &Value) -> Result<Interval, String> {
        match *value {
            Value::One(scalar) => self.number(scalar).map(Interval::single),
            Value::Range(first, last) => Interval::new(self.number(first)?, self.number(last)?)
                .ok_or_else(|| format!("the range '{first}-{last}' is reversed")),
            Value::Prefix(base, length) if self == Type::Address && length <= 32 => {
                let first = self.number(base)?;
                let network = Interval::network(first, u32::try_from(length).unwrap_or(0));
                if first != network.first {
                    return Err(format!(
                        "'{base}/{length}' has host bits set, so no packet matches it; correct the network"
                    ));
                }
                Ok(network)
            }
            _ => Err(match self {
                Type::Address => {
                    format!("expected an IPv4 address, a prefix or a range, not {value}")
                }
                _ => format!("expected a port or a range, not {value}"),
            }),
        }
    }

    /// The bits of flags or states.
    pub fn bits(self, value: &Value) -> Result<u32, String> {
        let (names, what): (&[_], _) = match self {
            Type::State => (&STATES, "a state of connection tracking"),
            _ => (&FLAGS, "a flag of TCP"),
        };
        let all: u32 = names.iter().map(|(_, bit)| bit).sum();
        let bit = |scalar: &Scalar| {
            let known = match scalar {
                Scalar::Number(n) => u32::try_from(*n).ok(),
                Scalar::Word(word) => {
                    let named = names.iter().find(|(name, _)| name == word);
                    named.map_or_else(|| integer(word), |(_, bit)| Some(*bit))
                }
            };
            known
                .filter(|bit| bit & !all == 0)
                .ok_or_else(|| format!("expected {what}, not '{scalar}'"))
        };
        match value {
            Value::One(scalar) => bit(scalar),
            Value::Union(scalars) | Value::List(scalars) => scalars
                .iter()
                .try_fold(0, |bits, scalar| Ok(bits | bit(scalar)?)),
            _ => Err(format!("expected {what}, not {value}")),
        }
    }
}

/// Parses a number, or one of the names.
fn named_number<'a>(
    value: &Value<'a>,
    names: &[(&str, u32)],
    expected: &str,
) -> Result<Part<'a>, String> {
    let number = match value {
        Value::One(Scalar::Number(n)) => u32::try_from(*n).ok(),
        Value::One(Scalar::Word(word)) => {
            let named = names.iter().find(|(name, _)| name == word);
            named.map_or_else(|| integer(word), |(_, number)| Some(*number))
        }
        _ => None,
    };
    let number = number.ok_or_else(|| format!("expected {expected}, not {value}"))?;
    Ok(Part::Number(number))
}

/// Parses the name of an interface, or the start of names before an asterisk. `None` for a name with escapes: nft writes
/// an asterisk that is a part of a name as `\*`.
pub(super) fn interface_name(text: &str) -> Option<Pattern<'_>> {
    let (name, is_prefix) = match text.strip_suffix('*') {
        Some(start) => (start, true),
        None => (text, false),
    };
    let is_plain = !name.is_empty() && !name.contains('\\');
    is_plain.then_some(Pattern { name, is_prefix })
}

/// The number that a value is, if it is one.
pub(super) fn number(value: &Value) -> Option<u32> {
    match value {
        Value::One(Scalar::Number(number)) => u32::try_from(*number).ok(),
        Value::One(Scalar::Word(word)) => integer(word),
        _ => None,
    }
}

/// Parses a decimal or hexadecimal number as nft does. `None` for a leading zero, which means octal.
pub(super) fn integer(word: &str) -> Option<u32> {
    if let Some(digits) = word.strip_prefix("0x") {
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        return u32::from_str_radix(digits, 16).ok().filter(|_| hex);
    }
    let decimal = word == "0" || !word.starts_with(['0', '+']);
    word.parse().ok().filter(|_| decimal)
}

fn protocols(value: &Value) -> Result<Protocols, String> {
    let one = |scalar: Scalar| match scalar {
        Scalar::Number(n) => u8::try_from(n)
            .map(Protocols::of)
            .map_err(|_| format!("'{n}' is not a protocol from 0 to 255")),
        Scalar::Word(word) if word.len() > 1 && word.starts_with('0') => {
            Err(format!("expected a protocol, not '{word}'"))
        }
        Scalar::Word(word) => iana::protocol(word),
    };
    match *value {
        Value::One(scalar) => one(scalar),
        Value::Range(first, last) => {
            let (first, last) = (one(first)?.numbers().next(), one(last)?.numbers().next());
            let range = (0..=u8::MAX).filter(|n| first <= Some(*n) && Some(*n) <= last);
            Ok(range
                .map(Protocols::of)
                .fold(Protocols::NONE, Protocols::or))
        }
        _ => Err(format!("expected a protocol or a range, not {value}")),
    }
}

/// The meaning of a value in its type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    Interval(Interval),
    Protocols(Protocols),
    Bits(u32),
    /// The number of a family, an Ethernet type, a version or a mark.
    Number(u32),
    Interface(Pattern<'a>),
    /// A value of an unmodeled type.
    Unknown,
}
#[derive(Clone, Copy, Debug)]
pub(super) enum Scalar<'a> {
    Word(&'a str),
    Number(u64),
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Word(word) => f.write_str(word),
            Scalar::Number(number) => write!(f, "{number}"),
        }
    }
}

/// The right side of a match, as text and JSON write it.
#[derive(Debug)]
pub(super) enum Value<'a> {
    One(Scalar<'a>),
    Range(Scalar<'a>, Scalar<'a>),
    /// An address and a prefix length.
    Prefix(Scalar<'a>, u64),
    /// `syn | ack`: one value with several bits.
    Union(Vec<Scalar<'a>>),
    /// `syn,ack`: any of these bits, unless there is an operator.
    List(Vec<Scalar<'a>>),
    /// A value for each key.
    Concatenation(Vec<Value<'a>>),
    /// `{ ... }`
    Set(Vec<Element<'a>>),
    /// `@name`
    Named(&'a str),
    /// A value that no modeled key can have.
    Other,
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::One(scalar) => write!(f, "'{scalar}'"),
            Value::Range(first, last) => write!(f, "'{first}-{last}'"),
            Value::Prefix(base, length) => write!(f, "'{base}/{length}'"),
            Value::Union(_) | Value::List(_) => f.write_str("several values"),
            Value::Concatenation(_) => f.write_str("a concatenation"),
            Value::Set(_) => f.write_str("a set"),
            Value::Named(name) => write!(f, "'@{name}'"),
            Value::Other => f.write_str("another value"),
        }
    }
}

/// The action of a verdict; `None` for `continue`, after which the next rule decides.
pub(super) type Decision<'a> = Option<RuleAction<'a>>;

/// The message for an element with a timeout.
pub(super) const EXPIRES: &str =
    "an element with a timeout may expire at any time; expected elements without a timeout";
#[derive(Debug)]
pub(super) struct Element<'a> {
    pub value: Value<'a>,
    pub decision: Option<Decision<'a>>,
    /// True if the element is removed after some time.
    pub expires: bool,
    /// Its place, if known.
    pub at: Option<u32>,
}
