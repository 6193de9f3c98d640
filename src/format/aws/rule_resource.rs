//! A rule of a security group that is a thing of its own, as tools keep it that deploy to AWS: an
//! object with the protocol, the ports, and one key of several for the far side.

use ipnet::Ipv4Net;

use super::words::{self, Spelling, Traffic};
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::error::ReadError;
use crate::format::read::json_node::{Node, Others};
use crate::packets::{Action, Condition, Step};
use crate::policy::Direction;

/// The names that a tool gives to the parts of a rule.
pub(in crate::format) struct Keys {
    pub group: &'static str,
    pub traffic: Spelling,
    /// An IPv4 network, an IPv6 one, a prefix list, another security group.
    pub far_sides: [&'static str; 4],
    /// Those that say nothing of packets.
    pub silent: &'static [&'static str],
    /// True if `null` stands for what is not given.
    pub null_is_none: bool,
}

/// A rule that is understood.
pub(in crate::format) struct RuleResource<'a> {
    pub direction: Direction,
    /// The value for the security group that it is of.
    pub group: Node<'a>,
    traffic: Traffic<'a>,
    far: Far,
    /// Its place in the text.
    at: u32,
}

enum Far {
    Network(Ipv4Net),
    /// Such as `prefix list pl-63a5400a`.
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

    /// Adds what it lets through; `condition` is whether it is there in any case.
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
    /// The one far side that is given.
    fn read(object: Node, fields: [Option<Node>; 4], keys: &Keys) -> Result<Far, ReadError> {
        let named = keys.far_sides.into_iter().zip(fields);
        let mut given = named.filter_map(|(key, field)| Some((key, field?)));
        let (Some((key, node)), None) = (given.next(), given.next()) else {
            let keys = keys.far_sides.join(", ");
            return Err(object.problem(format!("expected one of {keys}, and one alone")));
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
