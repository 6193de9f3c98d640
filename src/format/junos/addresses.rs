//! Prefixes and prefix lists in terms.
//!
//! The longest prefix that contains an address decides whether the address matches. An address
//! outside of all prefixes does not match (Junos OS Routing Policies, Firewall Filters, and Traffic
//! Policers User Guide, "Firewall Filter Match Conditions Based on Address Fields").

use std::cmp::Reverse;
use std::collections::HashMap;
use std::rc::Rc;

use super::tree::{Branch, Tree};
use crate::format::read::longest_prefix::{Listed, LongestPrefix};
use crate::format::read::values::network;
use crate::limits::{Limit, Limits};
use crate::packets::Interval;
use crate::read_error::ReadError;

/// Addresses, and true if they are excluded with `except`.
type Prefix = (Interval, bool);

/// The prefix lists of a text. Each one is read when it is first used.
pub(super) struct Lists<'t, 'a> {
    tree: &'t Tree<'a>,
    read: HashMap<&'a str, Result<Rc<[Interval]>, ReadError>>,
    /// The number of prefixes that terms use from lists.
    size: usize,
    limits: Limits,
}

impl<'t, 'a> Lists<'t, 'a> {
    pub fn of(tree: &'t Tree<'a>, limits: Limits) -> Self {
        Lists {
            tree,
            read: HashMap::new(),
            size: 0,
            limits,
        }
    }

    /// Returns the addresses of a condition such as `source-address`.
    pub fn addresses(condition: Branch) -> Result<Vec<Interval>, ReadError> {
        let mut prefixes = Vec::new();
        for value in condition.values()? {
            let except = is_except(value)?;
            let span = network(value.word()).map_err(|problem| value.problem(problem))?;
            prefixes.push((span, except));
        }
        let matched = longest(prefixes);
        if matched.contradicts {
            return Err(condition.problem(
                "the same prefix occurs with and without 'except' (host bits are ignored); remove one of them",
            ));
        }
        refuse_exceptions_alone(condition, matched.spans)
    }

    /// Returns the addresses of a condition such as `source-prefix-list`.
    pub fn lists(&mut self, condition: Branch<'t, 'a>) -> Result<Vec<Interval>, ReadError> {
        let mut prefixes = Vec::new();
        for value in condition.values()? {
            let except = is_except(value)?;
            let list = self.list(value)?;
            self.size = self.size.saturating_add(list.len());
            let fits = self.limits.check(Limit::Rules, self.size);
            fits.map_err(|exceeded| value.problem(exceeded))?;
            prefixes.extend(list.iter().map(|span| (*span, except)));
        }
        let matched = longest(prefixes);
        if matched.readmits {
            return Err(condition.problem(
                "a prefix of one list is within a list with 'except', and Junos does not document which of \
                 them takes precedence; remove one of the two",
            ));
        }
        refuse_exceptions_alone(condition, matched.spans)
    }

    fn list(&mut self, name: Branch<'t, 'a>) -> Result<Rc<[Interval]>, ReadError> {
        let path = ["policy-options", "prefix-list", name.word()];
        let Some(list) = self.tree.get(&path) else {
            return Err(name.problem(format!(
                "prefix list '{}' is not in the input; add the output of 'show configuration \
                 policy-options'",
                name.word()
            )));
        };
        if !self.tree.is_active(&path) {
            return Err(name.problem(format!(
                "prefix list '{}' is deactivated; activate it, or remove it from the term",
                name.word()
            )));
        }
        let read = self.read.entry(name.word());
        read.or_insert_with(|| members(list)).clone()
    }
}

fn members(list: Branch) -> Result<Rc<[Interval]>, ReadError> {
    let mut spans = Vec::new();
    for member in list.below() {
        let word = member.word();
        let span = match word {
            "apply-path" => Err(format!(
                "prefix list '{}' gets its prefixes from 'apply-path', so they are not in the input; \
                 use a list with explicit prefixes",
                list.word()
            )),
            "dynamic-db" => Err(format!(
                "prefix list '{}' gets its prefixes from the dynamic database, so they are not in the \
                 input; use a list with explicit prefixes",
                list.word()
            )),
            _ => network(word),
        };
        spans.push(span.map_err(|problem| member.problem(problem))?);
        member.leaf()?;
    }
    if spans.is_empty() {
        let problem = format!("prefix list '{}' has no prefixes", list.word());
        return Err(list.problem(problem));
    }
    Ok(spans.into())
}

/// True if `except` follows a value.
fn is_except(value: Branch) -> Result<bool, ReadError> {
    let mut except = false;
    for word in value.below() {
        if word.word() != "except" {
            let problem = format!("expected 'except' or nothing, not '{}'", word.word());
            return Err(word.problem(problem));
        }
        word.leaf()?;
        except = true;
    }
    Ok(except)
}

fn refuse_exceptions_alone(
    condition: Branch,
    spans: Vec<Interval>,
) -> Result<Vec<Interval>, ReadError> {
    if spans.is_empty() {
        let problem = "no packet matches, because every prefix has 'except'";
        return Err(condition.problem(problem));
    }
    Ok(spans)
}

/// The addresses that a list of prefixes matches.
struct Matched {
    /// Matching addresses, [normalized](crate::packets::normalized).
    spans: Vec<Interval>,
    /// True if the same prefix occurs with and without `except`.
    contradicts: bool,
    /// True if `contradicts` is true, or if a prefix is within a prefix with `except`.
    readmits: bool,
}

/// Matches each address by its longest prefix.
fn longest(mut prefixes: Vec<Prefix>) -> Matched {
    prefixes.sort_by_key(|(span, except)| (span.first, Reverse(span.last), *except));
    prefixes.dedup();
    let mut listed = LongestPrefix::default();
    let (mut contradicts, mut readmits) = (false, false);
    for (network, is_excluded) in prefixes {
        let around = listed.around(network);
        contradicts |= around.iter().any(|outer| outer.network == network);
        readmits |= around.iter().any(|outer| outer.is_excluded && !is_excluded);
        listed.add(Listed {
            network,
            is_excluded,
        });
    }
    Matched {
        spans: listed.finish(),
        contradicts,
        readmits: readmits || contradicts,
    }
}
