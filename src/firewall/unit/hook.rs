//! Finds the base chains that lead to a chain.

use memchr::memmem::Finder;

use super::flatten::approach;
use crate::firewall::chains::{BaseChain, Chains};
use crate::firewall::hook::{Approach, Hook};
use crate::firewall::rule::RuleText;
use crate::limits::Limits;
use crate::policy::Direction;

/// Returns how packets of a direction get to a chain that is not a base chain.
pub(super) fn find<'a>(
    chains: &impl Chains<'a>,
    chain: &'a str,
    direction: Direction,
    limits: Limits,
) -> Hook {
    if !chains.shows_hooks() {
        return Hook::NotShown;
    }
    let names = Names::leading_to(chains, chain);
    let (serving, others): (Vec<BaseChain>, Vec<BaseChain>) = chains
        .base_chains()
        .into_iter()
        .partition(|base| base.serves(direction));
    let from = |base: &BaseChain<'a>| {
        let rules = chains.rules(base.name).unwrap_or_default();
        let last = rules.iter().rposition(|rule| names.are_in(rule))?;
        let found = approach(chains, base, last + 1, chain, direction, limits);
        Some(found)
    };
    let mut approaches = Vec::new();
    for found in serving.iter().filter_map(from) {
        if !found.is_complete {
            return Hook::NotShown;
        }
        if !found.jumps.is_empty() {
            approaches.push(Approach {
                steps: found.steps,
                jumps: found.jumps,
                obstacle: format!("a rule before the jump to {chain} stops all expected packets"),
            });
        }
    }
    if !approaches.is_empty() {
        return Hook::Approaches(approaches);
    }
    let leads = |base: &&BaseChain<'a>| from(base).is_some_and(|found| !found.jumps.is_empty());
    Hook::Missing(match others.iter().find(leads) {
        Some(other) => format!(
            "only the chain '{}' leads to {chain}, but it has packets of the other direction",
            other.name
        ),
        None => format!("nothing jumps to {chain}"),
    })
}

/// The maximum number of names to search for. With more names, every rule may lead to the chain.
const MAX_NAMES: usize = 32;

/// The names of a chain and of the chains and maps that may lead to it.
struct Names {
    finders: Vec<Finder<'static>>,
    /// True if there are more names than [`MAX_NAMES`].
    is_incomplete: bool,
}

impl Names {
    /// Searches the texts of rules for the names, without reading the rules.
    fn leading_to<'a>(chains: &impl Chains<'a>, chain: &'a str) -> Names {
        let mut known = vec![chain];
        let mut finders = Vec::new();
        while let Some(name) = known.get(finders.len()) {
            if finders.len() == MAX_NAMES {
                return Names {
                    finders,
                    is_incomplete: true,
                };
            }
            let finder = Finder::new(name).into_owned();
            let has_name = |rule: &RuleText| finder.find(rule.text.as_bytes()).is_some();
            let callers = chains.names().filter(|caller| {
                let rules = chains.rules(caller).unwrap_or_default();
                rules.iter().any(has_name)
            });
            let maps = chains.maps().into_iter().filter(|(_, text)| has_name(text));
            let found: Vec<&str> = callers.chain(maps.map(|(map, _)| map)).collect();
            finders.push(finder.clone());
            for name in found {
                if known.len() <= MAX_NAMES && !known.contains(&name) {
                    known.push(name);
                }
            }
        }
        Names {
            finders,
            is_incomplete: false,
        }
    }

    /// True if a rule may lead to the chain.
    fn are_in(&self, rule: &RuleText) -> bool {
        let text = rule.text.as_bytes();
        self.is_incomplete || self.finders.iter().any(|name| name.find(text).is_some())
    }
}
