//! The chains of one table.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::rule::{Context, Rule};
use super::words::Words;
use crate::firewall::{
    BaseChain, ChainKind, Chains, Change, Criteria, Ipv6Packets, RuleAction, RuleBranch, RuleText,
};
use crate::format::read::named_sets::{Contents, NamedSets};
use crate::format::read::number::is_number;
use crate::limits::{Limit, Limits};
use crate::packets::{Condition, HeaderBox, HeaderMatch};
use crate::read_error::ReadError;

/// The work counted for a chain, because it needs more memory than its text.
const CHAIN_WORK: usize = 64;

pub(super) const FILTER: &str = "filter";

/// A chain that the kernel creates, and its place among the chains of the hook.
struct BuiltIn {
    name: &'static str,
    hook: &'static str,
    priority: i32,
}

const fn built_in(name: &'static str, hook: &'static str, priority: i32) -> BuiltIn {
    BuiltIn {
        name,
        hook,
        priority,
    }
}

/// The tables and their built-in chains. The priorities are those of `enum nf_ip_hook_priorities` of Linux.
const TABLES: [(&str, &[BuiltIn]); 5] = [
    (
        FILTER,
        &[
            built_in("INPUT", "input", 0),
            built_in("FORWARD", "forward", 0),
            built_in("OUTPUT", "output", 0),
        ],
    ),
    (
        "nat",
        &[
            built_in("PREROUTING", "prerouting", -100),
            built_in("INPUT", "input", 100),
            built_in("OUTPUT", "output", -100),
            built_in("POSTROUTING", "postrouting", 100),
        ],
    ),
    (
        "mangle",
        &[
            built_in("PREROUTING", "prerouting", -150),
            built_in("INPUT", "input", -150),
            built_in("FORWARD", "forward", -150),
            built_in("OUTPUT", "output", -150),
            built_in("POSTROUTING", "postrouting", -150),
        ],
    ),
    (
        "raw",
        &[
            built_in("PREROUTING", "prerouting", -300),
            built_in("OUTPUT", "output", -300),
        ],
    ),
    (
        "security",
        &[
            built_in("INPUT", "input", 50),
            built_in("FORWARD", "forward", 50),
            built_in("OUTPUT", "output", 50),
        ],
    ),
];

/// A chain of a table.
#[derive(Default)]
struct Chain<'a> {
    rules: Vec<RuleText<'a>>,
    /// The policy of a built-in chain and its place. True means that packets that reach the end of the chain are
    /// accepted.
    policy: Option<(bool, u32)>,
}

pub(super) struct Table<'a> {
    name: &'a str,
    built_in: &'static [BuiltIn],
    chains: HashMap<&'a str, Chain<'a>>,
    sets: Option<Rc<dyn NamedSets + 'a>>,
    /// True if the effect of a rule that cannot be read is unknown. Otherwise, the rule is an error.
    is_lenient: bool,
    /// The work of the rules read so far; see [`crate::limits::Limit::Work`].
    work: Cell<usize>,
    limits: Limits,
}

impl<'a> Table<'a> {
    /// Creates the filter table, all of whose rules must be read exactly.
    pub fn filter(limits: Limits) -> Self {
        Table {
            name: FILTER,
            built_in: TABLES[0].1,
            chains: HashMap::new(),
            sets: None,
            is_lenient: false,
            work: Cell::default(),
            limits,
        }
    }

    /// Creates a table whose rules may refer to sets. Rules that cannot be read have an unknown effect. Returns `None`
    /// if Linux has no table of this name.
    pub fn named(
        name: &'a str,
        sets: Option<Rc<dyn NamedSets + 'a>>,
        limits: Limits,
    ) -> Option<Self> {
        let (_, built_in) = TABLES.iter().find(|(known, _)| *known == name)?;
        Some(Table {
            name,
            built_in,
            sets,
            is_lenient: true,
            ..Table::filter(limits)
        })
    }

