//! A `.tf.json` file of ours, or a state as `terraform show -json` prints it, to the rules of one
//! unit (Terraform, "JSON Configuration Syntax" and "JSON Output Format"; AWS provider,
//! `aws_vpc_security_group_ingress_rule` and `aws_vpc_security_group_egress_rule`).

use super::{config, state};
use crate::firewall::DeployedUnit;
use crate::format::aws::rule_resource::RuleResource;
use crate::format::read::error::ReadError;
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::Limit;
use crate::packets::Condition;
use crate::policy::Direction;

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
) -> Result<(Node<'a>, Vec<RuleResource<'a>>, String), Vec<ReadError>> {
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

/// A unit is of one group.
fn one_group(root: Node, rules: &[RuleResource]) -> Result<(), ReadError> {
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
