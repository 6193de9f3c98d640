//! Lists of networks in the notation of a format.

use std::sync::Arc;

use ipnet::Ipv4Net;
use serde::Serialize;

use crate::policy::{Plane, Policy, RemoteNetwork, Rule};
use crate::terminal::clip;

/// Returns the regions of a network, with its editions if there are several.
pub fn label(policy: &Policy, network: &RemoteNetwork) -> String {
    network.label(policy.scope.editions.len() > 1)
}

/// The distinct lists of networks that rules refer to, numbered from 0 within their plane. Each network
/// is formatted once, however many rules use it.
///
/// A plane has one list, except in a union of editions with different ports.
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
    /// The regions of the network, with its editions if there are several.
    pub label: String,
}

impl NetworkLists {
    /// `spell` formats a network. Labels get at most `label_limit` characters.
    pub fn new(policy: &Policy, label_limit: usize, spell: fn(Ipv4Net) -> String) -> Self {
        let mut lists = NetworkLists(Vec::new());
        let spelled = |n: &RemoteNetwork| Spelled {
            address: spell(n.network),
            label: clip(label(policy, n), label_limit),
        };
        // Includes all rules that any format may use, so that each rule has a list.
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

    /// Returns the networks of a plane's first list; empty if the policy has no rules for the plane.
    pub fn first_of(&self, plane: Plane) -> &[Spelled] {
        self.of(plane).next().map_or(&[], |list| &list.spelled)
    }

    /// Returns the number and the networks of a rule's list.
    pub fn of_rule(&self, rule: &Rule) -> (usize, &[Spelled]) {
        let mut lists = self.of(rule.plane).enumerate();
        let found = lists.find(|(_, list)| list.networks == rule.remote.networks);
        found.map_or((0, &[]), |(number, list)| (number, list.spelled.as_slice()))
    }
}

/// Addresses that share one comment.
#[derive(Serialize)]
pub struct Labelled {
    pub label: String,
    pub addresses: Vec<String>,
}

impl Labelled {
    /// Groups Twilio's networks by region, in runs.
    pub fn remote(networks: &[Spelled]) -> Vec<Labelled> {
        let runs = networks.chunk_by(|a, b| a.label == b.label);
        runs.map(|run| Labelled {
            label: run[0].label.clone(),
            addresses: run.iter().map(|network| network.address.clone()).collect(),
        })
        .collect()
    }

    /// Returns the user's own networks; empty if any address is allowed.
    pub fn local(networks: &[Ipv4Net], spell: fn(Ipv4Net) -> String) -> Vec<Labelled> {
        let runs = networks.chunk_by(|_, _| true);
        runs.map(|run| Labelled {
            label: "your own addresses".to_owned(),
            addresses: run.iter().copied().map(spell).collect(),
        })
        .collect()
    }
}
