//! Reads the runtime state from `firewall-cmd --info-policy` or `--list-all-policies`.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use super::deployed::{Deployed, NO_ATTRIBUTES, lone, policy_name, units};
use super::rule::{Part, priority};
use super::xml::DIALECT;
use crate::firewall::{DeployedUnit, Hook};
use crate::format::read::lines::lines;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::policy::Direction;
use crate::read_error::ReadError;

/// True if the text contains at least a part of such a listing.
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

/// The unit of a direction. The user's own policy is found by its exact name.
fn unit(listed: &Listed, direction: Direction, wanted: UnitQuery) -> ReadResult {
    let name = policy_name(wanted.unit, direction);
    let verbatim = wanted.unit.name.to_string();
    let named = |name: &String| Some((listed.of(name)?, name.clone()));
    // With one direction, the exact name means the user's own policy, which takes precedence.
    let exact = Some(&verbatim).filter(|_| wanted.directions.len() == 1);
    let Some((policy, name)) = exact.into_iter().chain([&name]).find_map(named) else {
        let absent = "the input has no such policy".to_owned();
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
        if unit.absent.is_none() {
            unit.hook = listed.hook(&name);
        }
    }
    Ok(units)
}

/// Lines with their places.
type Block<'a> = Vec<(u32, &'a str)>;

/// The policies of a listing by name.
struct Listed<'a> {
    policies: HashMap<&'a str, Deployed<'a>>,
    /// The names of the policies that are active.
    active: HashSet<&'a str>,
}

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
                    return Err(ReadError::new(
                        at,
                        "the policy appears twice; provide one listing at a time",
                    ));
                }
                blocks.push((name, vec![(at, line)]));
            } else if let Some((_, block)) = blocks.last_mut() {
                block.push((at, line));
            } else {
                return Err(ReadError::new(
                    at,
                    "expected the name of a policy before this line",
                ));
            }
        }
        // A text in one policy may contain lines that look like another policy, so all of them are read.
        let spent = Spent::new(wanted.limits);
        let mut policies = HashMap::new();
        for (name, block) in &blocks {
            policies.insert(*name, policy(block, &spent)?);
        }
        let active = blocks.iter().filter(|(_, block)| is_active(block));
        Ok(Listed {
            policies,
            active: active.map(|(name, _)| *name).collect(),
        })
    }

    fn of(&self, name: &str) -> Option<&Deployed<'a>> {
        self.policies.get(name)
    }

    /// Returns whether firewalld applies a policy. A listing without active policies does not show this, because it may
    /// be the permanent configuration.
    ///
    /// firewalld 2.0.0 and older versions print every policy as active.
    fn hook(&self, name: &str) -> Hook {
        if self.active.is_empty() {
            return Hook::NotShown;
        }
        if self.active.contains(name) {
            return Hook::Attached;
        }
        let reason = format!(
            "the policy {name} is not active, because no interface or source uses its zones"
        );
        Hook::Missing(reason)
    }
}

/// The states after the name of a policy. Only firewalld 2.4 and later print the last two.
const STATES: [&str; 3] = [" (active)", " (disabled)", " (active, disabled)"];

/// The name of a policy in its first line.
fn name(line: &str) -> &str {
    let mut states = STATES.iter();
    states
        .find_map(|state| line.strip_suffix(state))
        .unwrap_or(line)
}

/// True if the first line of a policy shows it as active.
fn is_active(block: &Block) -> bool {
    let mut active = STATES.iter().filter(|state| state.contains("active"));
    block
        .first()
        .is_some_and(|(_, line)| active.any(|state| line.ends_with(state)))
}

/// Reads the lines of a policy in the order in which firewall-cmd prints them.
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
        _ => return Err(ReadError::new(at, "expected 'yes' or 'no'")),
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

/// The work counted for a word of a rich rule.
const WORD_WORK: usize = 40;

/// The number of elements and words read so far. All of them are stored.
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
        let steps = words.saturating_mul(WORD_WORK);
        self.limits.check(Limit::Work, steps)
    }
}

/// The unread lines of a policy.
struct Lines<'b, 'a> {
    block: &'b Block<'a>,
    next: usize,
    spent: &'b Spent,
}

impl<'a> Lines<'_, 'a> {
    /// True if the listing shows that the policy is disabled. Only firewalld 2.4 and later print this.
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
                _ => return Err(ReadError::new(at, "expected 'yes' or 'no'")),
            }
        } else {
            false
        };
        match said {
            Some((at, _)) if !is_disabled => Err(ReadError::new(
                at,
                "the first line shows the policy as disabled, but there is no line 'disable: yes'; provide the \
                 output of 'firewall-cmd'",
            )),
            _ => Ok(is_disabled),
        }
    }

    /// Reads the next line, which must have this key, and returns its value.
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
                format!("expected the line '{key}:', as 'firewall-cmd' prints it; provide the complete listing"),
            )
        })
    }

    /// Reads the names of zones.
    fn zones(&mut self, key: &str) -> Result<Vec<&'a str>, ReadError> {
        let (at, zones) = self.value(key)?;
        let zones = || zones.split(' ').filter(|zone| !zone.is_empty());
        let fits = self.spent.add_elements(zones().count());
        fits.map_err(|exceeded| ReadError::new(at, exceeded))?;
        Ok(zones().collect())
    }

    /// Reads the elements of a line. Each consists of values separated by slashes.
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

    /// Reads the lines below a key.
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
                "expected a rich rule or the end of the policy",
            )),
        }
    }
}

/// Splits a value that firewalld prints without quotes from the text after it.
///
/// Only `burst=5` of a limit and `mark set=0x1/0x3` have such values.
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

/// The maximum number of parts that are read. A rule with more has duplicate or unknown parts, so it is
/// rejected anyway.
const PARTS_READ: usize = 64;

/// Parses a rule such as `rule family="ipv4" source NOT address="192.0.2.1" accept limit value="1/m"`.
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
                    .ok_or("a quoted value is not closed on this line")?,
                None => bare_value(word, value, in_limit, parts.last())
                    .ok_or_else(|| format!("expected a quoted value after '{word}='"))?,
            };
            let part = parts.last_mut().ok_or("expected 'rule' at the start")?;
            DIALECT.check_count(part.attributes.len() + 1)?;
            if part.get(word).is_some() {
                return Err(format!("'{}' has the attribute '{word}' twice", part.name));
            }
            if !in_limit {
                part.attributes.push((word, value));
            } else if !["value", "burst"].contains(&word) {
                return Err(format!("in firewalld, 'limit' has no attribute '{word}'"));
            }
            rest = after;
        } else {
            in_limit = word == "limit";
            match (word, parts.last_mut()) {
                ("limit", Some(part)) => part.limited = true,
                ("NOT" | "not", Some(part)) => {
                    DIALECT.check_count(part.attributes.len() + 1)?;
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
        _ => Err("expected 'rule' at the start".to_owned()),
    }
}
