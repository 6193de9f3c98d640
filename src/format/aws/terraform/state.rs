//! Reads the rules of a state, in all modules, whose names begin with the unit's prefix.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;

use super::schema::{EXCLUSIVE_RULES, direction, is_unread_rule, keys};
use crate::format::aws::rule_resource::{Keys, RuleResource};
use crate::format::read::json_node::{Node, Others};
use crate::format::read::number::is_number;
use crate::format::read::query::UnitQuery;
use crate::format::unit::Unit;
use crate::limits::{Limit, Limits};
use crate::policy::Direction;
use crate::read_error::ReadError;

const VALUES: &str = "values";
const ROOT: &str = "root_module";
const RESOURCES: &str = "resources";
const CHILDREN: &str = "child_modules";
const VERSION: &str = "format_version";
/// The AWS Cloud Control provider's key for the security group of a rule.
const CLOUD_CONTROL_GROUP: &str = "group_id";
const RULE_ID: &str = "security_group_rule_id";

const KEYS: Keys = keys(&[
    "arn",
    "description",
    "id",
    "region",
    RULE_ID,
    "tags",
    "tags_all",
]);

/// The prefix of the names of a unit's rules.
pub(super) fn prefix(unit: &Unit) -> String {
    format!("{}_", unit.name.lower_with_underscores())
}

/// Returns the rules of the unit, and other rules of the same security group with the same prefix.
/// Rules with other names belong to the user and are ignored, as are unknown keys.
pub(super) fn rules<'a>(
    root: Node<'a>,
    wanted: UnitQuery,
) -> Result<Vec<RuleResource<'a>>, Vec<ReadError>> {
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
    let mut modules = Modules::new(wanted.limits);
    let path = format!("{VALUES}.{ROOT}");
    modules.add(module, path, 1)?;
    let prefix = prefix(wanted.unit);
    let mut rules = modules.each(|node| Ok(own_rule(node, &prefix)?))?;
    let groups: HashSet<_> = rules
        .iter()
        .map(|rule| rule.group.string())
        .collect::<Result<_, _>>()?;
    rules.extend(modules.each(|node| Ok(other_rule(node, &prefix, &groups)?))?);
    let own = modules.each(|node| Ok(own_id(node, &prefix)?))?;
    let is_second = Cell::new(false);
    modules.each(|node| {
        check_exclusive(node, &groups, &own, &is_second)?;
        Ok(None::<()>)
    })?;
    Ok(rules)
}

fn check_version(root: Node, version: Option<Node>) -> Result<(), ReadError> {
    let version = version.map_or_else(|| Ok("".into()), Node::string);
    let version = version.map_err(|problem| problem.of(root, VERSION))?;
    if ["0.", "1."].iter().any(|major| version.starts_with(major)) {
        return Ok(());
    }
    let what = format!("unknown format version '{version}'; expected version 0 or 1");
    Err(root.problem(what).of(root, VERSION))
}

/// The resource lists of a module and its child modules, each with its module and its path.
struct Modules<'a> {
    limits: Limits,
    lists: Vec<(Node<'a>, Node<'a>, String)>,
    /// The size of all modules read so far, in bytes. A module counts again within each module around it,
    /// because it is read again each time.
    bytes: usize,
}

/// The number of bytes read in one step of [`Limit::Work`].
const BYTES_OF_STEP: usize = 4;

