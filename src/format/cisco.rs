//! Cisco IOS: an extended named access list for each direction.
//!
//! An access list is stateless, so it also lets TCP's way back through (`established`: ACK or RST
//! set), and what it does not permit it denies.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use super::{Dialect, FormatError, Unit, clip, head, label};
use crate::policy::{Direction, Policy, PortRange, Rule, State};
use crate::template;

/// The row of the table of formats.
pub struct Cisco;

/// IOS cuts longer remarks.
const REMARK_LIMIT: usize = 100;

/// As IOS numbers entries, so that others can be put between.
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

impl Dialect for Cisco {
    fn name(&self) -> &'static str {
        "cisco"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["cisco-acl", "cisco-ios", "ios", "ios-xe", "acl"]
    }

    fn about(&self) -> &'static str {
        "Cisco IOS: an extended named access list for each direction"
    }

    fn load(&self, _unit: &Unit) -> String {
        "copy FILE running-config".to_owned()
    }

    fn is_stateless(&self) -> bool {
        true
    }

    fn template(&self) -> (&'static str, &'static str) {
        ("cisco.j2", include_str!("../../templates/cisco.j2"))
    }

    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let directions = &policy.scope.directions;
        let list = |direction: &Direction| AccessList {
            name: unit.name.upper(*direction),
            entries: entries(policy, *direction),
        };
        let hooks: Vec<String> = directions
            .iter()
            .flat_map(|direction| {
                let name = unit.name.upper(*direction);
                [
                    "interface INTERFACE".to_owned(),
                    format!("ip access-group {name} {direction}"),
                ]
            })
            .collect();
        Ok(template::value(&View {
            head: head(self, policy, unit, &hooks),
            lists: directions.iter().map(list).collect(),
        }))
    }
}

/// Numbered entries, with a remark before each run of those that are about the same.
fn entries(policy: &Policy, direction: Direction) -> Vec<String> {
    let mut lines = Vec::new();
    let mut sequence = 0;
    for rule in policy.stateless(direction) {
        let mut last_remark = String::new();
        for network in rule.remote.networks.iter() {
            let way_back = match rule.state {
                State::Any => "",
                State::Established => ", the way back",
            };
            let remark = format!("{}{way_back}: {}", rule.subject(), label(policy, network));
            if remark != last_remark {
                lines.push(format!("remark {}", clip(&remark, REMARK_LIMIT)));
                last_remark = remark;
            }
            for local in rule.local.each() {
                let local = local.map_or("any".to_owned(), address);
                sequence += SEQUENCE_STEP;
                lines.push(format!(
                    "{sequence} {}",
                    entry(rule, network.network, &local)
                ));
            }
        }
    }
    lines
}

fn entry(rule: &Rule, remote: Ipv4Net, local: &str) -> String {
    let remote = address(remote);
    let (source, destination) = rule.in_packet_order(remote.as_str(), local);
    let established = match rule.state {
        State::Any => "",
        State::Established => " established",
    };
    format!(
        "permit {} {source}{} {destination}{}{established}",
        rule.protocol,
        ports(rule.source_ports()),
        ports(rule.destination_ports()),
    )
}

/// A wildcard mask has the bits set that do not matter.
fn address(network: Ipv4Net) -> String {
    if network.prefix_len() == 32 {
        format!("host {}", network.addr())
    } else {
        format!("{} {}", network.addr(), network.hostmask())
    }
}

fn ports(ports: PortRange) -> String {
    if ports.is_any() {
        String::new()
    } else if ports.first() == ports.last() {
        format!(" eq {}", ports.first())
    } else {
        format!(" range {} {}", ports.first(), ports.last())
    }
}
