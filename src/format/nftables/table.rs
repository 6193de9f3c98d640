//! A table: all of its chains and sets, from text or JSON.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::rc::Rc;

use super::rule::Rule;
use super::set::{Contents, Set, Sets};
use crate::firewall::{
    BaseChain, ChainKind, Chains, Interfaces, MAX_MENTIONED, RuleBranch, RuleText, names_in,
};
use crate::limits::{Limit, Limits};
use crate::read_error::ReadError;

/// Family and name of a table.
pub(super) type TableName<'a> = (&'a str, &'a str);

/// The work counted for one combination, because creating and sorting it takes several steps.
const WORK: usize = 4;

/// The work counted for a value in a list, because a value needs much more memory than its text.
const VALUE_WORK: usize = 64;

/// The work counted for a '.', which may separate values of a concatenation. It is lower because addresses
/// contain dots too.
const PART_WORK: usize = 16;

/// The number of values in a rule that cause no work.
const FREE_VALUES: usize = 100;

/// The work of reading a rule or a set, by its length and the number of its values.
fn reading_work(text: &str) -> usize {
    let values = count(text, |byte| matches!(byte, b',' | b'|'));
    let parts = count(text, |byte| byte == b'.');
    text.len()
        + VALUE_WORK * values.saturating_sub(FREE_VALUES)
        + PART_WORK * parts.saturating_sub(FREE_VALUES)
}

/// Counts the bytes that satisfy `is_counted`.
///
/// It runs for every rule. The count of a chunk fits into a byte, so that the compiler can use vector
/// instructions.
fn count(text: &str, is_counted: impl Fn(u8) -> bool) -> usize {
    let in_chunk = |chunk: &[u8]| -> u8 {
        let counted = chunk.iter().map(|byte| u8::from(is_counted(*byte)));
        counted.sum()
    };
    let chunks = text.as_bytes().chunks(usize::from(u8::MAX));
    chunks.map(in_chunk).map(usize::from).sum()
}

/// The name of a set that a rule changes; `None` if the name is unknown, as with a variable.
pub(super) type SetName<'a> = Option<Cow<'a, str>>;

/// The message for a listing that contains a chain or a set twice.
pub(super) fn listed_twice(kind: &str, name: &str) -> String {
    format!("{kind} '{name}' appears twice; provide the listing of one machine at a time")
}

/// The syntax of a table: text or JSON.
pub(super) trait Syntax {
    /// Parses the text of a rule and adds its statements to `rule`.
    fn rule<'a>(text: RuleText<'a>, rule: &mut Rule<'a, '_>);

    /// Does the same for a rule that nft may also print for another rule. Only the text syntax has such rules.
    fn ambiguous_rule<'a>(text: RuleText<'a>, rule: &mut Rule<'a, '_>) {
        Self::rule(text, rule);
    }

    /// Adds to `found` the sets whose elements a rule adds or deletes.
    fn changed_sets<'a>(rule: RuleText<'a>, found: &mut Vec<SetName<'a>>) -> Result<(), String>;

    /// The contents of a set.
    fn set<'a>(body: &Body<'a>) -> Result<Contents<'a>, ReadError>;

    /// True if the listing of a set shows elements.
    fn has_elements(body: &Body) -> bool;

    /// The properties of a base chain, as far as they are understood; `None` for other chains.
    fn base<'a>(body: &Body<'a>) -> Option<Base<'a>>;

    /// The policy of a base chain and its place. True means that packets that reach the end of the chain are accepted.
    /// `None` for a chain that is not a base chain.
    fn policy(body: &Body) -> Result<Option<(bool, u32)>, ReadError>;
}

/// The properties of a base chain.
pub(super) struct Base<'a> {
    pub kind: ChainKind,
    pub hook: &'a str,
    pub priority: i32,
    /// See [`BaseChain::devices`].
    pub devices: Option<Interfaces<'a>>,
    /// True if packets that reach the end of the chain are accepted.
    pub accepts: bool,
    /// The place of the policy, or of the other properties.
    pub at: u32,
}

/// The statements of a chain or a set, or the JSON objects that correspond to them.
#[derive(Default)]
pub(super) struct Body<'a> {
    /// Statements that are not rules or elements, such as `type`.
    pub properties: Vec<RuleText<'a>>,
    /// Rules or elements.
    pub entries: Vec<RuleText<'a>>,
    /// Rules of `insert` commands, which go before `entries` in reverse order.
    inserted: Vec<RuleText<'a>>,
    /// True if the input creates the chain or set, so that all of its content is known.
    pub declared: bool,
}

impl<'a> Body<'a> {
    /// Inserts a rule before all others.
    pub fn insert(&mut self, rule: RuleText<'a>) {
        self.inserted.push(rule);
    }

    /// Removes all rules or elements.
    pub fn flush(&mut self) {
        self.entries.clear();
        self.inserted.clear();
    }

