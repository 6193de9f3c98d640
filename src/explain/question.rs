//! The questions of `explain`.

use std::str::FromStr;

use crate::packets::Interval;
use crate::policy::{PortRange, Protocol, Rule, Transport, parse_network};

/// A question in the form `ADDRESS` or `ADDRESS/PREFIX`, optionally followed by `:PORT` or
/// `:PORT/PROTOCOL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// Addresses on Twilio's side.
    pub span: Interval,
    /// The destination port.
    pub port: Option<u16>,
    pub transport: Option<Transport>,
}

impl Question {
    /// Returns true if the question is about any packet of a single address.
    pub(super) fn is_bare(&self) -> bool {
        self.port.is_none() && self.transport.is_none() && self.span.size() == 1
    }

    /// Returns true if a rule matches the port and the transport of the question.
    pub(super) fn fits(&self, rule: &Rule) -> bool {
        let port = self.port.is_none_or(|port| {
            let ports = rule.destination_ports();
            (ports.first()..=ports.last()).contains(&port)
        });
        let transport = self.transport.is_none_or(|transport| match transport {
            Transport::Tls => rule.transport == Some(Transport::Tls),
            Transport::Tcp => rule.protocol == Protocol::Tcp,
            Transport::Udp => rule.protocol == Protocol::Udp,
        });
        port && transport
    }
}

impl FromStr for Question {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (network, service) = match text.split_once(':') {
            // More than one colon means IPv6, which has its own message.
            Some((network, service)) if !service.contains(':') => (network, Some(service)),
            _ => (text, None),
        };
        let span = parse_network(network).map_err(|e| e.to_string())?.into();
        let Some(service) = service else {
            return Ok(Question {
                span,
                port: None,
                transport: None,
            });
        };
        let (port, transport) = match service.split_once('/') {
            Some((port, transport)) => (port, Some(transport)),
            None => (service, None),
        };
        if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!(
                "'{service}' is not a port with a protocol; write PORT or PORT/PROTOCOL after the colon, with \
                 udp, tcp or tls, as in 192.0.2.1:5060/udp"
            ));
        }
        let ports = PortRange::from_option(port).map_err(|e| e.to_string())?;
        Ok(Question {
            span,
            port: Some(ports.first()),
            transport: transport.map(transport_named).transpose()?,
        })
    }
}

pub(super) fn transport_named(name: &str) -> Result<Transport, String> {
    match name.to_ascii_lowercase().as_str() {
        "udp" => Ok(Transport::Udp),
        "tcp" => Ok(Transport::Tcp),
        "tls" => Ok(Transport::Tls),
        _ => Err(format!("'{name}' is not a protocol; use udp, tcp or tls")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::notation;

    #[test]
    fn accepts_addresses_networks_and_services_and_nothing_else() {
        let ask = |text: &str| {
            text.parse::<Question>()
                .map(|q| format!("{} {:?} {:?}", notation(q.span), q.port, q.transport))
        };
        for (text, meaning) in [
            ("192.0.2.1", "192.0.2.1 None None"),
            ("192.0.2.0/24", "192.0.2.0/24 None None"),
            ("192.0.2.1:5060", "192.0.2.1 Some(5060) None"),
            ("192.0.2.0/24:5061/TLS", "192.0.2.0/24 Some(5061) Some(Tls)"),
        ] {
            assert_eq!(ask(text).unwrap(), meaning);
        }
        for (text, problem) in [
            ("", "'' is not an IPv4 network"),
            ("192.0.2.1/24", "host bits set; the network is 192.0.2.0/24"),
            ("2001:db8::1", "'2001:db8::1' is IPv6"),
            ("::1", "'::1' is IPv6"),
            ("192.0.2.1:", "'' is not a port"),
            ("192.0.2.1:0/udp", "port '0' is out of range; ports go"),
            ("192.0.2.1:70000", "port '70000' is out of range; ports go"),
            ("192.0.2.1:5060/", "'' is not a protocol"),
            ("192.0.2.1:+5/udp", "'+5/udp' is not a port"),
            (
                "192.0.2.1:5060/sctp",
                "'sctp' is not a protocol; use udp, tcp or tls",
            ),
            ("pbx.example:5060", "'pbx.example' is not an IPv4 network"),
        ] {
            let error = ask(text).expect_err(text);
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
