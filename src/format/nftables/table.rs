//! The table that the unit is in: its chains and sets, as text or JSON declares them.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;

use super::rule::Rule;
use super::set::{Set, Sets};
use super::value::{Element, Type};
use crate::format::read::chains::{Chains, RuleBranch, RuleText};
use crate::format::read::error::ReadError;
use crate::limits::{Limit, Limits};

/// Family and name of a table.
pub(super) type TableName<'a> = (&'a str, &'a str);

const AMBIGUOUS: &str = "nft prints quoted texts without escapes, so the words between the quotation marks of this rule may be a part of a text; give what 'nft -j list ruleset' prints";

/// The work of one combination, since making and sorting it takes several steps.
const WORK: usize = 4;

/// The work of a value in a list, since a value takes much more memory than its text.
const VALUE_WORK: usize = 64;

/// The same for a value that a concatenation may contain. Addresses contain its separator too.
const PART_WORK: usize = 16;

/// The work of a statement, a chain or a set that is kept, since it takes more memory than its text.
const STATEMENT_WORK: usize = 64;
const BODY_WORK: usize = 128;

/// Values that a rule may have without work.
const FREE_VALUES: usize = 100;

/// The work of reading a text: its length, and the values that its separators may separate.
fn reading_work(text: &str) -> usize {
    let values = count(text, |byte| matches!(byte, b',' | b'|'));
    let parts = count(text, |byte| byte == b'.');
    text.len()
        + VALUE_WORK * values.saturating_sub(FREE_VALUES)
        + PART_WORK * parts.saturating_sub(FREE_VALUES)
}

/// Counts bytes of a text. The count of a chunk fits into a byte, so that the compiler can use
/// vector instructions: every rule is counted.
fn count(text: &str, is_counted: impl Fn(u8) -> bool) -> usize {
    let in_chunk = |chunk: &[u8]| -> u8 {
        let counted = chunk.iter().map(|byte| u8::from(is_counted(*byte)));
        counted.sum()
    };
    let chunks = text.as_bytes().chunks(usize::from(u8::MAX));
    chunks.map(in_chunk).map(usize::from).sum()
}

/// The name of a set that a rule changes; `None` if the text gives the name by a variable.
pub(super) type SetName<'a> = Option<Cow<'a, str>>;

/// The message for a listing that declares a chain or a set again.
pub(super) fn listed_twice(kind: &str, name: &str) -> String {
    format!("{kind} '{name}' is in the listing twice; give the listing of one machine at a time")
}

/// The language that a table is written in.
pub(super) trait Syntax {
    /// Adds the statements of a rule to it.
    fn rule<'a>(text: RuleText<'a>, rule: &mut Rule<'a, '_>) -> Result<(), ReadError>;

    /// Adds the sets that a rule adds elements to, or removes them from, to `found`.
    fn changed_sets<'a>(rule: RuleText<'a>, found: &mut Vec<SetName<'a>>) -> Result<(), String>;

    /// The types of a set and its elements.
    fn set<'a>(body: &Body<'a>) -> Result<(Vec<Type>, Vec<Element<'a>>), ReadError>;

    /// The policy of a base chain: true to accept what no rule decides, and its place; `None` for a
    /// chain that is not a base chain.
    fn policy(body: &Body) -> Result<Option<(bool, u32)>, ReadError>;
}

/// The statements between the braces of a chain or a set, or the objects of JSON that say the same.
#[derive(Default)]
pub(super) struct Body<'a> {
    /// Its statements that are no rules or elements.
    pub properties: Vec<RuleText<'a>>,
    /// Its rules or elements.
    pub entries: Vec<RuleText<'a>>,
    /// Rules that were put before these, the last of them first.
    inserted: Vec<RuleText<'a>>,
    /// True if the text has it created, so that nothing else can be in it.
    pub declared: bool,
}

impl<'a> Body<'a> {
    /// Puts a rule before all others.
    pub fn insert(&mut self, rule: RuleText<'a>) {
        self.inserted.push(rule);
    }

    /// Takes all rules or elements out.
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

/// A set or a map: its body, and what that means once a rule asks for it.
#[derive(Default)]
pub(super) struct NamedSet<'a> {
    pub body: Body<'a>,
    meaning: OnceCell<Result<Set<'a>, ReadError>>,
}

/// The sets that rules change, each with the first such rule.
#[derive(Default)]
struct Changes<'a> {
    by_rule: HashMap<SetName<'a>, u32>,
}

