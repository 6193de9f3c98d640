//! ipset: a set of networks for each plane, for `ipset restore`, and the iptables rules that use them.
//!
//! A set contains only networks. The direction, protocol and ports are in the iptables rules that the
//! output shows as hooks. Once added to a chain, these rules belong to the user.

use std::collections::BTreeMap;
use std::rc::Rc;

use minijinja::Value;
use serde::Serialize;

use super::iptables::{SAVE, SAVE_IF_INSTALLED, ports};
use crate::firewall::DeployedUnit;
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser, needed_rules};
use crate::format::output_option::OutputOption;
use crate::format::read::named_sets::NamedSets;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::{NetworkLists, Spelled};
use crate::format::unit::Unit;
use crate::format::unit_name::UnitName;
use crate::limits::{Limit, Limits};
use crate::policy::Granularity;
use crate::policy::{Direction, Plane, Policy, Rule};
use crate::read_error::{ErrorCollector, ReadError};
use crate::template;

mod entries;
mod named;
mod networks;
mod sets;
mod shape;
mod tuples;
mod words;

use named::IpSets;
use words::{COMMENT_LIMIT, NAME_LIMIT};

pub struct Ipset;

/// The number of sets per plane that a union of all editions needs: their signaling networks are the
/// same, and their media has two port ranges.
///
/// Every load creates all of these sets, even empty ones, so that it removes the entries of an earlier
/// load.
const USUAL_LISTS: [(Plane, usize); 2] = [(Plane::Signaling, 1), (Plane::Media, 2)];

#[derive(Serialize)]
struct View {
    head: Vec<String>,
    sets: Vec<Set>,
}

#[derive(Serialize)]
struct Set {
    name: String,
    /// The name of the set that is filled first and then swapped with `name`.
    filled: String,
    entries: Vec<String>,
}

static INFO: FormatInfo = FormatInfo {
    name: "ipset",
    aliases: &["ipset-restore", "ipset-save"],
    summary: "Linux ipset: a set of networks for each plane, and the iptables rules that use them",
    documentation: "For each plane, loading fills a new set, and then swaps it with the old set in one step. Loading \
         again changes nothing. A set contains only networks. The iptables rules that use the set contain the \
         direction, protocol and ports. The output shows these rules as hook commands, and loading does not change \
         them.",
    template: ("ipset.j2", include_str!("../../templates/ipset.j2")),
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::RemoteAddress,
};

impl Format for Ipset {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "ipset restore -file FILE".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let lists = NetworkLists::new(policy, COMMENT_LIMIT, |network| network.to_string());
        let mut names = BTreeMap::new();
        let mut sets = Vec::new();
        for (plane, usual) in USUAL_LISTS {
            let mut networks = lists.of(plane).map(|list| &list.spelled[..]);
            for number in 0..lists.of(plane).count().max(usual) {
                let set = set(unit, plane, number, networks.next().unwrap_or_default())?;
                names.insert((plane, number), set.name.clone());
                sets.push(set);
            }
        }
        let hooked = policy.rules.iter().flat_map(|rule| {
            let set = &names[&(rule.plane, lists.of_rule(rule).0)];
            hooked_rules(rule, set)
        });
        let hooked: Vec<String> = hooked.collect();
        let hook = |rule| format!("iptables -C {rule} 2>/dev/null || iptables -I {rule}");
        let commands = Commands {
            hook: hooked.iter().map(hook).collect(),
            boot: vec![SAVE.to_owned()],
            remove: remove(&hooked, &sets),
        };
        Ok(template::value(&View {
            head: head(self, policy, unit, &commands),
            sets,
        }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("create"), ..) => line.contains(" hash:") || line.contains(" bitmap:"),
            (Some("add"), Some(set), Some(entry)) => {
                entry.starts_with(|c: char| c.is_ascii_digit()) && !set.contains('=')
            }
            _ => starts_with_any(
                line,
                &["Type: hash:", "Type: bitmap:", "Members:", "ipset "],
            ),
        }
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

/// The prefix that marks the name of a set from this program. The name of the user's own set may also end in the name
/// of a plane, so the name alone does not distinguish them.
const OWN: &str = "set ";

impl Parser for Ipset {
    fn listing(&self) -> Listing {
        Listing {
            command: "ipset save",
            without_rules: "create another-set hash:net family inet hashsize 1024 maxelem 65536\n",
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        let usual = usual_lists().map(|(plane, number)| set_name(&wanted.unit.name, plane, number));
        let usual: Vec<String> = usual.collect();
        let sets = sets::read(text, &usual, wanted.limits)?;
        let verbatim = wanted.unit.name.to_string();
        let is_there = |name: &String| sets.contains_key(name.as_str());
        let single = wanted.directions.len() == 1;
        let names = if single && is_there(&verbatim) && !usual.iter().any(is_there) {
            vec![(verbatim.clone(), verbatim)]
        } else {
            let named = usual.into_iter().map(|set| (format!("{OWN}{set}"), set));
            named.collect()
        };
        let mut units = Vec::new();
        let mut errors = ErrorCollector::default();
        let mut count = 0;
        for (name, set) in names {
            let set = sets.get(set.as_str());
            count += set.map_or(0, |set| set.changes.len() * wanted.directions.len());
            if let Err(exceeded) = wanted.limits.check(Limit::Rules, count) {
                let at = set.map_or(0, |set| set.at);
                return Err(vec![ReadError::new(at, exceeded)]);
            }
            let absent = "the input has no such set".to_owned();
            let absent = set.is_none().then_some(absent);
            match set.map_or(Ok(Vec::new()), entries::steps) {
                Ok(steps) => units.extend(wanted.directions.iter().map(|way| DeployedUnit {
                    steps: steps.clone(),
                    absent: absent.clone(),
                    ..DeployedUnit::empty(*way, name.clone())
                })),
                Err(found) => errors.extend(found),
            }
        }
        errors.finish(units)
    }

    /// A set from this program must contain the networks of its list. The user's own set must contain those
    /// of all rules, because no other set is checked.
    fn expected<'a>(&self, policy: &'a Policy, unit: &DeployedUnit) -> Vec<&'a Rule> {
        let mut rules = needed_rules(&INFO, policy, unit.direction);
        if let Some(set) = unit.name.strip_prefix(OWN) {
            let lists = NetworkLists::new(policy, COMMENT_LIMIT, |network| network.to_string());
            rules.retain(|rule| set.ends_with(&list_name(rule.plane, lists.of_rule(rule).0)));
        }
        rules
    }
}

