//! The rules of a security group, shared by the AWS formats.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

use crate::format::error::FormatError;
use crate::format::interface::FormatInfo;
use crate::format::render::networks::label;
use crate::format::unit::Unit;
use crate::policy::{Direction, Origin, Policy, PortRange, Protocol, RemoteNetwork, Rule, merge};
use crate::terminal::clip;

/// AWS's default quota of rules in one direction of a security group.
const RULE_QUOTA: usize = 60;

/// The maximum length of a description, in characters. The allowed characters are
/// `a-zA-Z0-9 ._-:/()#,@[]+=&;{}!$*`.
pub(super) const DESCRIPTION_LIMIT: usize = 255;

/// Rules with the same protocol and ports.
pub(super) struct Group {
    pub(super) protocol: Protocol,
    pub(super) ports: PortRange,
    /// In ascending order.
    pub(super) networks: Vec<RemoteNetwork>,
    pub(super) subjects: Vec<String>,
}

/// Returns the rules of a direction, grouped by protocol and ports.
///
/// The API has one permission for each protocol and port range, so the networks of all rules with
/// the same protocol and ports are merged. Adjacent port ranges with the same networks become one, as
/// 5060 and 5061 over TCP.
pub(super) fn groups(policy: &Policy, direction: Direction) -> Vec<Group> {
    type Row = (Vec<(Ipv4Net, Origin)>, Vec<String>);
    let mut rows: BTreeMap<(Protocol, PortRange), Row> = BTreeMap::new();
    for rule in policy.stateful(direction) {
        let (networks, subjects) = rows
            .entry((rule.protocol, rule.destination_ports()))
            .or_default();
        for remote in rule.remote.networks.iter() {
            networks.extend(remote.origins.iter().map(|o| (remote.network, o.clone())));
        }
        if !subjects.contains(&rule.subject()) {
            subjects.push(rule.subject());
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for ((protocol, ports), (networks, subjects)) in rows {
        let mut networks = merge(&networks);
        networks.sort_by_key(|n| n.network);
        let neighbour = groups
            .last_mut()
            .filter(|last| last.protocol == protocol && last.networks == networks)
            .and_then(|last| Some((last.ports.joined(ports)?, last)));
        match neighbour {
            Some((joined, last)) => {
                last.ports = joined;
                last.subjects.extend(subjects);
            }
            None => groups.push(Group {
                protocol,
                ports,
                networks,
                subjects,
            }),
        }
    }
    groups
}

/// One rule of a security group, for tools that manage each rule separately.
pub(super) struct SingleRule {
    pub(super) direction: Direction,
    pub(super) protocol: Protocol,
    pub(super) ports: PortRange,
    pub(super) network: Ipv4Net,
    pub(super) description: String,
}

impl SingleRule {
    /// Ports and network, as in `5060_5061_54_65_63_192_30`. The key is unique among the rules of the
    /// same direction and protocol, and does not depend on other rules.
    pub(super) fn key(&self, to: &str, network_sign: &str, between_bytes: &str) -> String {
        let (first, last) = (self.ports.first(), self.ports.last());
        let ports = if first == last {
            first.to_string()
        } else {
            format!("{first}{to}{last}")
        };
        let network = self.network.to_string().replace(['.', '/'], between_bytes);
        format!("{ports}{network_sign}{network}")
    }
}

pub(super) fn single_rules(policy: &Policy, unit: &Unit, direction: Direction) -> Vec<SingleRule> {
    let rules = |group: Group| {
        let Group {
            protocol,
            ports,
            networks,
            subjects,
        } = group;
        networks.into_iter().map(move |network| SingleRule {
            direction,
            protocol,
            ports,
            network: network.network,
            // The description omits the program's version and the edition's status, so that it stays the same
            // when these change.
            description: clip(
                about(unit, direction, &subjects, &label(policy, &network)),
                DESCRIPTION_LIMIT,
            ),
        })
    };
    groups(policy, direction)
        .into_iter()
        .flat_map(rules)
        .collect()
}

/// The start of a description, such as `twilio-sip: media in, tokyo`.
pub(super) fn about(unit: &Unit, direction: Direction, subjects: &[String], label: &str) -> String {
    let name = unit.name.lower_with_hyphens();
    format!("{name}: {} {direction}, {label}", subjects.join(" and "))
}

pub(super) fn refuse_local_addresses(
    info: &FormatInfo,
    policy: &Policy,
) -> Result<(), FormatError> {
    let any = |rule: &Rule| rule.local.networks.is_empty();
    if policy.rules.iter().all(any) {
        return Ok(());
    }
    Err(FormatError::Inexpressible {
        format: info.name,
        what: "--local-address: a security group applies to all addresses of its network interfaces; \
               leave the option out",
    })
}

/// Returns a notice for each direction with more rules than AWS's default quota.
pub(super) fn over_quota(policy: &Policy) -> impl Iterator<Item = String> {
    policy.scope.directions.iter().filter_map(|&direction| {
        let count: usize = groups(policy, direction)
            .iter()
            .map(|g| g.networks.len())
            .sum();
        (count > RULE_QUOTA).then(|| {
            format!(
                "direction '{direction}' has {count} rules, more than the default quota of {RULE_QUOTA} in a security \
                 group; raise the quota, or use several groups, one for each region or edition"
            )
        })
    })
}
