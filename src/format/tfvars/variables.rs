//! Reads a variables file in JSON (Terraform language, "Variable Definitions Files"). Variables of other
//! names are ignored.

use std::borrow::Cow;

use ipnet::{Ipv4Net, Ipv6Net};

use super::names::{Variables, unit_name};
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::json_node::{Node, Others};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::Limit;
use crate::packets::{
    Action, Condition, Dimension, HeaderMatch, Interval, PacketBox, Protocols, Step,
};
use crate::policy::{Direction, Plane, parse_network};
use crate::read_error::{ErrorCollector, ReadError};

/// The variables of a plane.
struct Values<'a> {
    networks: Vec<(u32, Network<'a>)>,
    ports: Vec<Ports>,
}

enum Network<'a> {
    V4(Ipv4Net),
    V6(Cow<'a, str>),
}

/// The maximum number of ports per plane of which a report shows the places.
const PLACES: usize = 100;

/// A protocol with its ports.
struct Ports {
    /// The place in the text.
    at: u32,
    protocols: Protocols,
    range: Interval,
}

/// Returns a unit for each plane and wanted direction.
pub(super) fn read(text: &str, wanted: UnitQuery) -> ReadResult {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('[') {
        let what = "expected a JSON object with the variables, not an array, as in a file whose name ends in \
                    .tfvars.json";
        return Err(ReadError::new(0, what).into());
    }
    if !start.starts_with('{') {
        let what = "expected JSON, as in a file whose name ends in .tfvars.json; check does not read the other \
                    syntax of variables files (.tfvars)";
        return Err(ReadError::new(0, what).into());
    }
    let root = Node::root(text, wanted.limits)?;
    let mut units = Vec::new();
    let mut errors = ErrorCollector::default();
    let mut count = 0;
    for plane in Plane::ALL {
        let name = unit_name(&wanted.unit.name, plane);
        let (values, absent) = match values(root, &Variables::new(&wanted.unit.name, plane)) {
            Ok(Ok(values)) => (Some(values), None),
            Ok(Err(absent)) => (None, Some(absent)),
            Err(found) => {
                errors.extend(found);
                continue;
            }
        };
        let rules = values.as_ref().map_or(0, |values| {
            values
                .networks
                .len()
                .saturating_mul(values.ports.len().max(1))
        });
        count += rules.saturating_mul(wanted.directions.len());
        let fits = wanted.limits.check(Limit::Rules, count);
        fits.map_err(|exceeded| ReadError::new(root.place(), exceeded))?;
        units.extend(wanted.directions.iter().map(|direction| {
            DeployedUnit {
                absent: absent.clone(),
                steps: values.iter().flat_map(|v| v.steps(*direction)).collect(),
                unmeasured: values.iter().flat_map(Values::unmeasured).collect(),
                ports: values
                    .as_ref()
                    .map_or_else(Vec::new, |v| v.places(*direction)),
                ..DeployedUnit::empty(*direction, name.clone())
            }
        }));
    }
    errors.finish(units)
}

/// Reads the variables of a plane, or returns the reason why the text does not set both.
fn values<'a>(
    root: Node<'a>,
    names: &Variables,
) -> Result<Result<Values<'a>, String>, Vec<ReadError>> {
    let [mut networks, mut ports] = [None, None];
    for (key, value) in root.members()? {
        let variable = if *key == names.networks {
            &mut networks
        } else if *key == names.ports {
            &mut ports
        } else {
            continue;
        };
        if variable.replace(value).is_some() {
            return Err(root.problem(format!("duplicate key '{key}'")).into());
        }
    }
    let (Some(networks), Some(ports)) = (networks, ports) else {
        let missing = if networks.is_none() {
            &names.networks
        } else {
            &names.ports
        };
        return Ok(Err(format!(
            "the input does not set the variable '{missing}'"
        )));
    };
    let network = |node: Node<'a>| Ok(Some((node.place(), network(node)?)));
    let port = |node| Ok(Some(Ports::read(node)?));
    Ok(Ok(Values {
        networks: networks.each(networks, &names.networks, network)?,
        ports: ports.each(ports, &names.ports, port)?,
    }))
}

