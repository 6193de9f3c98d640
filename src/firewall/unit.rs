//! The units that `check` compares, made of the chains of a firewall.

mod flatten;
mod hook;

use super::chains::Chains;
use super::deployed::DeployedUnit;
use super::hook::Hook;
use crate::limits::Limits;
use crate::names::did_you_mean;
use crate::policy::Direction;
use crate::read_error::{ErrorCollector, ReadError};

/// Returns the units of the named chains, or all errors. `given` is the name that the user gave, if it may be the exact
/// name of a chain.
pub fn units<'a>(
    chains: &impl Chains<'a>,
    names: Vec<(Direction, String)>,
    given: Option<&str>,
    limits: Limits,
) -> Result<Vec<DeployedUnit>, Vec<ReadError>> {
    let mut units = Vec::new();
    let mut found_errors = Vec::new();
    for (direction, name) in names {
        match unit(chains, name, direction, given, limits) {
            Ok(unit) => units.push(unit),
            Err(found) => found_errors.extend(found),
        }
    }
    if found_errors.is_empty() {
        // After all units were read, because looking for hooks takes a part of the limit on work.
        for unit in &mut units {
            add_hook(chains, unit, limits);
        }
    }
    // Report an error once, even if both directions use the same chain.
    found_errors.sort_by_key(ReadError::at);
    found_errors.dedup();
    let mut errors = ErrorCollector::default();
    errors.extend(found_errors);
    errors.finish(units)
}

/// Returns the unit of a chain, with the contents of all chains that it jumps to.
fn unit<'a>(
    chains: &impl Chains<'a>,
    name: String,
    direction: Direction,
    given: Option<&str>,
    limits: Limits,
) -> Result<DeployedUnit, Vec<ReadError>> {
    let Some(chain) = chains.names().find(|chain| *chain == name) else {
        return Ok(DeployedUnit {
            absent: Some(absence(chains, &name, given)),
            ..DeployedUnit::empty(direction, name)
        });
    };
    let policy = chains.policy(chain).map_err(|error| vec![error])?;
    let unit = flatten::unit(chains, chain, policy, direction, limits)?;
    let is_base_chain = policy.is_some();
    Ok(DeployedUnit {
        hook: if is_base_chain {
            Hook::Attached
        } else {
            Hook::NotShown
        },
        ..unit
    })
}

/// Adds how packets get to the unit, if the firewall does not apply the unit itself.
fn add_hook<'a>(chains: &impl Chains<'a>, unit: &mut DeployedUnit, limits: Limits) {
    let Some(chain) = chains.names().find(|chain| *chain == unit.name) else {
        return;
    };
    if !matches!(unit.hook, Hook::Attached) {
        unit.hook = hook::find(chains, chain, unit.direction, limits);
    }
}

/// Explains why a chain is missing, and suggests similar names.
fn absence<'a>(chains: &impl Chains<'a>, name: &str, given: Option<&str>) -> String {
    let place = chains.place();
    if chains.names().next().is_none() {
        return format!("{place} is not in the input, or has no chains");
    }
    let suggestion = did_you_mean(name, chains.names());
    let Some(given) = given else {
        return format!("there is no such chain in {place}{suggestion}");
    };
    let suggestion = match &*suggestion {
        "" => did_you_mean(given, chains.names()),
        _ => suggestion,
    };
    format!("there is no such chain in {place}, and no chain '{given}'{suggestion}")
}
