//! The packets that must be allowed, independent of any firewall's language.
//!
//! A [`Policy`] is an ordered list of [`Rule`]s. A packet is allowed if any rule matches it; no rule
//! denies. [`crate::select`] makes policies from published data, the modules of [`mod@crate::format`]
//! write them in a firewall's language.

mod boxes;
mod network;
mod ports;
mod rule;

use std::sync::Arc;

use serde::Serialize;

pub use crate::packets::Direction;

pub use boxes::{Granularity, boxes};
pub use network::{
    ALL_REGIONS, NetworkError, Origin, RemoteNetwork, address_or_cidr, merge, notation,
    parse_network,
};
pub use ports::{PortRange, PortRangeError};
pub use rule::{Local, Plane, Protocol, Remote, Rule, State, Transport};

/// A published list, or a user's own, as a [`Scope`] names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SelectedEdition {
    /// The name by which it is selected.
    pub name: Arc<str>,
    /// Such as `in force since 2024-02-21`.
    pub status: String,
    /// True if it is no longer in force.
    #[serde(skip)]
    pub is_superseded: bool,
    /// The place of its publication; any text if the list is a user's.
    pub source: String,
}

/// The selection that a policy was made of, for the comments and the form of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// At least one.
    pub editions: Vec<SelectedEdition>,
    /// The regions' ids, in the data's order.
    pub regions: Vec<Arc<str>>,
    /// True if these are all regions that Twilio has.
    pub all_regions: bool,
    /// At least one.
    pub directions: Vec<Direction>,
    /// At least one.
    pub planes: Vec<Plane>,
    /// Empty without the signaling plane.
    pub transports: Vec<Transport>,
    /// The ports of the near side that the user gave, by option.
    pub local_ports: Vec<(&'static str, PortRange)>,
}

/// An ordered list of rules, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The selection.
    pub scope: Scope,
    /// The rules that every firewall needs, for packets that may open a flow.
    pub rules: Vec<Rule>,
    /// The rules that a stateless firewall needs besides, for TCP's way back.
    pub tcp_return: Vec<Rule>,
}

impl Policy {
    /// The number of pairs of a remote and a local network in all rules, each of which may become a rule of
    /// a firewall.
    pub fn combinations(&self) -> usize {
        let of_rule = |rule: &Rule| {
            let local = rule.local.networks.len().max(1);
            rule.remote.networks.len().saturating_mul(local)
        };
        self.rules
            .iter()
            .map(of_rule)
            .fold(0, usize::saturating_add)
    }

    /// The rules of a stateful firewall in one direction.
    pub fn stateful(&self, direction: Direction) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |r| r.direction == direction)
    }

    /// The rules of a stateless firewall in one direction.
    pub fn stateless(&self, direction: Direction) -> impl Iterator<Item = &Rule> {
        let way_back = self.tcp_return.iter();
        self.stateful(direction)
            .chain(way_back.filter(move |r| r.direction == direction))
    }
}