impl Values<'_> {
    fn steps(&self, direction: Direction) -> impl Iterator<Item = Step> {
        let step = move |at: u32, network: Ipv4Net, ports: &Ports| Step {
            packets: ports
                .packets(direction)
                .with(Dimension::Remote, network.into()),
            condition: Condition::True,
            action: Action::Accept,
            at,
        };
        self.networks.iter().flat_map(move |(at, network)| {
            let network = match network {
                Network::V4(network) => Some(*network),
                Network::V6(_) => None,
            };
            let steps = move |network| self.ports.iter().map(move |p| step(*at, network, p));
            network.into_iter().flat_map(steps)
        })
    }

    /// Returns the places of the ports, with their packets from any address.
    fn places(&self, direction: Direction) -> Vec<(PacketBox, u32)> {
        if self.ports.len() > PLACES {
            return Vec::new();
        }
        let places = self.ports.iter().map(|p| (p.packets(direction), p.at));
        places.collect()
    }

    fn unmeasured(&self) -> impl Iterator<Item = Unmeasured> {
        self.networks
            .iter()
            .filter_map(|(at, network)| match network {
                Network::V4(_) => None,
                Network::V6(cidr) => Some(Unmeasured {
                    what: format!("IPv6 {cidr}"),
                    at: *at,
                }),
            })
    }
}

fn network(node: Node) -> Result<Network, ReadError> {
    let cidr = node.string()?;
    if cidr.contains(':') && cidr.parse::<Ipv6Net>().is_ok() {
        return Ok(Network::V6(cidr));
    }
    match parse_network(&cidr) {
        Ok(network) if cidr.contains('/') => Ok(Network::V4(network)),
        Ok(network) => {
            let what = format!("'{cidr}' has no prefix length; write '{network}'");
            Err(node.problem(what))
        }
        Err(error) => Err(node.problem(error)),
    }
}

impl Ports {
    /// Returns the packets from any address.
    fn packets(&self, direction: Direction) -> PacketBox {
        let field = match direction {
            Direction::In => Dimension::LocalPort,
            Direction::Out => Dimension::RemotePort,
        };
        let packets = PacketBox::of(HeaderMatch {
            protocols: self.protocols,
            ..HeaderMatch::ALL
        });
        packets.with(field, self.range)
    }

    fn read(node: Node) -> Result<Self, ReadError> {
        let keys = ["protocol", "from_port", "to_port"];
        let fields = node.fields(keys, Others::RefusedBut(&["description"]))?;
        let [Some(protocol), Some(from), Some(to)] = fields else {
            return Err(node.problem(format!("expected {}", keys.join(", "))));
        };
        let word = protocol.string_or_number();
        let word = word.map_err(|problem| problem.of(node, "protocol"))?;
        let number = |port: Node, key| {
            let number = port.integer_or_digits();
            number.map_err(|problem| problem.of(node, key))
        };
        let ports = (number(from, "from_port")?, number(to, "to_port")?);
        let (protocols, range) = match &*word {
            "udp" | "17" => (Protocols::UDP, range(ports)),
            "tcp" | "6" => (Protocols::TCP, range(ports)),
            "all" | "-1" => (Protocols::ALL, every_port(ports)),
            _ => {
                let what =
                    format!("unknown protocol '{word}'; expected udp, tcp, 6, 17, or -1 for all");
                return Err(node.problem(what).of(node, "protocol"));
            }
        };
        let range = range.map_err(|what| node.problem(what))?;
        Ok(Ports {
            at: node.place(),
            protocols,
            range,
        })
    }
}

fn range((from, to): (i64, i64)) -> Result<Interval, String> {
    let port = |port: i64| u16::try_from(port).ok().map(u32::from);
    match (port(from), port(to)) {
        (Some(first), Some(last)) => Interval::new(first, last)
            .ok_or_else(|| format!("the port range from {from} to {to} is reversed")),
        _ => Err(format!(
            "expected ports from 0 to 65535, not {from} and {to}"
        )),
    }
}

/// The ports of all protocols: all ports, or the numbers that AWS requires in a rule without ports.
fn every_port(ports: (i64, i64)) -> Result<Interval, String> {
    match ports {
        (-1, -1) | (0, 0 | 65_535) => Ok(Interval::PORTS),
        (from, to) => Err(format!(
            "not every protocol has ports; expected from_port 0 and to_port 65535, not {from} and {to}"
        )),
    }
}
