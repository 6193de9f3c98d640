//! The chains of a filter, and the addresses of the lists that their rules name, to steps.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::rule;
use super::script::Script;
use super::words::Words;
use crate::format::read::chains::{Chains, RuleBranch, RuleText, units};
use crate::format::read::error::ReadError;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::read::values::{address, network};
use crate::format::unit::Unit;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Interval, normalized};

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let script = Script::read(text, wanted.limits)?;
    let verbatim = wanted.unit.name.to_string();
    let built_in = BUILT_IN.into_iter().find(|chain| *chain == verbatim);
    let filter = Filter {
        lists: AddressLists::new(&script, own_lists(wanted.unit)),
        script: &script,
        empty: built_in.filter(|chain| !script.chains.contains_key(*chain)),
    };
    let unit = wanted.unit.name.lower_with_hyphens();
    let names = wanted.names(
        |direction| format!("{unit}-{direction}"),
        |name| script.chains.contains_key(name) || filter.empty == Some(name),
    );
    units(&filter, names, wanted)
}

/// The address lists that a load of the unit makes.
fn own_lists(unit: &Unit) -> [String; 3] {
    let base = unit.name.lower_with_hyphens();
    ["signaling", "media", "local"].map(|list| format!("{base}-{list}"))
}

/// Chains that packets come to by themselves.
pub(super) const BUILT_IN: [&str; 3] = ["forward", "input", "output"];

/// The filter of a text.
pub(super) struct Filter<'a> {
    script: &'a Script<'a>,
    /// The built-in chain that is asked for and has no rules.
    empty: Option<&'static str>,
    pub lists: AddressLists<'a>,
}

impl<'a> Chains<'a> for Filter<'a> {
    fn place(&self) -> String {
        "/ip firewall filter".to_owned()
    }

    fn takes_ipv6(&self) -> bool {
        false
    }

    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.script
            .chains
            .keys()
            .map(AsRef::as_ref)
            .chain(self.empty)
    }

    /// A packet that no rule of a built-in chain decides is accepted (RouterOS documentation,
    /// "Common Firewall Matchers and Actions").
    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError> {
        let at = self.rules(chain).and_then(|rules| rules.last());
        let at = at.map_or(0, |rule| rule.at);
        Ok(BUILT_IN.contains(&chain).then_some((true, at)))
    }

    fn rules(&self, chain: &str) -> Option<&[RuleText<'a>]> {
        self.script.chains.get(chain).map(|rules| &rules[..])
    }

    fn read(
        &self,
        rule: RuleText<'a>,
        limits: Limits,
        branches: &mut Vec<RuleBranch<'a>>,
    ) -> Result<(), ReadError> {
        // A rule is read once for each jump to its chain.
        let length = rule.text.len() / BYTES_OF_A_STEP;
        let fits = self.lists.work(length, limits);
        fits.map_err(|exceeded| ReadError::new(rule.at, exceeded))?;
        rule::read(rule, self, limits, branches)
    }
}

impl<'a> Filter<'a> {
    /// A chain of the user's own, that rules may jump to.
    pub fn own_chain(&self, name: &str) -> Result<&'a str, String> {
        if BUILT_IN.contains(&name) {
            return Err(format!(
                "expected a chain of your own after 'jump-target', not {name}"
            ));
        }
        if ["ppp", "hotspot", "pre-hs-input"].contains(&name) || name.starts_with("hs-") {
            return Err(format!(
                "RouterOS itself adds rules to the chain {name} that no export shows; jump to a chain of your own"
            ));
        }
        let known = self.script.chains.get_key_value(name);
        known.map(|(name, _)| name.as_ref()).ok_or_else(|| {
            format!(
                "chain {name} has no rule in the text, so what it does is not known; give all of \
                 the filter"
            )
        })
    }
}

/// The bytes of a text that take as long to read as one step of [`Limit::Work`].
const BYTES_OF_A_STEP: usize = 4;

/// The addresses of a list, or the first thing that is wrong with it.
type Addresses = Result<Rc<[Interval]>, ReadError>;

/// The addresses of each list that rules name.
pub(super) struct AddressLists<'a> {
    script: &'a Script<'a>,
    /// The names of the unit's, which nothing but a load of it fills.
    own: [String; 3],
    /// The addresses of each list that was asked for, or what of it is not understood.
    spans: RefCell<HashMap<&'a str, Addresses>>,
    /// The rules and scripts that may change a list, for each list that was asked for.
    changers: RefCell<HashMap<String, Option<Changer>>>,
    /// The steps of [`Limit::Work`] of a search for a name in everything that may change lists.
    steps_of_search: usize,
    /// The steps of [`Limit::Work`] that were taken.
    steps: Cell<usize>,
}

/// Something besides its entries that may put addresses into a list.
#[derive(Clone, Copy)]
enum Changer {
    /// A rule, or a property of another menu.
    Property,
    Script,
}

/// The steps of [`Limit::Work`] of a look at a text, besides those for its bytes.
const STEPS_OF_TEXT: usize = 4;

impl<'a> AddressLists<'a> {
    fn new(script: &'a Script<'a>, own: [String; 3]) -> Self {
        let texts = || script.filled.iter().chain(&script.scripts);
        let bytes: usize = texts().map(|text| text.len()).sum();
        AddressLists {
            script,
            own,
            spans: RefCell::default(),
            changers: RefCell::default(),
            steps_of_search: bytes / BYTES_OF_A_STEP + texts().count() * STEPS_OF_TEXT,
            steps: Cell::new(0),
        }
    }

