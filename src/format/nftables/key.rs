//! The keys that rules compare, by the names of nft's language.

use super::value::{ETHER_TYPE, Fixed, IPV6, NFPROTO, Type, VERSION, Value};
use super::words::is_listed;
use crate::packets::{HeaderField, Protocols};

/// The left side of a match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub subject: Subject,
    /// The bits of it that are compared.
    pub mask: u32,
    /// The header that it is a field of, if it is one.
    pub header: Option<Header>,
}

/// A header of a packet, by its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Link,
    Network,
    Transport,
}

/// The subject of a [`Key`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    Address(HeaderField),
    /// A port; `None` is that of whatever protocol the packet has.
    Port(HeaderField, Option<Protocols>),
    Protocol,
    Flags,
    State,
    /// A value that all IPv4 packets have in common, by its names.
    Fixed(Fixed),
    /// Something that no box tells, of packets of these protocols.
    Unjudged(Protocols),
}

/// One or more keys side by side.
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

    /// The only one.
    pub fn single(&self) -> Option<Key> {
        self.others.is_empty().then_some(self.first)
    }

    /// True if there is a port of whatever protocol a packet has.
    pub fn need_ports(&self) -> bool {
        self.iter()
            .any(|key| matches!(key.subject, Subject::Port(_, None)))
    }

    /// True if they are the ports of both ends, and nothing else.
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

/// Fields of IPv4 headers that no box tells.
const IP_FIELDS: &str = "dscp ecn length id frag-off ttl checksum hdrlength";
const TCP_FIELDS: &str = "sequence ackseq doff window checksum urgptr";
const ICMP_FIELDS: &str = "type code checksum id sequence gateway mtu";
const VLAN_FIELDS: &str = "id dei cfi pcp type";

/// Keys of `meta` that no box tells, and that need `meta` before them.
const QUALIFIED_META_KEYS: &str = "length priority random sdif sdifname iifkind oifkind";

/// Keys of `meta` that no box tells, and that stand alone too.
const BARE_META_KEYS: &str = "
    mark iif iifname iiftype iifgroup oif oifname oiftype oifgroup ibrname obrname ibriport obriport
    skuid skgid cgroup pkttype cpu rtclassid time day hour
";

/// Keys of `ct` that no box tells.
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

    /// Something that no box tells.
    pub fn unjudged() -> Key {
        Key::of(Subject::Unjudged(Protocols::ALL))
    }

    /// A field of a header (nft(8), "Payload expressions").
    pub fn payload(header: &str, field: &str) -> Result<Key, String> {
        const ICMP: Protocols = Protocols::of(1);
        let subject = match (header, field) {
            ("ip", "saddr") => Subject::Address(HeaderField::Source),
            ("ip", "daddr") => Subject::Address(HeaderField::Destination),
            ("ip", "protocol") => Subject::Protocol,
            ("ip", "version") => Subject::Fixed(VERSION),
            ("ip", _) if is_listed(IP_FIELDS, field) => Subject::Unjudged(Protocols::ALL),
            ("ip6" | "icmpv6" | "mld" | "rt0" | "rt2", _) => return Err(IPV6.to_owned()),
            ("tcp", "flags") => Subject::Flags,
            ("tcp", _) if is_listed(TCP_FIELDS, field) => Subject::Unjudged(Protocols::TCP),
            ("udp", "length" | "checksum") => Subject::Unjudged(Protocols::UDP),
            ("icmp", _) if is_listed(ICMP_FIELDS, field) => Subject::Unjudged(ICMP),
            // Packets of loopback, tunnels and PPP, and those that go out, have no such header.
            ("ether", "type" | "saddr" | "daddr") => Subject::Unjudged(Protocols::ALL),
            ("vlan", _) if is_listed(VLAN_FIELDS, field) => Subject::Unjudged(Protocols::ALL),
            ("tcp" | "udp" | "udplite" | "sctp" | "dccp" | "th", "sport" | "dport") => {
                let end = if field == "sport" {
                    HeaderField::SourcePort
                } else {
                    HeaderField::DestinationPort
                };
                Subject::Port(end, protocol_with_ports(header))
            }
            _ => return Err(format!("'{header} {field}' cannot be judged")),
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

    /// A property of a packet beside its headers (nft(8), "Meta expressions").
    pub fn meta(key: &str) -> Result<Key, String> {
        Ok(Key::of(match key {
            "l4proto" => Subject::Protocol,
            "nfproto" => Subject::Fixed(NFPROTO),
            "protocol" => Subject::Fixed(ETHER_TYPE),
            _ if is_listed(QUALIFIED_META_KEYS, key) || Key::is_bare_meta(key) => {
                Subject::Unjudged(Protocols::ALL)
            }
            _ => return Err(format!("'meta {key}' cannot be judged")),
        }))
    }

    /// True if `meta` may be left out before a key.
    pub fn is_bare_meta(key: &str) -> bool {
        is_listed(BARE_META_KEYS, key)
    }

    /// A property in connection tracking (nft(8), "Conntrack expressions"), of one direction of a
    /// connection or of all of it.
    pub fn ct(key: &str, directed: bool) -> Result<Key, String> {
        Ok(Key::of(match key {
            "state" if !directed => Subject::State,
            "ip saddr" | "ip daddr" => Subject::Unjudged(Protocols::ALL),
            "ip6 saddr" | "ip6 daddr" => return Err(IPV6.to_owned()),
            _ if is_listed(CT_KEYS, key) => Subject::Unjudged(Protocols::ALL),
            _ => return Err(format!("'ct {key}' cannot be judged")),
        }))
    }

    /// The same key, but only these bits of it.
    pub fn masked(self, mask: &Value) -> Result<Key, String> {
        let mask = match self.subject {
            Subject::Flags | Subject::State => self.subject.value_type().bits(mask)?,
            Subject::Unjudged(_) => u32::MAX,
            _ => {
                return Err(
                    "a mask can be judged only of tcp flags and ct state; write a prefix or a range"
                        .to_owned(),
                );
            }
        };
        Ok(Key { mask, ..self })
    }

    /// True if only some of its bits are compared.
    pub fn is_masked(self) -> bool {
        self.mask != u32::MAX
    }

    /// True if no packet of IPv6 has it, or what it is compared with.
    pub fn is_of_ipv4(self) -> bool {
        matches!(self.subject, Subject::Address(_) | Subject::Fixed(_))
    }

    /// The protocols that nft makes a rule with this key look for by itself.
    pub fn implied(self) -> Protocols {
        match self.subject {
            Subject::Port(_, Some(protocols)) | Subject::Unjudged(protocols) => protocols,
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
    /// The type of its values.
    pub fn value_type(self) -> Type {
        match self {
            Subject::Address(_) => Type::Address,
            Subject::Port(..) => Type::Port,
            Subject::Protocol => Type::Protocol,
            Subject::Flags => Type::Flags,
            Subject::State => Type::State,
            Subject::Fixed(names) => Type::Fixed(names),
            Subject::Unjudged(_) => Type::Unjudged,
        }
    }
}

/// The operator of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// None is written, or `in`: equality, or any bit of several.
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
    /// By its sign or its name.
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
