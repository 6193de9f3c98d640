//! Attributes packets to a rule of the policy, to published networks, or to nothing.

use std::sync::Arc;

use super::published::Published;
use crate::packets::{Cell, Dimension, Direction};
use crate::policy::{Granularity, Plane, RemoteNetwork, Rule, State};

/// The part of the Twilio service that packets belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// A rule of the policy.
    Rule {
        /// Such as `signaling tls`.
        subject: String,
        plane: Plane,
        /// The regions that the network belongs to.
        region: String,
        /// The editions that publish the network.
        editions: Vec<Arc<str>>,
    },
    /// Published networks that contain the remote addresses.
    Published(Vec<Publication>),
    /// The remote addresses are not in a network of any edition.
    Nothing,
}

/// A published use of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    pub plane: Plane,
    /// True if the packets use only protocols and ports of the plane.
    pub own_ports: bool,
    /// The id of the region; `None` if the network serves every region.
    pub region: Option<Arc<str>>,
    pub editions: Vec<Arc<str>>,
}

impl Attribution {
    pub(super) fn of(
        rule: &Rule,
        network: &RemoteNetwork,
        granularity: Granularity,
    ) -> Attribution {
        let mut editions: Vec<Arc<str>> = Vec::new();
        for origin in &network.origins {
            if !editions.contains(&origin.edition) {
                editions.push(origin.edition.clone());
            }
        }
        Attribution::Rule {
            subject: match (granularity, rule.state) {
                (Granularity::RemoteAddress, _) => rule.plane.to_string(),
                (_, State::Any) => rule.subject(),
                (_, State::Established) => format!("{} return traffic", rule.subject()),
            },
            plane: rule.plane,
            region: network.label(false),
            editions,
        }
    }
}

pub(super) fn publications(
    packets: &Cell,
    granularity: Granularity,
    published: &Published,
    direction: Direction,
) -> Attribution {
    let service = packets.set(match direction {
        Direction::In => Dimension::LocalPort,
        Direction::Out => Dimension::RemotePort,
    });
    let mut found: Vec<Publication> = Vec::new();
    for holder in published.holders(packets.set(Dimension::Remote).hull()) {
        let own_ports = granularity == Granularity::RemoteAddress
            || holder.carries(packets.header.protocols, service);
        let same = |p: &&mut Publication| {
            p.plane == holder.plane && p.own_ports == own_ports && p.region == holder.region
        };
        match found.iter_mut().find(same) {
            Some(publication) => publication.editions.push(holder.edition.clone()),
            None => found.push(Publication {
                plane: holder.plane,
                own_ports,
                region: holder.region.clone(),
                editions: vec![holder.edition.clone()],
            }),
        }
    }
    if found.iter().any(|p| p.own_ports) {
        found.retain(|p| p.own_ports);
    }
    if found.is_empty() {
        Attribution::Nothing
    } else {
        Attribution::Published(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firewall::PublishedNetwork;
    use crate::packets::{HeaderMatch, Interval, PacketBox, Protocols};

    #[test]
    fn an_address_of_both_planes_belongs_to_the_one_whose_ports_the_packets_use() {
        let known = |plane, port| PublishedNetwork {
            addresses: Interval::single(1),
            plane,
            ports: vec![Interval::single(port)],
            region: Some("a".into()),
            edition: "test".into(),
        };
        let known = [
            known(Plane::Signaling, 5060),
            known(Plane::Media, 10_000),
            PublishedNetwork {
                region: None,
                ..known(Plane::Media, 10_000)
            },
        ];
        let places_at = |port| {
            let udp = PacketBox::ALL.matching(HeaderMatch::of(Protocols::UDP));
            let packets = udp.unwrap().with(Dimension::Remote, Interval::single(1));
            let packets = packets.with(Dimension::LocalPort, Interval::single(port));
            let published = Published::of(&known);
            let attribution = publications(
                &packets.into(),
                Granularity::Packet,
                &published,
                Direction::In,
            );
            let Attribution::Published(places) = attribution else {
                panic!("{port} has no attribution");
            };
            let place = |p: Publication| (p.plane, p.own_ports, p.region.is_some());
            places.into_iter().map(place).collect::<Vec<_>>()
        };
        let media = |own_ports| [true, false].map(|region| (Plane::Media, own_ports, region));
        assert_eq!(places_at(5060), [(Plane::Signaling, true, true)]);
        assert_eq!(places_at(10_000), media(true));
        let [media, media_of_all] = media(false);
        assert_eq!(
            places_at(7),
            [(Plane::Signaling, false, true), media, media_of_all]
        );
    }
}
