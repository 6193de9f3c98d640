//! Reads `show running-config`, `show access-list` and rendered files as the steps of a unit.

use std::collections::HashMap;

use super::addresses::Ipv6;
use super::entry::Entry;
use super::groups::{Groups, Service};
use super::list::{Form, List, Listed};
use super::outline::Outline;
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, LimitExceeded};
use crate::packets::{Action, Condition, HeaderBox, Step};
use crate::read_error::{ErrorCollector, ReadError};

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let names = wanted.candidates(|direction| wanted.unit.name.upper(direction));
    let outline = Outline::read(text, &names, wanted.limits)?;
    if !outline.is_asa {
        let problem = "the input has neither a configuration nor an extended access list; expected the output of \
                       'show running-config' or 'show access-list' on an ASA";
        return Err(vec![ReadError::new(0, problem)]);
    }
    let own = wanted.is_users_own(|at| outline.lists[at].form.is_some());
    let mut groups = Groups::new(&outline, wanted.limits);
    let mut units = Vec::new();
    let mut errors = ErrorCollector::default();
    for (at, direction) in wanted.directions.iter().enumerate() {
        let at = at + usize::from(own);
        let unit = Unit {
            groups: &mut groups,
            deployed: DeployedUnit::empty(*direction, names[at].clone()),
            has_ipv6: true,
            count: 0,
        };
        match unit.read(&outline.lists[at]) {
            Ok(unit) => units.push(DeployedUnit {
                hook: outline.bindings.hook(at),
                ..unit
            }),
            Err(found) => errors.extend(found),
        }
    }
    errors.finish(units)
}

/// The steps of [`Limit::Work`] for each box of an entry.
const BOX_STEPS: usize = 2;

/// Collects the steps of a unit.
struct Unit<'a, 'g> {
    groups: &'g mut Groups<'a>,
    deployed: DeployedUnit,
    /// True if no entry has matched all IPv6 packets yet.
    has_ipv6: bool,
    /// The number of steps of all entries.
    count: usize,
}

impl<'a> Unit<'a, '_> {
    fn read(mut self, list: &List<'a>) -> Result<DeployedUnit, Vec<ReadError>> {
        let mut errors = ErrorCollector::default();
        for listed in &list.entries {
            match self.listed(listed, list.form) {
                Ok(()) => {}
                // Report an error in a group only once.
                Err(error) if errors.contains(&error) => {}
                Err(error) => errors.add(error),
            }
            if errors.is_full() {
                break;
            }
        }
        if errors.is_empty() {
            errors.extend(self.switched(list).err());
        }
        let absent = "the input has no such access list".to_owned();
        self.deployed.absent = list.form.is_none().then_some(absent);
        errors.finish(self.deployed)
    }

    /// Adds an entry, or its expanded elements if the input has them.
    fn listed(&mut self, listed: &Listed<'a>, form: Option<Form>) -> Result<(), ReadError> {
        let lines = match listed.elements.first() {
            None => std::slice::from_ref(&listed.line),
            Some(_) if names_objects(listed.line.1) => &listed.elements,
            Some((at, _)) => {
                let problem = format!(
                    "line {} occurs twice, but has no object or group that could expand to several elements",
                    listed.number
                );
                return Err(ReadError::new(*at, problem));
            }
        };
        let wanted = circumstances(listed.line.1);
        for (at, text) in lines {
            same_circumstances(wanted, circumstances(text))
                .map_err(|problem| ReadError::new(*at, problem))?;
            let entry = Entry::read(text, *at, self.groups);
            let entry = entry.map_err(|error| error.or_at(*at))?;
            if entry.is_shown != (form == Some(Form::Shown)) {
                let problem = "the line has a number but no hit count, or a hit count but no number; 'show access-list' \
                               prints both";
                return Err(ReadError::new(*at, problem));
            }
            let added = self.add(&entry, *at);
            added.map_err(|exceeded| ReadError::new(*at, exceeded))?;
        }
        Ok(())
    }

    /// Refuses an entry that equals another one except that it is inactive or has a time range. An ASA
    /// does not add such an entry, but changes the other one (Cisco ASA Series Command Reference,
    /// `access-list extended`).
    fn switched(&mut self, list: &List<'a>) -> Result<(), ReadError> {
        let is_limited = |listed: &Listed| {
            let has = circumstances(listed.line.1);
            has[INACTIVE] || has[TIME_RANGE]
        };
        // The output of `show access-list` is the result of such lines.
        if list.form == Some(Form::Shown) || !list.entries.iter().any(is_limited) {
            return Ok(());
        }
        let mut known = HashMap::new();
        for listed in &list.entries {
            let (at, text) = listed.line;
            let entry = Entry::read(text, at, self.groups).map_err(|error| error.or_at(at))?;
            let spent = self.groups.spend(entry.matches.cost * BOX_STEPS);
            spent.map_err(|exceeded| ReadError::new(at, exceeded))?;
            let is_permit = entry.action == Action::Accept;
            let what = (is_permit, entry.matches.boxes, named(text));
            let when = circumstances(text);
            if known.insert(what, when).is_some_and(|other| other != when) {
                let problem = "an entry above differs only in 'inactive' or 'time-range', and an ASA changes that \
                               entry instead of adding this one; remove one of the two";
                return Err(ReadError::new(at, problem));
            }
        }
        Ok(())
    }

    fn add(&mut self, entry: &Entry, at: u32) -> Result<(), LimitExceeded> {
        const ANY: &[Service] = &[Service {
            packets: HeaderBox::ALL,
            condition: Condition::True,
        }];
        let services = entry.services.as_ref().map_or(ANY, |s| &s.services);
        let boxes = &entry.matches.boxes;
        // An entry without boxes takes work too.
        let added = services.len().saturating_mul(boxes.len().max(1)).max(1);
        self.count = self.count.saturating_add(added);
        self.groups.limits.check(Limit::Rules, self.count)?;
        self.groups.spend(entry.matches.cost * BOX_STEPS)?;
        if entry.inactive {
            return Ok(());
        }
        if self.has_ipv6 && entry.action == Action::Accept && entry.ipv6 > Ipv6::None {
            self.deployed.unmeasured.push(Unmeasured {
                what: "IPv6 packets".to_owned(),
                at,
            });
        }
        self.has_ipv6 &= entry.ipv6 < Ipv6::All;
        let direction = self.deployed.direction;
        for service in services {
            let both = boxes.iter().filter_map(|b| b.and(&service.packets));
            self.deployed.steps.extend(both.map(|packets| Step {
                packets: packets.to_remote_local(direction),
                condition: entry.matches.condition & service.condition,
                action: entry.action,
                at,
            }));
        }
        Ok(())
    }
}

