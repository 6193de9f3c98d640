//! Reads the objects in the output of `nft -j list` (libnftables-json(5)).

mod changes;
mod object;
mod parse;
mod set;
mod source;
mod statement;
mod usual;
mod value;
mod verdict;

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::base_chain::{devices, kind};
use super::rule::Rule;
use super::set::Contents;
use super::table::{Base, Body, SetName, Syntax, Table, listed_twice};
use super::tables::{Tables, Wanted};
use super::words::check_hook;
use crate::firewall::RuleText;
use crate::format::read::json_node::JSON_CUT_OFF;
use crate::format::read::lines::{place, place_of_error};
use crate::limits::Limits;
use crate::read_error::ReadError;

use object::only_key;
use parse::{parsed, without_place};
use value::Words;

/// The JSON syntax of `nft -j`.
pub(super) struct Json;

impl Syntax for Json {
    fn rule<'a>(text: RuleText<'a>, rule: &mut Rule<'a, '_>) {
        let text = text.text;
        let statements = usual::statements(text);
        match statements.map_or_else(|| statement::statements(text), Ok) {
            Ok(statements) => {
                for statement in statements {
                    rule.add(statement);
                }
            }
            Err(problem) => {
                rule.note(problem.into());
                statement::add_readable(text, rule);
            }
        }
    }

    fn changed_sets<'a>(rule: RuleText<'a>, found: &mut Vec<SetName<'a>>) -> Result<(), String> {
        changes::changed_sets(rule.text, found)
    }

    fn set<'a>(body: &Body<'a>) -> Result<Contents<'a>, ReadError> {
        let [object] = body.properties[..] else {
            let place = body.properties.first().map_or(0, |object| object.at);
            return Err(ReadError::new(
                place,
                "the set appears twice; provide one listing at a time",
            ));
        };
        parsed::<set::Set>(object.text)
            .and_then(|set| set.read(object.at))
            .map_err(|problem| ReadError::new(object.at, problem))
    }

    fn has_elements(body: &Body) -> bool {
        let key = memchr::memmem::Finder::new("\"elem\"");
        let mut objects = body.properties.iter();
        objects.any(|object| key.find(object.text.as_bytes()).is_some())
    }

    fn base<'a>(body: &Body<'a>) -> Option<Base<'a>> {
        let mut objects = body.properties.iter();
        objects.find_map(|object| {
            parsed::<BaseChain>(object.text)
                .ok()
                .map(|chain| chain.base(object.at))
        })
    }

    fn policy(body: &Body) -> Result<Option<(bool, u32)>, ReadError> {
        let mut policy = None;
        for object in &body.properties {
            let read = parsed::<Chain>(object.text).and_then(Chain::policy);
            let read = read.map_err(|problem| ReadError::new(object.at, problem))?;
            policy = read.map(|accepts| (accepts, object.at)).or(policy);
        }
        Ok(policy)
    }
}

/// Reads the wanted tables.
pub(super) fn read<'a>(
    text: &'a str,
    wanted: Wanted<'a>,
    limits: Limits,
) -> Result<Vec<Table<'a, Json>>, Vec<ReadError>> {
    let mut reader = ListingReader {
        text,
        tables: Tables::new(wanted, limits),
        started: false,
    };
    let mut input = serde_json::Deserializer::from_str(text);
    let read = (&mut reader).deserialize(&mut input);
    match read.and_then(|()| input.end()) {
        Ok(()) => Ok(reader.tables.finished()),
        Err(error) => Err(vec![reader.error(&error)]),
    }
}

struct ListingReader<'a> {
    text: &'a str,
    tables: Tables<'a, Json>,
    /// True once the `metainfo` object that starts a listing was read.
    started: bool,
}

impl<'a> ListingReader<'a> {
    fn error(&self, error: &serde_json::Error) -> ReadError {
        let problem = without_place(error);
        let problem = match error.classify() {
            serde_json::error::Category::Eof => JSON_CUT_OFF.to_owned(),
            serde_json::error::Category::Syntax => format!("not valid JSON: {problem}"),
            _ => problem,
        };
        ReadError::new(place_of_error(self.text, error), problem)
    }

    /// The start of the object that contains these parts of the text.
    fn place_of_object(&self, inside: &[&str]) -> u32 {
        let first = inside.iter().map(|part| part.as_ptr() as usize).min();
        let offset = first
            .unwrap_or(0)
            .saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        place(before.iter().rposition(|byte| *byte == b'{').unwrap_or(0))
    }

