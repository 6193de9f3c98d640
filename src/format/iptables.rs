//! iptables: two chains of the filter table, for `iptables-restore --noflush`.
//!
//! Each rule stands in the very spelling that `iptables-save` prints back, so a deployed unit can
//! be compared with the file by eye and by diff.

use minijinja::Value;
use serde::Serialize;

use super::{Dialect, FormatError, Unit, clip, head, label};
use crate::policy::{Direction, Policy, PortRange, Rule};
use crate::template;

/// The row of the table of formats.
pub struct Iptables;

/// `XT_EXTENSION_MAXNAMELEN` less its closing NUL.
const CHAIN_NAME_LIMIT: usize = 28;

/// `XT_MAX_COMMENT_LEN` less its closing NUL.
const COMMENT_LIMIT: usize = 255;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    chains: Vec<String>,
    rules: Vec<String>,
}

impl Dialect for Iptables {
    fn name(&self) -> &'static str {
        "iptables"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &[
            "iptables-restore",
            "iptables-save",
            "iptables-nft",
            "iptables-legacy",
            "ipt",
        ]
    }

    fn about(&self) -> &'static str {
        "Linux iptables, both back ends: two chains of the filter table"
    }

    fn load(&self, _unit: &Unit) -> String {
        "iptables-restore --noflush FILE".to_owned()
    }

    fn template(&self) -> (&'static str, &'static str) {
        ("iptables.j2", include_str!("../../templates/iptables.j2"))
    }

    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let chain = |direction| chain_name(self, unit, direction);
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
        let mut rules = Vec::new();
        for direction in both {
            let chain = chain(direction)?;
            for rule in policy.stateful(direction) {
                rules.extend(lines(policy, rule, &chain));
            }
        }
        Ok(template::value(&View {
            head: head(self, policy, unit, &hooks),
            chains: both.into_iter().map(chain).collect::<Result<_, _>>()?,
            rules,
        }))
    }
}

fn chain_name(format: &Iptables, unit: &Unit, direction: Direction) -> Result<String, FormatError> {
    unit.fits(format.name(), unit.name.upper(direction), CHAIN_NAME_LIMIT)
}

/// A line for each pair of a remote and a local network: iptables has no lists of addresses.
fn lines(policy: &Policy, rule: &Rule, chain: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for remote in rule.remote.networks.iter() {
        let comment = format!("{} {}", label(policy, remote), rule.subject());
        let comment = clip(&comment, COMMENT_LIMIT);
        for local in rule.local.each() {
            let (source, destination) = rule.in_packet_order(Some(remote.network), local);
            lines.push(format!(
                "-A {chain}{}{} -p {protocol} -m {protocol}{}{} -m comment --comment \"{comment}\" -j ACCEPT",
                option("-s", source),
                option("-d", destination),
                option("--sport", ports(rule.source_ports())),
                option("--dport", ports(rule.destination_ports())),
                protocol = rule.protocol,
            ));
        }
    }
    lines
}

fn option(name: &str, value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(String::new, |value| format!(" {name} {value}"))
}

fn ports(ports: PortRange) -> Option<String> {
    (!ports.is_any()).then(|| ports.with_separator(":"))
}
