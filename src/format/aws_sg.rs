//! AWS: the permissions of a security group, as JSON.
//!
//! One direction has the shape that `aws ec2 authorize-security-group-ingress` and `-egress` take
//! with `--cli-input-json`; both directions have the shape of `describe-security-groups`. The
//! command line refuses keys that it does not know, so there is no head: what is to be said
//! stands in the description of each range (EC2 API reference, `IpPermission`, `IpRange`).

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::parse::{Parsed, Wanted};
use super::{Dialect, FormatError, Reader, Unit};
use crate::policy::{Direction, Origin, Policy, PortRange, Protocol, RemoteNetwork, Rule, merge};
use crate::template;
use crate::text::clip;

mod group;
mod json;
mod permission;
mod repair;

/// The row of the table of formats.
pub struct AwsSg;

/// AWS's default quota of rules in one direction of a security group.
const RULE_QUOTA: usize = 60;

const DESCRIPTION_LIMIT: usize = 255;

#[derive(Serialize)]
struct View {
    permissions: Permissions,
}

#[derive(Serialize)]
struct Permissions {
    #[serde(rename = "IpPermissions", skip_serializing_if = "Option::is_none")]
    one: Option<Vec<IpPermission>>,
    #[serde(
        rename = "IpPermissionsEgress",
        skip_serializing_if = "Option::is_none"
    )]
    egress: Option<Vec<IpPermission>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct IpPermission {
    ip_protocol: Protocol,
    from_port: u16,
    to_port: u16,
    ip_ranges: Vec<IpRange>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct IpRange {
    cidr_ip: Ipv4Net,
    description: String,
}

impl Dialect for AwsSg {
    fn name(&self) -> &'static str {
        "aws-sg"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["aws", "ec2", "security-group", "aws-security-group"]
    }

    fn about(&self) -> &'static str {
        "AWS EC2: permissions of a security group, as JSON"
    }

    fn contract(&self) -> &'static str {
        "AWS adds the permissions and refuses those that are there already, so a list is replaced by \
         what `check --print-repair` prints. `--local-address` is refused: a group holds for every \
         address of the interfaces that have it."
    }

    fn load(&self, _unit: &Unit) -> String {
        "aws ec2 authorize-security-group-ingress (of --direction in) or -egress (of out) \
         --group-id GROUP --cli-input-json file://FILE"
            .to_owned()
    }

    fn template(&self) -> (&'static str, &'static str) {
        ("aws-sg.j2", include_str!("../../templates/aws-sg.j2"))
    }

    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        self.refuse_local_addresses(policy)?;
        let permissions = |direction| permissions(policy, unit, direction);
        let (one, egress) = match policy.scope.directions[..] {
            [direction] => (Some(permissions(direction)), None),
            _ => (
                Some(permissions(Direction::In)),
                Some(permissions(Direction::Out)),
            ),
        };
        Ok(template::value(&View {
            permissions: Permissions { one, egress },
        }))
    }

    fn notices(&self, policy: &Policy) -> Vec<String> {
        let directions = policy.scope.directions.iter();
        let over = directions.filter_map(|&direction| {
            let count: usize = groups(policy, direction).iter().map(|g| g.networks.len()).sum();
            (count > RULE_QUOTA).then(|| {
                format!(
                    "{count} rules {direction}, and a security group takes {RULE_QUOTA} by default; \
                     raise the quota, or spread regions or editions over several groups"
                )
            })
        });
        let both = (policy.scope.directions.len() > 1).then(|| {
            "both directions have the shape of describe-security-groups; to authorize them, render \
             --direction in and --direction out each"
                .to_owned()
        });
        both.into_iter().chain(over).collect()
    }

    fn reader(&self) -> Option<&dyn Reader> {
        Some(self)
    }
}

impl Reader for AwsSg {
    fn parse(&self, text: &str, wanted: Wanted) -> Parsed {
        group::parse(text, wanted)
    }

    fn stepwise_repair(
        &self,
        policy: &Policy,
        text: &str,
        wanted: Wanted,
    ) -> Option<Result<String, FormatError>> {
        let possible = self.refuse_local_addresses(policy);
        Some(possible.and_then(|()| repair::commands(policy, text, wanted)))
    }
}

impl AwsSg {
    fn refuse_local_addresses(&self, policy: &Policy) -> Result<(), FormatError> {
        let any = |rule: &Rule| rule.local.networks.is_empty();
        if policy.rules.iter().all(any) {
            return Ok(());
        }
        Err(FormatError::Inexpressible {
            format: self.name(),
            what: "--local-address: a security group holds for every address of the \
                   interfaces that have it; leave the option out",
        })
    }
}

/// What becomes one permission.
struct Group {
    protocol: Protocol,
    ports: PortRange,
    networks: Vec<RemoteNetwork>,
    subjects: Vec<String>,
}

/// The API has one permission for each protocol and ports, whatever rules it came from, so the
/// networks of all rules with the same are merged. Then ports that touch and have the same
/// networks become one range, as 5060 and 5061 over TCP.
fn groups(policy: &Policy, direction: Direction) -> Vec<Group> {
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

fn permissions(policy: &Policy, unit: &Unit, direction: Direction) -> Vec<IpPermission> {
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

/// AWS takes at most 255 characters of `a-zA-Z0-9 ._-:/()#,@[]+=&;{}!$*`, and everything here is
/// of these.
fn description(
    policy: &Policy,
    unit: &Unit,
    network: &RemoteNetwork,
    direction: Direction,
    subjects: &[String],
) -> String {
    let scope = &policy.scope;
    let mut editions: Vec<String> = Vec::new();
    for (name, standing) in &scope.editions {
        if network.origins.iter().any(|origin| origin.edition == *name) {
            editions.push(format!("{name} ({standing})"));
        }
    }
    let text = format!(
        "{}: {} {direction}, {}; edition {}; {} {}",
        unit.name.lower_with_hyphens(),
        subjects.join(" and "),
        network.label(false),
        editions.join(", "),
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    );
    clip(text, DESCRIPTION_LIMIT)
}
