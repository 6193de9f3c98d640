//! Single packets as examples.

use std::net::Ipv4Addr;

use serde::Serialize;

use super::viewpoint::Viewpoint;
use crate::packets::{
    Cell, Dimension, Direction, HeaderMatch, Interval, IntervalSet, PacketBox, Protocols,
};
use crate::policy::{Protocol, not_public};

/// A packet, complete enough to send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Packet {
    pub direction: Direction,
    pub protocol: Protocol,
    pub source: Option<Ipv4Addr>,
    pub source_port: u16,
    /// `None` if any address of the PBX is meant, because the input contains none.
    pub destination: Option<Ipv4Addr>,
    pub destination_port: u16,
}

/// The first port that programs may use without privileges (RFC 6335, section 6).
pub(super) const FIRST_USER_PORT: u32 = 1024;

impl Packet {
    /// Returns a packet of a cell, as `viewpoint` sees it.
    pub(super) fn of(cell: &Cell, direction: Direction, viewpoint: &Viewpoint) -> Packet {
        let remote = Some(address(cell.set(Dimension::Remote)));
        let local = local_address(cell.set(Dimension::Local), direction, viewpoint);
        let port = |dimension| {
            let ports = cell.set(dimension);
            let user = ports
                .intervals()
                .iter()
                .find(|ports| ports.last >= FIRST_USER_PORT);
            let port = user.map_or(ports.hull().first, |ports| ports.first.max(FIRST_USER_PORT));
            u16::try_from(port).unwrap_or(u16::MAX)
        };
        let (remote_port, local_port) = (port(Dimension::RemotePort), port(Dimension::LocalPort));
        let is_tcp = cell.header.protocols == Protocols::TCP;
        let protocol = if is_tcp { Protocol::Tcp } else { Protocol::Udp };
        match direction {
            Direction::In => Packet {
                direction,
                protocol,
                source: remote,
                source_port: remote_port,
                destination: local,
                destination_port: local_port,
            },
            Direction::Out => Packet {
                direction,
                protocol,
                source: local,
                source_port: local_port,
                destination: remote,
                destination_port: remote_port,
            },
        }
    }

    /// Returns the packet as a cell of one packet, or of one for each unknown address.
    pub(super) fn cell(&self) -> Cell {
        let (remote, local, remote_port, local_port) = match self.direction {
            Direction::In => (
                self.source,
                self.destination,
                self.source_port,
                self.destination_port,
            ),
            Direction::Out => (
                self.destination,
                self.source,
                self.destination_port,
                self.source_port,
            ),
        };
        let address = |address: Option<Ipv4Addr>| match address {
            Some(address) => Interval::single(address.to_bits()),
            None => Interval::ADDRESSES,
        };
        let packets = PacketBox::of(HeaderMatch::of(self.protocol.into()))
            .with(Dimension::Remote, address(remote))
            .with(Dimension::Local, address(local))
            .with(Dimension::RemotePort, Interval::single(remote_port.into()))
            .with(Dimension::LocalPort, Interval::single(local_port.into()));
        packets.into()
    }
}

/// True if packets of a cell have a local address that belongs to the PBX or to the machine.
pub(super) fn has_usual_address(cell: &Cell, direction: Direction, viewpoint: &Viewpoint) -> bool {
    let usual = cell
        .set(Dimension::Local)
        .and_set(viewpoint.local(direction));
    let own = viewpoint.own;
    usual.is_some_and(|usual| own.is_none_or(|own| usual.and_set(own).is_some()))
}

/// Returns one of the addresses, if possible one that belongs to the PBX or to the machine, or a public one. `None` means
/// any address.
fn local_address(
    addresses: &IntervalSet,
    direction: Direction,
    viewpoint: &Viewpoint,
) -> Option<Ipv4Addr> {
    if *addresses == Dimension::Local.whole().into() {
        let local = viewpoint.local(direction);
        return (local != addresses).then(|| address(local));
    }
    let usual = addresses.and_set(viewpoint.local(direction));
    let usual = usual.as_ref().unwrap_or(addresses);
    let own = viewpoint.own.and_then(|own| usual.and_set(own));
    let public = || {
        let others = IntervalSet::of(not_public().collect());
        others.and_then(|others| usual.without_set(&others))
    };
    let best = own.or_else(public);
    Some(address(best.as_ref().unwrap_or(usual)))
}

fn address(addresses: &IntervalSet) -> Ipv4Addr {
    Ipv4Addr::from_bits(addresses.hull().first)
}
