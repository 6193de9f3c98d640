//! Reads the output of `describe-security-groups`, one group of it, or a rendered file, as the
//! permissions of one group (EC2 API reference, `SecurityGroup`).

use std::borrow::Cow;
use std::fmt;

use super::attachments::Attachments;
use super::documents::{Documents, GROUPS};
use super::permission::{Count, Permission};
use crate::firewall::DeployedUnit;
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::unit_name::UnitName;
use crate::policy::Direction;
use crate::read_error::{ErrorCollector, ReadError};

const INGRESS: &str = "IpPermissions";
const EGRESS: &str = "IpPermissionsEgress";

/// The maximum number of groups that a message lists.
const LISTED: usize = 10;

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let documents = Documents::read(text, wanted.limits)?;
    let group = Group::of(documents.group, wanted)?;
    let name = group.names.to_string();
    let attachments = Attachments::find(&documents, group.names.id.as_deref(), &name)?;
    let unit = |(direction, permissions): &(Direction, Vec<Permission>)| {
        let direction = *direction;
        // Most permissions are one step, and a list that grows takes more memory.
        let mut steps = Vec::with_capacity(permissions.len());
        steps.extend(permissions.iter().flat_map(|p| p.steps(direction)));
        let unmeasured = permissions.iter().flat_map(|p| p.unmeasured(direction));
        Ok(DeployedUnit {
            steps,
            unmeasured: unmeasured.collect(),
            hook: attachments.hook(direction, wanted.limits)?,
            ..DeployedUnit::empty(direction, name.clone())
        })
    };
    group.permissions.iter().map(unit).collect()
}

pub(super) struct Group<'a> {
    pub names: Names<'a>,
    /// For each wanted direction.
    pub permissions: Vec<(Direction, Vec<Permission<'a>>)>,
}

pub(super) struct Names<'a> {
    pub id: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
}

/// A direction, the key of its permissions, and the permissions.
type List<'a> = (Direction, &'static str, Node<'a>);

impl<'a> Group<'a> {
    /// Reads the wanted group of an input, or returns all errors.
    pub fn read(text: &'a str, wanted: UnitQuery) -> Result<Self, Vec<ReadError>> {
        Group::of(Documents::read(text, wanted.limits)?.group, wanted)
    }

    /// Reads the wanted group of a document.
    fn of(root: Node<'a>, wanted: UnitQuery) -> Result<Self, Vec<ReadError>> {
        let name = wanted.unit.name.to_string();
        let (names, object, lists) = find(root, &name, wanted.directions)?;
        let mut permissions = Vec::new();
        let mut errors = ErrorCollector::default();
        for (direction, key, list) in lists {
            let count = Count::new(wanted.limits);
            let read = list.each(object, key, |node| Permission::read(node, &count).map(Some));
            // Report the limit once, not for each rule above it.
            count
                .check()
                .map_err(|exceeded| ReadError::new(0, exceeded))?;
            match read {
                Ok(read) => permissions.push((direction, read)),
                Err(found) => errors.extend(found),
            }
        }
        errors.finish(Group { names, permissions })
    }
}

/// Returns the wanted group: its names, its object, and the wanted lists of permissions.
fn find<'a>(
    root: Node<'a>,
    wanted: &str,
    directions: &[Direction],
) -> Result<(Names<'a>, Node<'a>, Vec<List<'a>>), Vec<ReadError>> {
    let keys = [GROUPS, "GroupId", "GroupName", INGRESS, EGRESS];
    let groups = match root.fields(keys, Others::NotLookedAt)? {
        [Some(_), ..] => all_groups(root)?,
        [None, None, None, None, None] => {
            let expected = "expected 'SecurityGroups' as in the output of 'aws ec2 describe-security-groups', one \
                            group of it, or 'IpPermissions'";
            return Err(root.problem(expected).into());
        }
        [None, None, None, _, _] => {
            let names = Names {
                id: None,
                name: Some(wanted.to_owned().into()),
            };
            return Ok((names, root, lists_of_file(root, directions)?));
        }
        _ => vec![named(root)?],
    };
    let (names, group) = choose(root, groups, wanted)?;
    let lists = lists_of_group(group, &names, directions)?;
    Ok((names, group, lists))
}

/// Reads all groups in the output of `describe-security-groups`.
fn all_groups(root: Node) -> Result<Vec<(Names, Node)>, Vec<ReadError>> {
    let [groups] = root.fields([GROUPS], Others::NotLookedAt)?;
    let read = |group| Ok(Some(named(group)?));
    let groups = groups.map(|groups| groups.each(root, GROUPS, read));
    Ok(groups.transpose()?.unwrap_or_default())
}

