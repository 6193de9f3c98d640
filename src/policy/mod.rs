//! The packets that must be allowed, independent of any firewall's language.
//!
//! A [`Policy`] is an ordered list of [`Rule`]s. It allows a packet if any rule matches; no rule
//! denies. [`crate::select`] makes policies from published data. The modules of
//! [`mod@crate::format`] translate them into the languages of firewalls.

mod boxes;
mod network;
mod ports;
mod rule;

use std::sync::Arc;

use serde::Serialize;

pub use crate::packets::Direction;

pub use boxes::{Granularity, boxes};
pub use network::{
    ALL_REGIONS, NetworkError, Origin, RemoteNetwork, address_or_cidr, merge, not_public, notation,
    parse_network,
};
pub use ports::{PortRange, PortRangeError};
pub use rule::{Local, Plane, Protocol, Remote, Rule, State, Transport};

/// A published list, or a user's own list, in the selection of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SelectedEdition {
    /// The name that selects it.
    pub name: Arc<str>,
    /// Such as `in force since 2024-02-21`.
    pub status: String,
    #[serde(skip)]
    pub is_superseded: bool,
    /// The URL of the publication. For a user's own list it can be any text.
    pub source: String,
}

/// The selection that a policy was made from, as outputs describe it in comments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Never empty.
    pub editions: Vec<SelectedEdition>,
    /// The ids of the regions, in the order of the data.
    pub regions: Vec<Arc<str>>,
    /// True if every Twilio region is selected.
    pub all_regions: bool,
    /// Never empty.
    pub directions: Vec<Direction>,
    /// Never empty.
    pub planes: Vec<Plane>,
    /// Empty without the signaling plane.
    pub transports: Vec<Transport>,
    /// The local ports that the user chose, each with its option.
    pub local_ports: Vec<(&'static str, PortRange)>,
}

/// The rules to allow, and the selection that they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub scope: Scope,
    /// The rules that every firewall needs, for packets that may open a flow.
    pub rules: Vec<Rule>,
    /// The rules that only a stateless firewall needs, for TCP packets in the reverse direction.
    pub tcp_return: Vec<Rule>,
}

impl Policy {
    /// Returns the number of pairs of a remote and a local network in all rules. Each pair may
    /// become a rule of the firewall.
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

    /// Returns the rules that a stateful firewall needs in one direction.
    pub fn stateful(&self, direction: Direction) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |r| r.direction == direction)
    }

    /// Returns the rules that a stateless firewall needs in one direction.
    pub fn stateless(&self, direction: Direction) -> impl Iterator<Item = &Rule> {
        let way_back = self.tcp_return.iter();
        self.stateful(direction)
            .chain(way_back.filter(move |r| r.direction == direction))
    }
}
