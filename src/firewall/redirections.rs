//! The ports whose packets rules send to other ports.

use std::collections::{HashMap, HashSet};

use super::chains::{BaseChain, ChainKind};
use super::model::{Firewall, Table};
use super::rule::{RuleAction, RuleBranch, Translation};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Dimension, Direction, Interval, IntervalSet, Protocols};

/// The most jumps on the way to a rule that are followed back. After them, packets may have any port.
const MAX_DEPTH: usize = 64;

/// The most ranges of a set of ports.
const MAX_PARTS: usize = 64;

/// The rules that change the destination port of incoming packets, and the jumps to them.
#[derive(Default)]
pub struct Redirections<'a> {
    tables: Vec<Routes<'a>>,
}

/// The rules of a table.
#[derive(Default)]
struct Routes<'a> {
    entries: HashSet<&'a str>,
    /// The rules that jump to each chain.
    jumps: HashMap<&'a str, Vec<Matched<'a>>>,
    changes: Vec<PortChange<'a>>,
}

/// The packets that a rule may match.
#[derive(Clone, Copy)]
struct Matched<'a> {
    /// The chain of the rule.
    chain: &'a str,
    protocols: Protocols,
    ports: Interval,
}

/// A rule that sends packets to known other ports.
struct PortChange<'a> {
    matched: Matched<'a>,
    to: Interval,
}

impl<'a> Redirections<'a> {
    /// Reads the rules that change destinations.
    ///
    /// # Errors
    ///
    /// If a chain has more rules than the limit.
    pub fn of(firewall: &Firewall<'a>, limits: Limits) -> Result<Self, LimitExceeded> {
        let mut tables = Vec::new();
        for table in &firewall.tables {
            let base_chains = table.chains.base_chains();
            let entries: HashSet<&str> = base_chains
                .iter()
                .filter(|chain| changes_incoming(chain))
                .map(|chain| chain.name)
                .collect();
            if !entries.is_empty() {
                tables.push(Routes::of(table, entries, limits)?);
            }
        }
        Ok(Redirections { tables })
    }

    /// Returns the ports whose packets rules may send to one of the ports `to`, which may include these ports.
    pub fn ports_to(&self, protocols: Protocols, to: &IntervalSet) -> Option<IntervalSet> {
        let tables = self.tables.iter();
        union(tables.filter_map(|table| table.ports_to(protocols, to)))
    }
}

fn changes_incoming(chain: &BaseChain) -> bool {
    chain.kind == ChainKind::Nat && chain.hook.eq_ignore_ascii_case("prerouting")
}

impl<'a> Routes<'a> {
    fn of(
        table: &Table<'a>,
        entries: HashSet<&'a str>,
        limits: Limits,
    ) -> Result<Self, LimitExceeded> {
        let mut waiting: Vec<&str> = entries.iter().copied().collect();
        let mut seen = entries.clone();
        let mut routes = Routes {
            entries,
            ..Routes::default()
        };
        let mut branches = Vec::new();
        while let Some(chain) = waiting.pop() {
            let rules = table.chains.rules(chain).unwrap_or_default();
            limits.check(Limit::Rules, rules.len())?;
            for rule in rules {
                branches.clear();
                // The branches of a rule that cannot be read exactly contain its possible effects.
                let _inexact = table.chains.read(*rule, limits, &mut branches);
                for branch in branches.iter().filter(|branch| branch.ipv4) {
                    routes.add(chain, branch);
                    let target = branch.action.target();
                    waiting.extend(target.filter(|target| seen.insert(target)));
                }
            }
        }
        Ok(routes)
    }

    fn add(&mut self, chain: &'a str, branch: &RuleBranch<'a>) {
        let packets = branch.packets.to_remote_local(Direction::In);
        let matched = Matched {
            chain,
            protocols: packets.header.protocols,
            ports: packets.interval(Dimension::LocalPort),
        };
        match branch.action {
            RuleAction::Jump(target) | RuleAction::Goto(target) => {
                self.jumps.entry(target).or_default().push(matched);
            }
            RuleAction::Translate(
                Translation::Destination {
                    ports: Some(to), ..
                }
                | Translation::Redirect { ports: Some(to) },
            ) if to != Interval::PORTS => self.changes.push(PortChange { matched, to }),
            _ => {}
        }
    }

    fn ports_to(&self, protocols: Protocols, to: &IntervalSet) -> Option<IntervalSet> {
        let is_wanted = |change: &&PortChange| to.and(change.to).is_some();
        let mut search = Search {
            routes: self,
            protocols,
            entering: HashMap::new(),
        };
        let changes = self.changes.iter().filter(is_wanted);
        union(changes.filter_map(|change| search.matched(&change.matched, 0)))
    }
}

/// A search for the ports of the packets that get to chains.
struct Search<'r, 'a> {
    routes: &'r Routes<'a>,
    protocols: Protocols,
    /// The ports for each chain; `None` if no packet gets there, or while they are searched.
    entering: HashMap<&'a str, Option<IntervalSet>>,
}

impl<'a> Search<'_, 'a> {
    /// Returns the ports of the packets that may get to a rule and match it.
    fn matched(&mut self, rule: &Matched<'a>, depth: usize) -> Option<IntervalSet> {
        if rule.protocols.and(self.protocols).is_empty() {
            return None;
        }
        self.entering(rule.chain, depth)?.and(rule.ports)
    }

    /// Returns the ports of the packets that may enter a chain.
    fn entering(&mut self, chain: &'a str, depth: usize) -> Option<IntervalSet> {
        if self.routes.entries.contains(chain) || depth > MAX_DEPTH {
            return Some(Interval::PORTS.into());
        }
        if let Some(known) = self.entering.get(chain) {
            return known.clone();
        }
        self.entering.insert(chain, None);
        let jumps = self.routes.jumps.get(chain).map_or(&[][..], |jumps| jumps);
        let ports = jumps
            .iter()
            .filter_map(|jump| self.matched(jump, depth + 1));
        let found = union(ports);
        self.entering.insert(chain, found.clone());
        found
    }
}

/// Returns all ports of the sets, or the ports from the lowest to the highest one if there are many parts.
fn union(sets: impl Iterator<Item = IntervalSet>) -> Option<IntervalSet> {
    let mut all: Option<IntervalSet> = None;
    for set in sets {
        let both = all.map_or_else(|| set.clone(), |all| all.or_set(&set));
        all = Some(if both.intervals().len() > MAX_PARTS {
            both.hull().into()
        } else {
            both
        });
    }
    all
}
