//! firewalld: the configuration file of a policy (firewalld.policy(5)), for one direction.
//!
//! A separate policy is a file that no other tool writes, and it is replaced as a whole. Its rich rules only
//! accept packets. Other packets continue to the zones.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::NetworkLists;
use crate::format::unit::Unit;
use crate::policy::{Direction, Granularity, Policy, Protocol, Rule, address_or_cidr};
use crate::read_error::ReadError;
use crate::template;

mod deployed;
mod info;
mod rule;
mod xml;

use deployed::policy_name;

pub struct Firewalld;

/// The maximum length of a policy's name: firewalld derives the names of chains from it.
const NAME_LIMIT: usize = 17;

/// A placeholder in the load command, which is built before the direction is known.
const DIRECTION: &str = "DIRECTION";

/// The template context. All texts consist of names, dates and numbers, so they need no escaping in XML.
#[derive(Serialize)]
struct View {
    head: Vec<String>,
    name: String,
    ingress: &'static str,
    egress: &'static str,
    rules: Vec<RichRule>,
}

#[derive(Serialize)]
struct RichRule {
    /// An address or a network; `None` means any.
    source: Option<String>,
    destination: Option<String>,
    port: String,
    protocol: Protocol,
    comment: String,
}

static INFO: FormatInfo = FormatInfo {
    name: "firewalld",
    aliases: &["firewall-cmd", "firewalld-policy"],
    summary: "Linux firewalld (0.9 or later): a policy for one direction, as XML",
    documentation: "Each policy is a separate file. Loading replaces the whole file, and a reload of firewalld \
         applies it. A policy has only one direction, so print `--direction in` and `--direction out` separately.",
    template: ("firewalld.j2", include_str!("../../templates/firewalld.j2")),
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Firewalld {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, unit: &Unit) -> String {
        format!("install -m 644 FILE {}", policy_file(unit))
    }

    fn supported_part(&self, policy: &Policy, _unit: &Unit) -> Result<Option<Policy>, FormatError> {
        only_direction(policy)?;
        Ok(None)
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let direction = only_direction(policy)?;
        let (ingress, egress) = match direction {
            Direction::In => ("ANY", "HOST"),
            Direction::Out => ("HOST", "ANY"),
        };
        let name = policy_name(unit, direction);
        let name = unit.bounded_name(INFO.name, name, NAME_LIMIT)?;
        let lists = NetworkLists::new(policy, usize::MAX, address_or_cidr);
        let reload = "firewall-cmd --reload".to_owned();
        let file = policy_file(unit);
        let commands = Commands {
            hook: vec![reload.clone()],
            remove: vec![format!("rm {file}"), reload],
            ..Commands::default()
        };
        let head = head(self, policy, unit, &commands);
        let rules = policy.rules.iter();
        Ok(template::value(&View {
            head: head
                .iter()
                .map(|line| line.replace(DIRECTION, &direction.to_string()))
                .collect(),
            name,
            ingress,
            egress,
            rules: rules.flat_map(|rule| rich_rules(&lists, rule)).collect(),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        starts_with_any(
            line,
            &[
                "<policy",
                "<zone",
                "<rule ",
                "<service name=",
                "<port ",
                "target: ",
                "masquerade:",
                "forward-ports:",
                "icmp-blocks:",
                "rich rules:",
                "ingress-zones:",
                "egress-zones:",
            ],
        )
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

/// The path of the policy's file, with [`DIRECTION`] as a placeholder in its name.
fn policy_file(unit: &Unit) -> String {
    let name = unit.name.lower_with_hyphens();
    format!("/etc/firewalld/policies/{name}-{DIRECTION}.xml")
}

fn only_direction(policy: &Policy) -> Result<Direction, FormatError> {
    match policy.scope.directions[..] {
        [direction] => Ok(direction),
        _ => Err(FormatError::Inexpressible {
            format: INFO.name,
            what: "both directions in one policy; render --direction in and --direction out separately",
        }),
    }
}

impl Parser for Firewalld {
    fn listing(&self) -> Listing {
        Listing {
            command: "firewall-cmd --list-all-policies",
            without_rules: concat!(
                "allow-host-ipv6 (active)\n",
                "  priority: -15000\n",
                "  target: CONTINUE\n",
                "  ingress-zones: ANY\n",
                "  egress-zones: HOST\n",
                "  services: \n",
                "  ports: \n",
                "  protocols: \n",
                "  masquerade: no\n",
                "  forward-ports: \n",
                "  source-ports: \n",
                "  icmp-blocks: \n",
                "  rich rules: \n",
            ),
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        if text.trim_start().starts_with('<') {
            xml::parse(text, wanted)
        } else if info::is_listing(text) {
            info::parse(text, wanted)
        } else {
            Err(vec![ReadError::new(0, xml::DIALECT.expected)])
        }
    }
}

/// One rich rule for each pair of a remote and a local network.
fn rich_rules(lists: &NetworkLists, rule: &Rule) -> Vec<RichRule> {
    let address = |network: Option<Ipv4Net>| network.map(address_or_cidr);
    let locals: Vec<_> = rule.local.each().into_iter().map(address).collect();
    let mut rules = Vec::new();
    for remote in lists.of_rule(rule).1 {
        for local in &locals {
            let remote_end = Some(remote.address.clone());
            let (source, destination) = rule.in_packet_order(remote_end, local.clone());
            rules.push(RichRule {
                source,
                destination,
                port: rule.destination_ports().with_separator("-"),
                protocol: rule.protocol,
                comment: format!("{} {}", remote.label, rule.subject()),
            });
        }
    }
    rules
}
