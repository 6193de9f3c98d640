//! The IP families of packets, and the fields that differ between them.

use super::value::Type;
use crate::packets::Condition;

/// A set of IP families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Families {
    pub ipv4: bool,
    pub ipv6: bool,
}

impl Families {
    pub const NONE: Families = Families::of(false, false);
    pub const IPV4: Families = Families::of(true, false);
    pub const IPV6: Families = Families::of(false, true);
    pub const BOTH: Families = Families::of(true, true);

    const fn of(ipv4: bool, ipv6: bool) -> Families {
        Families { ipv4, ipv6 }
    }

    pub fn and(self, other: Families) -> Families {
        Families::of(self.ipv4 && other.ipv4, self.ipv6 && other.ipv6)
    }

    pub fn or(self, other: Families) -> Families {
        Families::of(self.ipv4 || other.ipv4, self.ipv6 || other.ipv6)
    }

    pub fn not(self) -> Families {
        Families::of(!self.ipv4, !self.ipv6)
    }
}

/// A field whose value differs between IPv4 and IPv6 packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FamilyField {
    /// `meta nfproto`
    Nfproto,
    /// `meta protocol`
    Protocol,
    /// `ether type`. Outgoing packets and those of loopback, tunnels and PPP have no such field, and it may be the type
    /// of a VLAN tag.
    EtherType,
    /// `ip version`
    Version,
}

/// Types of Ethernet frames.
const IP: u32 = 0x0800;
const ARP: u32 = 0x0806;
const IP6: u32 = 0x86dd;

impl FamilyField {
    pub fn value_type(self) -> Type {
        match self {
            FamilyField::Nfproto => Type::Nfproto,
            FamilyField::Protocol | FamilyField::EtherType => Type::Ethernet,
            FamilyField::Version => Type::Version,
        }
    }

    /// Unknown if a packet may lack the field.
    pub fn condition(self) -> Condition {
        Condition::true_if(self != FamilyField::EtherType)
    }

    /// The families of the packets that may have this value, and the condition that all of their packets have it.
    pub fn families(self, value: u32) -> (Families, Condition) {
        let families = match (self, value) {
            (FamilyField::Nfproto, 2)
            | (FamilyField::Version, 4)
            | (FamilyField::Protocol | FamilyField::EtherType, IP) => Families::IPV4,
            (FamilyField::Nfproto, 10) | (FamilyField::Protocol | FamilyField::EtherType, IP6) => {
                Families::IPV6
            }
            (FamilyField::EtherType, value) if value != ARP => Families::BOTH,
            _ => Families::NONE,
        };
        (families, self.condition())
    }
}
