//! A state: the rules of every module whose names begin as the unit's do.

use std::borrow::Cow;
use std::collections::HashSet;

use super::listing::{OLD_RULE, direction, keys};
use crate::format::Unit;
use crate::format::aws::single::{Keys, Single};
use crate::format::json::node::{Node, Others, Problem};
use crate::format::parse::Wanted;
use crate::limits::Limit;
use crate::policy::Direction;

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

/// The rules of the unit, and other rules of its security group whose names begin as the unit's
/// do. Other rules of the group belong to the user, and so do keys that are not known here.
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
    let Some(module) = module else {
        return Ok(Vec::new());
    };
    let prefix = prefix(wanted.unit);
    let under = |problem: Problem| problem.under(ROOT).under(VALUES);
    let all = |read: &Read<'a, '_>| {
        let found = of_module(module, wanted, 1, read);
        found.map_err(|p| p.into_iter().map(under).collect::<Vec<_>>())
    };
    let mut rules = all(&|node| own_rule(node, &prefix))?;
    let groups: HashSet<_> = rules
        .iter()
        .map(|rule| rule.group.string())
        .collect::<Result<_, _>>()?;
    let others = all(&|node| other_rule(node, &prefix, &groups))?;
    rules.extend(others);
    Ok(rules)
}

/// Reads a resource: a rule that counts, or nothing.
type Read<'a, 'r> = dyn Fn(Node<'a>) -> Result<Option<Single<'a>>, Problem> + 'r;

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
    read: &Read<'a, '_>,
) -> Result<Vec<Single<'a>>, Vec<Problem>> {
    let fits = wanted.limits.check(Limit::Depth, depth);
    fits.map_err(|exceeded| module.problem(exceeded))?;
    let known = [RESOURCES, CHILDREN];
    let [resources, children] = module.fields(known, Others::NotLookedAt)?;
    let mut rules = Vec::new();
    if let Some(resources) = resources {
        let found = resources.each(module, RESOURCES, |node| Ok(read(node)?))?;
        rules.extend(found.into_iter().flatten());
    }
    if let Some(children) = children {
        let nested = children.each(module, CHILDREN, |child| {
            of_module(child, wanted, depth + 1, read)
        });
        rules.extend(nested?.into_iter().flatten());
    }
    Ok(rules)
}

/// A managed resource that is a rule of a security group.
struct Resource<'a> {
    /// The direction of a rule, or `None` for the older type of resource that has either.
    direction: Option<Direction>,
    name: Cow<'a, str>,
    values: Option<Node<'a>>,
}

impl<'a> Resource<'a> {
    fn read(node: Node<'a>) -> Result<Option<Self>, Problem> {
        let known = ["mode", "type", "name", VALUES];
        let [mode, kind, name, values] = node.fields(known, Others::NotLookedAt)?;
        let string = |key, field: Option<Node<'a>>| {
            let field = field.ok_or_else(|| node.problem(format!("expected '{key}'")))?;
            field.string().map_err(|problem| problem.of(node, key))
        };
        let kind = string("type", kind)?;
        let direction = direction(&kind);
        if direction.is_none() && kind != OLD_RULE || string("mode", mode)? != "managed" {
            return Ok(None);
        }
        Ok(Some(Resource {
            direction,
            name: string("name", name)?,
            values,
        }))
    }

    fn values(&self, node: Node<'a>) -> Result<Node<'a>, Problem> {
        self.values.ok_or_else(|| node.problem("expected 'values'"))
    }
}

/// A rule whose name is one of the unit's.
fn own_rule<'a>(node: Node<'a>, prefix: &str) -> Result<Option<Single<'a>>, Problem> {
    let Some(resource) = Resource::read(node)? else {
        return Ok(None);
    };
    match resource.direction {
        Some(direction) if is_of_unit(&resource.name, prefix) => {
            single(direction, resource.values(node)?).map(Some)
        }
        _ => Ok(None),
    }
}

/// A rule of one of the groups whose name begins as the unit's do, and is not one of them: it may
/// be of a unit with a longer name, but it opens the same group.
fn other_rule<'a>(
    node: Node<'a>,
    prefix: &str,
    groups: &HashSet<Cow<str>>,
) -> Result<Option<Single<'a>>, Problem> {
    let Some(resource) = Resource::read(node)? else {
        return Ok(None);
    };
    let is_own = resource.direction.is_some() && is_of_unit(&resource.name, prefix);
    if is_own || !resource.name.starts_with(prefix) {
        return Ok(None);
    }
    let values = resource.values(node)?;
    let group = group(values)?;
    if group.is_some_and(|group| !groups.contains(&group)) {
        return Ok(None);
    }
    match resource.direction {
        Some(direction) => single(direction, values).map(Some),
        None => Err(node.problem(format!(
            "'{}' has the type {OLD_RULE}, which check does not read, and opens the same security \
             group; give what aws ec2 describe-security-groups prints, with --format aws-sg",
            resource.name
        ))),
    }
}

/// The security group of a rule, unless the state does not say.
fn group(values: Node) -> Result<Option<Cow<str>>, Problem> {
    let under = |problem: Problem| problem.under(VALUES);
    let [group] = values
        .fields([KEYS.group], Others::NotLookedAt)
        .map_err(under)?;
    let group = group.filter(|group| !group.is_null());
    let group = group.map(Node::string).transpose();
    group.map_err(|problem| under(problem.of(values, KEYS.group)))
}

fn single(direction: Direction, values: Node) -> Result<Single, Problem> {
    group(values)?;
    let rule = Single::read(direction, values, &KEYS);
    rule.map_err(|problem| problem.under(VALUES))
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
