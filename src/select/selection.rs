//! The user's selection as plain options.

use std::sync::Arc;

use ipnet::Ipv4Net;

use super::error::SelectError;
use crate::dataset::SignalingPorts;
use crate::policy::{Direction, Plane, PortRange, Transport};

/// The packets that the user wants to allow.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Names of regions, continents and countries; empty means all.
    pub regions: Vec<String>,
    /// Never empty.
    pub directions: Vec<Direction>,
    /// Never empty.
    pub planes: Vec<Plane>,
    /// `None` means all transports.
    pub transports: Option<Vec<Transport>>,
    /// The networks of the user's side, merged; empty means any address.
    pub local_addresses: Arc<[Ipv4Net]>,
    /// The local port of SIP over UDP and TCP; `None` means the edition's port.
    pub local_sip_port: Option<u16>,
    /// The local port of SIP over TLS; `None` means the edition's port.
    pub local_tls_port: Option<u16>,
    /// The local RTP ports; `None` means the edition's ports.
    pub local_rtp_ports: Option<PortRange>,
}

/// Returns merged networks for the local side of a policy; empty if they include every address.
pub fn local_addresses(given: &[Ipv4Net]) -> Arc<[Ipv4Net]> {
    let mut merged = Ipv4Net::aggregate(&given.to_vec());
    merged.retain(|network| network.prefix_len() > 0);
    merged.sort_unstable();
    merged.into()
}

impl Selection {
    /// Returns the selected transports; empty without the signaling plane.
    pub(super) fn transports(&self) -> Vec<Transport> {
        let wanted = |t: &Transport| self.transports.as_ref().is_none_or(|list| list.contains(t));
        if self.planes.contains(&Plane::Signaling) {
            Transport::ALL.into_iter().filter(wanted).collect()
        } else {
            Vec::new()
        }
    }

    /// Rejects an option that has no effect with the other options, because one of them must be a
    /// mistake.
    pub(super) fn validate(&self) -> Result<(), SelectError> {
        let given = [
            ("--transport", Plane::Signaling, self.transports.is_some()),
            (
                "--local-sip-port",
                Plane::Signaling,
                self.local_sip_port.is_some(),
            ),
            (
                "--local-tls-port",
                Plane::Signaling,
                self.local_tls_port.is_some(),
            ),
            (
                "--local-rtp-ports",
                Plane::Media,
                self.local_rtp_ports.is_some(),
            ),
        ];
        if let [other] = self.planes[..] {
            if let Some((option, plane, _)) =
                given.iter().find(|(_, p, given)| *given && *p != other)
            {
                return Err(SelectError::OtherPlane {
                    option,
                    plane: *plane,
                    other,
                });
            }
        }
        let transports = self.transports();
        let tls = transports.contains(&Transport::Tls);
        if self.local_tls_port.is_some() && !tls {
            return Err(SelectError::OtherTransport {
                option: "--local-tls-port",
                transports: "SIP over TLS",
            });
        }
        if self.local_sip_port.is_some() && transports == [Transport::Tls] {
            return Err(SelectError::OtherTransport {
                option: "--local-sip-port",
                transports: "SIP over UDP or TCP",
            });
        }
        Ok(())
    }

    /// Returns the local ports that the user chose, each with its option.
    pub(super) fn given_local_ports(&self) -> Vec<(&'static str, PortRange)> {
        let sip = self.local_sip_port.map(PortRange::single);
        let tls = self.local_tls_port.map(PortRange::single);
        [
            ("--local-sip-port", sip),
            ("--local-tls-port", tls),
            ("--local-rtp-ports", self.local_rtp_ports),
        ]
        .into_iter()
        .filter_map(|(option, ports)| Some((option, ports?)))
        .collect()
    }

    /// Returns the local port for a transport.
    pub(super) fn local_port(&self, transport: Transport, published: SignalingPorts) -> u16 {
        let given = match transport {
            Transport::Udp | Transport::Tcp => self.local_sip_port,
            Transport::Tls => self.local_tls_port,
        };
        given.unwrap_or(published.of(transport))
    }
}
