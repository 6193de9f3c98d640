//! AWS: the permissions of a security group, as JSON.
//!
//! One direction has the shape that `aws ec2 authorize-security-group-ingress` and `-egress` take
//! with `--cli-input-json`; both directions have the shape of `describe-security-groups`. The
//! command line refuses keys that it does not know, so there is no head: what is to be said
//! stands in the description of each range (EC2 API reference, `IpPermission`, `IpRange`).

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::aws::{DESCRIPTION_LIMIT, Group, about, groups, over_quota, refuse_local_addresses};
use super::json::{TEMPLATE, laid_out};
use super::parse::{Parsed, Wanted};
use super::{Dialect, FormatError, Reader, Unit};
use crate::policy::{Direction, Policy, Protocol, RemoteNetwork};
use crate::text::clip;

mod group;
mod permission;
mod repair;

/// The row of the table of formats.
pub struct AwsSg;

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
        TEMPLATE
    }

    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        refuse_local_addresses(self, policy)?;
        let permissions = |direction| permissions(policy, unit, direction);
        let (one, egress) = match policy.scope.directions[..] {
            [direction] => (Some(permissions(direction)), None),
            _ => (
                Some(permissions(Direction::In)),
                Some(permissions(Direction::Out)),
            ),
        };
        Ok(laid_out(&serde_json::json!(Permissions { one, egress })))
    }

    fn notices(&self, policy: &Policy) -> Vec<String> {
        let both = (policy.scope.directions.len() > 1).then(|| {
            "both directions have the shape of describe-security-groups; to authorize them, render \
             --direction in and --direction out each"
                .to_owned()
        });
        both.into_iter().chain(over_quota(policy)).collect()
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
        let possible = refuse_local_addresses(self, policy);
        Some(possible.and_then(|()| repair::commands(policy, text, wanted)))
    }
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
            editions.push(format!("{} ({})", edition.name, edition.standing));
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