/// Returns the words of an entry that its boxes do not represent: objects, groups and IPv6 addresses.
/// For entries with ICMP messages or users, returns all words up to the options.
fn named(entry: &str) -> Vec<&str> {
    let is_option = |word: &&str| matches!(*word, "log" | "inactive" | "time-range");
    let words = entry
        .split_ascii_whitespace()
        .take_while(|word| !is_option(word));
    let of_more = |word: &str| {
        word.starts_with("icmp") || word.starts_with("user") || word.starts_with("security-group")
    };
    if words
        .clone()
        .any(|word| of_more(word) || matches!(word, "1" | "58"))
    {
        return words.collect();
    }
    let before = std::iter::once("").chain(words.clone());
    let pairs = before.zip(words);
    let named = pairs.filter(|(before, word)| before.starts_with("object") || word.contains(':'));
    named.map(|(_, word)| word).collect()
}

fn names_objects(entry: &str) -> bool {
    let mut words = entry.split_ascii_whitespace();
    words.any(|word| word.starts_with("object"))
}

/// Words that an entry and each of its elements must have in common.
const CIRCUMSTANCES: [&str; 4] = ["permit", "deny", "inactive", "time-range"];

/// The indices of two words of [`CIRCUMSTANCES`].
const INACTIVE: usize = 2;
const TIME_RANGE: usize = 3;

/// Returns a flag for each word of [`CIRCUMSTANCES`]: true if the entry contains the word.
fn circumstances(entry: &str) -> [bool; CIRCUMSTANCES.len()] {
    let mut has = [false; CIRCUMSTANCES.len()];
    for word in entry.split_ascii_whitespace() {
        if let Some(at) = CIRCUMSTANCES.iter().position(|known| *known == word) {
            has[at] = true;
        }
    }
    has
}

fn same_circumstances(entry: [bool; 4], element: [bool; 4]) -> Result<(), String> {
    let differs = (0..CIRCUMSTANCES.len()).find(|at| entry[*at] != element[*at]);
    match differs {
        None => Ok(()),
        Some(at) => Err(format!(
            "the entry and this element must both have '{}', or neither",
            CIRCUMSTANCES[at]
        )),
    }
}
