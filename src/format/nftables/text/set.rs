//! Sets, and the properties of chains (nft(8), "Sets" and "Chains").

use super::statement_reader::StatementReader;
use crate::format::nftables::set::Contents;
use crate::format::nftables::table::Body;
use crate::format::nftables::value::{Element, Type};
use crate::format::nftables::words::{HOOKS, check_hook};
use crate::read_error::ReadError;

/// See [`Syntax::set`](crate::format::nftables::table::Syntax::set).
pub(super) fn set<'a>(body: &Body<'a>) -> Result<Contents<'a>, ReadError> {
    let mut types = None;
    let mut flags = Vec::new();
    let mut timeout = None;
    for property in &body.properties {
        let at = property.at;
        let found = StatementReader::new(*property).and_then(|mut reader| reader.set_property());
        match found.map_err(|problem| ReadError::new(at, problem))? {
            SetProperty::Types(found) if types.as_ref().is_some_and(|known| *known != found) => {
                let problem = "the set is declared again with another type";
                return Err(ReadError::new(at, problem));
            }
            SetProperty::Types(found) => types = Some(found),
            SetProperty::Flags(found) => flags.extend(found.into_iter().map(|flag| (at, flag))),
            SetProperty::Timeout => timeout = Some(at),
            SetProperty::Other => {}
        }
    }
    let mut elements = Vec::new();
    for entry in &body.entries {
        let mut reader =
            StatementReader::new(*entry).map_err(|problem| ReadError::new(entry.at, problem))?;
        let read = reader.set_elements(&mut elements);
        read.map_err(|problem| ReadError::new(reader.place(), problem))?;
    }
    let place = body.properties.first().map_or(0, |property| property.at);
    let types = types.ok_or_else(|| ReadError::new(place, "the set has no type"))?;
    let mut contents = Contents::new(types, elements);
    for (at, flag) in flags {
        let added = contents.add_flag(at, flag);
        added.map_err(|problem| ReadError::new(at, problem))?;
    }
    if let Some(at) = timeout {
        contents.expire(at);
    }
    Ok(contents)
}

enum SetProperty<'a> {
    /// `type` or `typeof`
    Types(Vec<Type>),
    Flags(Vec<&'a str>),
    /// A timeout for all elements.
    Timeout,
    Other,
}

/// See [`Syntax::policy`](crate::format::nftables::table::Syntax::policy).
pub(super) fn policy(body: &Body) -> Result<Option<(bool, u32)>, ReadError> {
    let mut policy = None;
    for property in &body.properties {
        let read = StatementReader::new(*property).and_then(|mut reader| reader.chain_property());
        let read = read.map_err(|problem| ReadError::new(property.at, problem))?;
        policy = match read {
            ChainProperty::Policy(accepts) => Some((accepts, property.at)),
            // nft(8): the policy is accept if none is given.
            ChainProperty::Hook => policy.or(Some((true, property.at))),
            ChainProperty::Comment => policy,
        };
    }
    Ok(policy)
}

enum ChainProperty {
    Policy(bool),
    Hook,
    Comment,
}

impl<'a> StatementReader<'a> {
    fn set_property(&mut self) -> Result<SetProperty<'a>, String> {
        let mut property = SetProperty::Other;
        match self.word("a property of a set")? {
            "type" => {
                let mut names = vec![Type::named(self.word("a type")?)?];
                while self.sign(".")? {
                    names.push(Type::named(self.word("a type")?)?);
                }
                property = SetProperty::Types(names);
                self.verdict_type()?;
            }
            "typeof" => {
                let word = self.word("a key")?;
                let keys = self.keys(word)?;
                let types = keys.iter().map(|key| key.subject.value_type());
                property = SetProperty::Types(types.collect());
                self.verdict_type()?;
            }
            "flags" => {
                let mut flags = vec![self.word("a flag of a set")?];
                while self.sign(",")? {
                    flags.push(self.word("a flag of a set")?);
                }
                property = SetProperty::Flags(flags);
            }
            "timeout" => {
                self.word("a value")?;
                property = SetProperty::Timeout;
            }
            "auto-merge" => {}
            "counter" => self.counter()?,
            "comment" => self.string("a comment").map(|_| ())?,
            "size" | "gc-interval" | "policy" => self.word("a value").map(|_| ())?,
            other => return Err(format!("set property '{other}' is not supported")),
        }
        self.end()?;
        Ok(property)
    }

    /// Reads `: verdict`, which only a map has.
    fn verdict_type(&mut self) -> Result<(), String> {
        if self.sign(":")? {
            self.one_of(&["verdict"])?;
        }
        Ok(())
    }

    /// Reads `elements = { ... }`, or only the braces.
    fn set_elements(&mut self, elements: &mut Vec<Element<'a>>) -> Result<(), String> {
        if self.keyword("elements")? {
            self.expect_sign("=")?;
        }
        self.expect_sign("{")?;
        self.elements(elements)?;
        self.end()
    }

    fn chain_property(&mut self) -> Result<ChainProperty, String> {
        let property = match self.word("a property of a chain")? {
            "type" => {
                let kind = self.word("a type of chain")?;
                self.one_of(&["hook"])?;
                check_hook(kind, self.one_of(HOOKS)?)?;
                self.one_of(&["priority"])?;
                self.sign("-")?;
                self.word("a priority")?;
                if self.sign("+")? || self.sign("-")? {
                    self.number()?;
                }
                ChainProperty::Hook
            }
            "policy" => ChainProperty::Policy(self.one_of(&["accept", "drop"])? == "accept"),
            "comment" => {
                self.string("a comment")?;
                ChainProperty::Comment
            }
            other => return Err(format!("chain property '{other}' is not supported")),
        };
        self.end()?;
        Ok(property)
    }
}
