//! Sets (libnftables-json(5), "Set").

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::object::only_key;
use super::value::{Elements, ParsedKeys, ParsedValue, Words};
use crate::format::nftables::set::Contents;
use crate::format::nftables::value::{Scalar, Type, Value};

/// The types of a set, given by name or as a `typeof` expression.
struct Types(Vec<Type>);

impl<'a> Deserialize<'a> for Types {
    fn deserialize<D: Deserializer<'a>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(TypesVisitor)
    }
}

struct TypesVisitor;

impl<'a> Visitor<'a> for TypesVisitor {
    type Value = Types;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a type or a list of types")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Types, E> {
        Type::named(name)
            .map(|kind| Types(vec![kind]))
            .map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Types, A::Error> {
        let mut types = Vec::new();
        while let Some(name) = seq.next_element::<&str>()? {
            types.push(Type::named(name).map_err(A::Error::custom)?);
        }
        Ok(Types(types))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Types, A::Error> {
        only_key(&mut map, |key, map| match key {
            "typeof" => {
                let ParsedKeys(keys) = map.next_value()?;
                Ok(Types(
                    keys.iter().map(|key| key.subject.value_type()).collect(),
                ))
            }
            _ => Err(A::Error::custom(format!("expected typeof, not '{key}'"))),
        })
    }
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known fields without effect on the result")]
pub(super) struct Set<'a> {
    family: IgnoredAny,
    table: IgnoredAny,
    name: IgnoredAny,
    handle: Option<IgnoredAny>,
    comment: Option<IgnoredAny>,
    size: Option<IgnoredAny>,
    policy: Option<IgnoredAny>,
    #[serde(rename = "gc-interval")]
    gc_interval: Option<IgnoredAny>,
    #[serde(rename = "auto-merge")]
    auto_merge: Option<IgnoredAny>,
    r#type: Types,
    /// The type of a map's values; `None` for a set.
    #[serde(borrow)]
    map: Option<ParsedValue<'a>>,
    #[serde(borrow)]
    flags: Option<Words<'a>>,
    timeout: Option<IgnoredAny>,
    stmt: Option<Vec<Counting>>,
    #[serde(borrow)]
    elem: Option<Elements<'a>>,
}

/// A statement in each element. Only counters are allowed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known fields without effect on the result")]
struct Counting {
    counter: Option<IgnoredAny>,
}

impl<'a> Set<'a> {
    /// Returns the contents of the set. `at` is its place.
    pub fn read(self, at: u32) -> Result<Contents<'a>, String> {
        match self.map {
            None | Some(ParsedValue(Value::One(Scalar::Word("verdict")))) => {}
            Some(_) => return Err("expected a map of verdicts".to_owned()),
        }
        let mut contents =
            Contents::new(self.r#type.0, self.elem.map_or(Vec::new(), |elem| elem.0));
        for flag in self.flags.iter().flat_map(|flags| &flags.0) {
            contents.add_flag(at, flag)?;
        }
        if self.timeout.is_some() {
            contents.expire(at);
        }
        Ok(contents)
    }
}