    /// The addresses of a list; none of the unit's own where the text has other lists only.
    pub fn of(&self, name: &str, limits: Limits) -> Result<Rc<[Interval]>, ReadError> {
        match self.changer(name, limits)? {
            None => {}
            Some(Changer::Property) => {
                return Err(ReadError::from(format!(
                    "address list {name} gets addresses of rules or other menus too, and those are not \
                     in the text"
                )));
            }
            Some(Changer::Script) => {
                return Err(ReadError::from(format!(
                    "a script of another menu names address list {name}, and may add addresses that no \
                     export shows"
                )));
            }
        }
        if !self.script.has_lists {
            return Err(ReadError::from(format!(
                "address list {name} is not in the text, nor is any other; give what '/ip firewall \
                 export' prints, and if that has none, load the unit anew"
            )));
        }
        let Some((name, entries)) = self.script.lists.get_key_value(name) else {
            if self.own.iter().any(|own| own == name) {
                return Ok(Rc::default());
            }
            return Err(ReadError::from(format!(
                "address list {name} has no entry in the text, so that it is empty, or filled by what \
                 no export tells; expected its entries, or a rule without it"
            )));
        };
        let mut known = self.spans.borrow_mut();
        let spans = known
            .entry(name)
            .or_insert_with(|| addresses(entries).map(Rc::from));
        let spans = spans.clone()?;
        self.work(spans.len(), limits).map_err(String::from)?;
        Ok(spans)
    }

    fn changer(&self, name: &str, limits: Limits) -> Result<Option<Changer>, String> {
        if let Some(known) = self.changers.borrow().get(name) {
            return Ok(*known);
        }
        self.work(self.steps_of_search, limits)?;
        let is_one = |value: &Cow<str>| value == name || value.split(',').any(|one| one == name);
        let found = if self.script.filled.iter().any(is_one) {
            Some(Changer::Property)
        } else if self.script.scripts.iter().any(|text| text.contains(name)) {
            Some(Changer::Script)
        } else {
            None
        };
        self.changers.borrow_mut().insert(name.to_owned(), found);
        Ok(found)
    }

    /// Counts steps of [`Limit::Work`].
    pub fn work(&self, steps: usize, limits: Limits) -> Result<(), LimitExceeded> {
        let taken = self.steps.get().saturating_add(steps);
        self.steps.set(taken);
        limits.check(Limit::Work, taken)
    }
}

/// The addresses of a list's entries.
fn addresses(entries: &[RuleText]) -> Result<Vec<Interval>, ReadError> {
    let mut spans = Vec::with_capacity(entries.len());
    let mut known = HashSet::new();
    for entry in entries {
        let wrong = |problem| ReadError::new(entry.at, problem);
        let Some(span) = entry_address(entry.text).map_err(wrong)? else {
            continue;
        };
        if !known.insert(span) {
            return Err(wrong(
                "the list has this address already, and RouterOS takes it once".to_owned(),
            ));
        }
        spans.push(span);
    }
    Ok(normalized(spans))
}

/// The address of an entry, unless that is disabled.
fn entry_address(text: &str) -> Result<Option<Interval>, String> {
    let properties = Words::new(text).properties()?;
    let mut address = None;
    for property in &properties {
        match property.name {
            "address" => address = Some(addresses_of(property.plain()?)?),
            "disabled" if property.flag()? => return Ok(None),
            "dynamic" if property.flag()? => return Err(goes_away("dynamic")),
            "timeout" if property.value.is_some() => return Err(goes_away("timeout")),
            "comment" | "creation-time" | "disabled" | "dynamic" | "list" | "timeout" => {}
            name => {
                return Err(format!(
                    "'{name}' is not understood; expected list and address"
                ));
            }
        }
    }
    match address {
        Some(span) => Ok(Some(span)),
        None => Err("it has no address=ADDRESS".to_owned()),
    }
}

fn goes_away(why: &str) -> String {
    format!(
        "'{why}' says that the entry goes away by itself, so what the list has cannot be judged"
    )
}

/// `192.0.2.1`, `192.0.2.0/24` or `192.0.2.1-192.0.2.9`, as RouterOS prints them.
pub(super) fn addresses_of(word: &str) -> Result<Interval, String> {
    if let Some((first, last)) = word.split_once('-').filter(|_| is_numeric(word)) {
        let span = Interval::new(address(first)?, address(last)?);
        return span.ok_or_else(|| format!("the range '{word}' is reversed"));
    }
    if !is_numeric(word) {
        return Err(format!(
            "'{word}' is not an IPv4 address; a host name has addresses that are not in the text"
        ));
    }
    let span = network(word)?;
    let base = word.split_once('/').map_or(word, |(base, _)| base);
    if address(base)? == span.first {
        Ok(span)
    } else {
        Err(format!(
            "'{word}' has bits beyond its prefix, which RouterOS does not print"
        ))
    }
}

fn is_numeric(word: &str) -> bool {
    word.bytes()
        .all(|b| b.is_ascii_digit() || b"./-".contains(&b))
}
