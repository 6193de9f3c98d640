//! Output of `firewall-cmd --info-policy` and `--list-all-policies`: the runtime's state.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use super::deployed::{Deployed, NO_ATTRIBUTES, lone, policy_name, units};
use super::rule::{Part, check_count, priority};
use crate::firewall::DeployedUnit;
use crate::format::read::error::ReadError;
use crate::format::read::lines::lines;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::policy::Direction;

/// True if the text is such a listing, in part at least.
pub(super) fn is_listing(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("  ingress-zones:"))
}

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let listed = Listed::read(text, wanted).map_err(|error| vec![error])?;
    let mut found = Vec::new();
    for direction in wanted.directions {
        found.extend(unit(&listed, *direction, wanted)?);
    }
    Ok(found)
}

/// The policy of a direction; a user's own has its name as it is.
fn unit(listed: &Listed, direction: Direction, wanted: UnitQuery) -> ReadResult {
    let name = policy_name(wanted.unit, direction);
    let verbatim = wanted.unit.name.to_string();
    let named = |name: &String| Some((listed.of(name)?, name.clone()));
    // With one direction, the exact name means the user's own policy, which wins.
    let exact = Some(&verbatim).filter(|_| wanted.directions.len() == 1);
    let Some((policy, name)) = exact.into_iter().chain([&name]).find_map(named) else {
        let absent = "there is no such policy in the text".to_owned();
        return Ok(vec![DeployedUnit {
            absent: Some(absent),
            ..DeployedUnit::empty(direction, name)
        }]);
    };
    let directions = &[direction];
    let mut units = units(
        policy,
        UnitQuery {
            directions,
            ..wanted
        },
    )?;
    for unit in &mut units {
        unit.name.clone_from(&name);
    }
    Ok(units)
}

/// Lines, and where they stand.
type Block<'a> = Vec<(u32, &'a str)>;

/// The policies of a text, by their names.
struct Listed<'a>(HashMap<&'a str, Deployed<'a>>);

impl<'a> Listed<'a> {
    fn read(text: &'a str, wanted: UnitQuery) -> Result<Self, ReadError> {
        let mut blocks: Vec<(&str, Block)> = Vec::new();
        let mut names = HashSet::new();
        for (count, (at, line)) in lines(text)?.enumerate() {
            let fits = wanted.limits.check(Limit::Rules, count);
            fits.map_err(|exceeded| ReadError::new(at, exceeded))?;
            if line.trim().is_empty() {
                continue;
            }
            if !line.starts_with([' ', '\t']) {
                let name = name(line);
                if !names.insert(name) {
                    return Err(ReadError::new(at, "the policy stands in the text twice"));
                }
                blocks.push((name, vec![(at, line)]));
            } else if let Some((_, block)) = blocks.last_mut() {
                block.push((at, line));
            } else {
                return Err(ReadError::new(
                    at,
                    "expected the name of a policy before it",
                ));
            }
        }
        // A text in another policy may hold lines that look like a policy, so all are read.
        let spent = Spent::new(wanted.limits);
        let policies = blocks
            .iter()
            .map(|(name, block)| Ok((*name, policy(block, &spent)?)));
        policies.collect::<Result<_, _>>().map(Listed)
    }

    fn of(&self, name: &str) -> Option<&Deployed<'a>> {
        self.0.get(name)
    }
}

/// The states after the name of a policy. Only firewalld 2.4 and later print the second and the third.
const STATES: [&str; 3] = [" (active)", " (disabled)", " (active, disabled)"];

/// The name of a policy, from its first line.
fn name(line: &str) -> &str {
    let mut states = STATES.iter();
    states
        .find_map(|state| line.strip_suffix(state))
        .unwrap_or(line)
}

