//! The two sides of matches (libnftables-json(5), "Expressions").

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::object::{Details, Tagged, only_key, tagged};
use super::parse::{parsed, without_place};
use super::verdict::ParsedDecision;
use crate::format::nftables::key::{Key, Keys};
use crate::format::nftables::value::{Element, Scalar, Value};

/// The left side of a match.
pub(super) struct ParsedKeys(pub Keys);

impl<'a> Deserialize<'a> for ParsedKeys {
    fn deserialize<D: Deserializer<'a>>(input: D) -> Result<Self, D::Error> {
        tagged(input)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload<'a> {
    protocol: &'a str,
    field: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keyed<'a> {
    pub key: &'a str,
    #[serde(rename = "dir")]
    direction: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Routing<'a> {
    key: &'a str,
    family: Option<&'a str>,
}

/// An extension header of IPv6; its presence, if there is no field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension<'a> {
    name: &'a str,
    field: Option<&'a str>,
}

impl<'a> Tagged<'a> for ParsedKeys {
    const EXPECTED: &'static str = "the left side of a match";

    fn read<A: MapAccess<'a>>(key: &str, map: &mut A) -> Result<Self, A::Error> {
        let found = match key {
            "payload" => {
                let payload: Payload = map.next_value()?;
                Key::payload(payload.protocol, payload.field)
            }
            "meta" => Key::meta(map.next_value::<Keyed>()?.key),
            "ct" => {
                let ct: Keyed = map.next_value()?;
                Key::ct(ct.key, ct.direction.is_some())
            }
            "fib" => fib(map.next_value()?),
            "socket" => {
                map.next_value_seed(Details(&["key", "level"]))?;
                Ok(Key::unmodeled())
            }
            "numgen" => {
                map.next_value_seed(Details(&["mode", "mod", "offset"]))?;
                Ok(Key::unmodeled())
            }
            "tcp option" => {
                map.next_value_seed(Details(&["name", "field"]))?;
                Ok(Key::tcp_option())
            }
            "exthdr" => {
                let Extension { name, field } = map.next_value()?;
                Key::ipv6_extension(name, field)
            }
            "rt" => match map.next_value()? {
                Routing {
                    key: "classid" | "nexthop" | "mtu",
                    family: Some("ip6"),
                } => Ok(Key::ipv6_route()),
                Routing {
                    key: "classid" | "nexthop" | "mtu",
                    family: None | Some("ip"),
                } => Ok(Key::unmodeled()),
                Routing { key, .. } => Err(format!("'rt {key}' is not supported")),
            },
            "&" => {
                let (ParsedKeys(keys), mask): (ParsedKeys, ParsedValue) = map.next_value()?;
                match keys.single() {
                    Some(key) => key.masked(&mask.0),
                    None => Err("a mask in a concatenation is not supported".to_owned()),
                }
            }
            "concat" => {
                let keys: Vec<ParsedKeys> = map.next_value()?;
                let mut keys = keys.into_iter().map(|keys| keys.0.first);
                let first = keys.next();
                let first = first.ok_or_else(|| A::Error::custom("the concatenation is empty"))?;
                let others = keys.collect();
                return Ok(ParsedKeys(Keys { first, others }));
            }
            _ => Err(format!("a match of '{key}' is not supported")),
        };
        found
            .map(|key| ParsedKeys(Keys::one(key)))
            .map_err(A::Error::custom)
    }
}

/// `{"result": "type", "flags": ["daddr"]}`
#[derive(Deserialize)]
struct Fib<'a> {
    result: &'a str,
    #[serde(borrow)]
    flags: Words<'a>,
}

fn fib(details: &RawValue) -> Result<Key, String> {
    let mut input = serde_json::Deserializer::from_str(details.get());
    let known = Details(&["result", "flags"]).deserialize(&mut input);
    known.map_err(|error| without_place(&error))?;
    Ok(match parsed(details.get()) {
        Ok(Fib { result, flags }) if result == "type" && flags.0 == ["daddr"] => {
            Key::destination_type()
        }
        Ok(Fib { result, flags }) if result == "type" && flags.0 == ["saddr"] => Key::source_type(),
        Ok(Fib { result, flags }) if result != "type" && leads_back(&flags) => Key::way_back(),
        _ => Key::unmodeled(),
    })
}

/// True for the source with the mark or the interface of the packet.
fn leads_back(flags: &Words) -> bool {
    let mut flags = flags.0.iter();
    flags.len() > 0
        && flags.clone().any(|flag| *flag == "saddr")
        && flags.all(|flag| matches!(*flag, "saddr" | "mark" | "iif"))
}

/// A word or a list of words.
pub(super) struct Words<'a>(pub Vec<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for Words<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(WordsVisitor)
    }
}

struct WordsVisitor;

impl<'a> Visitor<'a> for WordsVisitor {
    type Value = Words<'a>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a word or a list of words")
    }

    fn visit_borrowed_str<E>(self, word: &'a str) -> Result<Words<'a>, E> {
        Ok(Words(vec![word]))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Words<'a>, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = seq.next_element()? {
            words.push(word);
        }
        Ok(Words(words))
    }
}

/// The right side of a match.
pub(super) struct ParsedValue<'a>(pub Value<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for ParsedValue<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(ValueVisitor)
    }
}

/// The value of a string without escapes.
pub(super) fn word_value(text: &str) -> Value<'_> {
    match text.strip_prefix('@') {
        Some(name) => Value::Named(name),
        None => Value::One(Scalar::Word(text)),
    }
}

