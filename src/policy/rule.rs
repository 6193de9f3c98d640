//! The rules of a policy, and the types of their fields.

use std::fmt;
use std::sync::Arc;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::network::RemoteNetwork;
use super::ports::PortRange;
use crate::packets::{Direction, Protocols};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Plane {
    /// SIP (RFC 3261).
    Signaling,
    /// RTP (RFC 3550), always over UDP.
    Media,
}

impl Plane {
    pub const ALL: [Plane; 2] = [Plane::Signaling, Plane::Media];
}

/// The transport of SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Udp,
    Tcp,
    /// SIP over TLS, which uses TCP and a port of its own (RFC 3261, section 26.2.2).
    Tls,
}

/// The protocol in the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// UDP (RFC 768).
    Udp,
    /// TCP (RFC 9293).
    Tcp,
}

/// The connection state that a rule requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The rule also matches the first packet of a connection.
    Any,
    /// The rule matches TCP packets with ACK or RST, as stateless firewalls recognize replies.
    Established,
}

/// Twilio's side of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Never empty, disjoint, and as few as possible; in the order of their origins.
    pub networks: Arc<[RemoteNetwork]>,
    pub ports: PortRange,
}

/// The user's side of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Empty means any address.
    pub networks: Arc<[Ipv4Net]>,
    pub ports: PortRange,
}

impl Local {
    /// Returns the networks one by one, for firewalls without lists. `None` means any address.
    pub fn each(&self) -> Vec<Option<Ipv4Net>> {
        if self.networks.is_empty() {
            vec![None]
        } else {
            self.networks.iter().copied().map(Some).collect()
        }
    }
}

/// One kind of packet to allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub direction: Direction,
    pub plane: Plane,
    /// `None` for media.
    pub transport: Option<Transport>,
    pub protocol: Protocol,
    pub state: State,
    pub remote: Remote,
    pub local: Local,
}

impl Rule {
    /// Returns a short description, such as `signaling tls`.
    pub fn subject(&self) -> String {
        match self.transport {
            Some(transport) => format!("{} {transport}", self.plane),
            None => self.plane.to_string(),
        }
    }

    /// Returns two values that belong to the remote and the local side as the values of the source
    /// and the destination.
    pub fn in_packet_order<T>(&self, remote: T, local: T) -> (T, T) {
        match self.direction {
            Direction::In => (remote, local),
            Direction::Out => (local, remote),
        }
    }

    pub fn source_ports(&self) -> PortRange {
        self.in_packet_order(self.remote.ports, self.local.ports).0
    }

    pub fn destination_ports(&self) -> PortRange {
        self.in_packet_order(self.remote.ports, self.local.ports).1
    }
}

/// Prints a lower-case word for each variant.
macro_rules! words {
    ($type:ident: $($variant:ident $word:literal),+) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $($type::$variant => $word),+ })
            }
        }
    };
}
words!(Plane: Signaling "signaling", Media "media");
words!(Transport: Udp "udp", Tcp "tcp", Tls "tls");
words!(Protocol: Udp "udp", Tcp "tcp");

impl Transport {
    pub const ALL: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

    pub fn protocol(self) -> Protocol {
        match self {
            Transport::Udp => Protocol::Udp,
            Transport::Tcp | Transport::Tls => Protocol::Tcp,
        }
    }
}

impl From<Protocol> for Protocols {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Udp => Protocols::UDP,
            Protocol::Tcp => Protocols::TCP,
        }
    }
}
