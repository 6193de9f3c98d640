//! The left side of matches: header fields and other keys, by their names in nft.

use super::families::{Families, FamilyField};
use super::mark::{MarkOf, MarkValue};
use super::value::{Type, Value, number};
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
    /// True if a rule may change the key. No modeled key depends on it.
    pub is_changeable: bool,
    /// True if every packet has the key, or every tracked packet for a key of `ct`, so that a rule that reads the key
    /// always continues.
    pub is_always_present: bool,
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
    /// A field that differs between IPv4 and IPv6.
    Family(FamilyField),
    /// A field of this type that only IPv6 packets have.
    Ipv6(Type),
    /// A field of the ICMP of IPv6. In a table of family `ip`, it matches IPv4 packets of this protocol.
    Icmpv6,
    /// A property that facts about the packet decide.
    Criterion(Criterion),
    /// A property that packet boxes do not model. Only packets of these protocols have it.
    Unmodeled(Protocols),
}

/// A property that [`Criteria`](crate::firewall::Criteria) describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Criterion {
    /// `iifname`
    InputName,
    /// `iif`, whose value may be the name or the number of an interface.
    InputIndex,
    OutputName,
    OutputIndex,
    Mark(MarkOf),
    /// `fib daddr type`
    DestinationType,
    /// `fib saddr type`
    SourceType,
    /// `ct status`
    Status,
    /// `meta pkttype`
    PacketType,
    /// `fib saddr . iif oif`
    WayBack,
    /// `ip frag-off`
    FragmentOffset,
}

impl Criterion {
    /// The value of `meta`, if it is one of these.
    fn meta(key: &str) -> Option<Criterion> {
        Some(match key {
            "iifname" => Criterion::InputName,
            "iif" => Criterion::InputIndex,
            "oifname" => Criterion::OutputName,
            "oif" => Criterion::OutputIndex,
            "mark" => Criterion::Mark(MarkOf::Packet),
            "pkttype" => Criterion::PacketType,
            _ => return None,
        })
    }

    /// True for the interfaces of a packet.
    pub fn is_interface(self) -> bool {
        matches!(
            self,
            Criterion::InputName
                | Criterion::InputIndex
                | Criterion::OutputName
                | Criterion::OutputIndex
        )
    }

    fn value_type(self) -> Type {
        match self {
            Criterion::InputName | Criterion::OutputName => Type::InterfaceName,
            Criterion::InputIndex | Criterion::OutputIndex => Type::InterfaceIndex,
            Criterion::Mark(_) => Type::Mark,
            _ => Type::Unmodeled,
        }
    }
}

/// The new value of a key: the keys from which it is computed.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub keys: Vec<Key>,
    /// True if a lookup may find nothing, which ends the rule.
    pub looks_up: bool,
    /// The value, if marks and constants are enough to compute it.
    pub mark: Option<MarkValue>,
}

impl Source {
    /// A constant; `None` if its value is not a number.
    pub fn constant(value: Option<u32>) -> Source {
        Source {
            mark: value.map(MarkValue::constant),
            ..Source::default()
        }
    }

    /// The value of these keys.
    pub fn of(keys: Vec<Key>) -> Source {
        let mark = match keys[..] {
            [key] => key.mark().map(|mark| MarkValue::of(mark, key.mask)),
            _ => None,
        };
        Source {
            keys,
            looks_up: false,
            mark,
        }
    }

    /// Both sources together. Their common value is not computed.
    pub fn and(mut self, other: Source) -> Source {
        self.keys.extend(other.keys);
        self.looks_up |= other.looks_up;
        self.mark = None;
        self
    }

    /// True if the value depends on the mark of the connection, which only tracked packets have.
    pub fn reads_connection_mark(&self) -> bool {
        let connection = Some(MarkOf::Connection);
        self.keys.iter().any(|key| key.mark() == connection)
    }