    /// Reads an object of the list by its key.
    fn object<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "rule" => self.rule(&map.next_value()?),
            "table" => self.check_table(&map.next_value()?),
            "chain" | "set" | "map" => self.body(key, map.next_value()?),
            "metainfo" => self.metainfo(&map.next_value()?),
            _ if OTHER_OBJECTS.contains(&key) || self.tables.are_all() => {
                map.next_value::<IgnoredAny>().map(|_| Ok(()))?
            }
            _ => Err(format!(
                "object '{key}' is unknown; provide the output of 'nft -j list ruleset'"
            )),
        }
        .map_err(A::Error::custom)
    }

    fn rule(&mut self, rule: &RuleObject<'a>) -> Result<(), String> {
        if self.tables.select((rule.family, rule.table))? {
            let text = RuleText {
                at: self.place_of_object(&[rule.family, rule.table, rule.chain]),
                text: rule.expr.get(),
            };
            self.tables.keep_statement()?;
            let table = self.tables.current();
            table.chain(rule.chain).entries.push(text);
        }
        Ok(())
    }

    fn check_table(&mut self, table: &TableObject<'a>) -> Result<(), String> {
        if !self.tables.select((table.family, table.name))? {
            return Ok(());
        }
        for flag in table.flags.iter().flat_map(|flags| &flags.0) {
            self.tables.add_flag(flag)?;
        }
        Ok(())
    }

    /// Reads a chain, a set or a map.
    fn body(&mut self, key: &str, raw: &'a RawValue) -> Result<(), String> {
        let named: Named = parsed(raw.get())?;
        if !self.tables.select((named.family, named.table))? {
            if named.hook.is_some() {
                self.tables.note_other_hook();
            }
            return Ok(());
        }
        self.tables.keep_body()?;
        let table = self.tables.current();
        let body = if key == "chain" {
            table.chains.entry(named.name).or_default()
        } else {
            &mut table.sets.entry(named.name).or_default().body
        };
        if key == "chain" && body.declared {
            return Err(listed_twice(key, named.name));
        }
        body.declared = true;
        body.properties.push(RuleText {
            at: place(raw.get().as_ptr() as usize - self.text.as_ptr() as usize),
            text: raw.get(),
        });
        Ok(())
    }

    fn metainfo(&mut self, metainfo: &Metainfo) -> Result<(), String> {
        if std::mem::replace(&mut self.started, true) {
            return Err(
                "'metainfo' appears twice; provide the listing of one machine at a time".to_owned(),
            );
        }
        if metainfo.json_schema_version != 1 {
            return Err("expected version 1 of nft's JSON schema".to_owned());
        }
        Ok(())
    }
}

/// Objects of a table that neither accept nor drop packets.
const OTHER_OBJECTS: [&str; 10] = [
    "counter",
    "quota",
    "limit",
    "ct helper",
    "ct timeout",
    "ct expectation",
    "secmark",
    "synproxy",
    "flowtable",
    "tunnel",
];

/// `{"nftables": [...]}`
impl<'a> DeserializeSeed<'a> for &mut ListingReader<'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for &mut ListingReader<'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with the key 'nftables'")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        only_key(&mut map, |key, map| match key {
            "nftables" => map.next_value_seed(Objects(self)),
            _ => Err(A::Error::custom(format!(
                "expected the key 'nftables', not '{key}'"
            ))),
        })
    }
}

/// The list of all objects.
struct Objects<'r, 'a>(&'r mut ListingReader<'a>);

impl<'a> DeserializeSeed<'a> for Objects<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Objects<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Object(self.0))?.is_some() {}
        Ok(())
    }
}

/// `{"rule": {...}}`
struct Object<'r, 'a>(&'r mut ListingReader<'a>);

impl<'a> DeserializeSeed<'a> for Object<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object that 'nft -j list' prints")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        only_key(&mut map, |key, map| self.0.object(key, map))
    }
}

#[derive(Deserialize)]
struct Metainfo {
    json_schema_version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known fields without effect on the result")]
struct RuleObject<'a> {
    family: &'a str,
    table: &'a str,
    chain: &'a str,
    #[serde(borrow)]
    expr: &'a RawValue,
    handle: Option<IgnoredAny>,
    comment: Option<IgnoredAny>,
}

/// A base chain of any type, at any hook.
#[derive(Deserialize)]
struct BaseChain<'a> {
    r#type: &'a str,
    hook: &'a str,
    prio: Option<i32>,
    policy: Option<&'a str>,
    #[serde(borrow)]
    dev: Option<Words<'a>>,
}

impl<'a> BaseChain<'a> {
    fn base(self, at: u32) -> Base<'a> {
        let names = self.dev.map_or(Vec::new(), |names| names.0);
        Base {
            kind: kind(self.r#type),
            hook: self.hook,
            priority: self.prio.unwrap_or(0),
            devices: devices(self.hook, names),
            accepts: self.policy != Some("drop"),
            at,
        }
    }
}

#[derive(Deserialize)]
struct Named<'a> {
    family: &'a str,
    table: &'a str,
    name: &'a str,
    /// The hook of a base chain.
    hook: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known fields without effect on the result")]
struct TableObject<'a> {
    family: &'a str,
    name: &'a str,
    handle: Option<IgnoredAny>,
    comment: Option<IgnoredAny>,
    #[serde(borrow)]
    flags: Option<Words<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known fields without effect on the result")]
struct Chain<'a> {
    family: IgnoredAny,
    table: IgnoredAny,
    name: IgnoredAny,
    handle: Option<IgnoredAny>,
    comment: Option<IgnoredAny>,
    r#type: Option<&'a str>,
    hook: Option<&'a str>,
    prio: Option<IgnoredAny>,
    policy: Option<&'a str>,
}

impl Chain<'_> {
    /// The policy of a base chain: true if packets that reach the end of the chain are accepted. `None` for other
    /// chains.
    fn policy(self) -> Result<Option<bool>, String> {
        match (self.r#type, self.hook, self.policy) {
            (None, None, None) => Ok(None),
            (Some(kind), Some(hook), policy) => {
                check_hook(kind, hook)?;
                match policy {
                    None | Some("accept") => Ok(Some(true)),
                    Some("drop") => Ok(Some(false)),
                    Some(other) => {
                        Err(format!("expected the policy accept or drop, not '{other}'"))
                    }
                }
            }
            _ => Err("expected a base chain to have a type and a hook".to_owned()),
        }
    }
}
