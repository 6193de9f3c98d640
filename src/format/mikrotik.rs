//! MikroTik RouterOS: address lists and two filter chains, as a script for `import`.
//!
//! The user's own rules jump to these chains. The filter is stateful. A packet that a chain does not
//! accept returns to the rule after the jump.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::{NetworkLists, Spelled};
use crate::format::unit::Unit;
use crate::policy::{Direction, Granularity, Plane, Policy, PortRange, Rule, address_or_cidr};
use crate::template;

mod address_lists;
mod filter;
mod listing;
mod menus;
mod rule;
mod script;
mod words;

pub struct Mikrotik;

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    /// All lists that any load of this unit may have created.
    address_lists: Vec<AddressList>,
    chains: Vec<Chain>,
}

#[derive(Serialize)]
struct AddressList {
    name: String,
    entries: Vec<String>,
}

#[derive(Serialize)]
struct Chain {
    name: String,
    rules: Vec<String>,
}

static INFO: FormatInfo = FormatInfo {
    name: "mikrotik",
    aliases: &["routeros", "rsc"],
    summary: "MikroTik RouterOS: address lists and two filter chains, as a script",
    documentation: "A load replaces the address lists and chains completely, line by line. The chains only accept \
         packets.",
    template: ("mikrotik.j2", include_str!("../../templates/mikrotik.j2")),
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Mikrotik {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "/import file-name=FILE (the name of FILE must end in .rsc)".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let base = unit.name.lower_with_hyphens();
        let lists = NetworkLists::new(policy, usize::MAX, address_or_cidr);
        let local = policy.rules.first().map_or(&[][..], |r| &r.local.networks);
        let mut address_lists: Vec<AddressList> = Plane::ALL
            .map(|plane| remote_list(&lists, plane, &base))
            .into();
        address_lists.push(local_list(local, &base));
        let chain = |direction| Chain {
            name: format!("{base}-{direction}"),
            rules: policy
                .stateful(direction)
                .flat_map(|rule| rules(&lists, rule, &base))
                .collect(),
        };
        let chains = [Direction::In, Direction::Out].map(chain);
        let commands = commands(policy, &chains, &address_lists);
        Ok(template::value(&View {
            head: head(self, policy, unit, &commands),
            address_lists,
            chains: chains.into(),
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        starts_with_any(
            line,
            &[
                "/ip ",
                "/ip/",
                "/interface",
                "/system ",
                "/system/",
                "/routing ",
                "/routing/",
                "/ipv6 ",
                "/ipv6/",
                "/tool ",
                "/queue ",
                "/ppp ",
            ],
        ) || starts_with_any(line, &["add ", "set "])
            && line
                .split(' ')
                .nth(1)
                .is_some_and(|word| word.contains('='))
            || line.starts_with('#') && line.contains("RouterOS")
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

impl Parser for Mikrotik {
    fn listing(&self) -> Listing {
        Listing {
            command: "/export",
            without_rules: "/ip firewall filter\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        listing::parse(text, wanted)
    }
}

/// The commands in the head.
fn commands(policy: &Policy, chains: &[Chain; 2], lists: &[AddressList]) -> Commands {
    let hook = |direction: &Direction| {
        let [incoming, outgoing] = chains;
        let chain = match direction {
            Direction::In => incoming,
            Direction::Out => outgoing,
        };
        format!(
            "/ip firewall filter add chain=forward action=jump jump-target={} place-before=RULE",
            chain.name
        )
    };
    let any = |property: &str, names: Vec<&str>| {
        let equal = names.iter().map(|name| format!("{property}=\"{name}\""));
        equal.collect::<Vec<_>>().join(" or ")
    };
    let chains = || chains.iter().map(|chain| &*chain.name).collect();
    let lists = lists.iter().map(|list| &*list.name).collect();
    let remove =
        |menu: &str, which: String| format!("/ip firewall {menu} remove [find where {which}]");
    Commands {
        hook: policy.scope.directions.iter().map(hook).collect(),
        remove: vec![
            remove("filter", any("jump-target", chains())),
            remove("filter", any("chain", chains())),
            remove("address-list", any("list", lists)),
        ],
        ..Commands::default()
    }
}

/// Returns the list of a plane. It is empty if the policy has no rules for the plane; then a load only
/// removes the old entries.
fn remote_list(lists: &NetworkLists, plane: Plane, base: &str) -> AddressList {
    let entry = |n: &Spelled| format!("address={} comment={}", n.address, quoted(&n.label));
    AddressList {
        name: format!("{base}-{plane}"),
        entries: lists.first_of(plane).iter().map(entry).collect(),
    }
}

fn local_list(local: &[Ipv4Net], base: &str) -> AddressList {
    let entry = |network: &Ipv4Net| format!("address={}", address_or_cidr(*network));
    AddressList {
        name: format!("{base}-local"),
        entries: local.iter().map(entry).collect(),
    }
}

/// Returns the properties of a rule after `chain=`.
///
/// Each plane has one address list. A union of editions with different ports needs more networks for
/// some rules. They become rules without a list, so that no load leaves a list behind.
fn rules(lists: &NetworkLists, rule: &Rule, base: &str) -> Vec<String> {
    let (remote, _) = rule.in_packet_order("src", "dst");
    match lists.of_rule(rule) {
        (0, _) => {
            let list = format!("{remote}-address-list={base}-{}", rule.plane);
            vec![matching(rule, &list, &rule.subject(), base)]
        }
        (_, networks) => {
            let one = |n: &Spelled| {
                let comment = format!("{}: {}", rule.subject(), n.label);
                let address = format!("{remote}-address={}", n.address);
                matching(rule, &address, &comment, base)
            };
            networks.iter().map(one).collect()
        }
    }
}

fn matching(rule: &Rule, remote: &str, comment: &str, base: &str) -> String {
    let mut words = vec![format!("action=accept protocol={}", rule.protocol)];
    words.push(remote.to_owned());
    if !rule.local.networks.is_empty() {
        let (_, local) = rule.in_packet_order("src", "dst");
        words.push(format!("{local}-address-list={base}-local"));
    }
    for (name, ports) in [
        ("src-port", rule.source_ports()),
        ("dst-port", rule.destination_ports()),
    ] {
        if !PortRange::is_any(ports) {
            words.push(format!("{name}={}", ports.with_separator("-")));
        }
    }
    words.push(format!("comment={}", quoted(comment)));
    words.join(" ")
}

/// Quotes a string of RouterOS's scripting language, in which `$` begins a variable and `?` shows help.
fn quoted(text: &str) -> String {
    let mut result = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '?') {
            result.push('\\');
        }
        result.push(c);
    }
    result.push('"');
    result
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn escapes_characters_with_a_meaning_in_scripts() {
        assert_eq!(quoted("tokyo (global)"), r#""tokyo (global)""#);
        assert_eq!(quoted(r#"a"b\c$d?e;f[g]{h}"#), r#""a\"b\\c\$d\?e;f[g]{h}""#);
    }
}
