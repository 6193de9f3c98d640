//! Junos OS: a firewall filter for each direction, as `set` commands.
//!
//! A firewall filter is stateless, so it also accepts TCP return traffic (`tcp-established`: ACK or
//! RST set). It discards everything that no term accepts. Each filter has its own prefix lists, so that
//! replacing one filter never changes the other.

use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::{Labelled, NetworkLists};
use crate::format::unit::Unit;
use crate::policy::{Direction, Granularity, Plane, Policy, PortRange, Rule, State};
use crate::template;

mod addresses;
mod conditions;
mod edit;
mod flags;
mod levels;
mod listing;
mod outline;
mod statements;
mod term;
mod terminal;
mod text;
mod tokens;
mod tree;
mod uses;
mod words;

use listing::filter_name;

pub struct Junos;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    filters: Vec<Filter>,
}

#[derive(Serialize)]
struct Filter {
    name: String,
    /// All lists that any load of this filter may have created.
    prefix_lists: Vec<PrefixList>,
    terms: Vec<Term>,
}

#[derive(Serialize)]
struct PrefixList {
    name: String,
    prefixes: Vec<Labelled>,
}

#[derive(Serialize)]
struct Term {
    name: String,
    conditions: Vec<String>,
}

/// Sections at the top level that identify a text as a Junos configuration.
const TOP_SECTIONS: [&str; 14] = [
    "apply-groups",
    "chassis",
    "class-of-service",
    "firewall",
    "forwarding-options",
    "groups",
    "interfaces",
    "policy-options",
    "protocols",
    "routing-instances",
    "routing-options",
    "security",
    "system",
    "vlans",
];

static INFO: FormatInfo = FormatInfo {
    name: "junos",
    aliases: &["juniper", "junos-set", "junos-filter"],
    summary: "Juniper Junos OS: a firewall filter for each direction, as set commands",
    documentation: "A load replaces each filter and its prefix lists completely, in one commit. Filters are \
         stateless, so they also accept TCP return traffic, which has ACK or RST set. An applied filter discards \
         everything that it does not accept.",
    template: ("junos.j2", include_str!("../../templates/junos.j2")),
    is_stateless: true,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Junos {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "load set FILE (in configuration mode, at the top; then commit)".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let directions = &policy.scope.directions;
        let lists = NetworkLists::new(policy, usize::MAX, |network| network.to_string());
        let filter = |direction: &Direction| filter(policy, &lists, unit, *direction);
        Ok(template::value(&View {
            head: head(self, policy, unit, &commands(policy, unit)),
            filters: directions.iter().map(filter).collect(),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        let section = line
            .strip_prefix("set ")
            .or_else(|| line.strip_suffix(" {"));
        let section = section.and_then(|section| section.split(' ').next());
        section.is_some_and(|section| TOP_SECTIONS.contains(&section))
            || line.starts_with("## Last c")
            || line.starts_with("version ") && line.ends_with(';')
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Junos {
    fn listing(&self) -> Listing {
        Listing {
            command: "show configuration",
            without_rules: "firewall {\n}\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        listing::parse(text, wanted)
    }
}

/// The commands in the head. The first lines of the output delete the filters and prefix lists.
fn commands(policy: &Policy, unit: &Unit) -> Commands {
    let mut commands = Commands::default();
    for direction in &policy.scope.directions {
        let name = filter_name(unit, *direction);
        let applied = format!("interfaces INTERFACE unit UNIT family inet filter {direction}put");
        commands.hook.push(format!("set {applied} {name}"));
        commands.remove.push(format!("delete {applied} {name}"));
    }
    commands
}

fn filter(policy: &Policy, lists: &NetworkLists, unit: &Unit, direction: Direction) -> Filter {
    let name = filter_name(unit, direction);
    let rules: Vec<&Rule> = policy.stateless(direction).collect();
    let local = rules.first().map_or(&[][..], |r| &r.local.networks);
    let mut prefix_lists: Vec<PrefixList> = Plane::ALL
        .map(|plane| remote_list(lists, plane, &name))
        .into();
    prefix_lists.push(PrefixList {
        name: format!("{name}-local"),
        prefixes: Labelled::local(local, |network| network.to_string()),
    });
    let term = |rule: &&Rule| term(lists, rule, &name);
    Filter {
        terms: rules.iter().map(term).collect(),
        prefix_lists,
        name,
    }
}

/// Returns the list of a plane. It is empty if the policy has no rules for the plane; then a load only
/// deletes the old list.
fn remote_list(lists: &NetworkLists, plane: Plane, filter: &str) -> PrefixList {
    PrefixList {
        name: format!("{filter}-{plane}"),
        prefixes: Labelled::remote(lists.first_of(plane)),
    }
}

fn term(lists: &NetworkLists, rule: &Rule, filter: &str) -> Term {
    let (remote, local) = rule.in_packet_order("source", "destination");
    let (number, networks) = lists.of_rule(rule);
    let mut name = rule.subject().replace(' ', "-");
    let mut conditions = Vec::new();
    if number == 0 {
        conditions.push(format!("{remote}-prefix-list {filter}-{}", rule.plane));
    } else {
        // Each plane has one prefix list. A union of editions with different ports needs more networks
        // for some rules. They become part of the term, so that no load leaves a list behind.
        name = format!("{name}-{}", number + 1);
        conditions.extend(
            networks
                .iter()
                .map(|n| format!("{remote}-address {}", n.address)),
        );
    }
    if !rule.local.networks.is_empty() {
        conditions.push(format!("{local}-prefix-list {filter}-local"));
    }
    conditions.push(format!("protocol {}", rule.protocol));
    for (side, ports) in [
        ("source", rule.source_ports()),
        ("destination", rule.destination_ports()),
    ] {
        if !PortRange::is_any(ports) {
            conditions.push(format!("{side}-port {}", ports.with_separator("-")));
        }
    }
    if rule.state == State::Established {
        name.push_str("-way-back");
        conditions.push("tcp-established".to_owned());
    }
    Term { name, conditions }
}
