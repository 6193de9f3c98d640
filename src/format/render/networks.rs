//! Lists of networks, spelled as a format spells them.

use std::sync::Arc;

use ipnet::Ipv4Net;
use serde::Serialize;

use crate::policy::{Plane, Policy, RemoteNetwork, Rule};
use crate::terminal::clip;

/// The regions of a network, and its editions where there are several to tell apart.
pub fn label(policy: &Policy, network: &RemoteNetwork) -> String {
    network.label(policy.scope.editions.len() > 1)
}

/// The distinct lists of networks that the rules refer to, numbered from 0 within their plane,
/// each network spelled once, however many rules it is in.
///
/// A plane has one list, unless editions with different ports are united.
pub struct NetworkLists(pub Vec<NetworkList>);

pub struct NetworkList {
    pub plane: Plane,
    pub networks: Arc<[RemoteNetwork]>,
    pub spelled: Vec<Spelled>,
}

#[derive(Serialize)]
pub struct Spelled {
    /// In the format's notation.
    pub address: String,
    /// Its regions, and its editions where there are several to tell apart.
    pub label: String,
}

impl NetworkLists {
    /// `spell` writes a network; labels get at most `label_limit` characters.
    pub fn new(policy: &Policy, label_limit: usize, spell: fn(Ipv4Net) -> String) -> Self {
        let mut lists = NetworkLists(Vec::new());
        let spelled = |n: &RemoteNetwork| Spelled {
            address: spell(n.network),
            label: clip(label(policy, n), label_limit),
        };
        // Every rule that a format may ask for, so that none is without its list.
        for rule in policy.rules.iter().chain(&policy.tcp_return) {
            let networks = &rule.remote.networks;
            if lists.of(rule.plane).all(|list| list.networks != *networks) {
                lists.0.push(NetworkList {
                    plane: rule.plane,
                    networks: networks.clone(),
                    spelled: networks.iter().map(spelled).collect(),
                });
            }
        }
        lists
    }

    pub fn of(&self, plane: Plane) -> impl Iterator<Item = &NetworkList> {
        self.0.iter().filter(move |list| list.plane == plane)
    }

    /// The networks of a plane's first list; none where the policy has nothing for the plane.
    pub fn first_of(&self, plane: Plane) -> &[Spelled] {
        self.of(plane).next().map_or(&[], |list| &list.spelled)
    }

    /// The number and the networks of the list that a rule refers to.
    pub fn of_rule(&self, rule: &Rule) -> (usize, &[Spelled]) {
        let mut lists = self.of(rule.plane).enumerate();
        let found = lists.find(|(_, list)| list.networks == rule.remote.networks);
        found.map_or((0, &[]), |(number, list)| (number, list.spelled.as_slice()))
    }
}

/// Addresses that stand together under one comment.
#[derive(Serialize)]
pub struct Labelled {
    pub label: String,
    pub addresses: Vec<String>,
}

impl Labelled {
    /// Twilio's networks, in runs of the same regions.
    pub fn remote(networks: &[Spelled]) -> Vec<Labelled> {
        let runs = networks.chunk_by(|a, b| a.label == b.label);
        runs.map(|run| Labelled {
            label: run[0].label.clone(),
            addresses: run.iter().map(|network| network.address.clone()).collect(),
        })
        .collect()
    }

    /// The user's own networks; none where any address is meant.
    pub fn local(networks: &[Ipv4Net], spell: fn(Ipv4Net) -> String) -> Vec<Labelled> {
        let runs = networks.chunk_by(|_, _| true);
        runs.map(|run| Labelled {
            label: "your own addresses".to_owned(),
            addresses: run.iter().copied().map(spell).collect(),
        })
        .collect()
    }
}
