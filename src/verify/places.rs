//! The chains of rules, and the chains that this program manages.

use std::collections::{HashMap, HashSet};

use memchr::memmem::Finder;

use crate::firewall::{Chains, Firewall, RuleText, Table};
use crate::limits::Limits;
use crate::packets::Direction;

/// The chain that contains a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Such as `table filter`.
    pub table: String,
    pub chain: String,
    /// See [`Table::needs_legacy`].
    pub needs_legacy: bool,
}

impl Location {
    pub fn of(table: &Table, chain: &str) -> Location {
        Location {
            table: table.chains.place(),
            chain: chain.to_owned(),
            needs_legacy: table.needs_legacy,
        }
    }

    /// Returns the place of another chain of the same table.
    #[must_use]
    pub fn beside(&self, chain: &str) -> Location {
        Location {
            chain: chain.to_owned(),
            ..self.clone()
        }
    }

    /// True if both chains are in the same table.
    pub fn is_beside(&self, other: &Location) -> bool {
        self.beside(&other.chain) == *other
    }
}

/// A chain that this program manages.
#[derive(Clone, Debug)]
pub struct OwnChain {
    pub location: Location,
    pub direction: Direction,
    /// The places of the rules that lead to the chain, ascending.
    pub jumps: Vec<u32>,
}

/// Returns the chains of the rules and policies at these places.
pub fn locations(
    firewall: &Firewall,
    places: impl IntoIterator<Item = u32>,
) -> HashMap<u32, Location> {
    let places: HashSet<u32> = places.into_iter().collect();
    let mut found = HashMap::new();
    for table in &firewall.tables {
        for name in table.chains.names() {
            let policy = table.chains.policy(name).ok().flatten();
            let rules = table.chains.rules(name).unwrap_or_default();
            let own = policy.iter().map(|(_, at)| *at);
            for at in own.chain(rules.iter().map(|rule| rule.at)) {
                let at = table.offset.saturating_add(at);
                if places.contains(&at) {
                    found.insert(at, Location::of(table, name));
                }
            }
        }
    }
    found
}

/// Returns the chains with these names, in all tables.
pub fn own_chains(
    firewall: &Firewall,
    names: &[(String, Direction)],
    limits: Limits,
) -> Vec<OwnChain> {
    let mut found = Vec::new();
    for table in &firewall.tables {
        for (name, direction) in names {
            if table.chains.rules(name).is_some() {
                found.push(OwnChain {
                    location: Location::of(table, name),
                    direction: *direction,
                    jumps: jumps(table, name, limits),
                });
            }
        }
    }
    found
}

fn jumps(table: &Table, chain: &str, limits: Limits) -> Vec<u32> {
    let chains = &*table.chains;
    let finder = Finder::new(chain);
    let mentions = |rule: &RuleText| finder.find(rule.text.as_bytes()).is_some();
    let names = chains.names();
    let rules = names.flat_map(|name| chains.rules(name).unwrap_or_default());
    let jumps = rules.filter(|rule| mentions(rule) && leads_to(chains, **rule, chain, limits));
    let maps = chains.maps().into_iter();
    let maps = maps.filter(|(_, part)| mentions(part));
    let places = jumps
        .map(|rule| rule.at)
        .chain(maps.map(|(_, part)| part.at));
    let mut places: Vec<u32> = places.map(|at| table.offset.saturating_add(at)).collect();
    places.sort_unstable();
    places
}

fn leads_to<'a>(
    chains: &(dyn Chains<'a> + 'a),
    rule: RuleText<'a>,
    chain: &str,
    limits: Limits,
) -> bool {
    let mut branches = Vec::new();
    // A rule that cannot be read exactly has all of its possible effects as branches.
    let _inexact = chains.read(rule, limits, &mut branches);
    let mut targets = branches.iter().filter_map(|branch| branch.action.target());
    targets.any(|target| target == chain)
}
