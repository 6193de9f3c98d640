//! The packets that a rule of a policy allows.

use super::network::RemoteNetwork;
use super::rule::{Protocol, Rule, State};
use crate::packets::{Dimension, Flags, HeaderMatch, PacketBox, States};

/// The criteria by which a firewall can distinguish packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// Every criterion of a rule.
    Packet,
    /// Every criterion of a rule, but a TCP rule matches only the packet that opens a
    /// connection. The firewall accepts the rest of the connection by itself.
    NewConnection,
    /// The remote address only.
    RemoteAddress,
}

/// Returns the packets that a rule allows: a box for each pair of a remote and a local network, in
/// this order.
pub fn boxes(rule: &Rule, granularity: Granularity) -> Vec<PacketBox> {
    let remotes = rule.remote.networks.iter();
    if granularity == Granularity::RemoteAddress {
        let from =
            |remote: &RemoteNetwork| PacketBox::ALL.with(Dimension::Remote, remote.network.into());
        return remotes.map(from).collect();
    }
    let flags = match (rule.protocol, rule.state) {
        (Protocol::Tcp, State::Established) => Flags::established(),
        (Protocol::Tcp, State::Any) if granularity == Granularity::NewConnection => {
            Flags::opening()
        }
        _ => Flags::ALL,
    };
    let header = HeaderMatch {
        protocols: rule.protocol.into(),
        flags,
        states: States::ALL,
    };
    let base = PacketBox::of(header)
        .with(Dimension::RemotePort, rule.remote.ports.into())
        .with(Dimension::LocalPort, rule.local.ports.into());
    let locals = rule.local.each();
    remotes
        .flat_map(|remote| {
            let base = base.with(Dimension::Remote, remote.network.into());
            locals.iter().map(move |local| match local {
                Some(local) => base.with(Dimension::Local, (*local).into()),
                None => base,
            })
        })
        .collect()
}
