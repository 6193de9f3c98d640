//! The sets that a rule changes (libnftables-json(5), "Set", "Map" and "Meter" statements).

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::object::only_key;
use super::parse::parsed;
use crate::format::nftables::table::SetName;

/// Words of rules that may change a set. A string with '@' may be a statement that nft prints as text.
const WORDS: [&str; 5] = ["set", "map", "meter", "\\", "@"];

/// Adds to `found` the sets whose elements a rule adds or deletes.
pub(super) fn changed_sets<'a>(rule: &'a str, found: &mut Vec<SetName<'a>>) -> Result<(), String> {
    let has = |word: &&str| memchr::memmem::find(rule.as_bytes(), word.as_bytes()).is_some();
    if WORDS.iter().any(has) {
        let statements: Vec<Change> = parsed(rule)?;
        found.extend(statements.into_iter().filter_map(Change::set));
    }
    Ok(())
}

/// The change that a statement makes to a set.
enum Change<'a> {
    Nothing,
    Set(Cow<'a, str>),
    /// An unknown set: nft prints the statement as text, such as the rules of an anonymous chain.
    Unknown,
}

impl<'a> Change<'a> {
    fn set(self) -> Option<SetName<'a>> {
        match self {
            Change::Nothing => None,
            Change::Set(name) => Some(Some(name)),
            Change::Unknown => Some(None),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Change<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(ChangeVisitor)
    }
}

/// The keys that name a set in the statements `set`, `map` and `meter`.
#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow)]
    set: Option<Cow<'a, str>>,
    #[serde(borrow)]
    map: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

struct ChangeVisitor;

impl<'a> Visitor<'a> for ChangeVisitor {
    type Value = Change<'a>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a statement of nft")
    }

    fn visit_unit<E>(self) -> Result<Change<'a>, E> {
        Ok(Change::Nothing)
    }

    fn visit_str<E>(self, statement: &str) -> Result<Change<'a>, E> {
        Ok(if statement.contains('@') {
            Change::Unknown
        } else {
            Change::Nothing
        })
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Change<'a>, A::Error> {
        only_key(&mut map, |key, map| {
            if !matches!(key, "set" | "map" | "meter") {
                map.next_value::<IgnoredAny>()?;
                return Ok(Change::Nothing);
            }
            let names: Names = map.next_value()?;
            let name = names.set.or(names.map).or(names.name);
            Ok(name.map_or(Change::Nothing, |name| {
                Change::Set(match name.strip_prefix('@') {
                    Some(bare) => Cow::Owned(bare.to_owned()),
                    None => name,
                })
            }))
        })
    }
}
