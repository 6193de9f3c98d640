//! The new values of keys (libnftables-json(5), "Mangle" statement).

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::object::{Details, Tagged, only_key};
use super::value::ParsedKeys;
use crate::format::nftables::key::Source;

/// A value, or a computation with other keys.
pub(super) struct ParsedSource(pub Source);

impl<'a> Deserialize<'a> for ParsedSource {
    fn deserialize<D: Deserializer<'a>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(SourceVisitor)
    }
}

/// `{"map": {"key": ..., "data": ...}}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the values of the map do not matter")]
struct Lookup {
    key: ParsedSource,
    data: IgnoredAny,
}

/// `{"jhash": {...}}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the value of the hash does not matter")]
struct Hash {
    expr: ParsedSource,
    r#mod: Option<IgnoredAny>,
    seed: Option<IgnoredAny>,
    offset: Option<IgnoredAny>,
}

struct SourceVisitor;

impl<'a> Visitor<'a> for SourceVisitor {
    type Value = ParsedSource;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value or an expression of nft")
    }

    fn visit_str<E>(self, _: &str) -> Result<ParsedSource, E> {
        Ok(ParsedSource(Source::default()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<ParsedSource, E> {
        Ok(ParsedSource(Source::constant(u32::try_from(number).ok())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<ParsedSource, A::Error> {
        let mut all = Source::default();
        while let Some(ParsedSource(source)) = seq.next_element()? {
            all = all.and(source);
        }
        Ok(ParsedSource(all))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<ParsedSource, A::Error> {
        only_key(&mut map, |key, map| match key {
            "|" | "&" | "^" => Ok(ParsedSource(map.next_value_seed(Combined(key))?)),
            "<<" | ">>" | "concat" => map.next_value(),
            "map" => {
                let Lookup { key, .. } = map.next_value()?;
                Ok(ParsedSource(Source {
                    looks_up: true,
                    mark: None,
                    ..key.0
                }))
            }
            "jhash" => {
                let ParsedSource(key) = map.next_value::<Hash>()?.expr;
                Ok(ParsedSource(Source { mark: None, ..key }))
            }
            "symhash" => {
                map.next_value_seed(Details(&["mod", "offset"]))?;
                Ok(ParsedSource(Source::default()))
            }
            _ => {
                let ParsedKeys(keys) = ParsedKeys::read(key, map)?;
                Ok(ParsedSource(Source::of(keys.iter().collect())))
            }
        })
    }
}

/// The operands of an operator. There may be more than two of them.
struct Combined<'k>(&'k str);

impl<'a> DeserializeSeed<'a> for Combined<'_> {
    type Value = Source;

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<Source, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Combined<'_> {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        SourceVisitor.expecting(f)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Source, A::Error> {
        let mut all: Option<Source> = None;
        while let Some(ParsedSource(source)) = seq.next_element()? {
            all = Some(match all {
                Some(all) => all.combined(self.0, source),
                None => source,
            });
        }
        Ok(all.unwrap_or_default())
    }
}
