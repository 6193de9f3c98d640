//! Rules of a policy, and the words that they are made of.

use std::fmt;
use std::sync::Arc;

use ipnet::Ipv4Net;
use serde::Serialize;

use super::network::RemoteNetwork;
use super::ports::PortRange;
use crate::packets::{Direction, Protocols};

/// The kind of traffic: SIP or RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Plane {
    /// SIP (RFC 3261).
    Signaling,
    /// RTP (RFC 3550), always over UDP.
    Media,
}

impl Plane {
    /// Both.
    pub const ALL: [Plane; 2] = [Plane::Signaling, Plane::Media];
}

/// The transport of signaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// SIP over UDP.
    Udp,
    /// SIP over TCP.
    Tcp,
    /// SIP over TLS, which is TCP on a port of its own (RFC 3261, section 26.2.2).
    Tls,
}

/// The protocol field of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// RFC 768.
    Udp,
    /// RFC 9293.
    Tcp,
}

/// The state of a connection that a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing: the rule holds for the first packet too.
    Any,
    /// TCP with ACK or RST set, the way back as a stateless firewall knows it.
    Established,
}

/// The far side of a rule, Twilio's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Never empty, disjoint, as few as can be; in the order of their origins.
    pub networks: Arc<[RemoteNetwork]>,
    /// The ports of the far side.
    pub ports: PortRange,
}

/// The near side of a rule, the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Empty means any address.
    pub networks: Arc<[Ipv4Net]>,
    /// The ports of the near side.
    pub ports: PortRange,
}

impl Local {
    /// The networks one by one, for firewalls without lists; `None` is any address.
    pub fn each(&self) -> Vec<Option<Ipv4Net>> {
        if self.networks.is_empty() {
            vec![None]
        } else {
            self.networks.iter().copied().map(Some).collect()
        }
    }
}

/// One kind of packet that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which way.
    pub direction: Direction,
    /// SIP or RTP.
    pub plane: Plane,
    /// The transport of signaling; `None` for media.
    pub transport: Option<Transport>,
    /// The protocol of the IP header.
    pub protocol: Protocol,
    /// Any packet, or only the way back.
    pub state: State,
    /// Twilio's side.
    pub remote: Remote,
    /// The user's side.
    pub local: Local,
}

impl Rule {
    /// A few words on what the rule lets through, such as `signaling tls`.
    pub fn subject(&self) -> String {
        match self.transport {
            Some(transport) => format!("{} {transport}", self.plane),
            None => self.plane.to_string(),
        }
    }

    /// The far and the near side's something in the order of a packet: source, destination.
    pub fn in_packet_order<T>(&self, remote: T, local: T) -> (T, T) {
        match self.direction {
            Direction::In => (remote, local),
            Direction::Out => (local, remote),
        }
    }

    /// The ports that packets come from.
    pub fn source_ports(&self) -> PortRange {
        self.in_packet_order(self.remote.ports, self.local.ports).0
    }

    /// The ports that packets go to.
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
    /// Each.
    pub const ALL: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

    /// The protocol that carries it.
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