    pub fn name(&self) -> &'a str {
        self.name
    }

    pub fn chain_names(&self) -> impl Iterator<Item = &&'a str> {
        self.chains.keys()
    }

    /// Reads a line of the table.
    pub fn line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        if let Some(declared) = line.strip_prefix(':') {
            if !declared.trim().contains([' ', '\t']) {
                return Err("expected a policy or '-' after the name of a chain".to_owned());
            }
            return self.declare(at, declared);
        }
        let mut words = Words::of(without_counters(line));
        let verb = words.next()?.unwrap_or_default();
        match verb {
            "-A" | "--append" => self.append(at, words),
            "-N" | "--new-chain" if !words.rest().contains([' ', '\t']) => {
                self.declare(at, words.rest())
            }
            "-P" | "--policy" => self.declare(at, words.rest()),
            "Chain" => Err(
                "the output of 'iptables -L' is incomplete; provide the output of 'iptables-save'"
                    .to_owned(),
            ),
            _ => Err("expected the output of 'iptables-save' or 'iptables -S'".to_owned()),
        }
    }

    fn append(&mut self, at: u32, mut words: Words<'a>) -> Result<(), String> {
        let name = words.next()?.unwrap_or_default();
        if words.has_escapes {
            return Err(
                "the quoted name of a chain contains a backslash; write it without quotes"
                    .to_owned(),
            );
        }
        if !self.chains.contains_key(name) && self.is_built_in(name) {
            self.chains.insert(name, Chain::default());
        }
        let chain = self.chains.get_mut(name).ok_or_else(|| {
            format!("chain '{name}' is not declared before this rule; provide the complete listing")
        })?;
        chain.rules.push(RuleText {
            at,
            text: words.rest(),
        });
        Ok(())
    }

    /// Reads a declaration: `NAME`, `NAME - [0:0]`, or `NAME ACCEPT [0:0]`.
    fn declare(&mut self, at: u32, declared: &'a str) -> Result<(), String> {
        let mut words = declared.split([' ', '\t']).filter(|word| !word.is_empty());
        let name = words.next().ok_or("expected the name of a chain")?;
        let policy = match words.next() {
            None | Some("-") => None,
            Some("ACCEPT") => Some((true, at)),
            Some("DROP") => Some((false, at)),
            Some(other) => return Err(format!("expected ACCEPT, DROP or '-', not '{other}'")),
        };
        if policy.is_some() && !self.is_built_in(name) {
            return Err(format!(
                "chain '{name}' is not built in, so it has no policy; expected '-' after its name"
            ));
        }
        let rest: Vec<&str> = words.take(4).collect();
        if !are_counters(&rest) {
            return Err("expected only counters after a chain's policy".to_owned());
        }
        let work = CHAIN_WORK * (self.chains.len() + 1);
        self.limits.check(Limit::Work, work)?;
        let chain = Chain {
            rules: Vec::new(),
            policy,
        };
        match self.chains.insert(name, chain) {
            None => Ok(()),
            Some(_) => Err(format!(
                "chain '{name}' is declared twice; provide one listing at a time"
            )),
        }
    }
}

/// True for the counters after a chain: `[12:345]`, `-c 12 345` from `iptables -S -v`, or nothing.
fn are_counters(words: &[&str]) -> bool {
    match words {
        [] => true,
        [both] => both.starts_with('[') && both.ends_with(']'),
        ["-c", packets, bytes] => is_number(packets) && is_number(bytes),
        _ => false,
    }
}

/// Removes the counters `[12:3456]` that `iptables-save -c` prints before a rule.
fn without_counters(line: &str) -> &str {
    let inside = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "));
    match inside {
        Some((counters, rest)) if counters.bytes().all(|b| b.is_ascii_digit() || b == b':') => rest,
        _ => line,
    }
}

