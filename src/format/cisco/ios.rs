//! Cisco IOS: an extended named access list for each direction.
//!
//! An access list is stateless, so it also permits TCP return traffic (`established`: ACK or RST
//! set). It denies everything that it does not permit.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::vocabulary::is_configuration_line;
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::NetworkLists;
use crate::format::unit::Unit;
use crate::policy::{Direction, Granularity, Policy, PortRange, Rule, State};
use crate::template;
use crate::terminal::clip;

mod entry;
mod groups;
mod listing;
mod outline;
mod words;

pub struct Ios;

/// The maximum length of a remark. IOS truncates longer ones.
const REMARK_LIMIT: usize = 100;

/// The distance between sequence numbers. IOS uses the same, to leave room for more entries.
const SEQUENCE_STEP: usize = 10;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    lists: Vec<AccessList>,
}

#[derive(Serialize)]
struct AccessList {
    name: String,
    entries: Vec<String>,
}

static INFO: FormatInfo = FormatInfo {
    name: "cisco",
    aliases: &["cisco-acl", "cisco-ios", "ios", "ios-xe", "acl"],
    summary: "Cisco IOS: an extended named access list for each direction",
    documentation: "A load replaces each access list completely, line by line. Access lists are stateless, so they \
         also permit TCP return traffic, which has ACK or RST set. An applied access list denies everything that it \
         does not permit.",
    template: ("cisco.j2", include_str!("../../../templates/cisco.j2")),
    is_stateless: true,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Ios {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "copy FILE running-config".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let directions = &policy.scope.directions;
        let lists = NetworkLists::new(policy, REMARK_LIMIT, address);
        let list = |direction: &Direction| AccessList {
            name: unit.name.upper(*direction),
            entries: entries(policy, &lists, *direction),
        };
        Ok(template::value(&View {
            head: head(self, policy, unit, &commands(policy, unit)),
            lists: directions.iter().map(list).collect(),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        let is_own = starts_with_any(
            line,
            &[
                "ip access-list ",
                "Extended IP access list ",
                "Standard IP access list ",
                "ip access-group ",
            ],
        );
        let number = line.strip_prefix("access-list ");
        let is_numbered = number.is_some_and(|number| {
            number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with(';')
        });
        is_own || is_numbered || is_configuration_line(line)
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Ios {
    fn listing(&self) -> Listing {
        Listing {
            command: "show running-config",
            without_rules: "Building configuration...\n!\nend\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        listing::parse(text, wanted)
    }
}

/// The commands in the head. The first lines of the output delete the access lists.
fn commands(policy: &Policy, unit: &Unit) -> Commands {
    let mut commands = Commands::default();
    for direction in &policy.scope.directions {
        let group = format!(
            "ip access-group {} {direction}",
            unit.name.upper(*direction)
        );
        let interface = "interface INTERFACE".to_owned();
        commands
            .remove
            .extend([interface.clone(), format!("no {group}")]);
        commands.hook.extend([interface, group]);
    }
    commands
        .boot
        .push("copy running-config startup-config".to_owned());
    commands
}

/// Returns numbered entries. A remark precedes each run of entries with the same subject.
fn entries(policy: &Policy, lists: &NetworkLists, direction: Direction) -> Vec<String> {
    let mut lines = Vec::new();
    let mut sequence = 0;
    for rule in policy.stateless(direction) {
        let mut last_label = "";
        let locals: Vec<String> = rule.local.each().into_iter().map(address_or_any).collect();
        let entry = Entry::new(rule);
        for network in lists.of_rule(rule).1 {
            if network.label != last_label {
                lines.push(remark(rule, &network.label));
                last_label = &network.label;
            }
            for local in &locals {
                sequence += SEQUENCE_STEP;
                lines.push(entry.line(sequence, &network.address, local));
            }
        }
    }
    lines
}

fn remark(rule: &Rule, label: &str) -> String {
    let way_back = match rule.state {
        State::Any => "",
        State::Established => ", return traffic",
    };
    let text = format!("{}{way_back}: {label}", rule.subject());
    format!("remark {}", clip(text, REMARK_LIMIT))
}

/// The part that all entries of a rule have in common.
struct Entry<'a> {
    rule: &'a Rule,
    source_ports: String,
    destination_ports: String,
    established: &'static str,
}

impl Entry<'_> {
    fn new(rule: &Rule) -> Entry<'_> {
        Entry {
            rule,
            source_ports: ports(rule.source_ports()),
            destination_ports: ports(rule.destination_ports()),
            established: match rule.state {
                State::Any => "",
                State::Established => " established",
            },
        }
    }

    fn line(&self, sequence: usize, remote: &str, local: &str) -> String {
        let (source, destination) = self.rule.in_packet_order(remote, local);
        format!(
            "{sequence} permit {} {source}{} {destination}{}{}",
            self.rule.protocol, self.source_ports, self.destination_ports, self.established
        )
    }
}

fn address_or_any(network: Option<Ipv4Net>) -> String {
    network.map_or_else(|| "any".to_owned(), address)
}

/// Writes a network with its wildcard mask, in which the irrelevant bits are set.
fn address(network: Ipv4Net) -> String {
    if network.prefix_len() == 32 {
        format!("host {}", network.addr())
    } else {
        format!("{} {}", network.addr(), network.hostmask())
    }
}

/// Writes ` eq 5060` or ` range 10000 20000`, or nothing for any port.
pub(super) fn ports(ports: PortRange) -> String {
    if ports.is_any() {
        String::new()
    } else if ports.first() == ports.last() {
        format!(" eq {}", ports.first())
    } else {
        format!(" range {} {}", ports.first(), ports.last())
    }
}
