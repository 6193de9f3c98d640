//! AWS: the permissions of a security group, as JSON.
//!
//! One direction has the form that `aws ec2 authorize-security-group-ingress` and `-egress` accept
//! with `--cli-input-json`. Both directions together have the form of `describe-security-groups`. The
//! command line refuses unknown keys, so there are no comments: the description of each range
//! contains the same information (EC2 API reference, `IpPermission`, `IpRange`).

use minijinja::Value;
use serde::Serialize;

use super::rules::{over_quota, refuse_local_addresses};
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::json::{TEMPLATE, laid_out};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::unit::Unit;
use crate::policy::{Direction, Granularity, Policy};

mod attachments;
mod documents;
mod group;
mod network_acl;
mod output;
mod permission;
mod repair;

use output::{IpPermission, permissions};

pub struct SecurityGroup;

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

static INFO: FormatInfo = FormatInfo {
    name: "aws-sg",
    aliases: &["aws", "ec2", "security-group", "aws-security-group"],
    summary: "AWS EC2: permissions of a security group, as JSON",
    documentation: "AWS adds the permissions to the existing ones, and refuses duplicates. To update a group, apply \
         the changes that `check --print-repair` prints. `--local-address` is refused, because a group applies to all \
         addresses of its network interfaces.",
    template: TEMPLATE,
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for SecurityGroup {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "aws ec2 authorize-security-group-ingress (for --direction in) or -egress (for out) \
         --group-id GROUP --cli-input-json file://FILE"
            .to_owned()
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        refuse_local_addresses(&INFO, policy)?;
        Ok(None)
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
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

    fn notices(&self, policy: &Policy, _unit: &Unit) -> Vec<String> {
        let both = (policy.scope.directions.len() > 1).then(|| {
            "the output for both directions has the form of 'describe-security-groups'; to authorize the rules, \
             render --direction in and --direction out separately"
                .to_owned()
        });
        both.into_iter().chain(over_quota(policy)).collect()
    }

    fn is_typical_line(&self, line: &str) -> bool {
        // The formats of --output yaml, text and table.
        starts_with_any(
            line,
            &["SecurityGroups:", "SECURITYGROUPS\t", "IPPERMISSIONS\t"],
        ) || line.contains("DescribeSecurityGroups")
    }

    fn typical_keys(&self) -> &'static [&'static str] {
        &[
            "SecurityGroups",
            "IpPermissions",
            "IpPermissionsEgress",
            "NetworkInterfaces",
            "Reservations",
            "NetworkAcls",
        ]
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for SecurityGroup {
    fn listing(&self) -> Listing {
        Listing {
            command: "aws ec2 describe-security-groups",
            without_rules: "{\"IpPermissions\": [], \"IpPermissionsEgress\": []}\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        group::parse(text, wanted)
    }

    fn if_not_hooked(&self) -> &'static str {
        "but no packet passes because of them; use the group for the network interface of the server, and let its \
         network ACL allow the packets"
    }

    fn stepwise_repair(
        &self,
        policy: &Policy,
        text: &str,
        wanted: UnitQuery,
    ) -> Option<Result<String, FormatError>> {
        let possible = refuse_local_addresses(&INFO, policy);
        Some(possible.and_then(|()| repair::commands(policy, text, wanted)))
    }
}