/// Reads the lines of a policy, which firewall-cmd prints in this order.
fn policy<'a>(block: &Block<'a>, spent: &Spent) -> Result<Deployed<'a>, ReadError> {
    let mut lines = Lines {
        block,
        next: 1,
        spent,
    };
    let is_disabled = lines.disable()?;
    let (at, text) = lines.value("priority")?;
    priority(text).map_err(|problem| ReadError::new(at, problem))?;
    let (at, target) = lines.value("target")?;
    let mut policy = Deployed {
        at,
        target,
        ingress: lines.zones("ingress-zones")?,
        egress: lines.zones("egress-zones")?,
        rules: Vec::new(),
        is_disabled,
    };
    lines.elements("services", "service", &["name"], &mut policy)?;
    lines.elements("ports", "port", &["port", "protocol"], &mut policy)?;
    lines.elements("protocols", "protocol", &["value"], &mut policy)?;
    let (at, masquerade) = lines.value("masquerade")?;
    match masquerade {
        "no" => {}
        "yes" => policy
            .rules
            .push((at, NO_ATTRIBUTES, vec![element("masquerade")])),
        _ => return Err(ReadError::new(at, "expected yes or no")),
    }
    lines.value("forward-ports")?;
    for (at, _) in lines.indented() {
        policy
            .rules
            .push((at, NO_ATTRIBUTES, vec![element("forward-port")]));
    }
    lines.elements(
        "source-ports",
        "source-port",
        &["port", "protocol"],
        &mut policy,
    )?;
    lines.elements("icmp-blocks", "icmp-block", &["name"], &mut policy)?;
    lines.value("rich rules")?;
    for (at, line) in lines.indented() {
        let fits = spent.add_words(line);
        let read = fits.map_err(String::from).and_then(|()| rich_rule(line));
        let (rule, parts) = read.map_err(|problem| ReadError::new(at, problem))?;
        policy.rules.push((at, rule, parts));
    }
    lines.finish()?;
    Ok(policy)
}

fn element(name: &str) -> Part<'_> {
    Part {
        name,
        ..NO_ATTRIBUTES
    }
}

/// The steps of the limit of work that a word of a rich rule takes.
const STEPS_OF_WORD: usize = 40;

/// The elements and words of all policies of a text so far, which are all kept.
struct Spent {
    limits: Limits,
    elements: Cell<usize>,
    words: Cell<usize>,
}

impl Spent {
    fn new(limits: Limits) -> Self {
        Spent {
            limits,
            elements: Cell::new(0),
            words: Cell::new(0),
        }
    }

    fn add_elements(&self, count: usize) -> Result<(), LimitExceeded> {
        let elements = self.elements.get().saturating_add(count);
        self.elements.set(elements);
        self.limits.check(Limit::Rules, elements)
    }

    fn add_words(&self, line: &str) -> Result<(), LimitExceeded> {
        let words = self.words.get() + 1 + line.matches(' ').count();
        self.words.set(words);
        let steps = words.saturating_mul(STEPS_OF_WORD);
        self.limits.check(Limit::Work, steps)
    }
}

/// The lines of a policy that are not read yet.
struct Lines<'b, 'a> {
    block: &'b Block<'a>,
    next: usize,
    spent: &'b Spent,
}

impl<'a> Lines<'_, 'a> {
    /// True if the policy is disabled, which firewalld 2.4 and later print.
    fn disable(&mut self) -> Result<bool, ReadError> {
        let first = self.block.first().copied();
        let said = first.filter(|(_, line)| {
            let disabled = STATES.iter().filter(|state| state.contains("disabled"));
            disabled.copied().any(|state| line.ends_with(state))
        });
        let next = self.block.get(self.next).map_or("", |(_, line)| line);
        let is_disabled = if next.starts_with("  disable:") {
            let (at, value) = self.value("disable")?;
            match value {
                "no" => false,
                "yes" => true,
                _ => return Err(ReadError::new(at, "expected yes or no")),
            }
        } else {
            false
        };
        match said {
            Some((at, _)) if !is_disabled => Err(ReadError::new(
                at,
                "the policy is disabled by its first line, but not by a line 'disable: yes'; give what \
                 firewall-cmd prints",
            )),
            _ => Ok(is_disabled),
        }
    }

    /// The value on the next line, which must be of that key.
    fn value(&mut self, key: &str) -> Result<(u32, &'a str), ReadError> {
        let line = self.block.get(self.next).copied();
        let found = line.and_then(|(at, line)| {
            let rest = line
                .strip_prefix("  ")?
                .strip_prefix(key)?
                .strip_prefix(':')?;
            Some((at, rest.trim()))
        });
        self.next += 1;
        found.ok_or_else(|| {
            let at = line.or(self.block.last().copied()).map_or(0, |(at, _)| at);
            ReadError::new(
                at,
                format!("expected the line '{key}:' of what firewall-cmd prints of a policy; give all of it"),
            )
        })
    }

    /// The names of zones.
    fn zones(&mut self, key: &str) -> Result<Vec<&'a str>, ReadError> {
        let (at, zones) = self.value(key)?;
        let zones = || zones.split(' ').filter(|zone| !zone.is_empty());
        let fits = self.spent.add_elements(zones().count());
        fits.map_err(|exceeded| ReadError::new(at, exceeded))?;
        Ok(zones().collect())
    }

    /// The elements of a line: values with slashes between.
    fn elements(
        &mut self,
        key: &str,
        name: &'static str,
        attributes: &[&'static str],
        policy: &mut Deployed<'a>,
    ) -> Result<(), ReadError> {
        let (at, values) = self.value(key)?;
        for value in values.split(' ').filter(|value| !value.is_empty()) {
            let fits = self.spent.add_elements(1);
            fits.map_err(|exceeded| ReadError::new(at, exceeded))?;
            let values = value.splitn(attributes.len(), '/');
            let part = Part {
                name,
                attributes: attributes.iter().copied().zip(values).collect(),
                limited: false,
            };
            policy.rules.push((at, NO_ATTRIBUTES, lone(part)));
        }
        Ok(())
    }

    /// The lines below a key.
    fn indented(&mut self) -> Vec<(u32, &'a str)> {
        let rest = self.block.get(self.next..).unwrap_or_default();
        let below = rest.iter().take_while(|(_, line)| line.starts_with('\t'));
        let below: Vec<_> = below.copied().collect();
        self.next += below.len();
        below
    }

    fn finish(self) -> Result<(), ReadError> {
        match self.block.get(self.next) {
            None => Ok(()),
            Some((at, _)) => Err(ReadError::new(
                *at,
                "expected a rich rule, or the end of the policy",
            )),
        }
    }
}

