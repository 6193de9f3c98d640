//! The permissions of a security group (EC2 API reference, `IpPermission`).
//!
//! Permissions only allow, so their order does not matter. A group is stateful: replies need no
//! permission.

use std::borrow::Cow;
use std::cell::Cell;

use ipnet::Ipv4Net;

use crate::firewall::Unmeasured;
use crate::format::aws::words::{self, Spelling, Traffic};
use crate::format::read::json_node::{Node, Others};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Action, Step};
use crate::policy::Direction;
use crate::read_error::ReadError;

/// Rules with the same protocol and ports.
pub(super) struct Permission<'a> {
    pub traffic: Traffic<'a>,
    pub networks: Vec<Rule<Ipv4Net>>,
    pub others: Vec<Rule<Other<'a>>>,
}

/// A rule for one remote side.
pub(super) struct Rule<T> {
    pub at: u32,
    pub far: T,
}

/// A remote side that is not an IPv4 network.
pub(super) struct Other<'a> {
    /// The key of the list that contains it.
    pub list: &'static str,
    /// The keys and values that identify it.
    pub identity: Vec<(&'static str, Cow<'a, str>)>,
    /// Its description, such as `prefix list pl-63a5400a`.
    what: String,
}

pub(super) const RANGES: &str = "IpRanges";
pub(super) const CIDR: &str = "CidrIp";
const RANGES_V6: &str = "Ipv6Ranges";
const PREFIX_LISTS: &str = "PrefixListIds";
const GROUPS: &str = "UserIdGroupPairs";

const SPELLING: Spelling = Spelling {
    protocol: "IpProtocol",
    from: "FromPort",
    to: "ToPort",
    written: false,
};
const DESCRIPTION: &str = "Description";

/// Counts the rules of a list of permissions while they are read, because a rule takes more memory
/// than its text.
pub(super) struct Count {
    limits: Limits,
    rules: Cell<usize>,
}

impl Count {
    pub fn new(limits: Limits) -> Self {
        Count {
            limits,
            rules: Cell::new(0),
        }
    }

    fn add_one(&self) -> Result<(), LimitExceeded> {
        self.rules.set(self.rules.get() + 1);
        self.check()
    }

    /// Returns an error if there are more rules than the limit allows.
    pub fn check(&self) -> Result<(), LimitExceeded> {
        self.limits.check(Limit::Rules, self.rules.get())
    }
}

impl<'a> Permission<'a> {
    pub fn read(node: Node<'a>, count: &Count) -> Result<Self, Vec<ReadError>> {
        let Spelling {
            protocol, from, to, ..
        } = SPELLING;
        let keys = [protocol, from, to, RANGES, RANGES_V6, PREFIX_LISTS, GROUPS];
        let [protocol, from, to, lists @ ..] = node.fields(keys, Others::Refused)?;
        let traffic = Traffic::read(node, [protocol, from, to], &SPELLING)?;
        if lists.iter().all(Option::is_none) {
            let what = format!("expected one or more of {}", keys[3..].join(", "));
            return Err(node.problem(what).into());
        }
        let [ranges, ranges_v6, prefix_lists, groups] = lists;
        let mut others = each(node, RANGES_V6, ranges_v6, count, network_v6)?;
        others.extend(each(node, PREFIX_LISTS, prefix_lists, count, prefix_list)?);
        others.extend(each(node, GROUPS, groups, count, group)?);
        Ok(Permission {
            traffic,
            networks: each(node, RANGES, ranges, count, network)?,
            others,
        })
    }

    /// The parts that allow IPv4 networks.
    pub fn steps(&self, direction: Direction) -> impl Iterator<Item = Step> {
        let traffic = &self.traffic;
        self.networks.iter().map(move |rule| Step {
            packets: traffic.packets(direction, rule.far),
            condition: traffic.condition,
            action: Action::Accept,
            at: rule.at,
        })
    }

    /// The parts that allow anything else.
    pub fn unmeasured(&self, direction: Direction) -> impl Iterator<Item = Unmeasured> {
        self.others.iter().map(move |rule| Unmeasured {
            what: self.traffic.with_far_side(direction, &rule.far.what),
            at: rule.at,
        })
    }
}

/// Reads the items of a list; an absent list has none.
fn each<'a, T>(
    node: Node<'a>,
    key: &str,
    list: Option<Node<'a>>,
    count: &Count,
    read: fn(Node<'a>) -> Result<T, ReadError>,
) -> Result<Vec<Rule<T>>, Vec<ReadError>> {
    let rule = |node: Node<'a>| {
        count
            .add_one()
            .map_err(|exceeded| ReadError::new(0, exceeded))?;
        let far = read(node)?;
        let at = node.place();
        Ok(Some(Rule { at, far }))
    };
    list.map_or_else(|| Ok(Vec::new()), |list| list.each(node, key, rule))
}

fn network(node: Node) -> Result<Ipv4Net, ReadError> {
    let [cidr, _] = node.strings([CIDR, DESCRIPTION])?;
    let cidr = cidr.ok_or_else(|| node.problem("expected 'CidrIp'"))?;
    words::network(&cidr).map_err(|what| node.problem(what).of(node, CIDR))
}

fn network_v6(node: Node) -> Result<Other, ReadError> {
    let keys = ["CidrIpv6"];
    let [cidr, _] = node.strings([keys[0], DESCRIPTION])?;
    if let Some(cidr) = &cidr {
        words::network_v6(cidr).map_err(|what| node.problem(what).of(node, keys[0]))?;
    }
    Other::identified(node, RANGES_V6, "IPv6", keys, [cidr])
}

fn prefix_list(node: Node) -> Result<Other, ReadError> {
    let keys = ["PrefixListId"];
    let [id, _] = node.strings([keys[0], DESCRIPTION])?;
    Other::identified(node, PREFIX_LISTS, "prefix list", keys, [id])
}

fn group(node: Node) -> Result<Other, ReadError> {
    let keys = [
        "GroupId",
        "GroupName",
        "UserId",
        "VpcId",
        "VpcPeeringConnectionId",
    ];
    let [id, name, user, vpc, peering] = keys;
    let all = [id, name, user, vpc, peering, DESCRIPTION, "PeeringStatus"];
    let [id, name, user, vpc, peering, ..] = node.strings(all)?;
    if id.is_none() && name.is_none() {
        return Err(node.problem("expected 'GroupId' or 'GroupName'"));
    }
    let values = [id, name, user, vpc, peering];
    Other::identified(node, GROUPS, "security group", keys, values)
}

impl<'a> Other<'a> {
    /// Reads an object that is identified by `values`. The first value is required, and names it in
    /// reports after `word`.
    fn identified<const N: usize>(
        node: Node,
        list: &'static str,
        word: &str,
        keys: [&'static str; N],
        values: [Option<Cow<'a, str>>; N],
    ) -> Result<Self, ReadError> {
        let pairs = keys.into_iter().zip(values);
        let identity: Vec<_> = pairs.filter_map(|(k, value)| Some((k, value?))).collect();
        match identity.first() {
            Some((_, name)) => Ok(Other {
                list,
                what: format!("{word} {name}"),
                identity,
            }),
            None => Err(node.problem(format!("expected '{}'", keys[0]))),
        }
    }
}
