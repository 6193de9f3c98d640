//! ufw: rules marked by a comment, in a script that adds new rules and then deletes those of an earlier
//! load.
//!
//! Each rule is spelled exactly as `ufw show added` prints it. The script can therefore find out which
//! rules exist. It deletes nothing unless all of its own rules do.

use minijinja::Value;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::NetworkLists;
use crate::format::unit::Unit;
use crate::policy::{Direction, Granularity, Policy, PortRange, Rule, address_or_cidr};
use crate::template;

mod listing;
mod repair;
mod rule;
mod script;

pub struct Ufw;

static INFO: FormatInfo = FormatInfo {
    name: "ufw",
    aliases: &["uncomplicated-firewall"],
    summary: "Linux ufw: a script that adds the rules, and deletes those of an earlier load",
    documentation: "ufw changes one rule at a time, so old and new rules are in force together until the script \
         ends. Loading again changes nothing. The script recognizes its own rules by their comment. If you have a \
         rule with the same addresses, ports and protocol, the script's rule replaces it. The script changes no \
         other rules.",
    template: script::TEMPLATE,
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Ufw {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "sh FILE".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let name = unit.name.lower_with_hyphens();
        let mark = script::mark(&name);
        let commands = Commands {
            remove: vec![format!(
                "ufw show added | grep \"{mark}\" | sed 's/^ufw /ufw delete /' | sh -e"
            )],
            ..Commands::default()
        };
        Ok(template::value(&script::View {
            head: head(self, policy, unit, &commands),
            mark,
            rules: rules(policy, &name),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        starts_with_any(
            line,
            &["ufw ", "Added user rules", "Status: ", "### tuple ###"],
        )
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Ufw {
    fn listing(&self) -> Listing {
        Listing {
            command: "LC_ALL=C ufw show added",
            without_rules: "Added user rules (see 'ufw status' for running firewall):\n(None)\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        listing::parse(text, wanted)
    }

    fn stepwise_repair(
        &self,
        policy: &Policy,
        text: &str,
        wanted: UnitQuery,
    ) -> Option<Result<String, FormatError>> {
        let name = wanted.unit.name.lower_with_hyphens();
        let left = repair::left_by_load(text, &name, &rules(policy, &name))?;
        Some(Err(FormatError::Irreparable(left)))
    }
}

fn rules(policy: &Policy, name: &str) -> Vec<String> {
    let lists = NetworkLists::new(policy, usize::MAX, address_or_cidr);
    let rules = policy.rules.iter();
    rules.flat_map(|rule| lines(&lists, rule, name)).collect()
}

/// One line for each pair of a remote and a local network.
fn lines(lists: &NetworkLists, rule: &Rule, name: &str) -> Vec<String> {
    let direction = match rule.direction {
        Direction::In => "",
        Direction::Out => " out",
    };
    let (protocol, subject) = (rule.protocol, rule.subject());
    let locals = rule.local.each().into_iter();
    let locals: Vec<String> = locals
        .map(|network| network.map_or_else(|| "any".to_owned(), address_or_cidr))
        .collect();
    let mut lines = Vec::new();
    for remote in lists.of_rule(rule).1 {
        for local in &locals {
            let (source, destination) = rule.in_packet_order(&remote.address, local);
            let from = end("from", source, rule.source_ports());
            let to = end("to", destination, rule.destination_ports());
            lines.push(format!(
                "ufw allow{direction}{from}{to} proto {protocol} comment '{name}: {} {subject}'",
                remote.label
            ));
        }
    }
    lines
}

/// Returns, for example, ` to any port 10000:20000`, or nothing for any port of any address.
fn end(word: &str, address: &str, ports: PortRange) -> String {
    match (address, ports.is_any()) {
        ("any", true) => String::new(),
        (_, true) => format!(" {word} {address}"),
        (_, false) => format!(" {word} {address} port {}", ports.with_separator(":")),
    }
}
