//! What an address is to Twilio, and whether a policy allows it.

use std::collections::BTreeSet;
use std::str::FromStr;

use ipnet::Ipv4Net;

use crate::catalog::{Catalog, Entry};
use crate::policy::space::Span;
use crate::policy::{Direction, Policy, Protocol, Rule, Transport, parse_network};

/// What is asked: `ADDRESS`, `ADDRESS/PREFIX`, either with `:PORT` and `/PROTOCOL` behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The addresses on Twilio's side.
    pub network: Ipv4Net,
    /// The port that packets go to.
    pub port: Option<u16>,
    /// How they travel.
    pub transport: Option<Transport>,
}

impl Question {
    fn span(&self) -> Span {
        self.network.into()
    }

    /// Whether every packet that a rule lets through between these addresses is asked for.
    fn is_bare(&self) -> bool {
        self.port.is_none() && self.transport.is_none() && self.network.prefix_len() == 32
    }

    /// Whether packets of the question are of a rule, but for their addresses.
    fn fits(&self, rule: &Rule) -> bool {
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
            // IPv6 has more of them; its own message says so.
            Some((network, service)) if !service.contains(':') => (network, Some(service)),
            _ => (text, None),
        };
        let network = parse_network(network).map_err(|e| e.to_string())?;
        let Some(service) = service else {
            return Ok(Question {
                network,
                port: None,
                transport: None,
            });
        };
        let (port, transport) = match service.split_once('/') {
            Some((port, transport)) => (port, Some(transport)),
            None => (service, None),
        };
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        let port = port.parse::<u16>().ok().filter(|port| digits && *port > 0);
        let transport = transport.map(|name| match name.to_ascii_lowercase().as_str() {
            "udp" => Some(Transport::Udp),
            "tcp" => Some(Transport::Tcp),
            "tls" => Some(Transport::Tls),
            _ => None,
        });
        match (port, transport) {
            (Some(port), None) => Ok(Question {
                network,
                port: Some(port),
                transport: None,
            }),
            (Some(port), Some(Some(transport))) => Ok(Question {
                network,
                port: Some(port),
                transport: Some(transport),
            }),
            _ => Err(format!(
                "'{service}' is not a port with a protocol; write PORT or PORT/PROTOCOL behind the colon, with \
                 udp, tcp or tls, as in 192.0.2.1:5060/udp"
            )),
        }
    }
}

/// The answer to a question.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The published networks that it touches, and whether they hold all of it.
    pub published: Vec<(&'a Entry, bool)>,
    /// The rules that allow it, with the networks that they allow it by.
    pub rules: Vec<(&'a Rule, Vec<Ipv4Net>)>,
    /// How much of it is allowed.
    pub allowed: Allowed,
}

/// How much of the packets of a question may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Each address, one way at least.
    Yes,
    /// Some addresses.
    Partly,
    /// None.
    No,
}

/// Answers questions.
#[derive(Debug)]
pub struct Explainer<'a> {
    catalog: &'a Catalog,
    policy: &'a Policy,
    /// Where an address begins to have another answer than the one before it.
    edges: Vec<u32>,
}

impl<'a> Explainer<'a> {
    /// Of what was published, and what is selected.
    pub fn new(catalog: &'a Catalog, policy: &'a Policy) -> Self {
        let published = catalog.entries.iter().map(Entry::span);
        let networks = policy
            .rules
            .iter()
            .flat_map(|rule| rule.remote.networks.iter());
        let allowed = networks.map(|n| Span::from(n.network));
        let mut edges = BTreeSet::from([0]);
        for span in published.chain(allowed) {
            edges.insert(span.first);
            edges.extend(span.last.checked_add(1));
        }
        Explainer {
            catalog,
            policy,
            edges: edges.into_iter().collect(),
        }
    }

    /// A number that questions with the same answer share, but for their own words; `None` where
    /// that is not known beforehand.
    pub fn kind(&self, question: &Question) -> Option<usize> {
        let first = question.span().first;
        question
            .is_bare()
            .then(|| self.edges.partition_point(|edge| *edge <= first) - 1)
    }

    /// How many such numbers there are.
    pub fn kinds(&self) -> usize {
        self.edges.len()
    }

    /// What is to be said of a question.
    pub fn answer(&self, question: &Question) -> Answer<'a> {
        let span = question.span();
        let entries = self.catalog.touching(span);
        let published = entries
            .map(|entry| (entry, entry.span().holds(span)))
            .collect();
        let mut rules = Vec::new();
        let mut spans = Vec::new();
        for rule in self.policy.rules.iter().filter(|rule| question.fits(rule)) {
            let networks = rule.remote.networks.iter().map(|n| n.network);
            let touching = networks.filter(|n| Span::from(*n).and(span).is_some());
            let networks: Vec<Ipv4Net> = touching.collect();
            spans.extend(networks.iter().filter_map(|n| Span::from(*n).and(span)));
            if !networks.is_empty() {
                rules.push((rule, networks));
            }
        }
        let allowed = match crate::policy::space::normalized(spans)[..] {
            [] => Allowed::No,
            [one] if one == span => Allowed::Yes,
            _ => Allowed::Partly,
        };
        Answer {
            published,
            rules,
            allowed,
        }
    }
}

impl Answer<'_> {
    /// The rules of one direction.
    pub fn rules(&self, direction: Direction) -> impl Iterator<Item = &(&Rule, Vec<Ipv4Net>)> {
        self.rules
            .iter()
            .filter(move |(rule, _)| rule.direction == direction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_addresses_networks_and_services_and_nothing_else() {
        let ask = |text: &str| {
            text.parse::<Question>()
                .map(|q| format!("{} {:?} {:?}", q.network, q.port, q.transport))
        };
        for (text, meaning) in [
            ("192.0.2.1", "192.0.2.1/32 None None"),
            ("192.0.2.0/24", "192.0.2.0/24 None None"),
            ("192.0.2.1:5060", "192.0.2.1/32 Some(5060) None"),
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
            ("192.0.2.1:0/udp", "'0/udp' is not a port"),
            ("192.0.2.1:+5/udp", "'+5/udp' is not a port"),
            (
                "192.0.2.1:5060/sctp",
                "'5060/sctp' is not a port with a protocol",
            ),
            ("pbx.example:5060", "'pbx.example' is not an IPv4 network"),
        ] {
            let error = ask(text).expect_err(text);
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
