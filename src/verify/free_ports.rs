//! The ports of calls that Twilio's lists do not fix.

use super::example::FIRST_USER_PORT;
use crate::packets::{Cell, Dimension, Direction, Interval, IntervalSet};
use crate::policy::{Plane, Policy, PortRange, Rule};

/// The ports from which Linux chooses if a program does not (the default of `net.ipv4.ip_local_port_range`).
const EPHEMERAL_PORTS: Interval = Interval {
    first: 32_768,
    last: 60_999,
};

/// Returns the packets of a rule whose free ports are those that the programs of a call choose.
///
/// Many firewalls drop packets from port 0 or 53, or to the port of another service such as VXLAN, which no call has.
pub(super) fn as_of_calls(packets: &Cell, rule: &Rule, policy: &Policy) -> Cell {
    let user_ports = Interval {
        first: FIRST_USER_PORT,
        ..Interval::PORTS
    };
    let local = match rule.direction {
        Direction::In => user_ports.into(),
        Direction::Out => own_ports(rule, policy),
    };
    let free = [
        (Dimension::RemotePort, user_ports.into()),
        (Dimension::LocalPort, local),
    ];
    free.into_iter()
        .fold(packets.clone(), |packets, (dimension, ports)| {
            if packets.set(dimension).hull() == Interval::PORTS {
                packets.with(dimension, ports)
            } else {
                packets
            }
        })
}

/// Returns the local ports of the connections that the PBX opens.
///
/// A PBX sends from the ports at which it gets the same kind of packets (symmetric RTP, RFC 4961, and symmetric response
/// routing of SIP, RFC 3581). Only connections for SIP may also come from a port that the system chooses: RTP never does,
/// because Twilio sends its own to the same port.
fn own_ports(rule: &Rule, policy: &Policy) -> IntervalSet {
    let is_service = |other: &&Rule| {
        let kind = |rule: &Rule| (rule.plane, rule.transport);
        other.direction == Direction::In && kind(other) == kind(rule)
    };
    let services = policy.rules.iter().filter(is_service);
    let services = services.map(|other| other.local.ports);
    let mut ports: Vec<PortRange> = services.collect();
    if ports.is_empty() {
        // By default, the local ports are the same as Twilio's.
        ports.push(rule.remote.ports);
    }
    let mut ports: Vec<Interval> = ports.into_iter().map(Interval::from).collect();
    if rule.plane == Plane::Signaling {
        ports.push(EPHEMERAL_PORTS);
    }
    IntervalSet::of(ports).unwrap_or(Interval::PORTS.into())
}