/// Reads all sets of a listing, for rules that refer to them. A listing without sets is empty.
pub(super) fn named_sets<'a>(
    text: &'a str,
    limits: Limits,
) -> Result<Rc<dyn NamedSets + 'a>, Vec<ReadError>> {
    let sets = if text.trim_ascii().is_empty() {
        sets::Sets::new()
    } else {
        sets::read(text, &[], limits)?
    };
    Ok(Rc::new(IpSets::new(sets)))
}

/// The plane and the number of each usual list.
fn usual_lists() -> impl Iterator<Item = (Plane, usize)> {
    let numbered = |(plane, count)| (0..count).map(move |number| (plane, number));
    USUAL_LISTS.into_iter().flat_map(numbered)
}

/// `twilio-sip-media`, and `twilio-sip-media-2` for the second list of a plane.
fn set_name(name: &UnitName, plane: Plane, number: usize) -> String {
    format!("{}{}", name.lower_with_hyphens(), list_name(plane, number))
}

/// The end of a set's name. It is unique for each list.
fn list_name(plane: Plane, number: usize) -> String {
    match number {
        0 => format!("-{plane}"),
        _ => format!("-{plane}-{}", number + 1),
    }
}

fn set(unit: &Unit, plane: Plane, number: usize, networks: &[Spelled]) -> Result<Set, FormatError> {
    let name = set_name(&unit.name, plane, number);
    let entry = |n: &Spelled| format!("{} comment \"{}\"", n.address, n.label);
    Ok(Set {
        filled: unit.bounded_name(INFO.name, format!("{name}-new"), NAME_LIMIT)?,
        name,
        entries: networks.iter().map(entry).collect(),
    })
}

/// The commands that delete the rules of the hooks, then the sets.
fn remove(hooked: &[String], sets: &[Set]) -> Vec<String> {
    let names: Vec<&str> = sets.iter().map(|set| &*set.name).collect();
    let delete = hooked.iter().map(|rule| format!("iptables -D {rule}"));
    let mut commands: Vec<String> = delete.collect();
    commands.push(format!(
        "for set in {}; do ipset destroy $set; done",
        names.join(" ")
    ));
    commands.push(SAVE_IF_INSTALLED.to_owned());
    commands
}

/// The rules that refer to a set, as arguments of iptables: one for each local network. They belong in the
/// user's chains.
fn hooked_rules(rule: &Rule, set: &str) -> Vec<String> {
    let (chain, remote, local) = match rule.direction {
        Direction::In => ("INPUT", "src", " -d "),
        Direction::Out => ("OUTPUT", "dst", " -s "),
    };
    let protocol = rule.protocol;
    let matches = format!(
        " -p {protocol} -m {protocol}{}{} -m set --match-set {set} {remote} -j ACCEPT",
        ports("--sport", rule.source_ports()),
        ports("--dport", rule.destination_ports())
    );
    let locals = rule.local.each().into_iter();
    locals
        .map(|network| {
            let local = network.map_or_else(String::new, |network| format!("{local}{network}"));
            format!("{chain}{local}{matches}")
        })
        .collect()
}
