//! A change request for a network team, for formats that are documents.

use serde::Serialize;

use crate::format::interface::Format;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::{NetworkList, NetworkLists};
use crate::format::unit::Unit;
use crate::policy::{Direction, Plane, Policy, Rule};

/// The content of a change request. All texts are escaped for the document's language.
#[derive(Serialize)]
pub(in crate::format) struct Request {
    tool: &'static str,
    /// The rows of the selection: a name and its value.
    facts: Vec<(String, String)>,
    directions: Vec<Way>,
    groups: Vec<Group>,
    sources: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Way {
    title: &'static str,
    rules: Vec<Row>,
    /// The rules that a stateless firewall also needs.
    tcp_return: Vec<Row>,
    /// Missing rules, and the calls that fail without them.
    failures: Vec<(String, &'static str)>,
}

#[derive(Serialize)]
struct Row {
    subject: String,
    protocol: String,
    source: String,
    source_ports: String,
    destination: String,
    destination_ports: String,
}

/// A named list of Twilio networks.
#[derive(Serialize)]
struct Group {
    name: String,
    plane: Plane,
    /// The protocols and ports that rules open for the networks, one string for each direction.
    opens: Vec<String>,
    networks: Vec<Network>,
}

#[derive(Serialize)]
struct Network {
    cidr: String,
    first: String,
    last: String,
    origin: String,
}

impl Request {
    /// `spell` escapes a text for the document's language.
    pub(in crate::format) fn new(
        format: &dyn Format,
        policy: &Policy,
        unit: &Unit,
        spell: fn(&str) -> String,
    ) -> Self {
        let lists = NetworkLists::new(policy, usize::MAX, |network| network.to_string());
        let scope = &policy.scope;
        let way = |direction: &Direction| Way::new(policy, &lists, *direction, spell);
        let sources = scope.editions.iter();
        Request {
            tool: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")),
            facts: facts(format, policy, unit, spell),
            directions: scope.directions.iter().map(way).collect(),
            groups: groups(policy, &lists, spell),
            sources: sources
                .map(|edition| (spell(&edition.name), spell(&edition.source)))
                .collect(),
        }
    }
}

/// Returns the selection, as in the comments of other outputs, and other facts for the reader.
fn facts(
    format: &dyn Format,
    policy: &Policy,
    unit: &Unit,
    spell: fn(&str) -> String,
) -> Vec<(String, String)> {
    let head = head(format, policy, unit, &Commands::default());
    let selected = head.iter().filter_map(|line| line.split_once(": "));
    let selected =
        selected.filter(|(word, _)| ["edition", "regions", "direction", "planes"].contains(word));
    let name = unit.name.to_string();
    let local = policy.rules.first().map_or_else(String::new, local);
    selected
        .chain([("our addresses", &*local), ("name of the rules", &*name)])
        .map(|(word, value)| (word.to_owned(), spell(value)))
        .collect()
}

impl Way {
    fn new(
        policy: &Policy,
        lists: &NetworkLists,
        direction: Direction,
        spell: fn(&str) -> String,
    ) -> Self {
        let rows = |rules: &[Rule]| {
            let rules = rules.iter().filter(|rule| rule.direction == direction);
            rules.map(|rule| Row::new(rule, lists, spell)).collect()
        };
        let planes = policy.scope.planes.iter();
        let (title, way) = match direction {
            Direction::In => ("From Twilio to us", "from Twilio to us"),
            Direction::Out => ("From us to Twilio", "from us to Twilio"),
        };
        let missing = |plane: &Plane| (format!("{plane} {way}"), failure(direction, *plane));
        Way {
            title,
            rules: rows(&policy.rules),
            tcp_return: rows(&policy.tcp_return),
            failures: planes.map(missing).collect(),
        }
    }
}

fn failure(direction: Direction, plane: Plane) -> &'static str {
    match (direction, plane) {
        (Direction::In, Plane::Signaling) => {
            "Calls from Twilio do not reach us: no telephone rings, and the caller hears that the call failed."
        }
        (Direction::In, Plane::Media) => {
            "Calls are set up, but we do not hear the other side (one-way audio)."
        }
        (Direction::Out, Plane::Signaling) => {
            "Calls that we place through Twilio are not set up. Messages that we send during a call, such as the \
             one that ends it (BYE), do not arrive."
        }
        (Direction::Out, Plane::Media) => {
            "Calls are set up, but the other side does not hear us (one-way audio)."
        }
    }
}

impl Row {
    fn new(rule: &Rule, lists: &NetworkLists, spell: fn(&str) -> String) -> Self {
        let remote = group_name(lists, rule.plane, lists.of_rule(rule).0);
        let (source, destination) = rule.in_packet_order(remote, local(rule));
        Row {
            subject: rule.subject(),
            protocol: rule.protocol.to_string(),
            source: spell(&source),
            source_ports: rule.source_ports().to_string(),
            destination: spell(&destination),
            destination_ports: rule.destination_ports().to_string(),
        }
    }
}

fn local(rule: &Rule) -> String {
    if rule.local.networks.is_empty() {
        return "any of our addresses".to_owned();
    }
    let networks = rule.local.networks.iter().map(ToString::to_string);
    networks.collect::<Vec<_>>().join(", ")
}

/// Returns `Twilio media`, with a number if the plane has several lists.
fn group_name(lists: &NetworkLists, plane: Plane, number: usize) -> String {
    if lists.of(plane).nth(1).is_some() {
        format!("Twilio {plane} {}", number + 1)
    } else {
        format!("Twilio {plane}")
    }
}

fn groups(policy: &Policy, lists: &NetworkLists, spell: fn(&str) -> String) -> Vec<Group> {
    let of_plane = |plane: &Plane| {
        let plane = *plane;
        lists
            .of(plane)
            .enumerate()
            .map(move |(number, list)| Group {
                name: spell(&group_name(lists, plane, number)),
                plane,
                opens: opens(policy, list),
                networks: networks(list, spell),
            })
    };
    policy.scope.planes.iter().flat_map(of_plane).collect()
}

fn opens(policy: &Policy, list: &NetworkList) -> Vec<String> {
    let open = |direction: &Direction| {
        let rules = policy.stateful(*direction);
        let rules = rules.filter(|r| r.plane == list.plane && r.remote.networks == list.networks);
        let ports = rules.map(|r| format!("{} {}", r.protocol, r.destination_ports()));
        format!("{} {direction}", ports.collect::<Vec<_>>().join(", "))
    };
    policy.scope.directions.iter().map(open).collect()
}

fn networks(list: &NetworkList, spell: fn(&str) -> String) -> Vec<Network> {
    let networks = list.networks.iter().zip(&list.spelled);
    let network = networks.map(|(remote, spelled)| Network {
        cidr: spelled.address.clone(),
        first: remote.network.network().to_string(),
        last: remote.network.broadcast().to_string(),
        origin: spell(&spelled.label),
    });
    network.collect()
}
