//! The left side of matches: header fields and other keys, by their names in nft.

use super::value::{ETHER_TYPE, Fixed, IPV6, NFPROTO, Type, VERSION, Value};
use super::words::is_listed;
use crate::packets::{HeaderField, Protocols};

/// A key on the left side of a match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub subject: Subject,
    /// The bits that are compared; all of them without a mask.
    pub mask: u32,
    /// The header that contains the key; `None` if the key is not a header field.
    pub header: Option<Header>,
}

/// A header of a packet, by its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Link,
    Network,
    Transport,
}

/// The property that a [`Key`] compares.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    Address(HeaderField),
    /// A port of these protocols; `None` for `th`, which means any protocol with ports.
    Port(HeaderField, Option<Protocols>),
    Protocol,
    Flags,
    State,
    /// A property that has the same value in all IPv4 packets. The names are spellings of that value.
    Fixed(Fixed),
    /// A property that packet boxes do not model. Only packets of these protocols have it.
    Unmodeled(Protocols),
}

/// One key or a concatenation of keys.
#[derive(Debug)]
pub(super) struct Keys {
    pub first: Key,
    pub others: Vec<Key>,
}

impl Keys {
    pub fn one(key: Key) -> Self {
        Keys {
            first: key,
            others: Vec::new(),
        }
    }

    /// The key, unless this is a concatenation.
    pub fn single(&self) -> Option<Key> {
        self.others.is_empty().then_some(self.first)
    }

    /// True if a key is a port of `th`, so that an earlier match must restrict the protocol.
    pub fn need_ports(&self) -> bool {
        self.iter()
            .any(|key| matches!(key.subject, Subject::Port(_, None)))
    }

