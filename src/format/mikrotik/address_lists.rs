//! The addresses of the lists that rules refer to.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::script::Script;
use super::words::Words;
use crate::firewall::RuleText;
use crate::format::read::values::{address, network};
use crate::format::unit::Unit;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Interval, normalized};
use crate::read_error::ReadError;

/// The number of bytes read in one step of [`Limit::Work`].
pub(super) const BYTES_OF_A_STEP: usize = 4;

/// The addresses of a list, or the first error in it.
type Addresses = Result<Rc<[Interval]>, ReadError>;

/// The addresses of each list that rules refer to.
pub(super) struct AddressLists<'a> {
    script: &'a Script<'a>,
    /// The names of the unit's lists. Only a load of the unit adds entries to them.
    own: [String; 3],
    /// The lists read so far.
    spans: RefCell<HashMap<&'a str, Addresses>>,
    /// For each list that was looked up so far, a source of addresses other than its entries, if there is one.
    changers: RefCell<HashMap<String, Option<Changer>>>,
    /// The steps of [`Limit::Work`] for one search for a name in everything that may change lists.
    steps_of_search: usize,
    /// The steps of [`Limit::Work`] taken so far.
    steps: Cell<usize>,
}

/// A source of addresses for a list, other than its entries.
#[derive(Clone, Copy)]
enum Changer {
    /// A rule, or a property in another menu.
    Property,
    Script,
}

/// The steps of [`Limit::Work`] for each text, in addition to those for its bytes.
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

    /// Returns the addresses of a list. A list of the unit without entries is empty if the text has other
    /// lists.
    pub fn of(&self, name: &str, limits: Limits) -> Result<Rc<[Interval]>, ReadError> {
        match self.changer(name, limits)? {
            None => {}
            Some(Changer::Property) => {
                return Err(ReadError::from(format!(
                    "rules or other menus also add addresses to address list '{name}', and these addresses are not in \
                     the input; use a list that nothing else fills"
                )));
            }
            Some(Changer::Script) => {
                return Err(ReadError::from(format!(
                    "a script in another menu mentions address list '{name}', and may add addresses that no \
                     export shows; use a list that no script mentions"
                )));
            }
        }
        if !self.script.has_lists {
            return Err(ReadError::from(format!(
                "address list '{name}' is not in the input; provide the output of '/ip firewall export', and if that \
                 has no address lists, load the rules again"
            )));
        }
        let Some((name, entries)) = self.script.lists.get_key_value(name) else {
            if self.own.iter().any(|own| own == name) {
                return Ok(Rc::default());
            }
            return Err(ReadError::from(format!(
                "address list '{name}' has no entries in the input, so it is empty or is filled dynamically; add \
                 its entries, or remove it from the rule"
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

    /// Adds steps of [`Limit::Work`].
    pub fn work(&self, steps: usize, limits: Limits) -> Result<(), LimitExceeded> {
        let taken = self.steps.get().saturating_add(steps);
        self.steps.set(taken);
        limits.check(Limit::Work, taken)
    }
}

/// Returns the addresses of a list's entries.
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
                "the list already has this address, and RouterOS refuses duplicates".to_owned(),
            ));
        }
        spans.push(span);
    }
    Ok(normalized(spans))
}

/// Returns the address of an entry; `None` if the entry is disabled.
fn entry_address(text: &str) -> Result<Option<Interval>, String> {
    let properties = Words::new(text).properties()?;
    let mut address = None;
    for property in &properties {
        match property.name {
            "address" => address = Some(addresses_of(property.plain()?)?),
            "disabled" if property.flag()? => return Ok(None),
            "dynamic" if property.flag()? => return Err(expires("dynamic")),
            "timeout" if property.value.is_some() => return Err(expires("timeout")),
            "comment" | "creation-time" | "disabled" | "dynamic" | "list" | "timeout" => {}
            name => {
                return Err(format!(
                    "unknown property '{name}' of an address list entry; expected list and address"
                ));
            }
        }
    }
    match address {
        Some(span) => Ok(Some(span)),
        None => Err("the entry has no address=ADDRESS".to_owned()),
    }
}

fn expires(why: &str) -> String {
    format!("the entry is temporary ('{why}'), so the addresses of the list may change")
}

/// The address lists of a unit.
fn own_lists(unit: &Unit) -> [String; 3] {
    let base = unit.name.lower_with_hyphens();
    ["signaling", "media", "local"].map(|list| format!("{base}-{list}"))
}

/// Parses `192.0.2.1`, `192.0.2.0/24` or `192.0.2.1-192.0.2.9`, as RouterOS prints them.
pub(super) fn addresses_of(word: &str) -> Result<Interval, String> {
    if let Some((first, last)) = word.split_once('-').filter(|_| is_numeric(word)) {
        let span = Interval::new(address(first)?, address(last)?);
        return span.ok_or_else(|| format!("the range '{word}' is reversed"));
    }
    if !is_numeric(word) {
        return Err(format!(
            "'{word}' is not an IPv4 address; host names are not supported, because their addresses are not in the input"
        ));
    }
    let span = network(word)?;
    let base = word.split_once('/').map_or(word, |(base, _)| base);
    if address(base)? == span.first {
        Ok(span)
    } else {
        Err(format!(
            "'{word}' has host bits set, which RouterOS never prints"
        ))
    }
}

fn is_numeric(word: &str) -> bool {
    word.bytes()
        .all(|b| b.is_ascii_digit() || b"./-".contains(&b))
}