    fn insert_in_order(&mut self) {
        if !self.inserted.is_empty() {
            self.inserted.reverse();
            self.inserted.append(&mut self.entries);
            self.entries = std::mem::take(&mut self.inserted);
        }
    }
}

/// A set or a map. Its body is parsed when the first rule uses it.
#[derive(Default)]
pub(super) struct NamedSet<'a> {
    pub body: Body<'a>,
    meaning: OnceCell<Result<Set<'a>, ReadError>>,
}

/// The sets that rules change, each with the place of the first such rule.
#[derive(Default)]
struct Changes<'a> {
    by_rule: HashMap<SetName<'a>, u32>,
}

/// The purpose that a table is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Its chains are units that must contain certain rules.
    Unit,
    /// It is a part of the whole firewall, and has chains and rules of any kind.
    Firewall {
        /// True if the input shows the elements of sets, so that a set without elements is empty.
        lists_elements: bool,
    },
}

/// A table.
pub(super) struct Table<'a, S> {
    pub name: TableName<'a>,
    pub purpose: Purpose,
    pub chains: HashMap<&'a str, Body<'a>>,
    pub sets: HashMap<&'a str, NamedSet<'a>>,
    /// The places of rules that nft may also print for other rules.
    pub ambiguous: HashSet<u32>,
    /// The chains that may contain rules added since the table was last flushed.
    filled: Vec<&'a str>,
    /// True if other tables have base chains. Meaningless if all tables are read.
    pub other_tables_have_hooks: bool,
    /// True if no chain of the table is in force.
    pub is_dormant: bool,
    changes: OnceCell<Result<Changes<'a>, ReadError>>,
    /// The work of the rules and sets parsed so far; see [`Limit::Work`].
    work: Rc<Cell<usize>>,
    /// See [`Sets::is_untracked`].
    is_untracked: Cell<bool>,
    limits: Limits,
    syntax: PhantomData<S>,
}

impl<'a, S> Table<'a, S> {
    /// Creates a table without contents. `work` is shared with the other tables of the input.
    pub fn new(
        name: TableName<'a>,
        purpose: Purpose,
        work: Rc<Cell<usize>>,
        limits: Limits,
    ) -> Self {
        Table {
            name,
            chains: HashMap::new(),
            sets: HashMap::new(),
            ambiguous: HashSet::new(),
            filled: Vec::new(),
            other_tables_have_hooks: false,
            purpose,
            is_dormant: false,
            changes: OnceCell::new(),
            work,
            is_untracked: Cell::new(false),
            limits,
            syntax: PhantomData,
        }
    }

    /// The chain of this name, to which the caller may add rules.
    pub fn chain(&mut self, name: &'a str) -> &mut Body<'a> {
        let body = self.chains.entry(name).or_default();
        if body.entries.is_empty() && body.inserted.is_empty() {
            self.filled.push(name);
        }
        body
    }

    /// Removes the rules of all chains.
    pub fn flush(&mut self) {
        for name in self.filled.drain(..) {
            self.chains.entry(name).or_default().flush();
        }
    }

    /// Counts work. Fails above the limit.
    fn spend(&self, work: usize) -> Result<(), String> {
        self.work.set(self.work.get().saturating_add(work));
        self.limits.check(Limit::Work, self.work.get())?;
        Ok(())
    }

    /// Moves the inserted rules of each chain before its other rules, at the end of the input.
    pub fn finished(mut self) -> Self {
        self.chains.values_mut().for_each(Body::insert_in_order);
        self
    }
}

impl<'a, S: Syntax> Table<'a, S> {
    /// The sets that any rule of the table changes.
    fn changes(&self) -> Result<Changes<'a>, ReadError> {
        let mut changes = Changes::default();
        let mut found = Vec::new();
        for rule in self.chains.values().flat_map(|body| &body.entries) {
            S::changed_sets(*rule, &mut found)
                .map_err(|problem| ReadError::new(rule.at, problem))?;
            for name in found.drain(..) {
                let first = changes.by_rule.entry(name).or_insert(rule.at);
                *first = rule.at.min(*first);
            }
        }
        Ok(changes)
    }

    /// Rejects a set that a rule of the table changes: the next packet may change its elements, even if no
    /// flag of the set says so.
    fn check_constant(&self, name: &str) -> Result<(), ReadError> {
        let changes = self.changes.get_or_init(|| self.changes());
        let changes = changes.as_ref().map_err(Clone::clone)?;
        let by_rule = [Some(Cow::Borrowed(name)), None]
            .iter()
            .find_map(|key| changes.by_rule.get(key).copied());
        match by_rule {
            None => Ok(()),
            Some(at) => Err(ReadError::new(
                at,
                format_args!(
                    "this rule changes the elements of set '{name}', which the checked chains use; use a set that no rule changes"
                ),
            )),
        }
    }
}

