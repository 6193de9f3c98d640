//! Editions and the user's selection to a [`Policy`].

pub mod names;
mod notices;

use std::sync::Arc;

use ipnet::Ipv4Net;
use thiserror::Error;

use crate::dataset::{
    self, Connection, DatasetError, Edition, ReferenceData, Region, SignalingPorts,
};
use crate::firewall::PublishedNetwork;
use crate::names::{did_you_mean, normalize_name};
use crate::packets::{Interval, normalized};
use crate::policy::{
    Direction, Local, Origin, Plane, Policy, PortRange, Protocol, Remote, RemoteNetwork, Rule,
    Scope, SelectedEdition, State, Transport, merge,
};

pub use notices::{notices, of_editions as notices_of_editions};

/// The edition of the document that this project started from.
pub const DEFAULT_EDITION: &str = "regional";

/// Stands for the public edition in force.
pub const CURRENT: &str = "current";

/// What the user wants to be allowed.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Names of regions and continents; empty means all.
    pub regions: Vec<String>,
    /// One or both.
    pub directions: Vec<Direction>,
    /// One or both.
    pub planes: Vec<Plane>,
    /// `None` means all.
    pub transports: Option<Vec<Transport>>,
    /// The user's side, merged; empty means any address.
    pub local_addresses: Arc<[Ipv4Net]>,
    /// Instead of the edition's port of SIP over UDP and TCP.
    pub local_sip_port: Option<u16>,
    /// Instead of the edition's port of SIP over TLS.
    pub local_tls_port: Option<u16>,
    /// Instead of the edition's RTP ports.
    pub local_rtp_ports: Option<PortRange>,
}

/// Why a selection gives no policy.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum SelectError {
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error("a region's name is empty; leave out --region for every region, or name one: {known}")]
    EmptyRegion { known: String },
    #[error(
        "unknown region '{name}'{suggestion}; use one of {known}, or a continent ({continents}), or \
         all ('list regions' prints every name)"
    )]
    UnknownRegion {
        name: String,
        suggestion: String,
        known: String,
        continents: String,
    },
    #[error("unknown edition '{name}'{suggestion}; use one of {known}, or {CURRENT}")]
    UnknownEdition {
        name: String,
        suggestion: String,
        known: String,
    },
    #[error("edition {edition} has no region {region}; it has {known}")]
    RegionNotInEdition {
        edition: Arc<str>,
        region: Arc<str>,
        known: String,
    },
    #[error("{option} is about {plane}, which --plane {other} leaves out; drop one of them")]
    OtherPlane {
        option: &'static str,
        plane: Plane,
        other: Plane,
    },
    #[error("{option} is about a transport that --transport leaves out; drop one of them")]
    OtherTransport { option: &'static str },
    #[error(
        "SIP over TCP and over TLS would both use local port {0}; give --local-sip-port and \
         --local-tls-port two ports, or leave one out of --transport"
    )]
    SamePort(u16),
    #[error("the selection leaves nothing to allow; name at least one transport or plane")]
    Nothing,
}

/// The embedded editions of the given names, without repetition, in the user's order.
pub fn embedded_editions(names: &[String]) -> Result<Vec<Edition>, SelectError> {
    let mut editions: Vec<Edition> = Vec::new();
    for name in names {
        let found = if normalize_name(name) == CURRENT {
            let in_force =
                |e: &Edition| e.connection == Connection::Public && e.superseded.is_none();
            dataset::editions()?.into_iter().find(in_force)
        } else {
            let known = dataset::edition_names()
                .find(|known| normalize_name(known) == normalize_name(name));
            match known {
                Some(known) => dataset::edition(known)?,
                None => None,
            }
        };
        let edition = found.ok_or_else(|| SelectError::UnknownEdition {
            name: name.clone(),
            suggestion: did_you_mean(name, [CURRENT].into_iter().chain(dataset::edition_names())),
            known: dataset::edition_names().collect::<Vec<_>>().join(", "),
        })?;
        if !editions.iter().any(|e| e.name == edition.name) {
            editions.push(edition);
        }
    }
    Ok(editions)
}

/// Every network that any embedded edition publishes.
pub fn known_networks(
    reference_data: &ReferenceData,
) -> Result<Vec<PublishedNetwork>, SelectError> {
    let mut known = Vec::new();
    for edition in dataset::editions()? {
        let sip = Transport::ALL
            .map(|transport| Interval::single(edition.signaling.ports.of(transport).into()));
        let sip = normalized(sip.to_vec());
        let rtp = vec![edition.media.ports.into()];
        for (plane, region, network) in edition.published(reference_data) {
            let ports = match plane {
                Plane::Signaling => &sip,
                Plane::Media => &rtp,
            };
            known.push(PublishedNetwork {
                addresses: network.into(),
                plane,
                ports: ports.clone(),
                region: region.map(|region| region.id.clone()),
                edition: edition.name.clone(),
            });
        }
    }
    Ok(known)
}

