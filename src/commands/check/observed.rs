//! Reads from deployed units which options their rules may come from.

use std::collections::BTreeSet;

use crate::firewall::DeployedUnit;
use crate::packets::{Action, Dimension, Interval, PacketBox, Protocols, Step, normalized};
use crate::policy::{Direction, PortRange};

/// Properties of the rules that are deployed.
#[derive(Debug)]
pub(super) struct Observed {
    /// The remote addresses of accepting rules, merged and ascending.
    accepted: Vec<Interval>,
    /// True if all of these addresses are accepted, because nothing stops packets before the last
    /// accepting rule.
    only_accepts: bool,
    /// The directions of the units with accepting rules.
    pub directions: Vec<Direction>,
    /// The local ports of incoming packets, if rules of this program can have them.
    pub ports: Option<LocalPorts>,
}

/// Local ports by use. `None` if no rule has such a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LocalPorts {
    pub sip: Option<u16>,
    pub tls: Option<u16>,
    pub rtp: Option<PortRange>,
}

impl Observed {
    pub fn of(units: &[DeployedUnit]) -> Observed {
        let accepts = |unit: &DeployedUnit| accepting(unit).next().is_some();
        let directions = [Direction::In, Direction::Out];
        let has_rules = |direction: &Direction| {
            let mut own = units.iter().filter(|unit| unit.direction == *direction);
            own.any(accepts)
        };
        let all = units.iter().flat_map(accepting);
        let remotes = all.map(|packets| packets.interval(Dimension::Remote));
        Observed {
            accepted: normalized(remotes.collect()),
            only_accepts: units.iter().all(only_accepts),
            directions: directions.into_iter().filter(has_rules).collect(),
            ports: local_ports(units),
        }
    }

    /// Returns true if all addresses of the networks have an accepting rule.
    pub fn holds(&self, mut networks: impl Iterator<Item = Interval>) -> bool {
        networks.all(|network| {
            let after = self
                .accepted
                .partition_point(|span| span.first <= network.first);
            after > 0 && self.accepted[after - 1].holds(network)
        })
    }

    /// Returns true if the rules may accept exactly these networks. If it returns false, they do
    /// not.
    pub fn may_be(&self, networks: Vec<Interval>) -> bool {
        self.holds(networks.iter().copied())
            && (!self.only_accepts || normalized(networks) == self.accepted)
    }
}

fn accepting(unit: &DeployedUnit) -> impl Iterator<Item = &PacketBox> {
    let accepts = |step: &&Step| step.action == Action::Accept;
    unit.steps.iter().filter(accepts).map(|step| &step.packets)
}

fn only_accepts(unit: &DeployedUnit) -> bool {
    let accepts = |step: &Step| step.action == Action::Accept;
    let last = unit.steps.iter().rposition(accepts);
    last.is_none_or(|last| unit.steps[..last].iter().all(accepts))
}

/// Returns the local ports to which the units accept incoming packets. `None` if there are more
/// than rules of one selection have.
fn local_ports(units: &[DeployedUnit]) -> Option<LocalPorts> {
    let (mut udp, mut tcp) = (BTreeSet::new(), BTreeSet::new());
    let incoming = units.iter().filter(|unit| unit.direction == Direction::In);
    for packets in incoming.flat_map(accepting) {
        let ports = packets.interval(Dimension::LocalPort);
        if ports == Interval::PORTS {
            continue;
        }
        match packets.header.protocols {
            Protocols::UDP => udp.insert(ports),
            // Some firewalls merge two adjacent ports into a range.
            Protocols::TCP if ports.last - ports.first <= 1 => {
                tcp.insert(ports.first);
                tcp.insert(ports.last)
            }
            _ => return None,
        };
    }
    if udp.len() > 2 || tcp.len() > 2 {
        return None;
    }
    // The port of SIP is the same for UDP and TCP. Without UDP, either port can be that of SIP.
    let single = |span: &&Interval| span.first == span.last;
    let shared = udp
        .iter()
        .find(|span| single(span) && tcp.contains(&span.first));
    let of_udp = shared.or_else(|| udp.iter().find(|span| single(span) && udp.len() == 2));
    let sip = of_udp.map(|span| span.first);
    let sip = sip.or_else(|| tcp.first().copied().filter(|_| tcp.len() == 2));
    let rtp = udp
        .iter()
        .find(|span| Some(span.first) != sip || !single(span));
    let tls = tcp.iter().find(|port| Some(**port) != sip);
    Some(LocalPorts {
        sip: sip.and_then(port),
        tls: tls.copied().and_then(port),
        rtp: rtp.and_then(|span| port_range(*span)),
    })
}

fn port(number: u32) -> Option<u16> {
    u16::try_from(number).ok().filter(|port| *port > 0)
}

fn port_range(ports: Interval) -> Option<PortRange> {
    PortRange::new(port(ports.first)?, port(ports.last)?)
}
