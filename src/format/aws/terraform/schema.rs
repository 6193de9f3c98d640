//! The AWS provider's resources for rules, and the names in rendered files.

use crate::format::aws::rule_resource::Keys;
use crate::format::aws::words::Spelling;
use crate::format::unit::Unit;
use crate::policy::Direction;

const TRAFFIC: Spelling = Spelling {
    protocol: "ip_protocol",
    from: "from_port",
    to: "to_port",
    written: true,
};

/// The keys of a rule, in files and in states. `silent` are keys that do not affect packets.
pub(super) const fn keys(silent: &'static [&'static str]) -> Keys {
    Keys {
        group: "security_group_id",
        traffic: TRAFFIC,
        far_sides: [
            "cidr_ipv4",
            "cidr_ipv6",
            "prefix_list_id",
            "referenced_security_group_id",
        ],
        silent,
        null_is_none: true,
    }
}

/// The older resource type for a rule of either direction.
const OLD_RULE: &str = "aws_security_group_rule";

/// Resource types of the AWS Cloud Control provider for a rule of either direction.
const CLOUD_CONTROL_RULES: [&str; 2] = [
    "awscc_ec2_security_group_ingress",
    "awscc_ec2_security_group_egress",
];

/// True for a resource type that is a rule of a security group, but is not supported.
pub(super) fn is_unread_rule(kind: &str) -> bool {
    kind == OLD_RULE || CLOUD_CONTROL_RULES.contains(&kind)
}

/// A resource type that removes every rule of a group that it does not list.
pub(super) const EXCLUSIVE_RULES: &str = "aws_vpc_security_group_rules_exclusive";

/// Returns the direction of a resource type for rules.
pub(super) fn direction(kind: &str) -> Option<Direction> {
    [Direction::In, Direction::Out]
        .into_iter()
        .find(|direction| resource_type(*direction) == kind)
}

/// Returns the resource type for rules of a direction.
pub(super) fn resource_type(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "aws_vpc_security_group_ingress_rule",
        Direction::Out => "aws_vpc_security_group_egress_rule",
    }
}

/// The variable for the security group in rendered files.
pub(super) fn variable(unit: &Unit) -> String {
    format!("{}_security_group_id", unit.name.lower_with_underscores())
}

/// The expression that refers to this variable.
pub(super) fn reference(unit: &Unit) -> String {
    format!("${{var.{}}}", variable(unit))
}