/// What the selection allows by the given editions: their union.
pub fn policy(
    selection: &Selection,
    editions: &[Edition],
    reference_data: &ReferenceData,
) -> Result<Policy, SelectError> {
    selection.validate()?;
    let regions = regions(&selection.regions, editions, reference_data)?;
    let services = selection.services(editions, &regions)?;
    let mut rules = Vec::new();
    let mut tcp_return = Vec::new();
    for &direction in &selection.directions {
        for service in &services {
            rules.push(selection.rule(direction, State::Any, service));
            if service.protocol() == Protocol::Tcp {
                tcp_return.push(selection.rule(direction, State::Established, service));
            }
        }
    }
    if rules.is_empty() {
        return Err(SelectError::Nothing);
    }
    let scope = Scope {
        editions: editions
            .iter()
            .map(|e| SelectedEdition {
                name: e.name.clone(),
                standing: e.standing(),
                source: e.source.clone(),
            })
            .collect(),
        all_regions: regions.len() == reference_data.regions.len(),
        regions: regions.iter().map(|region| region.id.clone()).collect(),
        directions: selection.directions.clone(),
        planes: selection.planes.clone(),
        transports: selection.transports(),
        local_ports: selection.given_local_ports(),
    };
    Ok(Policy {
        scope,
        rules,
        tcp_return,
    })
}

/// The regions of some names, or all, in the order of the data, each of them in every edition.
pub fn regions<'a>(
    names: &[String],
    editions: &[Edition],
    reference_data: &'a ReferenceData,
) -> Result<Vec<&'a Region>, SelectError> {
    let is_all = |name: &&String| normalize_name(name) == names::ALL;
    let (all, named): (Vec<&String>, Vec<&String>) = names.iter().partition(is_all);
    let mut wanted: Vec<Arc<str>> = Vec::new();
    if !all.is_empty() || named.is_empty() {
        wanted.extend(everything(editions, reference_data).map(|region| region.id.clone()));
    }
    for name in named {
        let found = names::find(name, reference_data);
        if found.is_empty() {
            return Err(unknown_region(name, reference_data));
        }
        wanted.extend(found.iter().map(|region| region.id.clone()));
    }
    for edition in editions {
        let known = edition.regions(reference_data);
        if let Some(missing) = wanted.iter().find(|id| !known.iter().any(|r| r.id == **id)) {
            return Err(SelectError::RegionNotInEdition {
                edition: edition.name.clone(),
                region: missing.clone(),
                known: ids(known.into_iter()),
            });
        }
    }
    Ok(reference_data
        .regions
        .iter()
        .filter(|region| wanted.contains(&region.id))
        .collect())
}

/// What `all` means: every region that the editions list.
fn everything<'a>(
    editions: &[Edition],
    reference_data: &'a ReferenceData,
) -> impl Iterator<Item = &'a Region> {
    let listed: Vec<&Region> = editions
        .iter()
        .flat_map(|e| e.regions(reference_data))
        .collect();
    reference_data
        .regions
        .iter()
        .filter(move |region| listed.iter().any(|l| l.id == region.id))
}

fn unknown_region(name: &str, reference_data: &ReferenceData) -> SelectError {
    let known = ids(reference_data.regions.iter());
    if normalize_name(name).is_empty() {
        return SelectError::EmptyRegion { known };
    }
    let region_names = reference_data.regions.iter().flat_map(names::names_of);
    let continent_names = reference_data
        .continents
        .iter()
        .flat_map(names::names_of_continent);
    let continents: Vec<&str> = reference_data
        .continents
        .iter()
        .map(|c| c.id.as_str())
        .collect();
    SelectError::UnknownRegion {
        name: name.to_owned(),
        suggestion: did_you_mean(name, continent_names.chain(region_names)),
        known,
        continents: continents.join(", "),
    }
}

fn ids<'a>(regions: impl Iterator<Item = &'a Region>) -> String {
    regions
        .map(|region| &*region.id)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What one side of a call offers on fixed ports, and the other side may reach from any port.
struct Service {
    /// `None` is media.
    transport: Option<Transport>,
    published: PortRange,
    local: PortRange,
    networks: Arc<[RemoteNetwork]>,
}

impl Service {
    fn protocol(&self) -> Protocol {
        self.transport.map_or(Protocol::Udp, Transport::protocol)
    }
}

/// Merged networks that share the same remote ports.
type Group<P> = (P, Arc<[RemoteNetwork]>);

/// One plane of the editions, region by region, a group for each set of ports.
fn groups<'a, P: PartialEq>(
    editions: &'a [Edition],
    regions: &[&Region],
    plane: impl Fn(&'a Edition) -> (P, &'a dataset::Networks),
) -> Vec<Group<P>> {
    let mut groups: Vec<(P, Vec<(Ipv4Net, Origin)>)> = Vec::new();
    for edition in editions {
        let (ports, networks) = plane(edition);
        let published = regions.iter().flat_map(|region| {
            networks.of(&region.id).map(|(network, own)| {
                let region = own.then(|| region.id.clone());
                let edition = edition.name.clone();
                (network, Origin { edition, region })
            })
        });
        match groups.iter_mut().find(|(known, _)| *known == ports) {
            Some((_, members)) => members.extend(published),
            None => groups.push((ports, published.collect())),
        }
    }
    groups
        .into_iter()
        .map(|(ports, published)| (ports, merge(&published).into()))
        .collect()
}

