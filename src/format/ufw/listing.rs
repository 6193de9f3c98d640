//! Reads the output of `ufw show added`, or a script of this program.

use super::rule::Rule;
use super::script::{self, RuleLines};
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::lines::{count_lines, lines};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, Limits};
use crate::policy::Direction;
use crate::read_error::{ErrorCollector, ReadError};

/// The first line of `ufw show added`.
const TITLE: &str = "Added user rules (see 'ufw status' for running firewall):";
/// The second line of `ufw show added` if there are no rules.
const NO_RULES: &str = "(None)";

const EXPECTED: &str = "expected the output of 'LC_ALL=C ufw show added', because ufw's other listings are incomplete, \
                        or a script of this program";

/// The work counted for a line, because all lines are stored before the first one is parsed.
const LINE_WORK: usize = 50;

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let count = count_lines(text).saturating_mul(LINE_WORK);
    let fits = wanted.limits.check(Limit::Work, count);
    fits.map_err(|exceeded| vec![ReadError::new(0, exceeded)])?;
    let rules = read(&rule_lines(text)?, wanted.limits)?;
    let exists = |name: &str| rules.iter().any(|(_, rule)| rule.is_of(name));
    let names = wanted.names(|_| wanted.unit.name.lower_with_hyphens(), exists);
    let mut units = Vec::new();
    for (direction, name) in names {
        units.push(unit(&rules, direction, name, wanted.limits)?);
    }
    Ok(units)
}

pub(super) fn rule_lines(text: &str) -> RuleLines<'_> {
    let lines = lines(text).map_err(|error| vec![error])?;
    let lines: Vec<_> = lines.filter(|(_, line)| !line.trim().is_empty()).collect();
    match script::rules(&lines) {
        Some(rules) => rules,
        None => listed(lines).map_err(|error| vec![error]),
    }
}

/// The rules of a listing. The title may be missing if the listing was filtered.
fn listed(mut lines: Vec<(u32, &str)>) -> Result<Vec<(u32, &str)>, ReadError> {
    match lines[..] {
        [(_, TITLE), (_, NO_RULES)] => Ok(Vec::new()),
        [(at, TITLE)] => Err(ReadError::new(
            at,
            "expected rules or '(None)' after this line; if the input was cut off, provide the complete input",
        )),
        [(_, TITLE), ..] => {
            lines.remove(0);
            Ok(lines)
        }
        [(_, first), ..] if first.starts_with("ufw ") => Ok(lines),
        _ => Err(ReadError::new(
            lines.first().map_or(0, |(at, _)| *at),
            EXPECTED,
        )),
    }
}

type Rules<'a> = Vec<(u32, Rule<'a>)>;

fn read<'a>(lines: &[(u32, &'a str)], limits: Limits) -> Result<Rules<'a>, Vec<ReadError>> {
    if let (Err(exceeded), [(at, _), ..]) = (limits.check(Limit::Rules, lines.len()), lines) {
        return Err(vec![ReadError::new(*at, exceeded)]);
    }
    let mut rules = Vec::with_capacity(lines.len());
    let mut errors = ErrorCollector::default();
    for (at, line) in lines {
        match Rule::read(line) {
            Ok(rule) => rules.push((*at, rule)),
            Err(problem) => errors.add(ReadError::new(*at, problem)),
        }
        if errors.is_full() {
            break;
        }
    }
    errors.finish(rules)
}

/// The deployed rules with the comment of this unit, in one direction.
fn unit(
    rules: &Rules,
    direction: Direction,
    name: String,
    limits: Limits,
) -> Result<DeployedUnit, Vec<ReadError>> {
    let mut unit = DeployedUnit::empty(direction, name);
    let mut errors = ErrorCollector::default();
    let own = |(_, rule): &&(u32, Rule)| rule.direction == direction && rule.is_of(&unit.name);
    let own: Vec<_> = rules.iter().filter(own).collect();
    if own.is_empty() {
        let way = match direction {
            Direction::In => "incoming",
            Direction::Out => "outgoing",
        };
        unit.absent = Some(format!(
            "no rule for {way} packets has a comment '{}: ...'",
            unit.name
        ));
    }
    let mut work = 0_usize;
    for (at, rule) in own {
        let effect = rule.effect(*at, limits).and_then(|effect| {
            work = work.saturating_add(effect.cost);
            limits.check(Limit::Work, work)?;
            let count = unit.steps.len().saturating_add(effect.steps.len());
            limits.check(Limit::Rules, count)?;
            Ok(effect)
        });
        match effect {
            Ok(effect) => {
                unit.steps.extend(effect.steps);
                let what = "packets of IPv6".to_owned();
                unit.unmeasured
                    .extend(effect.ipv6.then_some(Unmeasured { what, at: *at }));
            }
            Err(problem) => errors.add(ReadError::new(*at, problem)),
        }
        if errors.is_full() {
            break;
        }
    }
    errors.finish(unit)
}