/// The values that firewalld prints without quotes, with what follows each: `burst=5` of a limit and
/// `mark set=0x1/0x3`.
fn bare_value<'a>(
    word: &str,
    text: &'a str,
    in_limit: bool,
    part: Option<&Part>,
) -> Option<(&'a str, &'a str)> {
    let is_of_value: fn(char) -> bool = match word {
        "burst" if in_limit => |c| c.is_ascii_digit(),
        "set" if part.is_some_and(|part| part.name == "mark") => {
            |c| c.is_ascii_hexdigit() || c == 'x' || c == '/'
        }
        _ => return None,
    };
    let end = text.find(|c| !is_of_value(c)).unwrap_or(text.len());
    Some(text.split_at(end))
}

/// As many parts of a rule as are read: more than there are, so that one is there twice or unknown.
const PARTS_READ: usize = 64;

/// `rule family="ipv4" source NOT address="192.0.2.1" accept limit value="1/m"`
fn rich_rule(line: &str) -> Result<(Part<'_>, Vec<Part<'_>>), String> {
    let mut parts: Vec<Part> = Vec::new();
    let mut in_limit = false;
    let mut rest = line.trim();
    while !rest.is_empty() && parts.len() < PARTS_READ {
        let end = rest.find([' ', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if let Some(value) = after.strip_prefix('=') {
            let (value, after) = match value.strip_prefix('"') {
                Some(quoted) => quoted
                    .split_once('"')
                    .ok_or("a value in quotes does not end in the line")?,
                None => bare_value(word, value, in_limit, parts.last())
                    .ok_or_else(|| format!("expected a value in quotes after '{word}='"))?,
            };
            let part = parts.last_mut().ok_or("expected 'rule' first")?;
            check_count(part.attributes.len() + 1)?;
            if part.get(word).is_some() {
                return Err(format!("'{}' has '{word}' twice", part.name));
            }
            if !in_limit {
                part.attributes.push((word, value));
            } else if !["value", "burst"].contains(&word) {
                return Err(format!("'limit' has no attribute '{word}' in firewalld"));
            }
            rest = after;
        } else {
            in_limit = word == "limit";
            match (word, parts.last_mut()) {
                ("limit", Some(part)) => part.limited = true,
                ("NOT" | "not", Some(part)) => {
                    check_count(part.attributes.len() + 1)?;
                    part.attributes.push(("invert", "true"));
                }
                _ => parts.push(element(word)),
            }
            rest = after;
        }
        if !rest.is_empty() && !rest.starts_with(' ') {
            return Err("expected a space after a value".to_owned());
        }
        rest = rest.trim_start();
    }
    let mut parts = parts.into_iter();
    match parts.next() {
        Some(rule) if rule.name == "rule" => Ok((rule, parts.collect())),
        _ => Err("expected 'rule' first".to_owned()),
    }
}