/// Chooses the group with the wanted id or name. The only group is chosen if the user gave no name.
fn choose<'a>(
    root: Node,
    mut groups: Vec<(Names<'a>, Node<'a>)>,
    wanted: &str,
) -> Result<(Names<'a>, Node<'a>), ReadError> {
    let those = |same: fn(&str, &str) -> bool| -> Vec<usize> {
        let fits = |number: &usize| groups[*number].0.any(|name| same(name, wanted));
        (0..groups.len()).filter(fits).collect()
    };
    let mut found = those(|a, b| a == b);
    if found.is_empty() {
        found = those(str::eq_ignore_ascii_case);
    }
    if found.is_empty() && groups.len() == 1 && wanted == UnitName::default().to_string() {
        found.push(0);
    }
    let list = |numbers: &[usize]| {
        let shown = numbers.iter().take(LISTED);
        let mut labels: Vec<_> = shown.map(|number| groups[*number].0.to_string()).collect();
        if numbers.len() > LISTED {
            labels.push("...".to_owned());
        }
        labels.join(", ")
    };
    let what = match found[..] {
        [number] => return Ok(groups.swap_remove(number)),
        [] if groups.is_empty() => {
            format!("the input has no security group; expected one with the id or name '{wanted}'")
        }
        [] => format!(
            "no security group has the id or name '{wanted}'; use --name with one of: {}",
            list(&(0..groups.len()).collect::<Vec<_>>())
        ),
        _ => format!(
            "{} security groups have the id or name '{wanted}'; use --name with one of these ids: {}",
            found.len(),
            list(&found)
        ),
    };
    Err(root.problem(what))
}

/// Returns the wanted permissions of a group.
fn lists_of_group<'a>(
    group: Node<'a>,
    names: &Names,
    directions: &[Direction],
) -> Result<Vec<List<'a>>, ReadError> {
    let keys = [INGRESS, EGRESS];
    let lists = group.fields(keys, Others::NotLookedAt)?;
    let mut stray = group.members()?.map(|(key, _)| key);
    let stray = stray.find(|key| {
        key.to_ascii_lowercase().contains("permission") && !keys.contains(&key.as_ref())
    });
    let what = match (stray, lists) {
        (Some(stray), _) => format!("has the unknown key '{stray}'"),
        (None, [Some(ingress), Some(egress)]) => {
            return Ok(by_direction(ingress, egress, directions));
        }
        (None, [ingress, _]) => format!(
            "has no '{}'; expected both lists of permissions, as in the output of 'aws ec2 \
             describe-security-groups'",
            if ingress.is_none() { INGRESS } else { EGRESS }
        ),
    };
    Err(group.problem(format!("group {names} {what}")))
}

/// Returns the wanted permissions of a file that this program rendered.
///
/// A file for one direction does not say which direction it is.
fn lists_of_file<'a>(root: Node<'a>, directions: &[Direction]) -> Result<Vec<List<'a>>, ReadError> {
    match (root.fields([INGRESS, EGRESS], Others::Refused)?, directions) {
        ([Some(ingress), Some(egress)], _) => Ok(by_direction(ingress, egress, directions)),
        ([Some(one), None], [direction]) => Ok(vec![(*direction, INGRESS, one)]),
        ([None, Some(egress)], [Direction::Out]) => Ok(vec![(Direction::Out, EGRESS, egress)]),
        ([Some(_), None], _) => Err(root.problem(
            "'IpPermissions' without 'IpPermissionsEgress' may be either direction; say which with \
             --direction in or --direction out",
        )),
        ([None, _], _) => Err(root.problem("expected 'IpPermissions'")),
    }
}

fn by_direction<'a>(
    ingress: Node<'a>,
    egress: Node<'a>,
    directions: &[Direction],
) -> Vec<List<'a>> {
    let list = |direction: &Direction| match direction {
        Direction::In => (Direction::In, INGRESS, ingress),
        Direction::Out => (Direction::Out, EGRESS, egress),
    };
    directions.iter().map(list).collect()
}

/// Reads the names of a group.
fn named(group: Node) -> Result<(Names, Node), ReadError> {
    let keys = ["GroupId", "GroupName"];
    let [id, name] = group.fields(keys, Others::NotLookedAt)?;
    let id = id.map(Node::string).transpose();
    let name = name.map(Node::string).transpose();
    let names = Names {
        id: id.map_err(|problem| problem.of(group, keys[0]))?,
        name: name.map_err(|problem| problem.of(group, keys[1]))?,
    };
    if names.id.is_none() && names.name.is_none() {
        return Err(group.problem("expected a security group with 'GroupId' or 'GroupName'"));
    }
    Ok((names, group))
}

impl Names<'_> {
    fn any(&self, fits: impl Fn(&str) -> bool) -> bool {
        let mut names = [&self.id, &self.name].into_iter().flatten();
        names.any(|name| fits(name))
    }
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.id, &self.name) {
            (Some(id), Some(name)) => write!(f, "{id} ({name})"),
            (Some(name), None) | (None, Some(name)) => f.write_str(name),
            (None, None) => Ok(()),
        }
    }
}