impl<'a> Modules<'a> {
    fn new(limits: Limits) -> Self {
        Modules {
            limits,
            lists: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds a module and its child modules.
    fn add(&mut self, module: Node<'a>, path: String, depth: usize) -> Result<(), Vec<ReadError>> {
        let under = |problems| under(problems, &path);
        let known = [RESOURCES, CHILDREN];
        let fields = self
            .fits(module, depth)
            .and_then(|()| module.fields(known, Others::NotLookedAt));
        let [resources, children] = fields.map_err(|problem| under(problem.into()))?;
        let children =
            children.map(|children| children.each(module, CHILDREN, |child| Ok(Some(child))));
        let children = children.transpose().map_err(under)?;
        for (number, child) in children.unwrap_or_default().into_iter().enumerate() {
            let path = format!("{path}.{CHILDREN}[{number}]");
            self.add(child, path, depth + 1)?;
        }
        self.lists
            .extend(resources.map(|resources| (module, resources, path)));
        Ok(())
    }

    fn fits(&mut self, module: Node<'a>, depth: usize) -> Result<(), ReadError> {
        self.bytes = self.bytes.saturating_add(module.size());
        let steps = self.bytes / BYTES_OF_STEP;
        let fits = self.limits.check(Limit::Depth, depth);
        let fits = fits.and_then(|()| self.limits.check(Limit::Work, steps));
        let fits = fits.and_then(|()| self.limits.check(Limit::Rules, self.lists.len()));
        fits.map_err(|exceeded| module.problem(exceeded))
    }

    /// Reads the resources of all modules.
    fn each<T>(
        &self,
        read: impl Fn(Node<'a>) -> Result<Option<T>, Vec<ReadError>>,
    ) -> Result<Vec<T>, Vec<ReadError>> {
        let mut made = Vec::new();
        for (module, resources, path) in &self.lists {
            let found = resources.each(*module, RESOURCES, &read);
            made.extend(found.map_err(|problems| under(problems, path))?);
        }
        Ok(made)
    }
}

fn under(problems: Vec<ReadError>, path: &str) -> Vec<ReadError> {
    problems.into_iter().map(|p| p.under(path)).collect()
}

/// A managed resource that is a rule of a security group.
struct Resource<'a> {
    kind: Cow<'a, str>,
    /// The direction of a rule, or `None` for a type that is not supported.
    direction: Option<Direction>,
    name: Cow<'a, str>,
    values: Option<Node<'a>>,
}

impl<'a> Resource<'a> {
    fn read(node: Node<'a>) -> Result<Option<Self>, ReadError> {
        let known = ["mode", "type", "name", VALUES];
        let [mode, kind, name, values] = node.fields(known, Others::NotLookedAt)?;
        let string = |key, field: Option<Node<'a>>| {
            let field = field.ok_or_else(|| node.problem(format!("expected '{key}'")))?;
            field.string().map_err(|problem| problem.of(node, key))
        };
        let kind = string("type", kind)?;
        let direction = direction(&kind);
        if direction.is_none() && !is_unread_rule(&kind) || string("mode", mode)? != "managed" {
            return Ok(None);
        }
        Ok(Some(Resource {
            kind,
            direction,
            name: string("name", name)?,
            values,
        }))
    }

    fn values(&self, node: Node<'a>) -> Result<Node<'a>, ReadError> {
        self.values.ok_or_else(|| node.problem("expected 'values'"))
    }
}

/// Reads a resource if it is a rule of the unit.
fn own_rule<'a>(node: Node<'a>, prefix: &str) -> Result<Option<RuleResource<'a>>, ReadError> {
    let Some(resource) = Resource::read(node)? else {
        return Ok(None);
    };
    match resource.direction {
        Some(direction) if is_of_unit(&resource.name, prefix) => {
            rule_resource(direction, resource.values(node)?).map(Some)
        }
        _ => Ok(None),
    }
}

/// Reads a resource if it is a rule of the unit's group, has the unit's prefix, and does not belong to
/// the unit. It may belong to a unit with a longer name, but it opens the same group.
fn other_rule<'a>(
    node: Node<'a>,
    prefix: &str,
    groups: &HashSet<Cow<str>>,
) -> Result<Option<RuleResource<'a>>, ReadError> {
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
        Some(direction) => rule_resource(direction, values).map(Some),
        None => Err(node.problem(format!(
            "'{}' has the type {}, which check does not support, and belongs to the same security group; provide \
             the output of 'aws ec2 describe-security-groups' with --format aws-sg",
            resource.name, resource.kind
        ))),
    }
}

/// A rule of the unit: its name in the state and its id in AWS.
struct OwnId<'a> {
    name: Cow<'a, str>,
    id: Option<Cow<'a, str>>,
}

