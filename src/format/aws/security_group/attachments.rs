//! The network interfaces that use a security group (EC2 API reference, `NetworkInterface` and `Instance`).

use std::borrow::Cow;
use std::collections::HashSet;

use super::documents::{Documents, GROUPS, INTERFACES, RESERVATIONS};
use super::network_acl::{self, Acl};
use crate::firewall::Hook;
use crate::format::read::json_node::{Node, Others};
use crate::limits::Limits;
use crate::policy::Direction;
use crate::read_error::ReadError;

/// The key of a subnet's id, in an interface, an instance or an association of a network ACL.
const SUBNET: &str = "SubnetId";

/// The use of a group, as far as an input shows it.
pub(super) enum Attachments<'a> {
    NotShown,
    /// Nothing uses the group. The text is the reason for messages.
    Missing(String),
    Used,
    /// Only interfaces in subnets of these network ACLs use the group.
    Behind(Vec<Acl<'a>>),
}

/// The maximum number of network ACLs to follow packets through. With more, the group counts as used.
const MAX_ACLS: usize = 100;

impl<'a> Attachments<'a> {
    /// Finds the interfaces and instances that use a group. `name` is the group's name for messages.
    pub fn find(
        documents: &Documents<'a>,
        group: Option<&str>,
        name: &str,
    ) -> Result<Self, Vec<ReadError>> {
        let Some(group) = group else {
            return Ok(Attachments::NotShown);
        };
        let users = users(documents, group)?;
        let (attached, unattached): (Vec<_>, Vec<_>) =
            users.into_iter().partition(|user| user.is_attached);
        if !attached.is_empty() {
            let subnets: Option<HashSet<_>> =
                attached.into_iter().map(|user| user.subnet).collect();
            return subnets.map_or(Ok(Attachments::Used), |subnets| behind(documents, subnets));
        }
        if let Some(user) = unattached.first() {
            let example = user.id.as_ref().map(|id| format!(", such as {id}"));
            let example = example.unwrap_or_default();
            let reason = format!("only unattached network interfaces use {name}{example}");
            return Ok(Attachments::Missing(reason));
        }
        let what = match (&documents.interfaces[..], &documents.reservations[..]) {
            ([], []) => return Ok(Attachments::NotShown),
            ([], _) => "instance",
            _ => "network interface",
        };
        Ok(Attachments::Missing(format!("no {what} uses {name}")))
    }

    /// Returns how packets get to the group.
    pub fn hook(&self, direction: Direction, limits: Limits) -> Result<Hook, Vec<ReadError>> {
        Ok(match self {
            Attachments::NotShown => Hook::NotShown,
            Attachments::Missing(reason) => Hook::Missing(reason.clone()),
            Attachments::Used => Hook::Attached,
            Attachments::Behind(acls) => {
                let approaches = acls.iter().map(|acl| acl.approach(direction, limits));
                Hook::Approaches(approaches.collect::<Result<_, _>>()?)
            }
        })
    }
}

/// Finds the network ACLs of subnets. If the ACL of a subnet is not in the input, the group counts as used.
fn behind<'a>(
    documents: &Documents<'a>,
    mut subnets: HashSet<Cow<'a, str>>,
) -> Result<Attachments<'a>, Vec<ReadError>> {
    let acls = network_acl::of_subnets(&documents.acls, &subnets)?;
    for subnet in acls.iter().flat_map(|acl| &acl.subnets) {
        subnets.remove(subnet);
    }
    if !subnets.is_empty() || acls.len() > MAX_ACLS {
        return Ok(Attachments::Used);
    }
    Ok(Attachments::Behind(acls))
}

/// An interface or an instance that uses the group.
struct User<'a> {
    id: Option<Cow<'a, str>>,
    subnet: Option<Cow<'a, str>>,
    /// False if no packet gets to it.
    is_attached: bool,
}

type Users<'a> = Result<Vec<User<'a>>, Vec<ReadError>>;

fn users<'a>(documents: &Documents<'a>, group: &str) -> Users<'a> {
    let mut users = Vec::new();
    for (object, list) in &documents.interfaces {
        users.extend(list.each(*object, INTERFACES, |node| interface(node, group))?);
    }
    for (object, list) in &documents.reservations {
        users.extend(list.each(*object, RESERVATIONS, |node| reservation(node, group))?);
    }
    Ok(users)
}

fn interface<'a>(node: Node<'a>, group: &str) -> Result<Option<User<'a>>, Vec<ReadError>> {
    let keys = ["Groups", "Status", "NetworkInterfaceId", SUBNET];
    let [groups, status, id, subnet] = node.fields(keys, Others::NotLookedAt)?;
    let groups = groups.ok_or_else(|| node.problem("expected 'Groups'"))?;
    let [status, id, subnet] = strings(node, [status, id, subnet], [keys[1], keys[2], keys[3]])?;
    let is_attached = status.as_deref() != Some("available");
    Ok(contains(groups, node, keys[0], group)?.then_some(User {
        id,
        subnet,
        is_attached,
    }))
}

fn reservation<'a>(node: Node<'a>, group: &str) -> Users<'a> {
    let key = "Instances";
    let [instances] = node.fields([key], Others::NotLookedAt)?;
    let instances = instances.ok_or_else(|| node.problem("expected 'Instances'"))?;
    instances.each(node, key, |node| instance(node, group))
}

/// Reads the interfaces of an instance. Its own groups are those of the first interface.
fn instance<'a>(node: Node<'a>, group: &str) -> Users<'a> {
    let keys = [INTERFACES, GROUPS, SUBNET];
    let [interfaces, groups, subnet] = node.fields(keys, Others::NotLookedAt)?;
    if interfaces.is_none() && groups.is_none() {
        return Err(node
            .problem("expected 'NetworkInterfaces' or 'SecurityGroups'")
            .into());
    }
    let [subnet] = strings(node, [subnet], [SUBNET])?;
    let read = |list: Node<'a>| list.each(node, INTERFACES, |node| interface(node, group));
    let mut users = interfaces.map(read).transpose()?.unwrap_or_default();
    let own = groups.map(|groups| contains(groups, node, GROUPS, group));
    if own.transpose()?.unwrap_or(false) {
        users.push(User {
            id: None,
            subnet,
            is_attached: true,
        });
    }
    Ok(users)
}

/// True if the list of groups with this key in an object contains the group.
fn contains(groups: Node, object: Node, key: &str, group: &str) -> Result<bool, Vec<ReadError>> {
    let key_of_id = "GroupId";
    let found = groups.each(object, key, |node| {
        let [id] = node.fields([key_of_id], Others::NotLookedAt)?;
        let id = id.ok_or_else(|| node.problem("expected 'GroupId'"))?;
        let id = id.string().map_err(|error| error.of(node, key_of_id))?;
        Ok((id == group).then_some(()))
    })?;
    Ok(!found.is_empty())
}

/// Reads the strings of an object that are present.
fn strings<'a, const N: usize>(
    object: Node,
    fields: [Option<Node<'a>>; N],
    keys: [&str; N],
) -> Result<[Option<Cow<'a, str>>; N], ReadError> {
    let mut strings = [const { None }; N];
    for ((string, field), key) in strings.iter_mut().zip(fields).zip(keys) {
        let read = field.map(Node::string).transpose();
        *string = read.map_err(|problem| problem.of(object, key))?;
    }
    Ok(strings)
}