impl<'a> Chains<'a> for Table<'a> {
    fn place(&self) -> String {
        format!("table {}", self.name)
    }

    fn takes_ipv6(&self) -> bool {
        false
    }

    fn names(&self) -> Box<dyn Iterator<Item = &'a str> + '_> {
        Box::new(self.chains.keys().copied())
    }

    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError> {
        let policy = self.chains.get(chain).and_then(|chain| chain.policy);
        if policy.is_none() && self.is_built_in(chain) {
            let problem = format!(
                "the policy of the built-in chain '{chain}' is not in the input; expected a line such as \
                 ':{chain} DROP [0:0]' or '-P {chain} DROP'"
            );
            return Err(ReadError::new(0, problem));
        }
        Ok(policy)
    }

    fn base_chains(&self) -> Vec<BaseChain<'a>> {
        let kind = if self.name == "nat" {
            ChainKind::Nat
        } else {
            ChainKind::Filter
        };
        let declared = self.built_in.iter().filter_map(|known| {
            let (name, chain) = self.chains.get_key_value(known.name)?;
            // The rules of a part of a listing are in force too, whatever the policy is.
            let is_shown = chain.policy.is_some() || self.is_lenient;
            is_shown.then(|| BaseChain {
                priority: known.priority,
                kind,
                ..BaseChain::of_hook(name, known.hook)
            })
        });
        declared.collect()
    }

    fn rules(&self, chain: &str) -> Option<&[RuleText<'a>]> {
        self.chains.get(chain).map(|chain| &chain.rules[..])
    }

    fn read(
        &self,
        rule: RuleText<'a>,
        limits: Limits,
        branches: &mut Vec<RuleBranch<'a>>,
    ) -> Result<(), ReadError> {
        // A question about a whole firewall may read a rule several times.
        let words = if self.is_lenient { 0 } else { rule.text.len() };
        let spent = self.work.get() + words;
        let read = Rule::read(rule.text, self, limits, spent);
        if read.problem.is_none() || self.is_lenient {
            self.work.set(spent + read.matches.cost);
        }
        self.add_branches(&read, branches);
        let problem = read.problem;
        problem.map_or(Ok(()), |problem| Err(ReadError::new(rule.at, problem)))
    }
}

impl<'a> Table<'a> {
    fn add_branches(&self, rule: &Rule<'a>, branches: &mut Vec<RuleBranch<'a>>) {
        let branch = |packets: &HeaderBox, action| RuleBranch {
            packets: *packets,
            criteria: rule.criteria.clone(),
            condition: rule.matches.condition,
            ipv4: true,
            ipv6: Ipv6Packets::None,
            action,
        };
        if rule.sets_mark {
            branches.push(RuleBranch {
                criteria: Criteria::default(),
                condition: Condition::Unknown,
                ..branch(&HeaderBox::ALL, RuleAction::Change(Change::UnknownMark))
            });
        }
        if let Some(action) = rule.action.map(|action| self.known(action)) {
            let Some(states) = rule.or_redirected else {
                let boxes = rule.matches.boxes.iter();
                branches.extend(boxes.map(|packets| branch(packets, action)));
                return;
            };
            let in_states = |states| {
                let kind = HeaderMatch {
                    states,
                    ..HeaderMatch::ALL
                };
                let boxes = rule.matches.boxes.iter();
                boxes.filter_map(move |packets| packets.matching(kind))
            };
            branches.extend(in_states(states).map(|packets| branch(&packets, action)));
            branches.extend(in_states(states.not()).map(|packets| RuleBranch {
                criteria: Criteria {
                    is_redirected: Some(true),
                    ..rule.criteria.clone()
                },
                ..branch(&packets, action)
            }));
        }
    }

    /// Returns an action, or an unknown effect for the name of a target that is neither known nor a chain.
    fn known(&self, action: RuleAction<'a>) -> RuleAction<'a> {
        match action.target() {
            Some(chain) if self.is_lenient && !self.has(chain) => RuleAction::Undecided,
            _ => action,
        }
    }
}

impl Context for Table<'_> {
    fn has(&self, name: &str) -> bool {
        self.chains.contains_key(name)
    }

    fn is_built_in(&self, name: &str) -> bool {
        self.built_in.iter().any(|known| known.name == name)
    }

    fn set(&self, name: &str) -> Option<Rc<Contents>> {
        self.sets.as_ref()?.contents(name)
    }
}
