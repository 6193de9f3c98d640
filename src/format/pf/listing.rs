//! Reads an anchor: a file for `pfctl -f`, or the output of `pfctl -sr` together with the tables that its
//! rules use. If the input is a main ruleset that calls the anchor, reads the anchor within it.

use super::main_ruleset::{self, called};
use super::statements::statements;
use super::steps::Steps;
use super::tables::Tables;
use crate::firewall::Hook;
use crate::format::read::lines::lines;
use crate::format::read::query::{ReadResult, UnitQuery};

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let _complete = lines(text).map_err(|error| vec![error])?;
    let limits = wanted.limits;
    let name = &wanted.unit.name;
    let anchor = name.lower_with_hyphens();
    if let Some(anchor) = called(text, [name.to_string(), anchor.clone()], limits)? {
        return main_ruleset::parse(text, &anchor, limits);
    }
    // Tables may follow the rules that use them, so they are read first.
    let mut tables = Tables::new(anchor.clone());
    let may_overload = memchr::memmem::find(text.as_bytes(), b"overload").is_some();
    statements(text, limits, |tokens, keyword, _| match keyword {
        "table" => tables.define(tokens),
        _ if may_overload => tables.note_overloads(tokens),
        _ => tokens.skip_statement(),
    })?;
    let mut steps = Steps::default();
    statements(text, limits, |tokens, keyword, at| match keyword {
        "table" => tokens.skip_statement(),
        _ => steps.statement(tokens, &tables, keyword, at),
    })?;
    steps.units(&anchor, limits, |_| Hook::NotShown)
}
