//! Cisco ASA: an extended access list for each direction, with object groups.
//!
//! Unlike an IOS access list it is stateful, and has subnet masks instead of wildcards. It denies
//! everything that it does not permit. Each access list has its own object groups, so that replacing
//! one list never changes the other.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::ios::ports;
use super::vocabulary::is_shared_line;
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::{Labelled, NetworkLists, Spelled};
use crate::format::unit::Unit;
use crate::policy::{Direction, Granularity, Plane, Policy, Rule};
use crate::template;
use crate::terminal::clip;

mod addresses;
mod entry;
mod groups;
mod list;
mod listing;
mod outline;
mod words;

pub struct Asa;

/// The maximum length of a remark. An ASA refuses longer ones.
const REMARK_LIMIT: usize = 100;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    lists: Vec<AccessList>,
}

#[derive(Serialize)]
struct AccessList {
    name: String,
    /// All groups that any load of this access list may have created.
    object_groups: Vec<ObjectGroup>,
    /// The remarks and entries, without the name of the list.
    lines: Vec<String>,
}

#[derive(Serialize)]
struct ObjectGroup {
    name: String,
    members: Vec<Labelled>,
}

static INFO: FormatInfo = FormatInfo {
    name: "cisco-asa",
    aliases: &["asa", "asa-acl"],
    summary: "Cisco ASA: an extended access list for each direction, with object groups",
    documentation: "A load deletes each access list and its object groups, and creates them again line by line. An \
         ASA removes a deleted access list from its interface, so enter the hook again after each load. An ASA is \
         stateful, so it needs no rules for TCP return traffic. An applied access list denies everything that it does \
         not permit.",
    template: (
        "cisco-asa.j2",
        include_str!("../../../templates/cisco-asa.j2"),
    ),
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Asa {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "copy FILE running-config".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let directions = &policy.scope.directions;
        let lists = NetworkLists::new(policy, REMARK_LIMIT, address);
        let list = |direction: &Direction| access_list(policy, &lists, unit, *direction);
        Ok(template::value(&View {
            head: head(self, policy, unit, &commands(policy, unit)),
            lists: directions.iter().map(list).collect(),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        let is_own = starts_with_any(
            line,
            &[
                "ASA Version ",
                ": Saved",
                ": Serial Number",
                ": Hardware",
                "nameif ",
                "security-level ",
                "object network ",
                "object service ",
                "access-group ",
                "Cryptochecksum:",
                "same-security-traffic ",
                "xlate ",
                "asdm ",
                "nat (",
                "threat-detection ",
                "access-list cached ",
            ],
        );
        let is_entry = line.strip_prefix("access-list ").is_some_and(|rest| {
            let is_named = rest.starts_with(|c: char| !c.is_ascii_digit());
            is_named || rest.contains(" extended ") || rest.contains(" elements; ")
        });
        is_own || is_entry || is_shared_line(line)
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Asa {
    fn listing(&self) -> Listing {
        Listing {
            command: "show running-config",
            without_rules: "ASA Version 9.16(1)\n: end\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        listing::parse(text, wanted)
    }
}

/// The commands in the head. The first lines of the output delete the access lists and groups.
fn commands(policy: &Policy, unit: &Unit) -> Commands {
    let mut commands = Commands::default();
    for direction in &policy.scope.directions {
        let name = unit.name.upper(*direction);
        let group = format!("access-group {name} {direction} interface INTERFACE");
        commands.remove.push(format!("no {group}"));
        commands.hook.push(group);
    }
    commands.boot.push("write memory".to_owned());
    commands
}

fn access_list(
    policy: &Policy,
    lists: &NetworkLists,
    unit: &Unit,
    direction: Direction,
) -> AccessList {
    let name = unit.name.upper(direction);
    let rules: Vec<&Rule> = policy.stateful(direction).collect();
    let mut object_groups: Vec<ObjectGroup> = Plane::ALL
        .map(|plane| ObjectGroup {
            name: group_name(&name, plane),
            // Empty if the policy has no rules for a plane. Then a load only deletes the old group.
            members: Labelled::remote(lists.first_of(plane)),
        })
        .into();
    let local = rules.first().map_or(&[][..], |r| &r.local.networks);
    object_groups.push(ObjectGroup {
        name: local_group_name(&name),
        members: Labelled::local(local, address),
    });
    let lines = |rule: &&Rule| lines(lists, rule, &name);
    AccessList {
        lines: rules.iter().flat_map(lines).collect(),
        object_groups,
        name,
    }
}

fn group_name(list: &str, plane: Plane) -> String {
    format!("{list}-{plane}").to_ascii_uppercase()
}

fn local_group_name(list: &str) -> String {
    format!("{list}-LOCAL")
}

/// Returns a remark and an entry for each rule.
///
/// Each plane has one object group. A union of editions with different ports needs more networks for
/// some rules. They become entries without a group, so that no load leaves a group behind.
fn lines(lists: &NetworkLists, rule: &Rule, list: &str) -> Vec<String> {
    match lists.of_rule(rule) {
        (0, _) => {
            let group = format!("object-group {}", group_name(list, rule.plane));
            vec![remark(rule.subject()), entry(rule, &group, list)]
        }
        (_, networks) => {
            let both = |n: &Spelled| {
                let text = format!("{}: {}", rule.subject(), n.label);
                [remark(text), entry(rule, &n.address, list)]
            };
            networks.iter().flat_map(both).collect()
        }
    }
}

fn remark(text: String) -> String {
    format!("remark {}", clip(text, REMARK_LIMIT))
}

fn entry(rule: &Rule, remote: &str, list: &str) -> String {
    let local = if rule.local.networks.is_empty() {
        "any".to_owned()
    } else {
        format!("object-group {}", local_group_name(list))
    };
    let (source, destination) = rule.in_packet_order(remote, &local);
    format!(
        "extended permit {} {source}{} {destination}{}",
        rule.protocol,
        ports(rule.source_ports()),
        ports(rule.destination_ports()),
    )
}

/// Writes a network with its subnet mask.
fn address(network: Ipv4Net) -> String {
    if network.prefix_len() == 32 {
        format!("host {}", network.addr())
    } else {
        format!("{} {}", network.addr(), network.netmask())
    }
}
