//! The permissions of a policy, as the AWS command line accepts them.

use ipnet::Ipv4Net;
use serde::Serialize;

use crate::format::aws::rules::{DESCRIPTION_LIMIT, Group, about, groups};
use crate::format::unit::Unit;
use crate::policy::{Direction, Policy, Protocol, RemoteNetwork};
use crate::terminal::clip;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IpPermission {
    pub ip_protocol: Protocol,
    pub from_port: u16,
    pub to_port: u16,
    pub ip_ranges: Vec<IpRange>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct IpRange {
    pub cidr_ip: Ipv4Net,
    pub description: String,
}

pub(super) fn permissions(policy: &Policy, unit: &Unit, direction: Direction) -> Vec<IpPermission> {
    let permission = |group: Group| IpPermission {
        ip_protocol: group.protocol,
        from_port: group.ports.first(),
        to_port: group.ports.last(),
        ip_ranges: group
            .networks
            .iter()
            .map(|network| IpRange {
                cidr_ip: network.network,
                description: description(policy, unit, network, direction, &group.subjects),
            })
            .collect(),
    };
    groups(policy, direction)
        .into_iter()
        .map(permission)
        .collect()
}

fn description(
    policy: &Policy,
    unit: &Unit,
    network: &RemoteNetwork,
    direction: Direction,
    subjects: &[String],
) -> String {
    let scope = &policy.scope;
    let mut editions: Vec<String> = Vec::new();
    for edition in &scope.editions {
        let mut origins = network.origins.iter();
        if origins.any(|origin| origin.edition == edition.name) {
            editions.push(format!("{} ({})", edition.name, edition.status));
        }
    }
    let text = format!(
        "{}; edition {}; {} {}",
        about(unit, direction, subjects, &network.label(false)),
        editions.join(", "),
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    );
    clip(text, DESCRIPTION_LIMIT)
}
