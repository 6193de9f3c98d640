//! Reads the wanted chains from the output of `nft list ruleset`.

use super::table::{Syntax, Table, TableName};
use super::{json, text};
use crate::firewall::units;
use crate::format::read::query::{ReadResult, UnitQuery};

/// Parses the output of `nft list ruleset`, as text or JSON, or a file for `nft -f`.
pub(super) fn parse(text: &str, table: TableName, wanted: UnitQuery) -> ReadResult {
    if text.trim_start().starts_with('{') {
        wanted_units(&json::read(text, table, wanted.limits)?, wanted)
    } else {
        wanted_units(&text::read(text, table, wanted.limits)?, wanted)
    }
}

fn wanted_units<S: Syntax>(table: &Table<S>, wanted: UnitQuery) -> ReadResult {
    let base = wanted.unit.name.lower_with_underscores();
    let names = wanted.names(
        |direction| format!("{base}_{direction}"),
        |name| table.chains.contains_key(name),
    );
    let names = wanted.without_unseen(names, table.chains.keys());
    units(table, names, wanted.given_name().as_deref(), wanted.limits)
}
