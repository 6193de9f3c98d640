//! Reads JSON value by value. This keeps the place of each value and duplicate keys, and ignores values
//! that nobody asks for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::format::read::lines::{place, place_of_error};
use crate::limits::{Limit, Limits};
use crate::read_error::{ErrorCollector, ReadError};
use crate::terminal::clip;

/// A value of a JSON text.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct Node<'a> {
    value: &'a RawValue,
    /// The whole text.
    text: &'a str,
}

/// The treatment of keys that the caller did not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Others {
    Refused,
    /// Refuses all keys except these, which are ignored.
    RefusedBut(&'static [&'static str]),
    NotLookedAt,
}

/// The error for a JSON text that ends within a value.
pub(in crate::format) const JSON_CUT_OFF: &str =
    "the JSON ends too early, so the input may have been cut off; provide the complete input";

/// The maximum length of a problem, in characters. It may quote names of any length.
const LIMIT: usize = 1_000;

/// The steps of [`Limit::Work`] for each value. They cover its memory, and reading it again as part of
/// each value around it.
const STEPS_OF_VALUE: usize = 40;

/// The maximum number of values of [`Node::documents`].
const MAX_DOCUMENTS: usize = 100;

impl<'a> Node<'a> {
    /// Parses a text. [`Limit::Work`] bounds the number of its values.
    pub fn root(text: &'a str, limits: Limits) -> Result<Self, ReadError> {
        check_size(text, limits)?;
        let value = serde_json::from_str(text).map_err(|error| invalid(text, &error))?;
        Ok(Node { value, text })
    }

    /// Parses a text that contains several values, such as the outputs of several commands. The text contains at least
    /// one value, and at most [`MAX_DOCUMENTS`].
    pub fn documents(text: &'a str, limits: Limits) -> Result<Vec<Self>, ReadError> {
        check_size(text, limits)?;
        let values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let mut documents = Vec::new();
        for value in values {
            let value = value.map_err(|error| invalid(text, &error))?;
            let document = Node { value, text };
            if documents.len() == MAX_DOCUMENTS {
                let what = format!("the input has more than {MAX_DOCUMENTS} JSON documents");
                return Err(document.problem(what));
            }
            documents.push(document);
        }
        Ok(documents)
    }

    /// Returns the offset in the text.
    pub fn place(self) -> u32 {
        let start = self.value.get().as_ptr().addr();
        place(start.saturating_sub(self.text.as_ptr().addr()))
    }

    pub fn problem(self, what: impl fmt::Display) -> ReadError {
        ReadError::new(self.place(), clip(what.to_string(), LIMIT))
    }