/// A table of a text.
pub(super) struct Table<'a, S> {
    name: TableName<'a>,
    pub chains: HashMap<&'a str, Body<'a>>,
    pub sets: HashMap<&'a str, NamedSet<'a>>,
    /// Rules that nft may have printed for other rules, by their places.
    pub ambiguous: HashSet<u32>,
    /// The chains that may have rules since the table was flushed.
    filled: Vec<&'a str>,
    changes: OnceCell<Result<Changes<'a>, ReadError>>,
    /// The work of the rules and sets that were read so far; see [`Limit::Work`].
    work: Cell<usize>,
    /// The work of all statements, chains and sets.
    kept: usize,
    limits: Limits,
    syntax: PhantomData<S>,
}

impl<'a, S: Syntax> Table<'a, S> {
    /// One without anything in it.
    pub fn new(name: TableName<'a>, limits: Limits) -> Self {
        Table {
            name,
            chains: HashMap::new(),
            sets: HashMap::new(),
            ambiguous: HashSet::new(),
            filled: Vec::new(),
            changes: OnceCell::new(),
            work: Cell::new(0),
            kept: 0,
            limits,
            syntax: PhantomData,
        }
    }

    /// Counts a statement that is kept, or refuses it.
    pub fn keep_statement(&mut self) -> Result<(), String> {
        self.keep(STATEMENT_WORK)
    }

    /// The same for a chain or a set.
    pub fn keep_body(&mut self) -> Result<(), String> {
        self.keep(BODY_WORK)
    }

    fn keep(&mut self, work: usize) -> Result<(), String> {
        self.kept = self.kept.saturating_add(work);
        self.limits.check(Limit::Work, self.kept)?;
        Ok(())
    }

    /// A chain that rules may be put into.
    pub fn chain(&mut self, name: &'a str) -> &mut Body<'a> {
        let body = self.chains.entry(name).or_default();
        if body.entries.is_empty() && body.inserted.is_empty() {
            self.filled.push(name);
        }
        body
    }

    /// Takes the rules out of all chains.
    pub fn flush(&mut self) {
        for name in self.filled.drain(..) {
            self.chains.entry(name).or_default().flush();
        }
    }

    /// Counts work, or refuses it.
    fn spend(&self, work: usize) -> Result<(), String> {
        self.work.set(self.work.get().saturating_add(work));
        self.limits.check(Limit::Work, self.work.get())?;
        Ok(())
    }

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

    /// Refuses a set that a rule of the table changes: what a listing shows of it may be out of
    /// date with the next packet, even if no flag says so.
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
                    "this rule changes the elements of set '{name}', which the checked chains use; use a set there that no rule changes"
                ),
            )),
        }
    }

    /// Puts the inserted rules of each chain before its others, once all of the text is read.
    pub fn finished(mut self) -> Self {
        self.chains.values_mut().for_each(Body::insert_in_order);
        self
    }
}

impl<'a, S: Syntax> Sets<'a> for Table<'a, S> {
    fn set(&self, name: &str) -> Result<&Set<'a>, ReadError> {
        let set = self.sets.get(name).filter(|set| set.body.declared);
        let set = set.ok_or_else(|| {
            format!("set {name} is not in the text, so what is in it is not known; give all of the table")
        })?;
        self.check_constant(name)?;
        let meaning = set.meaning.get_or_init(|| {
            let texts = set.body.properties.iter().chain(&set.body.entries);
            self.spend(texts.map(|text| reading_work(text.text)).sum())?;
            let (types, elements) = S::set(&set.body)?;
            let place = set.body.properties.first().map(|property| property.at);
            Set::new(types, &elements).map_err(|error| match place {
                Some(place) => error.or_at(place),
                None => error,
            })
        });
        meaning.as_ref().map_err(Clone::clone)
    }
}

impl<'a, S: Syntax> Chains<'a> for Table<'a, S> {
    fn place(&self) -> String {
        let (family, name) = self.name;
        format!("table {family} {name}")
    }

    fn takes_ipv6(&self) -> bool {
        self.name.0 == "inet"
    }

    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.chains.keys().copied()
    }

    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError> {
        let Some(body) = self.chains.get(chain) else {
            return Ok(None);
        };
        if let (false, Some(rule)) = (body.declared, body.entries.first()) {
            let problem = format!(
                "chain {chain} is not in the text, only this rule of it; give all of the table"
            );
            return Err(ReadError::new(rule.at, problem));
        }
        S::policy(body)
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
        let mut read = || {
            if self.ambiguous.contains(&text.at) {
                return Err(AMBIGUOUS.into());
            }
            self.spend(reading_work(text.text))?;
            let mut rule = Rule::new(self, self.takes_ipv6(), limits, self.work.get());
            S::rule(text, &mut rule)?;
            self.spend(WORK * rule.combinations() + rule.work())?;
            rule.finish(branches);
            Ok(())
        };
        read().map_err(|error: ReadError| error.or_at(text.at))
    }
}