impl<'a, S: Syntax> Sets<'a> for Table<'a, S> {
    fn set(&self, name: &str) -> Result<&Set<'a>, ReadError> {
        let set = self.sets.get(name).filter(|set| set.body.declared);
        let set = set.ok_or_else(|| {
            format!("set '{name}' is not in the input; provide the complete table")
        })?;
        self.check_constant(name)?;
        let meaning = set.meaning.get_or_init(|| {
            let texts = set.body.properties.iter().chain(&set.body.entries);
            self.spend(texts.map(|text| reading_work(text.text)).sum())?;
            let contents = S::set(&set.body)?;
            if self.purpose == Purpose::Unit {
                contents.check_permanent()?;
            }
            let Contents {
                types, elements, ..
            } = contents;
            let lists_elements = Purpose::Firewall {
                lists_elements: true,
            };
            if elements.is_empty() && self.purpose == lists_elements {
                return Ok(Set::empty(types));
            }
            let place = set.body.properties.first().map(|property| property.at);
            Set::new(types, &elements).map_err(|error| match place {
                Some(place) => error.or_at(place),
                None => error,
            })
        });
        meaning.as_ref().map_err(Clone::clone)
    }

    fn is_untracked(&self) -> &Cell<bool> {
        &self.is_untracked
    }
}

impl<'a, S: Syntax> Chains<'a> for Table<'a, S> {
    fn place(&self) -> String {
        let (family, name) = self.name;
        format!("table {family} {name}")
    }

    fn takes_ipv6(&self) -> bool {
        matches!(self.name.0, "inet" | "netdev")
    }

    fn names(&self) -> Box<dyn Iterator<Item = &'a str> + '_> {
        Box::new(self.chains.keys().copied())
    }

    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError> {
        let Some(body) = self.chains.get(chain) else {
            return Ok(None);
        };
        if self.purpose != Purpose::Unit {
            return Ok(S::base(body).map(|base| (base.accepts, base.at)));
        }
        if let (false, Some(rule)) = (body.declared, body.entries.first()) {
            let problem = format!(
                "chain '{chain}' of this rule is not declared in the input; provide the complete table"
            );
            return Err(ReadError::new(rule.at, problem));
        }
        S::policy(body)
    }

    fn base_chains(&self) -> Vec<BaseChain<'a>> {
        let chains = self.chains.iter().filter_map(|(name, body)| {
            let base = S::base(body)?;
            let chain = BaseChain {
                name,
                hook: base.hook,
                priority: base.priority,
                kind: base.kind,
                devices: base.devices,
            };
            Some((base.at, chain))
        });
        let mut chains: Vec<(u32, BaseChain)> = chains.collect();
        chains.sort_unstable_by_key(|(at, _)| *at);
        chains.into_iter().map(|(_, chain)| chain).collect()
    }

    fn shows_hooks(&self) -> bool {
        self.other_tables_have_hooks || !self.base_chains().is_empty()
    }

    fn maps(&self) -> Vec<(&'a str, RuleText<'a>)> {
        let texts = self.sets.iter().flat_map(|(name, set)| {
            // The elements of JSON are in the object that declares the map.
            let texts = set.body.properties.iter().chain(&set.body.entries);
            texts.map(|text| (*name, *text))
        });
        texts.collect()
    }

    /// The chain may be in a map that the rule looks up.
    fn mentioned(&self, rule: RuleText<'a>) -> Vec<&'a str> {
        let sets = names_in(rule.text).filter_map(|name| self.sets.get(name));
        let elements = sets.flat_map(|set| set.body.properties.iter().chain(&set.body.entries));
        let texts = std::iter::once(rule.text).chain(elements.map(|element| element.text));
        let names = texts
            .flat_map(names_in)
            .filter(|name| self.rules(name).is_some());
        names.take(MAX_MENTIONED).collect()
    }

    fn rules(&self, chain: &str) -> Option<&[RuleText<'a>]> {
        let body = self.chains.get(chain).filter(|body| body.declared);
        body.map(|body| &body.entries[..])
    }

    fn read(
        &self,
        text: RuleText<'a>,
        limits: Limits,
        branches: &mut Vec<RuleBranch<'a>>,
    ) -> Result<(), ReadError> {
        let spent = self.spend(reading_work(text.text));
        let mut rule = Rule::new(self, self.takes_ipv6(), limits, self.work.get());
        match spent {
            _ if self.ambiguous.contains(&text.at) => S::ambiguous_rule(text, &mut rule),
            Ok(()) => S::rule(text, &mut rule),
            Err(problem) => rule.give_up(problem.into()),
        }
        if let Err(exceeded) = self.spend(WORK * rule.combinations() + rule.work()) {
            rule.give_up(exceeded.into());
        }
        let finished = rule.finish(branches);
        finished.map_err(|error| error.or_at(text.at))
    }
}