/// Local addresses as a policy has them: merged, and none at all where any address is meant.
pub fn local_addresses(given: &[Ipv4Net]) -> Arc<[Ipv4Net]> {
    let mut merged = Ipv4Net::aggregate(&given.to_vec());
    merged.retain(|network| network.prefix_len() > 0);
    merged.sort_unstable();
    merged.into()
}

impl Selection {
    fn transports(&self) -> Vec<Transport> {
        let wanted = |t: &Transport| self.transports.as_ref().is_none_or(|list| list.contains(t));
        if self.planes.contains(&Plane::Signaling) {
            Transport::ALL.into_iter().filter(wanted).collect()
        } else {
            Vec::new()
        }
    }

    /// Refuses options that would have no effect, for then one of them is not what was meant.
    fn validate(&self) -> Result<(), SelectError> {
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
            });
        }
        if self.local_sip_port.is_some() && transports == [Transport::Tls] {
            return Err(SelectError::OtherTransport {
                option: "--local-sip-port",
            });
        }
        Ok(())
    }

    fn given_local_ports(&self) -> Vec<(&'static str, PortRange)> {
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

    /// The rows of the table of what is allowed, without their direction.
    fn services(
        &self,
        editions: &[Edition],
        regions: &[&Region],
    ) -> Result<Vec<Service>, SelectError> {
        let mut services = Vec::new();
        for (ports, networks) in groups(editions, regions, |e| {
            (e.signaling.ports, &e.signaling.networks)
        }) {
            let transports = self.transports();
            let comes_in = self.directions.contains(&Direction::In);
            if comes_in && transports.ends_with(&[Transport::Tcp, Transport::Tls]) {
                self.refuse_one_port_for_two(ports)?;
            }
            services.extend(transports.into_iter().map(|transport| Service {
                transport: Some(transport),
                published: PortRange::single(ports.of(transport)),
                local: PortRange::single(self.local_port(transport, ports)),
                networks: networks.clone(),
            }));
        }
        if self.planes.contains(&Plane::Media) {
            for (published, networks) in
                groups(editions, regions, |e| (e.media.ports, &e.media.networks))
            {
                services.push(Service {
                    transport: None,
                    published,
                    local: self.local_rtp_ports.unwrap_or(published),
                    networks,
                });
            }
        }
        Ok(services)
    }

    fn refuse_one_port_for_two(&self, published: SignalingPorts) -> Result<(), SelectError> {
        let tcp = self.local_port(Transport::Tcp, published);
        if tcp == self.local_port(Transport::Tls, published) {
            Err(SelectError::SamePort(tcp))
        } else {
            Ok(())
        }
    }

    /// The user's port of SIP over a transport.
    fn local_port(&self, transport: Transport, published: SignalingPorts) -> u16 {
        let given = match transport {
            Transport::Udp | Transport::Tcp => self.local_sip_port,
            Transport::Tls => self.local_tls_port,
        };
        given.unwrap_or(published.of(transport))
    }

    fn rule(&self, direction: Direction, state: State, service: &Service) -> Rule {
        // What comes in goes to the user's service, and so does the way back that goes out.
        let to_local_service = (direction == Direction::In) == (state == State::Any);
        let (remote_ports, local_ports) = if to_local_service {
            (PortRange::ANY, service.local)
        } else {
            (service.published, PortRange::ANY)
        };
        Rule {
            direction,
            plane: service.transport.map_or(Plane::Media, |_| Plane::Signaling),
            transport: service.transport,
            protocol: service.protocol(),
            state,
            remote: Remote {
                networks: service.networks.clone(),
                ports: remote_ports,
            },
            local: Local {
                networks: self.local_addresses.clone(),
                ports: local_ports,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_that_leaves_nothing_is_an_error_and_never_an_empty_list() {
        let reference_data = dataset::reference_data().unwrap();
        let editions = embedded_editions(&["regional".to_owned()]).unwrap();
        let everything = Selection {
            regions: Vec::new(),
            directions: vec![Direction::In, Direction::Out],
            planes: vec![Plane::Signaling],
            transports: None,
            local_addresses: local_addresses(&[]),
            local_sip_port: None,
            local_tls_port: None,
            local_rtp_ports: None,
        };
        policy(&everything, &editions, &reference_data).unwrap();
        let nothing = Selection {
            transports: Some(Vec::new()),
            ..everything
        };
        assert_eq!(
            policy(&nothing, &editions, &reference_data)
                .unwrap_err()
                .to_string(),
            "the selection leaves nothing to allow; name at least one transport or plane"
        );
    }
}
