//! The sets that a rule changes (libnftables-json(5), "Set", "Map" and "Meter" statements).

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::format::nftables::ruleset::SetName;

use super::object::only_key;
use super::parsed;

const WORDS: [&str; 4] = ["set", "map", "meter", "\\"];

/// Adds the sets that a rule adds elements to, or removes them from.
pub(super) fn changed_sets<'a>(rule: &'a str, found: &mut Vec<SetName<'a>>) -> Result<(), String> {
    if WORDS.iter().any(|word| rule.contains(word)) {
        let statements: Vec<Change> = parsed(rule)?;
        found.extend(
            statements
                .into_iter()
                .filter_map(|change| change.0)
                .map(Some),
        );
    }
    Ok(())
}

/// The set that a statement changes, if it is of such a kind.
struct Change<'a>(Option<Cow<'a, str>>);

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
        Ok(Change(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Change<'a>, E> {
        Ok(Change(None))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Change<'a>, A::Error> {
        only_key(&mut map, |key, map| {
            if !matches!(key, "set" | "map" | "meter") {
                map.next_value::<IgnoredAny>()?;
                return Ok(Change(None));
            }
            let names: Names = map.next_value()?;
            let name = names.set.or(names.map).or(names.name);
            Ok(Change(name.map(|name| match name.strip_prefix('@') {
                Some(bare) => Cow::Owned(bare.to_owned()),
                None => name,
            })))
        })
    }
}
