//! iptables: two chains of the filter table, for `iptables-restore --noflush`.
//!
//! Each rule stands in the very spelling that `iptables-save` prints back, so a deployed unit can
//! be compared with the file by eye and by diff.

use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::render::header::head;
use crate::format::render::networks::NetworkLists;
use crate::format::unit::Unit;
use crate::policy::{Direction, Granularity, Policy, PortRange, Rule};
use crate::template;

mod listing;
mod rule;
mod words;

/// The row of the table of formats.
pub struct Iptables;

/// `XT_EXTENSION_MAXNAMELEN` less its closing NUL.
const CHAIN_NAME_LIMIT: usize = 28;

/// `XT_MAX_COMMENT_LEN` less its closing NUL, and the longest subject of a rule.
const LABEL_LIMIT: usize = 255 - " signaling udp".len();

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    chains: Vec<String>,
    rules: Vec<String>,
}

static INFO: FormatInfo = FormatInfo {
    name: "iptables",
    aliases: &[
        "iptables-restore",
        "iptables-save",
        "iptables-nft",
        "iptables-legacy",
        "ipt",
    ],
    summary: "Linux iptables, both back ends: two chains of the filter table",
    documentation: "A load replaces both chains as a whole, in one step, and loading again changes nothing. It is \
         spelled as iptables-save prints it back.",
    template: ("iptables.j2", include_str!("../../templates/iptables.j2")),
    is_stateless: false,
    takes_name: true,
    takes_table: false,
    granularity: Granularity::Packet,
};

impl Format for Iptables {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "iptables-restore --noflush FILE".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let chain = |direction| chain_name(unit, direction);
        let both = [Direction::In, Direction::Out];
        let directions = policy.scope.directions.iter();
        let hooks = directions
            .map(|&direction| {
                let built_in = match direction {
                    Direction::In => "INPUT",
                    Direction::Out => "OUTPUT",
                };
                let jump = format!("{built_in} -j {}", chain(direction)?);
                Ok(format!("iptables -C {jump} || iptables -I {jump}"))
            })
            .collect::<Result<Vec<_>, FormatError>>()?;
        let lists = NetworkLists::new(policy, LABEL_LIMIT, |network| network.to_string());
        let mut rules = Vec::new();
        for direction in both {
            let chain = chain(direction)?;
            for rule in policy.stateful(direction) {
                rules.extend(lines(&lists, rule, &chain));
            }
        }
        Ok(template::value(&View {
            head: head(self, policy, unit, &hooks),
            chains: both.into_iter().map(chain).collect::<Result<_, _>>()?,
            rules,
        }))
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Iptables {
    fn listing(&self) -> Listing {
        Listing {
            command: "iptables-save",
            without_rules: "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        listing::parse(text, wanted)
    }
}

fn chain_name(unit: &Unit, direction: Direction) -> Result<String, FormatError> {
    unit.bounded_name(INFO.name, unit.name.upper(direction), CHAIN_NAME_LIMIT)
}

/// A line for each pair of a remote and a local network: iptables has no lists of addresses.
fn lines(lists: &NetworkLists, rule: &Rule, chain: &str) -> Vec<String> {
    let (protocol, subject) = (rule.protocol, rule.subject());
    let matches = format!(
        " -p {protocol} -m {protocol}{}{}",
        ports("--sport", rule.source_ports()),
        ports("--dport", rule.destination_ports())
    );
    let locals: Vec<_> = rule
        .local
        .each()
        .into_iter()
        .map(|n| n.map(|n| n.to_string()))
        .collect();
    let mut lines = Vec::new();
    for remote in lists.of_rule(rule).1 {
        for local in &locals {
            let ends = rule.in_packet_order(Some(&remote.address), local.as_ref());
            let mut line = format!("-A {chain}");
            for (option, end) in [(" -s ", ends.0), (" -d ", ends.1)] {
                if let Some(end) = end {
                    line += option;
                    line += end;
                }
            }
            let comment = [&remote.label, " ", &subject].concat();
            line += &[
                &matches,
                " -m comment --comment \"",
                &comment,
                "\" -j ACCEPT",
            ]
            .concat();
            lines.push(line);
        }
    }
    lines
}

/// `--dport 10000:20000`, or nothing for any port.
pub(super) fn ports(option: &str, ports: PortRange) -> String {
    if ports.is_any() {
        String::new()
    } else {
        format!(" {option} {}", ports.with_separator(":"))
    }
}