    /// Returns the values of known keys. A duplicate key is an error, because JSON parsers disagree about its
    /// value.
    pub fn fields<const N: usize>(
        self,
        known: [&'static str; N],
        others: Others,
    ) -> Result<[Option<Node<'a>>; N], ReadError> {
        let mut fields = [None; N];
        for (key, value) in self.members()? {
            let refused = match others {
                Others::Refused => true,
                Others::RefusedBut(silent) => !silent.contains(&&*key),
                Others::NotLookedAt => false,
            };
            match known.iter().position(|known| *known == key) {
                Some(at) if fields[at].is_some() => {
                    return Err(self.problem(format!("duplicate key '{key}'")));
                }
                Some(at) => fields[at] = Some(value),
                None if refused => {
                    let known = known.join(", ");
                    let what = format!("unknown key '{key}'; expected {known}");
                    return Err(self.problem(what));
                }
                None => {}
            }
        }
        Ok(fields)
    }

    /// Like [`Node::fields`], but all values must be strings, and other keys are errors.
    pub fn strings<const N: usize>(
        self,
        known: [&'static str; N],
    ) -> Result<[Option<Cow<'a, str>>; N], ReadError> {
        let mut strings = [const { None }; N];
        let fields = self.fields(known, Others::Refused)?;
        for ((string, field), key) in strings.iter_mut().zip(fields).zip(known) {
            let read = field.map(Node::string).transpose();
            *string = read.map_err(|problem| problem.of(self, key))?;
        }
        Ok(strings)
    }

    /// Returns an object's keys and values, in order.
    pub fn members(self) -> Result<impl Iterator<Item = (Cow<'a, str>, Node<'a>)>, ReadError> {
        let members: Members = self.read("an object", '{')?;
        let text = self.text;
        let members = members.0.into_iter();
        Ok(members.map(move |(key, value)| (key.0, Node { value, text })))
    }

    /// Reads each value of an object with its key, and joins the results. Returns all errors, including
    /// duplicate keys.
    pub fn each_member<T, R: IntoIterator<Item = T>>(
        self,
        read: impl Fn(&str, Node<'a>) -> Result<R, Vec<ReadError>>,
    ) -> Result<Vec<T>, Vec<ReadError>> {
        let mut keys = HashSet::new();
        let mut values = Vec::new();
        let mut errors = ErrorCollector::default();
        for (key, value) in self.members()? {
            match read(&key, value) {
                Ok(read) => values.extend(read),
                Err(found) => errors.extend(found.into_iter().map(|error| error.under(&key))),
            }
            if keys.contains(&key) {
                errors.add(self.problem(format!("duplicate key '{key}'")));
            }
            if errors.is_full() {
                break;
            }
            keys.insert(key);
        }
        errors.finish(values)
    }

    /// Reads each item of the array with a key in an object, and joins the results. Returns all errors.
    pub fn each<T, R: IntoIterator<Item = T>>(
        self,
        object: Node,
        key: &str,
        read: impl Fn(Node<'a>) -> Result<R, Vec<ReadError>>,
    ) -> Result<Vec<T>, Vec<ReadError>> {
        let array = self.read::<Vec<&RawValue>>("an array", '[');
        let array = array.map_err(|problem| problem.of(object, key))?;
        // Most items have one result.
        let mut values = Vec::with_capacity(array.len());
        let mut errors = ErrorCollector::default();
        for (number, value) in array.into_iter().enumerate() {
            let text = self.text;
            match read(Node { value, text }) {
                Ok(read) => values.extend(read),
                Err(found) => errors.extend(found.into_iter().map(|error| {
                    let error = error.under(&format!("[{number}]")).under(key);
                    if (Node { value, text }).is_object() {
                        error
                    } else {
                        error.near(object)
                    }
                })),
            }
            if errors.is_full() {
                break;
            }
        }
        errors.finish(values)
    }

    /// Reads a string without control characters. AWS's names contain none, and no message should.
    pub fn string(self) -> Result<Cow<'a, str>, ReadError> {
        let text = self.document()?;
        if text.chars().any(char::is_control) {
            let what = format!("unexpected control character in {text:?}");
            return Err(self.problem(what));
        }
        Ok(text)
    }

    /// Reads any string.
    pub fn document(self) -> Result<Cow<'a, str>, ReadError> {
        let text: Text = self.read("a string", '"')?;
        Ok(text.0)
    }

    pub fn boolean(self) -> Result<bool, ReadError> {
        let value = self.value.get().parse();
        value.map_err(|_| self.unlike("true or false"))
    }

    pub fn integer(self) -> Result<i64, ReadError> {
        let number = self.value.get().parse();
        number.map_err(|_| self.unlike("a whole number"))
    }

    /// Reads a string, or a number as written, for values that people write either way.
    pub fn string_or_number(self) -> Result<Cow<'a, str>, ReadError> {
        if self.integer().is_ok() {
            return Ok(self.value.get().into());
        }
        self.string()
    }

    /// Reads a whole number, or a string that contains one.
    pub fn integer_or_digits(self) -> Result<i64, ReadError> {
        if !self.is_string() {
            return self.integer();
        }
        let digits = self.string()?;
        let number = digits.parse::<i64>().ok();
        let number = number.filter(|number| number.to_string() == *digits);
        number.ok_or_else(|| self.problem(format!("expected a whole number, not '{digits}'")))
    }

    /// Calls `found(key, string)` for each string within the value, including keys. The first item of an array has the
    /// key of the array. All other items, and the keys themselves, have the key `""`.
    pub fn each_string(
        self,
        limits: Limits,
        found: &mut dyn FnMut(&str, &str),
    ) -> Result<(), ReadError> {
        let strings = Strings {
            key: "",
            depth: 0,
            limits,
            found,
        };
        let mut reader = serde_json::Deserializer::from_str(self.value.get());
        let read = strings.deserialize(&mut reader);
        read.map_err(|error| self.unreadable(&error))
    }

    /// Returns the size in the text, in bytes.
    pub fn size(self) -> usize {
        self.value.get().len()
    }

    pub fn is_object(self) -> bool {
        self.value.get().starts_with('{')
    }

    pub fn is_array(self) -> bool {
        self.value.get().starts_with('[')
    }

    pub fn is_empty_array(self) -> bool {
        let inside = self.value.get().strip_prefix('[');
        inside.is_some_and(|inside| inside.trim_ascii_start() == "]")
    }

    pub fn is_empty_object(self) -> bool {
        let inside = self.value.get().strip_prefix('{');
        inside.is_some_and(|inside| inside.trim_ascii_start() == "}")
    }

    pub fn is_string(self) -> bool {
        self.value.get().starts_with('"')
    }

    pub fn is_null(self) -> bool {
        self.value.get() == "null"
    }

    /// True for the default value of a list or a switch in JSON of Protocol Buffers, which is the same as an absent key.
    pub fn is_unset(self) -> bool {
        self.is_null() || self.is_empty_array() || self.value.get() == "false"
    }

    fn read<T: Deserialize<'a>>(self, expected: &str, start: char) -> Result<T, ReadError> {
        let text = self.value.get();
        if !text.starts_with(start) {
            return Err(self.unlike(expected));
        }
        // The only possible error is an incomplete surrogate pair in a string.
        serde_json::from_str(text).map_err(|error| self.unreadable(&error))
    }

