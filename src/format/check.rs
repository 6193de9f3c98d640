//! Reads deployed configuration, compares it with a policy, and creates the repair.

use super::error::FormatError;
use super::interface::Format;

use super::read::lines;
use super::read::query::{ReadResult, UnitQuery};
use super::render::output::render;
use super::unit::Unit;
use crate::firewall::{self, DeployedUnit, Drift, PublishedNetwork};
use crate::limits::{LimitExceeded, Limits};
use crate::policy::{Policy, Rule};
use crate::read_error::ReadError;

/// Parses configuration that a firewall or this program printed.
pub fn parse(format: &dyn Format, text: &str, wanted: UnitQuery) -> ReadResult {
    if u32::try_from(text.len()).is_err() {
        return Err(vec![ReadError::new(0, "the input is larger than 4 GiB")]);
    }
    if text.trim().is_empty() {
        return Err(vec![ReadError::new(0, "the input is empty")]);
    }
    let Some(parser) = format.parser() else {
        let name = format.info().name;
        return Err(vec![ReadError::new(
            0,
            format!("check does not read {name}"),
        )]);
    };
    parser.parse(text, wanted)
}

/// Returns the function that quotes an input of a format at a byte offset. The quotation is empty if it could contain
/// a secret.
pub fn excerpt(format: &dyn Format) -> fn(&str, u32) -> String {
    let parser = format.parser();
    parser.map_or(lines::excerpt, |parser| parser.excerpt())
}

/// Returns the rules that a unit must contain; none if `check` cannot read the format.
pub fn expected<'a>(format: &dyn Format, policy: &'a Policy, unit: &DeployedUnit) -> Vec<&'a Rule> {
    let parser = format.parser();
    parser.map_or_else(Vec::new, |parser| parser.expected(policy, unit))
}

/// Returns the units that are compared with a policy.
pub fn selected(
    format: &dyn Format,
    policy: &Policy,
    mut units: Vec<DeployedUnit>,
) -> Vec<DeployedUnit> {
    units.retain(|unit| is_selected(format, policy, unit));
    units
}

fn is_selected(format: &dyn Format, policy: &Policy, unit: &DeployedUnit) -> bool {
    let parser = format.parser();
    parser.is_some_and(|parser| parser.is_selected(policy, unit))
}

/// Compares the selected units of a format with a policy.
///
/// `policy` is the part that [`Format::supported_part`] returns. `known` is called only to describe extra
/// packets.
pub fn compare<'k>(
    format: &dyn Format,
    policy: &Policy,
    units: &[DeployedUnit],
    limits: Limits,
    known: impl Fn() -> &'k [PublishedNetwork],
) -> Result<Drift, LimitExceeded> {
    let mut drift = Drift::default();
    for unit in units
        .iter()
        .filter(|unit| is_selected(format, policy, unit))
    {
        let rules = expected(format, policy, unit);
        let named = drift.missing.len() + drift.extra.len();
        let own = firewall::compare(
            &rules,
            format.info().granularity,
            unit,
            named,
            limits,
            &known,
        )?;
        drift.missing.extend(own.missing);
        drift.extra.extend(own.extra);
        drift.unmeasured.extend(own.unmeasured);
        drift.unhooked.extend(own.unhooked);
    }
    Ok(drift)
}

/// Returns the configuration that repairs a drift in the units of `text`.
pub fn repair(
    format: &dyn Format,
    policy: &Policy,
    text: &str,
    wanted: UnitQuery,
    units: &[DeployedUnit],
) -> Result<String, FormatError> {
    let steps = format
        .parser()
        .and_then(|parser| parser.stepwise_repair(policy, text, wanted));
    if let Some(steps) = steps {
        return steps;
    }
    let unit = wanted.unit;
    match units {
        [only] if only.name == unit.name.to_string() => Err(FormatError::ForeignUnit {
            name: only.name.clone(),
        }),
        _ => {
            let name = unit.name.to_string().parse()?;
            let unit = Unit {
                name,
                ..unit.clone()
            };
            render(format, policy, &unit)
        }
    }
}
