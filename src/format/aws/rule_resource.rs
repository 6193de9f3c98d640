//! A security group rule as a resource of its own, as deployment tools store it: an object with the
//! protocol, the ports, and one of several keys for the remote side.

use ipnet::Ipv4Net;

use super::words::{self, Spelling, Traffic};
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::json_node::{Node, Others};
use crate::packets::{Action, Condition, Step};
use crate::policy::Direction;
use crate::read_error::ReadError;

/// The keys of a tool for the parts of a rule.
pub(in crate::format) struct Keys {
    pub group: &'static str,
    pub traffic: Spelling,
    /// The keys for an IPv4 network, an IPv6 network, a prefix list and another security group.
    pub far_sides: [&'static str; 4],
    /// Keys that do not affect which packets match.
    pub silent: &'static [&'static str],
    /// True if a `null` value means that the key is absent.
    pub null_is_none: bool,
}

pub(in crate::format) struct RuleResource<'a> {
    pub direction: Direction,
    /// The value of the key for the rule's security group.
    pub group: Node<'a>,
    traffic: Traffic<'a>,
    far: Far,
    at: u32,
}

enum Far {
    Network(Ipv4Net),
    /// Another remote side, such as `prefix list pl-63a5400a`.
    Other(String),
}

impl<'a> RuleResource<'a> {
    pub fn read(direction: Direction, object: Node<'a>, keys: &Keys) -> Result<Self, ReadError> {
        let Spelling {
            protocol, from, to, ..
        } = keys.traffic;
        let [network, network_v6, list, group] = keys.far_sides;
        let known = [
            keys.group, protocol, from, to, network, network_v6, list, group,
        ];
        let fields = object.fields(known, Others::RefusedBut(keys.silent))?;
        let given = |node: &Node| !(keys.null_is_none && node.is_null());
        let [group, protocol, from, to, far_sides @ ..] = fields.map(|field| field.filter(given));
        let expected = || object.problem(format!("expected '{}'", keys.group));
        Ok(RuleResource {
            direction,
            group: group.ok_or_else(expected)?,
            traffic: Traffic::read(object, [protocol, from, to], &keys.traffic)?,
            far: Far::read(object, far_sides, keys)?,
            at: object.place(),
        })
    }

    /// Adds the rule to a unit. `condition` is unknown if the rule may not be deployed.
    pub fn add_to(&self, unit: &mut DeployedUnit, condition: Condition) {
        let RuleResource { direction, at, .. } = *self;
        match &self.far {
            Far::Network(network) => unit.steps.push(Step {
                packets: self.traffic.packets(direction, *network),
                condition: condition & self.traffic.condition,
                action: Action::Accept,
                at,
            }),
            Far::Other(far) => unit.unmeasured.push(Unmeasured {
                what: self.traffic.with_far_side(direction, far),
                at,
            }),
        }
    }
}

impl Far {
    /// Reads the remote side.
    fn read(object: Node, fields: [Option<Node>; 4], keys: &Keys) -> Result<Far, ReadError> {
        let named = keys.far_sides.into_iter().zip(fields);
        let mut given = named.filter_map(|(key, field)| Some((key, field?)));
        let (Some((key, node)), None) = (given.next(), given.next()) else {
            let keys = keys.far_sides.join(", ");
            return Err(object.problem(format!("expected exactly one of {keys}")));
        };
        let text = node.string().map_err(|problem| problem.of(object, key))?;
        let wrong = |what: String| object.problem(what).of(object, key);
        let [network, network_v6, list, _] = keys.far_sides;
        if key == network {
            return words::network(&text).map(Far::Network).map_err(wrong);
        }
        let word = if key == network_v6 {
            words::network_v6(&text).map_err(wrong)?;
            "IPv6"
        } else if key == list {
            "prefix list"
        } else {
            "security group"
        };
        Ok(Far::Other(format!("{word} {text}")))
    }
}