    /// True for exactly source port and destination port.
    pub fn are_both_ports(&self) -> bool {
        let is = |key: Key, end: HeaderField| matches!(key.subject, Subject::Port(field, _) if field == end);
        match self.others[..] {
            [other] => {
                is(self.first, HeaderField::SourcePort) && is(other, HeaderField::DestinationPort)
            }
            _ => false,
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Key> {
        [self.first].into_iter().chain(self.others.iter().copied())
    }
}

/// Fields of IPv4 headers that packet boxes do not model.
const IP_FIELDS: &str = "dscp ecn length id frag-off ttl checksum hdrlength";
const TCP_FIELDS: &str = "sequence ackseq doff window checksum urgptr";
const ICMP_FIELDS: &str = "type code checksum id sequence gateway mtu";
const VLAN_FIELDS: &str = "id dei cfi pcp type";

/// Keys of `meta` that packet boxes do not model, and that need the word `meta`.
const QUALIFIED_META_KEYS: &str = "length priority random sdif sdifname iifkind oifkind";

/// Keys of `meta` that packet boxes do not model, and for which the word `meta` is optional.
const BARE_META_KEYS: &str = "
    mark iif iifname iiftype iifgroup oif oifname oiftype oifgroup ibrname obrname ibriport obriport
    skuid skgid cgroup pkttype cpu rtclassid time day hour
";

/// Keys of `ct` that packet boxes do not model.
const CT_KEYS: &str = "
    direction status mark expiration helper label zone id bytes packets avgpkt l3proto protocol
    saddr daddr proto-src proto-dst secmark
";

impl Key {
    fn of(subject: Subject) -> Key {
        Key {
            subject,
            mask: u32::MAX,
            header: None,
        }
    }

    /// A key that packet boxes do not model.
    pub fn unmodeled() -> Key {
        Key::of(Subject::Unmodeled(Protocols::ALL))
    }

    /// A field of a header (nft(8), "Payload expressions").
    pub fn payload(header: &str, field: &str) -> Result<Key, String> {
        const ICMP: Protocols = Protocols::of(1);
        let subject = match (header, field) {
            ("ip", "saddr") => Subject::Address(HeaderField::Source),
            ("ip", "daddr") => Subject::Address(HeaderField::Destination),
            ("ip", "protocol") => Subject::Protocol,
            ("ip", "version") => Subject::Fixed(VERSION),
            ("ip", _) if is_listed(IP_FIELDS, field) => Subject::Unmodeled(Protocols::ALL),
            ("ip6" | "icmpv6" | "mld" | "rt0" | "rt2", _) => return Err(IPV6.to_owned()),
            ("tcp", "flags") => Subject::Flags,
            ("tcp", _) if is_listed(TCP_FIELDS, field) => Subject::Unmodeled(Protocols::TCP),
            ("udp", "length" | "checksum") => Subject::Unmodeled(Protocols::UDP),
            ("icmp", _) if is_listed(ICMP_FIELDS, field) => Subject::Unmodeled(ICMP),
            // Outgoing packets and those of loopback, tunnels and PPP have no such header.
            ("ether", "type" | "saddr" | "daddr") => Subject::Unmodeled(Protocols::ALL),
            ("vlan", _) if is_listed(VLAN_FIELDS, field) => Subject::Unmodeled(Protocols::ALL),
            ("tcp" | "udp" | "udplite" | "sctp" | "dccp" | "th", "sport" | "dport") => {
                let end = if field == "sport" {
                    HeaderField::SourcePort
                } else {
                    HeaderField::DestinationPort
                };
                Subject::Port(end, protocol_with_ports(header))
            }
            _ => return Err(format!("'{header} {field}' is not supported")),
        };
        let header = match header {
            "ether" | "vlan" => Header::Link,
            "ip" => Header::Network,
            _ => Header::Transport,
        };
        Ok(Key {
            header: Some(header),
            ..Key::of(subject)
        })
    }

    /// A property of a packet outside of its headers (nft(8), "Meta expressions").
    pub fn meta(key: &str) -> Result<Key, String> {
        Ok(Key::of(match key {
            "l4proto" => Subject::Protocol,
            "nfproto" => Subject::Fixed(NFPROTO),
            "protocol" => Subject::Fixed(ETHER_TYPE),
            _ if is_listed(QUALIFIED_META_KEYS, key) || Key::is_bare_meta(key) => {
                Subject::Unmodeled(Protocols::ALL)
            }
            _ => return Err(format!("'meta {key}' is not supported")),
        }))
    }

    /// True if the word `meta` is optional before a key.
    pub fn is_bare_meta(key: &str) -> bool {
        is_listed(BARE_META_KEYS, key)
    }

    /// A property of the tracked connection (nft(8), "Conntrack expressions"). `directed` is true if the
    /// property belongs to one direction of it (`original` or `reply`).
    pub fn ct(key: &str, directed: bool) -> Result<Key, String> {
        Ok(Key::of(match key {
            "state" if !directed => Subject::State,
            "ip saddr" | "ip daddr" => Subject::Unmodeled(Protocols::ALL),
            "ip6 saddr" | "ip6 daddr" => return Err(IPV6.to_owned()),
            _ if is_listed(CT_KEYS, key) => Subject::Unmodeled(Protocols::ALL),
            _ => return Err(format!("'ct {key}' is not supported")),
        }))
    }

    /// Restricts the key to the bits of a mask.
    pub fn masked(self, mask: &Value) -> Result<Key, String> {
        let mask = match self.subject {
            Subject::Flags | Subject::State => self.subject.value_type().bits(mask)?,
            Subject::Unmodeled(_) => u32::MAX,
            _ => {
                return Err(
                    "a mask is supported only for tcp flags and ct state; write a prefix or a range"
                        .to_owned(),
                );
            }
        };
        Ok(Key { mask, ..self })
    }

    /// True if the key has a mask.
    pub fn is_masked(self) -> bool {
        self.mask != u32::MAX
    }

    /// True if no IPv6 packet can match this key.
    pub fn is_of_ipv4(self) -> bool {
        matches!(self.subject, Subject::Address(_) | Subject::Fixed(_))
    }

    /// The protocols to which nft implicitly restricts a rule with this key.
    pub fn implied(self) -> Protocols {
        match self.subject {
            Subject::Port(_, Some(protocols)) | Subject::Unmodeled(protocols) => protocols,
            Subject::Flags => Protocols::TCP,
            _ => Protocols::ALL,
        }
    }
}

fn protocol_with_ports(header: &str) -> Option<Protocols> {
    Some(match header {
        "tcp" => Protocols::TCP,
        "udp" => Protocols::UDP,
        "dccp" => Protocols::of(33),
        "sctp" => Protocols::of(132),
        "udplite" => Protocols::of(136),
        _ => return None,
    })
}

impl Subject {
    pub fn value_type(self) -> Type {
        match self {
            Subject::Address(_) => Type::Address,
            Subject::Port(..) => Type::Port,
            Subject::Protocol => Type::Protocol,
            Subject::Flags => Type::Flags,
            Subject::State => Type::State,
            Subject::Fixed(names) => Type::Fixed(names),
            Subject::Unmodeled(_) => Type::Unmodeled,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// No operator, or `in` in JSON: equality, or any of several bits.
    Implicit,
    Equal,
    NotEqual,
    /// `!`: none of these bits.
    NoneOf,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    /// Parses a sign or a name.
    pub fn named(word: &str) -> Option<Operator> {
        Some(match word {
            "in" => Operator::Implicit,
            "==" | "eq" => Operator::Equal,
            "!=" | "ne" => Operator::NotEqual,
            "!" => Operator::NoneOf,
            "<" | "lt" => Operator::Less,
            "<=" | "le" => Operator::AtMost,
            ">" | "gt" => Operator::Greater,
            ">=" | "ge" => Operator::AtLeast,
            _ => return None,
        })
    }
}