struct ValueVisitor;

impl<'a> Visitor<'a> for ValueVisitor {
    type Value = ParsedValue<'a>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<ParsedValue<'a>, E> {
        Ok(ParsedValue(word_value(text)))
    }

    /// No modeled key has a value with escapes.
    fn visit_str<E>(self, _: &str) -> Result<ParsedValue<'a>, E> {
        Ok(ParsedValue(Value::Other))
    }

    fn visit_u64<E>(self, number: u64) -> Result<ParsedValue<'a>, E> {
        Ok(ParsedValue(Value::One(Scalar::Number(number))))
    }

    fn visit_i64<E>(self, _: i64) -> Result<ParsedValue<'a>, E> {
        Ok(ParsedValue(Value::Other))
    }

    fn visit_bool<E>(self, _: bool) -> Result<ParsedValue<'a>, E> {
        Ok(ParsedValue(Value::Other))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<ParsedValue<'a>, A::Error> {
        let mut scalars = Vec::new();
        while let Some(value) = seq.next_element()? {
            add_scalars(value, &mut scalars).map_err(A::Error::custom)?;
        }
        Ok(ParsedValue(Value::List(scalars)))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<ParsedValue<'a>, A::Error> {
        only_key(&mut map, ParsedValue::read)
    }
}

/// Adds a value, or each bit of a value, to `scalars`.
fn add_scalars<'a>(value: ParsedValue<'a>, scalars: &mut Vec<Scalar<'a>>) -> Result<(), String> {
    match value.0 {
        Value::One(scalar) => scalars.push(scalar),
        Value::Union(bits) => scalars.extend(bits),
        other => return Err(format!("expected a value, not {other}")),
    }
    Ok(())
}

fn scalar(value: ParsedValue) -> Result<Scalar, String> {
    match value.0 {
        Value::One(scalar) => Ok(scalar),
        other => Err(format!("expected a value, not {other}")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prefix<'a> {
    #[serde(borrow)]
    addr: ParsedValue<'a>,
    len: u64,
}

impl<'a> ParsedValue<'a> {
    pub fn read<A: MapAccess<'a>>(key: &str, map: &mut A) -> Result<Self, A::Error> {
        let value = match key {
            "set" => {
                let elements: Elements = map.next_value()?;
                Value::Set(elements.0)
            }
            "prefix" => {
                let Prefix { addr, len } = map.next_value()?;
                Value::Prefix(scalar(addr).map_err(A::Error::custom)?, len)
            }
            "range" => {
                let (first, last): (ParsedValue, ParsedValue) = map.next_value()?;
                let range = scalar(first).and_then(|first| Ok((first, scalar(last)?)));
                let (first, last) = range.map_err(A::Error::custom)?;
                Value::Range(first, last)
            }
            "concat" => {
                let values: Vec<ParsedValue> = map.next_value()?;
                Value::Concatenation(values.into_iter().map(|value| value.0).collect())
            }
            "|" => {
                let values: Vec<ParsedValue> = map.next_value()?;
                let mut scalars = Vec::new();
                for value in values {
                    add_scalars(value, &mut scalars).map_err(A::Error::custom)?;
                }
                Value::Union(scalars)
            }
            _ => {
                return Err(A::Error::custom(format!("value '{key}' is not supported")));
            }
        };
        Ok(ParsedValue(value))
    }
}

/// The elements of a set or a map.
pub(super) struct Elements<'a>(pub Vec<Element<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let elements: Vec<ParsedElement> = Vec::deserialize(input)?;
        Ok(Elements(elements.into_iter().map(|e| e.0).collect()))
    }
}

struct ParsedElement<'a>(Element<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for ParsedElement<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(ElementVisitor)
    }
}

struct ElementVisitor;

fn element(value: ParsedValue) -> ParsedElement {
    ParsedElement(Element {
        value: value.0,
        decision: None,
        expires: false,
        at: None,
    })
}

impl<'a> Visitor<'a> for ElementVisitor {
    type Value = ParsedElement<'a>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an element of a set")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'a str) -> Result<Self::Value, E> {
        ValueVisitor.visit_borrowed_str(text).map(element)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        ValueVisitor.visit_str(text).map(element)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        ValueVisitor.visit_u64(number).map(element)
    }

    /// Reads an element of a map: a key and its verdict.
    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let pair = (seq.next_element::<ParsedElement>()?, seq.next_element()?);
        let (Some(ParsedElement(key)), Some(ParsedDecision(decision)), None) =
            (pair.0, pair.1, seq.next_element::<IgnoredAny>()?)
        else {
            return Err(A::Error::custom("expected a key and a verdict"));
        };
        if key.decision.is_some() {
            return Err(A::Error::custom("expected one verdict"));
        }
        Ok(ParsedElement(Element {
            decision: Some(decision),
            ..key
        }))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        only_key(&mut map, |key, map| match key {
            "elem" => {
                let options: Options = map.next_value()?;
                let expires = options.timeout.is_some() || options.expires.is_some();
                let ParsedElement(known) = element(options.val);
                Ok(ParsedElement(Element { expires, ..known }))
            }
            _ => ParsedValue::read(key, map).map(element),
        })
    }
}

/// An element with its options.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known fields without effect on the result")]
struct Options<'a> {
    #[serde(borrow)]
    val: ParsedValue<'a>,
    comment: Option<IgnoredAny>,
    counter: Option<IgnoredAny>,
    timeout: Option<IgnoredAny>,
    expires: Option<IgnoredAny>,
}
