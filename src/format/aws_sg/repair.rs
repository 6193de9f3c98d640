//! What to authorize and what to revoke, since AWS replaces no group in one step.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::AwsSg;
use super::group::Group;
use super::permission::{CIDR, Permission, RANGES};
use crate::format::aws::words::{Traffic, packets, port_field};
use crate::format::parse::Wanted;
use crate::format::{Dialect, FormatError, Unit};
use crate::limits::{Exceeded, Limits};
use crate::policy::space::{
    Difference, Field, Packets, Side, Span, Step, boxes, coalesced, differences,
};
use crate::policy::{Direction, Policy, Protocol};
use crate::text::json_escaped;

/// A rule as the API identifies it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rule<'a> {
    protocol: Cow<'a, str>,
    ports: Option<(i64, i64)>,
    far: Far<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Far<'a> {
    Network(Ipv4Net),
    /// The list that it stands in, and the keys that identify it there.
    Other(&'static str, &'a [(&'static str, Cow<'a, str>)]),
}

/// Rules with their descriptions, if they are to have any.
type Rules<'a> = BTreeMap<Rule<'a>, Option<String>>;

/// JSON with a value for each command of `aws ec2` that is needed to mend the group of a text, as
/// the command takes it by `--cli-input-json`. What is authorized comes first, so that no call is
/// lost in between.
pub(super) fn commands(policy: &Policy, text: &str, wanted: Wanted) -> Result<String, FormatError> {
    let group = Group::read(text, wanted).map_err(|errors| {
        let problems: Vec<_> = errors.into_iter().map(|error| error.problem).collect();
        FormatError::Irreparable(problems.join("; "))
    })?;
    let tangled = |error: Exceeded| FormatError::Irreparable(error.to_string());
    let mut commands = Map::new();
    for (direction, permissions) in &group.permissions {
        let rules = policy.stateful(*direction);
        let expected: Vec<Packets> = rules.flat_map(|rule| boxes(rule, AwsSg.grain())).collect();
        let (stay, revoke) =
            sort_out(permissions, *direction, &expected, wanted.limits).map_err(tangled)?;
        let missing = differences(&expected, &stay, wanted.limits).map_err(tangled)?;
        let authorize = missing_rules(policy, wanted.unit, *direction, &missing);
        let way = match direction {
            Direction::In => "ingress",
            Direction::Out => "egress",
        };
        for (verb, rules) in [("authorize", authorize), ("revoke", revoke)] {
            if !rules.is_empty() {
                let input = Input::new(group.names.id.as_deref(), rules);
                commands.insert(format!("{verb}-security-group-{way}"), json!(input));
            }
        }
    }
    Ok(json_escaped(&format!("{:#}\n", Value::Object(commands))).into_owned())
}

/// What stays as it is, and the rules that let anything through that is not expected.
fn sort_out<'a>(
    permissions: &'a [Permission],
    direction: Direction,
    expected: &[Packets],
    limits: Limits,
) -> Result<(Vec<Step>, Rules<'a>), Exceeded> {
    let mut stay = Vec::new();
    let mut revoke = Rules::new();
    for permission in permissions {
        let mut revoke = |far| revoke.insert(Rule::deployed(&permission.traffic, far), None);
        for (step, rule) in permission.steps(direction).zip(&permission.networks) {
            let overlaps = |wanted: &Packets| wanted.and(&step.packets);
            let near: Vec<Packets> = expected.iter().filter_map(overlaps).collect();
            let beside = differences(&near, &[step], limits)?;
            if beside.iter().any(|part| part.side == Side::Extra) {
                revoke(Far::Network(rule.far));
            } else {
                stay.push(step);
            }
        }
        for rule in &permission.others {
            revoke(Far::Other(rule.far.list, &rule.far.identity));
        }
    }
    Ok((stay, revoke))
}

/// What is missing of each rule that a rendered group has, which also describes it.
fn missing_rules(
    policy: &Policy,
    unit: &Unit,
    direction: Direction,
    missing: &[Difference],
) -> Rules<'static> {
    let mut rules = Rules::new();
    for permission in super::permissions(policy, unit, direction) {
        let ports = Span {
            first: permission.from_port.into(),
            last: permission.to_port.into(),
        };
        for range in permission.ip_ranges {
            let protocol = permission.ip_protocol;
            let whole = packets(direction, protocol.into(), ports, range.cidr_ip);
            let parts = missing.iter().filter_map(|difference| {
                let packets = difference.packets.and(&whole)?;
                Some(Difference {
                    packets,
                    ..difference.clone()
                })
            });
            for part in coalesced(parts.collect()) {
                for rule in part
                    .packets
                    .boxes()
                    .flat_map(|b| split(protocol, direction, b))
                {
                    let description = Some(range.description.clone());
                    rules.entry(rule).or_insert(description);
                }
            }
        }
    }
    rules
}

/// The rules for a box: AWS takes networks, and no other spans of addresses.
fn split(
    protocol: Protocol,
    direction: Direction,
    packets: Packets,
) -> impl Iterator<Item = Rule<'static>> {
    let far = packets.span(Field::Remote);
    let ports = packets.span(port_field(direction));
    far.networks().map(move |network| Rule {
        protocol: protocol.to_string().into(),
        ports: Some((ports.first.into(), ports.last.into())),
        far: Far::Network(network),
    })
}

impl<'a> Rule<'a> {
    fn deployed(traffic: &'a Traffic, far: Far<'a>) -> Self {
        Rule {
            protocol: Cow::Borrowed(&traffic.protocol),
            ports: traffic.ports,
            far,
        }
    }
}

/// What a command takes.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a str>,
    ip_permissions: Vec<InputPermission<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InputPermission<'a> {
    ip_protocol: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_port: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_port: Option<i64>,
    #[serde(flatten)]
    lists: BTreeMap<&'static str, Vec<BTreeMap<&'static str, String>>>,
}

impl<'a> Input<'a> {
    fn new(group_id: Option<&'a str>, rules: Rules<'a>) -> Self {
        let mut ip_permissions: Vec<InputPermission> = Vec::new();
        for (rule, description) in rules {
            let (from_port, to_port) = rule.ports.unzip();
            let (list, mut identity) = rule.far.identity();
            identity.extend(description.map(|text| ("Description", text)));
            let same = |last: &&mut InputPermission| {
                last.ip_protocol == rule.protocol
                    && (last.from_port, last.to_port) == (from_port, to_port)
            };
            match ip_permissions.last_mut().filter(same) {
                Some(last) => last.lists.entry(list).or_default().push(identity),
                None => ip_permissions.push(InputPermission {
                    ip_protocol: rule.protocol,
                    from_port,
                    to_port,
                    lists: [(list, vec![identity])].into(),
                }),
            }
        }
        Input {
            group_id,
            ip_permissions,
        }
    }
}

impl Far<'_> {
    /// The list that it is to stand in, and its keys there.
    fn identity(&self) -> (&'static str, BTreeMap<&'static str, String>) {
        match self {
            Far::Network(network) => (RANGES, [(CIDR, network.to_string())].into()),
            Far::Other(list, keys) => {
                let pairs = keys.iter().map(|(key, value)| (*key, value.to_string()));
                (*list, pairs.collect())
            }
        }
    }
}
