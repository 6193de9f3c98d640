//! The contents of sets, for the rules that refer to them by name.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::entries;
use super::networks::{Network, certain, possible};
use super::sets::{Change, Set, Sets};
use super::tuples;
use crate::format::read::named_sets::{Contents, Element, NamedSets};
use crate::packets::normalized;

/// All sets of an input. The entries of a set are read when a rule refers to it.
pub(super) struct IpSets<'a> {
    sets: Sets<'a>,
    read: RefCell<HashMap<&'a str, Rc<Contents>>>,
    /// The sets that rules change.
    forgotten: RefCell<HashSet<String>>,
}

impl<'a> IpSets<'a> {
    pub fn new(sets: Sets<'a>) -> Self {
        IpSets {
            sets,
            read: RefCell::default(),
            forgotten: RefCell::default(),
        }
    }

    fn read(&self, name: &str, set: &Set<'a>) -> Contents {
        if self.forgotten.borrow().contains(name) {
            return Contents::Unknown;
        }
        if is_ipv6(set) {
            return Contents::NOTHING;
        }
        let contents = match set.kind {
            "hash:ip" | "hash:net" | "bitmap:ip" => addresses(set),
            "list:set" => self.union(set),
            _ => tuples::contents(set),
        };
        contents.unwrap_or(Contents::Unknown)
    }

    /// Returns the addresses that are in any of the sets in a list; `None` if they are unknown.
    fn union(&self, list: &Set<'a>) -> Option<Contents> {
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        for name in members(list)? {
            let is_list = self.sets.get(name)?.kind == "list:set";
            match &*self.contents(name).filter(|_| !is_list)? {
                Contents::Values {
                    element: Element::Address,
                    certain: own_certain,
                    possible: own_possible,
                } => {
                    certain.extend_from_slice(own_certain);
                    possible.extend_from_slice(own_possible);
                }
                _ => return None,
            }
        }
        Some(Contents::Values {
            element: Element::Address,
            certain: normalized(certain),
            possible: normalized(possible),
        })
    }
}

impl NamedSets for IpSets<'_> {
    fn contents(&self, name: &str) -> Option<Rc<Contents>> {
        if let Some(read) = self.read.borrow().get(name) {
            return Some(read.clone());
        }
        let (name, set) = self.sets.get_key_value(name)?;
        let contents = Rc::new(self.read(name, set));
        self.read.borrow_mut().insert(name, contents.clone());
        Some(contents)
    }

    fn forget(&self, name: &str) {
        let mut forgotten = self.forgotten.borrow_mut();
        // A rule that adds an entry to a list adds it to a set in the list.
        let list = self.sets.get(name).filter(|set| set.kind == "list:set");
        let members = list.and_then(members).unwrap_or_default();
        forgotten.extend(members.into_iter().map(str::to_owned));
        forgotten.insert(name.to_owned());
        self.read.borrow_mut().clear();
    }
}

/// True if the set contains only IPv6 addresses. For an IPv4 packet, it never matches.
fn is_ipv6(set: &Set) -> bool {
    set.options
        .split_ascii_whitespace()
        .any(|word| word == "inet6")
}

/// Returns the names of the sets in a list; `None` if entries may expire or have been deleted.
fn members<'a>(list: &Set<'a>) -> Option<Vec<&'a str>> {
    let expires = |text: &str| text.split_ascii_whitespace().any(|word| word == "timeout");
    if list.had_others || expires(list.options) {
        return None;
    }
    let name = |(_, change, text): &(u32, Change, &'a str)| {
        let name = text.split_ascii_whitespace().next()?;
        (*change == Change::Add).then_some(name)
    };
    list.changes.iter().map(name).collect()
}

/// Returns the contents of a set of addresses or networks; `None` if they are unknown.
fn addresses(set: &Set) -> Option<Contents> {
    let entries = entries::entries(set).ok()?.into_values();
    let networks = entries.map(|(entry, _)| Network {
        addresses: entry.network,
        is_excluded: !entry.accepts,
        expires: !entry.condition.is_true(),
    });
    let mut networks: Vec<Network> = networks.collect();
    let possible = possible(&mut networks);
    let certain = if networks.iter().any(|network| network.expires) {
        certain(&networks)
    } else {
        possible.clone()
    };
    Some(Contents::Values {
        element: Element::Address,
        certain,
        possible,
    })
}
