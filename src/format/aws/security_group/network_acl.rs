//! The network ACLs of subnets, which packets pass outside of a security group (EC2 API reference, `NetworkAcl`).
//!
//! The entries of a direction are evaluated in the order of their numbers, and the first match decides.

use std::borrow::Cow;
use std::collections::HashSet;

use ipnet::Ipv4Net;

use super::documents::{ACLS, List};
use crate::firewall::Approach;
use crate::format::aws::words::{Spelling, Traffic, network};
use crate::format::read::json_node::{Node, Others};
use crate::limits::{Limit, Limits};
use crate::packets::{Action, Step};
use crate::policy::Direction;
use crate::read_error::ReadError;

/// A network ACL of at least one of the wanted subnets.
pub(super) struct Acl<'a> {
    id: Cow<'a, str>,
    pub subnets: Vec<Cow<'a, str>>,
    object: Node<'a>,
    entries: Node<'a>,
}

/// Returns the network ACLs of subnets.
pub(super) fn of_subnets<'a>(
    lists: &[List<'a>],
    subnets: &HashSet<Cow<'a, str>>,
) -> Result<Vec<Acl<'a>>, Vec<ReadError>> {
    let mut acls = Vec::new();
    for (object, list) in lists {
        acls.extend(list.each(*object, ACLS, |node| acl(node, subnets))?);
    }
    Ok(acls)
}

fn acl<'a>(
    node: Node<'a>,
    wanted: &HashSet<Cow<'a, str>>,
) -> Result<Option<Acl<'a>>, Vec<ReadError>> {
    let keys = ["NetworkAclId", "Associations", "Entries"];
    let found = node.fields(keys, Others::NotLookedAt)?;
    let [Some(id), Some(associations), Some(entries)] = found else {
        let what = "expected a network ACL with 'NetworkAclId', 'Associations' and 'Entries'";
        return Err(node.problem(what).into());
    };
    let id = id.string().map_err(|problem| problem.of(node, keys[0]))?;
    let mut subnets = associations.each(node, keys[1], subnet)?;
    subnets.retain(|subnet| wanted.contains(subnet));
    Ok((!subnets.is_empty()).then_some(Acl {
        id,
        subnets,
        object: node,
        entries,
    }))
}

fn subnet(node: Node<'_>) -> Result<Option<Cow<'_, str>>, Vec<ReadError>> {
    let [subnet] = node.fields(["SubnetId"], Others::NotLookedAt)?;
    let subnet = subnet.ok_or_else(|| node.problem("expected 'SubnetId'"))?;
    let subnet = subnet.string();
    Ok(Some(
        subnet.map_err(|problem| problem.of(node, "SubnetId"))?,
    ))
}

impl Acl<'_> {
    /// Returns the entries for a direction as the way to a group. Each entry that allows packets leads to the group.
    pub fn approach(
        &self,
        direction: Direction,
        limits: Limits,
    ) -> Result<Approach, Vec<ReadError>> {
        let read = |node| Entry::read(node, direction);
        let mut entries = self.entries.each(self.object, "Entries", read)?;
        let fits = limits.check(Limit::Rules, entries.len());
        fits.map_err(|exceeded| self.object.problem(exceeded))?;
        entries.sort_by_key(|entry| entry.number);
        let steps: Vec<Step> = entries.iter().map(|entry| entry.step).collect();
        let allowing = steps.iter().filter(|step| step.action == Action::Accept);
        Ok(Approach {
            jumps: allowing.map(|step| step.at).collect(),
            steps,
            obstacle: format!("the network ACL {} denies all expected packets", self.id),
        })
    }
}

/// A rule of a network ACL.
struct Entry {
    number: i64,
    step: Step,
}

const KEYS: [&str; 8] = [
    "RuleNumber",
    "RuleAction",
    "Egress",
    "Protocol",
    "CidrBlock",
    "Ipv6CidrBlock",
    "PortRange",
    "IcmpTypeCode",
];

const SPELLING: Spelling = Spelling {
    protocol: "Protocol",
    from: "From",
    to: "To",
    written: false,
};

/// ICMP and ICMP for IPv6. No expected packet has these protocols.
const ICMP: [&str; 2] = ["1", "58"];

impl Entry {
    /// Returns `None` for an entry of the other direction, of IPv6 or of ICMP.
    fn read(node: Node, direction: Direction) -> Result<Option<Entry>, Vec<ReadError>> {
        let [number, action, egress, protocol, range @ .., ports, _] =
            node.fields(KEYS, Others::Refused)?;
        let (Some(number), Some(action), Some(egress)) = (number, action, egress) else {
            let what = "expected an entry with 'RuleNumber', 'RuleAction' and 'Egress'";
            return Err(node.problem(what).into());
        };
        let network = far_side(node, range)?;
        let is_egress = egress.boolean().map_err(|error| error.of(node, "Egress"))?;
        let is_icmp = protocol.and_then(|protocol| protocol.string().ok());
        let is_icmp = is_icmp.is_some_and(|protocol| ICMP.contains(&&*protocol));
        let is_served = is_egress == (direction == Direction::Out);
        let Some(network) = network.filter(|_| is_served && !is_icmp) else {
            return Ok(None);
        };
        let [from, to] = match ports {
            Some(ports) => ports.fields([SPELLING.from, SPELLING.to], Others::Refused)?,
            None => [None, None],
        };
        let traffic = Traffic::read(node, [protocol, from, to], &SPELLING)?;
        let step = Step {
            packets: traffic.packets(direction, network),
            condition: traffic.condition,
            action: action_of(action).map_err(|error| error.of(node, "RuleAction"))?,
            at: node.place(),
        };
        let number = number.integer();
        let number = number.map_err(|error| error.of(node, "RuleNumber"))?;
        Ok(Some(Entry { number, step }))
    }
}

/// Returns the network of an entry, or `None` for one of IPv6.
fn far_side(node: Node, networks: [Option<Node>; 2]) -> Result<Option<Ipv4Net>, ReadError> {
    let cidr = match networks {
        [Some(cidr), _] => cidr,
        [None, Some(_)] => return Ok(None),
        [None, None] => return Err(node.problem("expected 'CidrBlock' or 'Ipv6CidrBlock'")),
    };
    let cidr = cidr.string().map_err(|error| error.of(node, "CidrBlock"))?;
    network(&cidr).map(Some).map_err(|what| node.problem(what))
}

fn action_of(node: Node) -> Result<Action, ReadError> {
    match &*node.string()? {
        "allow" => Ok(Action::Accept),
        "deny" => Ok(Action::Deny),
        other => Err(node.problem(format!("expected allow or deny, not '{other}'"))),
    }
}
