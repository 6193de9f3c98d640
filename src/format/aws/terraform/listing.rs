//! A `.tf.json` file of ours, or a state as `terraform show -json` prints it, to the rules of one
//! unit (Terraform, "JSON Configuration Syntax" and "JSON Output Format"; AWS provider,
//! `aws_vpc_security_group_ingress_rule` and `aws_vpc_security_group_egress_rule`).

use super::{config, state};
use crate::firewall::DeployedUnit;
use crate::format::aws::rule_resource::{Keys, Single};
use crate::format::aws::words::Spelling;
use crate::format::read::error::ReadError;
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::Limit;
use crate::packets::Condition;
use crate::policy::Direction;

const TRAFFIC: Spelling = Spelling {
    protocol: "ip_protocol",
    from: "from_port",
    to: "to_port",
    written: true,
};

/// What both kinds of text call the parts of a rule; `silent` say nothing of packets.
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

/// Both directions, since a file replaces both.
pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let (root, rules, absent) = read(text, wanted)?;
    let fits = wanted.limits.check(Limit::Rules, rules.len());
    fits.map_err(|exceeded| root.problem(exceeded))?;
    one_group(root, &rules)?;
    let unit = |direction| {
        let name = wanted.unit.name.lower_with_underscores();
        let mut unit = DeployedUnit {
            absent: rules.is_empty().then(|| absent.clone()),
            ..DeployedUnit::empty(direction, name)
        };
        for rule in rules.iter().filter(|rule| rule.direction == direction) {
            rule.add_to(&mut unit, Condition::True);
        }
        unit
    };
    Ok([Direction::In, Direction::Out].map(unit).into())
}

/// The text's value, the rules, and what is there if there are none.
fn read<'a>(
    text: &'a str,
    wanted: UnitQuery,
) -> Result<(Node<'a>, Vec<Single<'a>>, String), Vec<ReadError>> {
    let expected = "expected a .tf.json file with 'resource', or what terraform show -json prints";
    if !text.trim_start().starts_with('{') {
        return Err(ReadError::new(0, expected).into());
    }
    let root = Node::root(text, wanted.limits)?;
    let keys = ["resource", "format_version", "lineage", "planned_values"];
    let found = root.fields(keys, Others::NotLookedAt)?;
    match found.map(|field| field.is_some()) {
        [_, _, _, true] => Err(root
            .problem(
                "this is a plan, which is not deployed; give the state: terraform show -json \
                 without a file",
            )
            .into()),
        [true, false, ..] => {
            let absent = "the file has no rules of a security group";
            Ok((root, config::rules(root, wanted)?, absent.to_owned()))
        }
        [true, true, ..] => Err(root
            .problem("this is one resource; give what terraform show -json prints")
            .into()),
        [_, true, ..] => {
            let rules = state::rules(root, wanted)?;
            let prefix = state::prefix(wanted.unit);
            let absent = format!("no rule in the state has a name that starts with {prefix}");
            Ok((root, rules, absent))
        }
        [_, _, true, _] => Err(root
            .problem("this is a state file as it is stored; give what terraform show -json prints")
            .into()),
        _ => Err(root.problem(expected).into()),
    }
}

/// The older type of resource that is a rule, of either direction.
const OLD_RULE: &str = "aws_security_group_rule";

/// Types of the AWS Cloud Control provider that are rules of either direction.
const CLOUD_CONTROL_RULES: [&str; 2] = [
    "awscc_ec2_security_group_ingress",
    "awscc_ec2_security_group_egress",
];

/// True for a type of resource that is a rule of a security group, but is not read.
pub(super) fn is_unread_rule(kind: &str) -> bool {
    kind == OLD_RULE || CLOUD_CONTROL_RULES.contains(&kind)
}

/// A type of resource that removes every rule of a group that it does not list.
pub(super) const EXCLUSIVE_RULES: &str = "aws_vpc_security_group_rules_exclusive";

/// The direction of the rules that a type of resource stands for.
pub(super) fn direction(kind: &str) -> Option<Direction> {
    [Direction::In, Direction::Out]
        .into_iter()
        .find(|direction| super::resource_type(*direction) == kind)
}

/// A unit is of one group.
fn one_group(root: Node, rules: &[Single]) -> Result<(), ReadError> {
    let mut first = None;
    for rule in rules {
        let group = rule.group.string()?;
        if first.get_or_insert_with(|| group.clone()) != &group {
            return Err(root.problem(
                "the rules are of several security groups; give the rules of each group names of \
                 their own by --name",
            ));
        }
    }
    Ok(())
}