fn own_id<'a>(node: Node<'a>, prefix: &str) -> Result<Option<OwnId<'a>>, ReadError> {
    let Some(resource) = Resource::read(node)? else {
        return Ok(None);
    };
    if resource.direction.is_none() || !is_of_unit(&resource.name, prefix) {
        return Ok(None);
    }
    let [id] = resource
        .values(node)?
        .fields([RULE_ID], Others::NotLookedAt)?;
    Ok(Some(OwnId {
        name: resource.name,
        id: id.and_then(|id| id.string().ok()),
    }))
}

/// Refuses an exclusive list of a group's rules that lacks a rule of the unit, because the next apply
/// removes that rule (AWS provider, `aws_vpc_security_group_rules_exclusive`). Refuses a second such
/// list too.
fn check_exclusive(
    node: Node,
    groups: &HashSet<Cow<str>>,
    own: &[OwnId],
    is_second: &Cell<bool>,
) -> Result<(), Vec<ReadError>> {
    let known = ["mode", "type", VALUES];
    let [mode, kind, values] = node.fields(known, Others::NotLookedAt)?;
    let is = |field: Option<Node>, text| field.is_some_and(|f| f.string().is_ok_and(|f| f == text));
    if !is(kind, EXCLUSIVE_RULES) || !is(mode, "managed") {
        return Ok(());
    }
    let values = values.ok_or_else(|| node.problem("expected 'values'"))?;
    if group(values)?.is_some_and(|group| !groups.contains(&group)) {
        return Ok(());
    }
    if is_second.replace(true) {
        let what = "a second resource lists all rules of the same security group, so each apply removes the rules \
                    of one of them; remove one of the two resources";
        return Err(node.problem(what).into());
    }
    let lists = ["ingress_rule_ids", "egress_rule_ids"];
    let mut listed = HashSet::new();
    for (list, key) in values.fields(lists, Others::NotLookedAt)?.iter().zip(lists) {
        if let Some(list) = list {
            listed.extend(list.each(values, key, |id| Ok(Some(id.string()?)))?);
        }
    }
    let is_kept = |rule: &&OwnId| rule.id.as_ref().is_some_and(|id| listed.contains(id));
    match own.iter().find(|rule| !is_kept(rule)) {
        None => Ok(()),
        Some(rule) => Err(node
            .problem(format!(
                "the next apply removes the rules of the security group that this resource does not list, such as \
                 '{}'; provide the output of 'aws ec2 describe-security-groups' with --format aws-sg",
                rule.name
            ))
            .into()),
    }
}

/// Returns the security group of a rule; `None` if the state does not contain it.
fn group(values: Node) -> Result<Option<Cow<str>>, ReadError> {
    let under = |problem: ReadError| problem.under(VALUES);
    let known = [KEYS.group, CLOUD_CONTROL_GROUP];
    let groups = values.fields(known, Others::NotLookedAt).map_err(under)?;
    let mut given = known.into_iter().zip(groups);
    let group = given.find_map(|(key, group)| Some((key, group.filter(|group| !group.is_null())?)));
    let group = group.map(|(key, group)| {
        let group = group.string();
        group.map_err(|problem| under(problem.of(values, key)))
    });
    group.transpose()
}

fn rule_resource(direction: Direction, values: Node) -> Result<RuleResource, ReadError> {
    group(values)?;
    let rule = RuleResource::read(direction, values, &KEYS);
    rule.map_err(|problem| problem.under(VALUES))
}

/// True if a name has the unit's prefix, and does not belong to a unit with a longer name.
fn is_of_unit(name: &str, prefix: &str) -> bool {
    let Some(rest) = name.strip_prefix(prefix) else {
        return false;
    };
    let mut words = rest.match_indices('_').map(|(at, _)| &rest[at + 1..]);
    is_rendered(rest) || !words.any(is_rendered)
}

/// The number of words in a rendered name: a port, four bytes of an address and its prefix length. A
/// port range has one more.
const PARTS: usize = 6;

/// True if this program renders such a name after the unit's name: protocol, ports and network.
fn is_rendered(rest: &str) -> bool {
    let protocols = ["udp_", "tcp_"];
    let numbers = protocols.iter().find_map(|p| rest.strip_prefix(p));
    numbers.is_some_and(|numbers| {
        let mut words = numbers.split('_');
        words.all(is_number) && (PARTS..=PARTS + 1).contains(&numbers.split('_').count())
    })
}
