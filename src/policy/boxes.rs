//! The packets that a rule of a policy holds for.

use super::network::RemoteNetwork;
use super::rule::{Protocol, Rule, State};
use crate::packets::{Dimension, Flags, HeaderMatch, PacketBox, States};

/// By what a firewall tells the packets of a rule from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// All that the rule says.
    Packet,
    /// The same, but a rule for TCP holds for the packet that opens a connection alone, and the
    /// firewall lets the rest through by itself.
    NewConnection,
    /// The far side's address, whatever the packet is.
    RemoteAddress,
}

/// Returns the packets that a rule allows: a box for each pair of a remote and a local network, in this
/// order.
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
