//! Objects with one key, and objects of known keys.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};

/// A value that is read from an object with exactly one key.
pub(super) trait Tagged<'a>: Sized {
    const EXPECTED: &'static str;

    fn read<A: MapAccess<'a>>(key: &str, map: &mut A) -> Result<Self, A::Error>;
}

struct TaggedVisitor<T>(PhantomData<T>);

impl<'a, T: Tagged<'a>> Visitor<'a> for TaggedVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<T, A::Error> {
        only_key(&mut map, T::read)
    }
}

pub(super) fn tagged<'a, T: Tagged<'a>, D: Deserializer<'a>>(input: D) -> Result<T, D::Error> {
    input.deserialize_map(TaggedVisitor(PhantomData))
}

/// The keys that an object may have.
pub(super) type Known = &'static [&'static str];

/// Details that do not matter for the result: null, a name, or an object of known keys.
pub(super) struct Details(pub Known);

impl<'a> DeserializeSeed<'a> for Details {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Details {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a name or an object of {}", self.0.join(", "))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<&str>()? {
            if !self.0.contains(&key) {
                return Err(A::Error::unknown_field(key, self.0));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Reads an object that has exactly one key.
pub(super) fn only_key<'a, A: MapAccess<'a>, T>(
    map: &mut A,
    read: impl FnOnce(&str, &mut A) -> Result<T, A::Error>,
) -> Result<T, A::Error> {
    let Some(key) = map.next_key::<&str>()? else {
        return Err(A::Error::custom(
            "expected an object with one key, not an empty one",
        ));
    };
    let value = read(key, map)?;
    match map.next_key::<&str>()? {
        None => Ok(value),
        Some(other) => Err(A::Error::custom(format!(
            "expected an object with one key, not '{key}' and '{other}'"
        ))),
    }
}
