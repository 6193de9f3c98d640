//! The table that the unit is in, and what its chains do.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::marker::PhantomData;

use crate::format::chains::{Arm, Chains, RuleText, units};
use crate::format::parse::{ParseError, Parsed, Wanted};
use crate::limits::Limits;

use super::rule::{Rule, Trouble};
use super::set::{Set, Sets};
use super::value::{Element, Type};
use super::{json, text};

/// Family and name of a table.
pub(super) type TableName<'a> = (&'a str, &'a str);

/// What `nft list ruleset` prints, as text or as JSON, or our own file.
pub(super) fn parse(text: &str, table: TableName, wanted: Wanted) -> Parsed {
    if text.trim_start().starts_with('{') {
        wanted_units(&json::read(text, table)?, wanted)
    } else {
        wanted_units(&text::read(text, table)?, wanted)
    }
}

fn wanted_units<S: Syntax>(table: &Table<S>, wanted: Wanted) -> Parsed {
    let base = wanted.unit.name.lower_with_underscores();
    let names = wanted.names(
        |direction| format!("{base}_{direction}"),
        |name| table.chains.contains_key(name),
    );
    units(table, names, wanted.limits)
}

/// How what stands in a table is written.
pub(super) trait Syntax {
    /// Adds the statements of a rule to it.
    fn rule<'a>(text: RuleText<'a>, rule: &mut Rule<'a, '_>) -> Result<(), Trouble>;

    /// The types of a set and its elements.
    fn set<'a>(body: &Body<'a>) -> Result<(Vec<Type>, Vec<Element<'a>>), ParseError>;

    /// Whether a base chain accepts what no rule decides, and where it says so; `None` for a
    /// chain that is not a base chain.
    fn policy(body: &Body) -> Result<Option<(bool, u32)>, ParseError>;
}

/// What stands between the braces of a chain or a set, or the objects of JSON that say the same.
#[derive(Default)]
pub(super) struct Body<'a> {
    /// What it is.
    pub properties: Vec<RuleText<'a>>,
    /// Its rules or elements.
    pub entries: Vec<RuleText<'a>>,
    /// Rules that were put before these, the last of them first.
    inserted: Vec<RuleText<'a>>,
    /// Whether the text has it created, so that nothing else can be in it.
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

    fn settle(&mut self) {
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
    meaning: OnceCell<Result<Set<'a>, Trouble>>,
}

/// A table of a text.
pub(super) struct Table<'a, S> {
    name: TableName<'a>,
    pub chains: HashMap<&'a str, Body<'a>>,
    pub sets: HashMap<&'a str, NamedSet<'a>>,
    syntax: PhantomData<S>,
}

impl<'a, S: Syntax> Table<'a, S> {
    /// One without anything in it.
    pub fn new(name: TableName<'a>) -> Self {
        Table {
            name,
            chains: HashMap::new(),
            sets: HashMap::new(),
            syntax: PhantomData,
        }
    }

    /// The table, when all of the text is read.
    pub fn settled(mut self) -> Self {
        self.chains.values_mut().for_each(Body::settle);
        self
    }
}

impl<'a, S: Syntax> Sets<'a> for Table<'a, S> {
    fn set(&self, name: &str) -> Result<&Set<'a>, Trouble> {
        let set = self.sets.get(name).filter(|set| set.body.declared);
        let set = set.ok_or_else(|| {
            format!("set {name} is not in the text, so what is in it is not known; give all of the table")
        })?;
        let meaning = set.meaning.get_or_init(|| {
            let (types, elements) = S::set(&set.body)?;
            let place = set.body.properties.first().map(|property| property.at);
            Set::new(types, &elements).map_err(|trouble| Trouble {
                at: trouble.at.or(place),
                ..trouble
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

    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ParseError> {
        let Some(body) = self.chains.get(chain) else {
            return Ok(None);
        };
        if let (false, Some(rule)) = (body.declared, body.entries.first()) {
            let problem = format!(
                "chain {chain} is not in the text, only this rule of it; give all of the table"
            );
            return Err(ParseError::new(rule.at, problem));
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
        arms: &mut Vec<Arm<'a>>,
    ) -> Result<(), ParseError> {
        let mut rule = Rule::new(self, limits);
        S::rule(text, &mut rule)
            .and_then(|()| rule.finish(arms))
            .map_err(|trouble| trouble.within(text.at))
    }
}
