//! Reads a rendered `.tf.json` file, or a state as the output of `terraform show -json` (Terraform,
//! "JSON Configuration Syntax" and "JSON Output Format"; AWS provider,
//! `aws_vpc_security_group_ingress_rule` and `aws_vpc_security_group_egress_rule`).

use super::{config, state};
use crate::firewall::DeployedUnit;
use crate::format::aws::rule_resource::RuleResource;
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::Limit;
use crate::packets::Condition;
use crate::policy::Direction;
use crate::read_error::ReadError;

/// Returns both directions, because a file replaces both.
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

/// Returns the root of the text, its rules, and the reason to report if there are none.
fn read<'a>(
    text: &'a str,
    wanted: UnitQuery,
) -> Result<(Node<'a>, Vec<RuleResource<'a>>, String), Vec<ReadError>> {
    let expected =
        "expected a .tf.json file with 'resource', or the output of 'terraform show -json'";
    if !text.trim_start().starts_with('{') {
        return Err(ReadError::new(0, expected).into());
    }
    let root = Node::root(text, wanted.limits)?;
    let keys = ["resource", "format_version", "lineage", "planned_values"];
    let found = root.fields(keys, Others::NotLookedAt)?;
    match found.map(|field| field.is_some()) {
        [_, _, _, true] => Err(root
            .problem(
                "the input is a plan, which is not deployed yet; provide the state, the output of \
                 'terraform show -json' without a file",
            )
            .into()),
        [true, false, ..] => {
            let absent = "the file has no rules of a security group";
            Ok((root, config::rules(root, wanted)?, absent.to_owned()))
        }
        [true, true, ..] => Err(root
            .problem("the input is a single resource; provide the output of 'terraform show -json'")
            .into()),
        [_, true, ..] => {
            let rules = state::rules(root, wanted)?;
            let prefix = state::prefix(wanted.unit);
            let absent = format!("no rule in the state has a name that starts with '{prefix}'");
            Ok((root, rules, absent))
        }
        [_, _, true, _] => Err(root
            .problem("the input is a raw state file; provide the output of 'terraform show -json'")
            .into()),
        _ => Err(root.problem(expected).into()),
    }
}

/// Checks that all rules belong to one security group.
fn one_group(root: Node, rules: &[RuleResource]) -> Result<(), ReadError> {
    let mut first = None;
    for rule in rules {
        let group = rule.group.string()?;
        if first.get_or_insert_with(|| group.clone()) != &group {
            return Err(root.problem(
                "the rules belong to several security groups; render the rules of each group with \
                 its own --name",
            ));
        }
    }
    Ok(())
}