    fn unreadable(self, error: &serde_json::Error) -> ReadError {
        let message = error.to_string();
        let position = format!(" at line {} column {}", error.line(), error.column());
        self.problem(message.strip_suffix(&position).unwrap_or(&message))
    }

    fn unlike(self, expected: &str) -> ReadError {
        let found = match self.value.get() {
            text if text.starts_with('{') => "an object",
            text if text.starts_with('[') => "an array",
            text if text.starts_with('"') => "a string",
            text => text,
        };
        self.problem(format!("expected {expected}, not {found}"))
    }
}

/// Checks the number of values in a text.
fn check_size(text: &str, limits: Limits) -> Result<(), ReadError> {
    let values = text.bytes().filter(|byte| *byte == b',').count();
    let fits = limits.check(Limit::Work, values.saturating_mul(STEPS_OF_VALUE));
    fits.map_err(|exceeded| ReadError::new(0, exceeded))
}

fn invalid(text: &str, error: &serde_json::Error) -> ReadError {
    let problem = if error.is_eof() {
        JSON_CUT_OFF.to_owned()
    } else {
        format!("not valid JSON: {error}")
    };
    ReadError::new(place_of_error(text, error), problem)
}

impl ReadError {
    /// Adds the key of a value to the path, and sets the place to the object.
    #[must_use]
    pub(in crate::format) fn of(self, object: Node, key: &str) -> Self {
        self.under(key).near(object)
    }

    /// Sets the place to an object.
    #[must_use]
    pub(in crate::format) fn near(self, object: Node) -> Self {
        self.moved_to(object.place())
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries).map(Members)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(Text<'de>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

/// Visits the strings of a value without keeping them, for [`Node::each_string`].
struct Strings<'f> {
    key: &'f str,
    /// The number of arrays and objects around the value.
    depth: usize,
    limits: Limits,
    found: &'f mut dyn FnMut(&str, &str),
}

impl Strings<'_> {
    /// Returns a visitor for a value within this one.
    fn within<'s, E: Error>(&'s mut self, key: &'s str) -> Result<Strings<'s>, E> {
        let depth = self.depth + 1;
        let fits = self.limits.check(Limit::Depth, depth);
        fits.map_err(E::custom)?;
        Ok(Strings {
            key,
            depth,
            limits: self.limits,
            found: self.found,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strings<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strings<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        (self.found)(self.key, text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        let mut key = self.key;
        while array.next_element_seed(self.within(key)?)?.is_some() {
            key = "";
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text>()? {
            (self.found)("", &key.0);
            map.next_value_seed(self.within(&key.0)?)?;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