    /// The result of an operator, such as `|`.
    pub fn combined(self, operator: &str, other: Source) -> Source {
        let mark = match (self.mark, other.mark) {
            (Some(one), Some(other)) => one.combined(operator, other),
            _ => None,
        };
        Source {
            mark,
            ..self.and(other)
        }
    }
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

    /// True if a key is a field of IPv6 or its ICMP.
    pub fn are_of_ipv6(&self) -> bool {
        let is_of_ipv6 = |key: Key| matches!(key.subject, Subject::Ipv6(_) | Subject::Icmpv6);
        self.iter().any(is_of_ipv6)
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
const IP6_FIELDS: &str = "dscp ecn flowlabel length hoplimit";
const ICMPV6_FIELDS: &str =
    "type code checksum parameter-problem packet-too-big id sequence mtu max-delay taddr daddr";
const MLD_FIELDS: &str = "type code checksum maximum-delay maxdelay reserved group";
const TCP_FIELDS: &str = "sequence ackseq doff window checksum urgptr";
const ICMP_FIELDS: &str = "type code checksum id sequence gateway mtu";
const VLAN_FIELDS: &str = "id dei cfi pcp type";

/// Extension headers of IPv6, and their fields other than the next header.
const IPV6_EXTENSIONS: &str = "frag hbh dst mh rt rt0 rt2 rt4 srh";
const IPV6_EXTENSION_FIELDS: &str = "
    hdrlength reserved frag-off more-fragments reserved2 id type seg-left flags tag last-entry checksum
";

/// True for header fields and other keys that a rule may change: no modeled key depends on them.
///
/// It runs for every match of every rule, so it compares no list of names.
fn is_changeable(group: &str, field: &str) -> bool {
    match group {
        "ip" => matches!(field, "dscp" | "ecn" | "ttl"),
        "ip6" => matches!(field, "dscp" | "ecn" | "flowlabel" | "hoplimit"),
        "meta" => matches!(field, "mark" | "priority" | "nftrace" | "secmark"),
        "ct" => matches!(field, "mark" | "label" | "event" | "secmark"),
        _ => false,
    }
}

/// Keys of `meta` that packet boxes do not model, and that need the word `meta`.
const QUALIFIED_META_KEYS: &str = "length priority random sdif sdifname iifkind oifkind secmark";

/// Keys of `meta` that packet boxes do not model, and for which the word `meta` is optional.
const BARE_META_KEYS: &str = "
    mark iif iifname iiftype iifgroup oif oifname oiftype oifgroup ibrname obrname ibriport obriport
    skuid skgid cgroup pkttype cpu rtclassid time day hour nftrace
";

/// Keys of `ct` that packet boxes do not model.
const CT_KEYS: &str = "
    direction status mark expiration helper label zone id bytes packets avgpkt l3proto protocol
    saddr daddr proto-src proto-dst secmark event
";

impl Key {
    fn of(subject: Subject) -> Key {
        Key {
            subject,
            mask: u32::MAX,
            header: None,
            is_changeable: false,
            is_always_present: false,
        }
    }

    /// Sets `is_changeable` for a key of this group, such as `ip` or `meta`.
    fn of_group(self, group: &str, field: &str) -> Key {
        Key {
            is_changeable: is_changeable(group, field),
            ..self
        }
    }

    /// A key that packet boxes do not model.
    pub fn unmodeled() -> Key {
        Key::of(Subject::Unmodeled(Protocols::ALL))
    }

    /// `fib daddr type`: the kind of address that the destination is.
    pub fn destination_type() -> Key {
        Key::of(Subject::Criterion(Criterion::DestinationType))
    }

    /// `fib saddr type`: the kind of address that the source is.
    pub fn source_type() -> Key {
        Key::of(Subject::Criterion(Criterion::SourceType))
    }

    /// `fib saddr . iif oif`: the interface that leads back to the source.
    pub fn way_back() -> Key {
        Key::of(Subject::Criterion(Criterion::WayBack))
    }

    /// An option of TCP (nft(8), "Extension header expressions").
    pub fn tcp_option() -> Key {
        Key {
            is_changeable: true,
            ..Key::of(Subject::Unmodeled(Protocols::TCP))
        }
    }

    /// The presence of an extension header of IPv6, or one of its fields.
    pub fn ipv6_extension(header: &str, field: Option<&str>) -> Result<Key, String> {
        let kind = match field {
            Some("nexthdr") => Type::Protocol,
            Some(field) if !is_listed(IPV6_EXTENSION_FIELDS, field) => {
                return Err(format!("'{header} {field}' is not supported"));
            }
            _ => Type::Unmodeled,
        };
        if is_listed(IPV6_EXTENSIONS, header) {
            Ok(Key::of(Subject::Ipv6(kind)))
        } else {
            Err(format!("'exthdr {header}' is not supported"))
        }
    }

    /// The next hop of the route of an IPv6 packet.
    pub fn ipv6_route() -> Key {
        Key::of(Subject::Ipv6(Type::Ipv6Address))
    }

    /// A field of a header (nft(8), "Payload expressions").
    pub fn payload(header: &str, field: &str) -> Result<Key, String> {
        const ICMP: Protocols = Protocols::of(1);
        let subject = match (header, field) {
            ("ip", "saddr") => Subject::Address(HeaderField::Source),
            ("ip", "daddr") => Subject::Address(HeaderField::Destination),
            ("ip", "protocol") => Subject::Protocol,
            ("ip", "version") => Subject::Family(FamilyField::Version),
            ("ip", "frag-off") => Subject::Criterion(Criterion::FragmentOffset),
            ("ip", _) if is_listed(IP_FIELDS, field) => Subject::Unmodeled(Protocols::ALL),
            ("ip6", "saddr" | "daddr") => Subject::Ipv6(Type::Ipv6Address),
            ("ip6", "nexthdr") => Subject::Ipv6(Type::Protocol),
            ("ip6", "version") => Subject::Ipv6(Type::Version),
            ("ip6", _) if is_listed(IP6_FIELDS, field) => Subject::Ipv6(Type::Unmodeled),
            ("icmpv6", _) if is_listed(ICMPV6_FIELDS, field) => Subject::Icmpv6,
            ("mld", _) if is_listed(MLD_FIELDS, field) => Subject::Icmpv6,
            ("tcp", "flags") => Subject::Flags,
            ("tcp", _) if is_listed(TCP_FIELDS, field) => Subject::Unmodeled(Protocols::TCP),
            ("udp", "length" | "checksum") => Subject::Unmodeled(Protocols::UDP),
            ("icmp", _) if is_listed(ICMP_FIELDS, field) => Subject::Unmodeled(ICMP),
            // Outgoing packets and those of loopback, tunnels and PPP have no such header.
            ("ether", "type") => Subject::Family(FamilyField::EtherType),
            ("ether", "saddr" | "daddr") => Subject::Unmodeled(Protocols::ALL),
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
        let layer = match header {
            "ether" | "vlan" => Some(Header::Link),
            "ip" => Some(Header::Network),
            "ip6" | "icmpv6" | "mld" => None,
            _ => Some(Header::Transport),
        };
        Ok(Key {
            header: layer,
            ..Key::of(subject).of_group(header, field)
        })
    }

    /// A property of a packet outside of its headers (nft(8), "Meta expressions").
    pub fn meta(key: &str) -> Result<Key, String> {
        let subject = match (Criterion::meta(key), key) {
            (Some(criterion), _) => Subject::Criterion(criterion),
            (None, "l4proto") => Subject::Protocol,
            (None, "nfproto") => Subject::Family(FamilyField::Nfproto),
            (None, "protocol") => Subject::Family(FamilyField::Protocol),
            (None, _) if is_listed(QUALIFIED_META_KEYS, key) || Key::is_bare_meta(key) => {
                Subject::Unmodeled(Protocols::ALL)
            }
            (None, _) => return Err(format!("'meta {key}' is not supported")),
        };
        Ok(Key {
            is_always_present: matches!(key, "mark" | "priority"),
            ..Key::of(subject).of_group("meta", key)
        })
    }

    /// True if the word `meta` is optional before a key.
    pub fn is_bare_meta(key: &str) -> bool {
        is_listed(BARE_META_KEYS, key)
    }

    /// A property of the tracked connection (nft(8), "Conntrack expressions"). `directed` is true if the
    /// property belongs to one direction of it (`original` or `reply`).
    pub fn ct(key: &str, directed: bool) -> Result<Key, String> {
        let subject = match key {
            "state" if !directed => Subject::State,
            "mark" => Subject::Criterion(Criterion::Mark(MarkOf::Connection)),
            "status" => Subject::Criterion(Criterion::Status),
            "ip saddr" | "ip daddr" => Subject::Unmodeled(Protocols::ALL),
            "ip6 saddr" | "ip6 daddr" => Subject::Ipv6(Type::Ipv6Address),
            _ if is_listed(CT_KEYS, key) => Subject::Unmodeled(Protocols::ALL),
            _ => return Err(format!("'ct {key}' is not supported")),
        };
        Ok(Key {
            is_always_present: key == "mark",
            ..Key::of(subject).of_group("ct", key)
        })
    }

    /// Restricts the key to the bits of a mask.
    pub fn masked(self, mask: &Value) -> Result<Key, String> {
        let mask = match self.subject {
            Subject::Flags | Subject::State => self.subject.value_type().bits(mask)?,
            Subject::Criterion(Criterion::Status) => UNKNOWN_MASK,
            Subject::Criterion(Criterion::Mark(_) | Criterion::FragmentOffset) => {
                number(mask).unwrap_or(UNKNOWN_MASK)
            }
            Subject::Criterion(_) | Subject::Unmodeled(_) | Subject::Ipv6(_) | Subject::Icmpv6 => {
                u32::MAX
            }
            _ => {
                return Err(
                    "a mask is supported only for tcp flags and ct state; write a prefix or a range"
                        .to_owned(),
                );
            }
        };
        Ok(Key { mask, ..self })
    }

    /// The mark that the key is, if it is one.
    pub fn mark(self) -> Option<MarkOf> {
        match self.subject {
            Subject::Criterion(Criterion::Mark(mark)) => Some(mark),
            _ => None,
        }
    }

    /// True for the kind of an address or of a packet.
    pub fn is_kind(self) -> bool {
        matches!(
            self.subject,
            Subject::Criterion(
                Criterion::DestinationType | Criterion::SourceType | Criterion::PacketType
            )
        )
    }

    /// True if the key has a mask.
    pub fn is_masked(self) -> bool {
        self.mask != u32::MAX
    }

    /// The families to which nft implicitly restricts a rule with this key, in an `inet` table.
    pub fn families(self) -> Families {
        match self.subject {
            Subject::Ipv6(_) | Subject::Icmpv6 => Families::IPV6,
            _ if self.header == Some(Header::Network) => Families::IPV4,
            _ => Families::BOTH,
        }
    }

    /// The protocols to which nft implicitly restricts a rule with this key.
    pub fn implied(self) -> Protocols {
        match self.subject {
            Subject::Port(_, Some(protocols)) | Subject::Unmodeled(protocols) => protocols,
            Subject::Flags => Protocols::TCP,
            Subject::Icmpv6 => Protocols::of(58),
            _ => Protocols::ALL,
        }
    }
}

/// The mask of a mark, if the mask is not a number. No comparison uses it.
const UNKNOWN_MASK: u32 = 0;

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
            Subject::Family(field) => field.value_type(),
            Subject::Criterion(criterion) => criterion.value_type(),
            Subject::Ipv6(kind) => kind,
            Subject::Unmodeled(_) | Subject::Icmpv6 => Type::Unmodeled,
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
