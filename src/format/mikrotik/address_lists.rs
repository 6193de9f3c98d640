//! The addresses of the lists that rules name.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::script::Script;
use super::words::Words;
use crate::format::read::chains::RuleText;
use crate::format::read::error::ReadError;
use crate::format::read::values::{address, network};
use crate::format::unit::Unit;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Interval, normalized};

/// The bytes of a text that take as long to read as one step of [`Limit::Work`].
pub(super) const BYTES_OF_A_STEP: usize = 4;

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
    pub fn new(script: &'a Script<'a>, unit: &Unit) -> Self {
        let texts = || script.filled.iter().chain(&script.scripts);
        let bytes: usize = texts().map(|text| text.len()).sum();
        AddressLists {
            script,
            own: own_lists(unit),
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

/// The address lists that a load of the unit makes.
fn own_lists(unit: &Unit) -> [String; 3] {
    let base = unit.name.lower_with_hyphens();
    ["signaling", "media", "local"].map(|list| format!("{base}-{list}"))
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
