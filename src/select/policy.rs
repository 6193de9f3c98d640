//! Makes the rules of a selection from editions.

use std::sync::Arc;

use ipnet::Ipv4Net;

use super::error::SelectError;
use super::regions::regions;
use super::selection::Selection;
use crate::dataset::{self, Edition, ReferenceData, Region, SignalingPorts};
use crate::policy::{
    Direction, Local, Origin, Plane, Policy, PortRange, Protocol, Remote, RemoteNetwork, Rule,
    Scope, SelectedEdition, State, Transport, merge,
};

/// Returns the policy of a selection: the union of the given editions.
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
                status: e.status(),
                is_superseded: e.superseded.is_some(),
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

/// Ports on which one side of a call listens. The other side may reach them from any port.
struct Service {
    /// `None` for media.
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

/// The remote ports of a plane, and the merged networks that use them.
type Group<P> = (P, Arc<[RemoteNetwork]>);

/// Returns the networks of one plane, grouped by their ports.
fn group_by_ports<'a, P: PartialEq>(
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

impl Selection {
    /// Returns the services that the selection allows, independent of the direction.
    fn services(
        &self,
        editions: &[Edition],
        regions: &[&Region],
    ) -> Result<Vec<Service>, SelectError> {
        let mut services = Vec::new();
        for (ports, networks) in group_by_ports(editions, regions, |e| {
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
                group_by_ports(editions, regions, |e| (e.media.ports, &e.media.networks))
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

    fn rule(&self, direction: Direction, state: State, service: &Service) -> Rule {
        // Incoming packets and outgoing replies to them use the ports of the local service.
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
    use crate::dataset::Data;
    use crate::select::{editions, local_addresses};

    #[test]
    fn a_selection_that_allows_nothing_is_an_error_and_never_an_empty_list() {
        let reference_data = dataset::reference_data().unwrap();
        let editions = editions(&["regional".to_owned()], &Data::Embedded).unwrap();
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
        policy(&everything, &editions, reference_data).unwrap();
        let nothing = Selection {
            transports: Some(Vec::new()),
            ..everything
        };
        assert_eq!(
            policy(&nothing, &editions, reference_data)
                .unwrap_err()
                .to_string(),
            "the selection allows nothing; select at least one plane and transport"
        );
    }
}
