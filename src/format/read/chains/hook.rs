//! Finds the base chains that lead to a chain.

use super::flatten::approach;
use super::interface::{BaseChain, Chains};
use crate::firewall::{Approach, Hook};
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
    let bases = chains.base_chains();
    let (serving, others): (Vec<BaseChain>, Vec<BaseChain>) =
        bases.iter().partition(|base| base.serves(direction));
    let mut approaches = Vec::new();
    for base in serving {
        let found = approach(chains, base.name, chain, direction, limits);
        if !found.is_complete {
            return Hook::NotShown;
        }
        if !found.jumps.is_empty() {
            approaches.push(Approach {
                steps: found.steps,
                jumps: found.jumps,
            });
        }
    }
    if !approaches.is_empty() {
        return Hook::Approaches(approaches);
    }
    let leads = |base: &&BaseChain<'a>| {
        let found = approach(chains, base.name, chain, direction, limits);
        !found.jumps.is_empty()
    };
    Hook::Missing(match others.iter().find(leads) {
        Some(other) => format!(
            "only the chain '{}' leads to {chain}, but it has packets of the other direction",
            other.name
        ),
        None => format!("nothing jumps to {chain}"),
    })
}
