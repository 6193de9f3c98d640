//! A state: the rules whose names begin as the unit's do, in whatever module they are.

use super::listing::{direction, keys};
use crate::format::Unit;
use crate::format::aws::single::{Keys, Single};
use crate::format::json::node::{Node, Others, Problem};
use crate::format::parse::Wanted;
use crate::limits::Limit;

const VALUES: &str = "values";
const ROOT: &str = "root_module";
const RESOURCES: &str = "resources";
const CHILDREN: &str = "child_modules";
const VERSION: &str = "format_version";

const KEYS: Keys = keys(&[
    "arn",
    "description",
    "id",
    "region",
    "security_group_rule_id",
    "tags",
    "tags_all",
]);

/// What the names of a unit's rules begin with.
pub(super) fn prefix(unit: &Unit) -> String {
    format!("{}_", unit.name.lower_with_underscores())
}

/// Keys that nobody asks for are not looked at, as the format wants it.
pub(super) fn rules<'a>(root: Node<'a>, wanted: Wanted) -> Result<Vec<Single<'a>>, Vec<Problem>> {
    let [version, values] = root.fields([VERSION, VALUES], Others::NotLookedAt)?;
    check_version(root, version)?;
    // An empty state has no values.
    let Some(values) = values else {
        return Ok(Vec::new());
    };
    let [module] = values
        .fields([ROOT], Others::NotLookedAt)
        .map_err(|problem| problem.under(VALUES))?;
    let mut rules = Vec::new();
    if let Some(module) = module {
        let found = of_module(module, wanted, 1, &mut rules);
        let under = |problem: Problem| problem.under(ROOT).under(VALUES);
        found.map_err(|p| p.into_iter().map(under).collect::<Vec<_>>())?;
    }
    Ok(rules)
}

fn check_version(root: Node, version: Option<Node>) -> Result<(), Problem> {
    let version = version.map_or_else(|| Ok("".into()), Node::string);
    let version = version.map_err(|problem| problem.of(root, VERSION))?;
    if ["0.", "1."].iter().any(|major| version.starts_with(major)) {
        return Ok(());
    }
    let what = format!("expected version 1 of the format, or 0, not '{version}'");
    Err(root.problem(what).of(root, VERSION))
}

fn of_module<'a>(
    module: Node<'a>,
    wanted: Wanted,
    depth: usize,
    rules: &mut Vec<Single<'a>>,
) -> Result<(), Vec<Problem>> {
    let fits = wanted.limits.check(Limit::Depth, depth);
    fits.map_err(|exceeded| module.problem(exceeded))?;
    let known = [RESOURCES, CHILDREN];
    let [resources, children] = module.fields(known, Others::NotLookedAt)?;
    if let Some(resources) = resources {
        let prefix = prefix(wanted.unit);
        let found = resources.each(module, RESOURCES, |node| Ok(rule(node, &prefix)?))?;
        rules.extend(found.into_iter().flatten());
    }
    let Some(children) = children else {
        return Ok(());
    };
    let nested = children.each(module, CHILDREN, |child| {
        let mut found = Vec::new();
        of_module(child, wanted, depth + 1, &mut found).map(|()| found)
    });
    rules.extend(nested?.into_iter().flatten());
    Ok(())
}

/// A rule of the unit, or nothing if the resource is something else.
fn rule<'a>(node: Node<'a>, prefix: &str) -> Result<Option<Single<'a>>, Problem> {
    let known = ["mode", "type", "name", VALUES];
    let [mode, kind, name, values] = node.fields(known, Others::NotLookedAt)?;
    let string = |key, field: Option<Node<'a>>| {
        let field = field.ok_or_else(|| node.problem(format!("expected '{key}'")))?;
        field.string().map_err(|problem| problem.of(node, key))
    };
    let Some(direction) = direction(&string("type", kind)?) else {
        return Ok(None);
    };
    if string("mode", mode)? != "managed" || !is_of_unit(&string("name", name)?, prefix) {
        return Ok(None);
    }
    let values = values.ok_or_else(|| node.problem("expected 'values'"))?;
    let rule = Single::read(direction, values, &KEYS);
    let rule = rule.map_err(|problem| problem.under(VALUES))?;
    let group = rule.group.string().map(|_| ());
    group.map_err(|problem| problem.of(values, KEYS.group).under(VALUES))?;
    Ok(Some(rule))
}

/// Whether a name begins as the unit's do, and is not of a unit with a longer name.
fn is_of_unit(name: &str, prefix: &str) -> bool {
    let Some(rest) = name.strip_prefix(prefix) else {
        return false;
    };
    let mut words = rest.match_indices('_').map(|(at, _)| &rest[at + 1..]);
    is_rendered(rest) || !words.any(is_rendered)
}

/// A port, four numbers of an address and its prefix length; a range has two ports.
const PARTS: usize = 6;

/// Whether this program gives such a name, after that of the unit: protocol, ports and network.
fn is_rendered(rest: &str) -> bool {
    let protocols = ["udp_", "tcp_"];
    let numbers = protocols.iter().find_map(|p| rest.strip_prefix(p));
    numbers.is_some_and(|numbers| {
        let mut words = numbers.split('_');
        let all = words.all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()));
        all && (PARTS..=PARTS + 1).contains(&numbers.split('_').count())
    })
}
