//! Reads the output of `nft list ruleset`: the checked chains, or the whole firewall.

use super::table::{Syntax, Table, TableName};
use super::tables::Wanted;
use super::{json, text};
use crate::firewall::{self, units};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::Limits;
use crate::read_error::ReadError;

/// Parses the output of `nft list ruleset`, as text or JSON, or a file for `nft -f`.
pub(super) fn parse(text: &str, table: TableName, wanted: UnitQuery) -> ReadResult {
    let table = Wanted::One(table);
    if is_json(text) {
        wanted_units(&json::read(text, table, wanted.limits)?, wanted)
    } else {
        wanted_units(&text::read(text, table, wanted.limits)?, wanted)
    }
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

fn wanted_units<S: Syntax>(tables: &[Table<S>], wanted: UnitQuery) -> ReadResult {
    let Some(table) = tables.first() else {
        return Ok(Vec::new());
    };
    let base = wanted.unit.name.lower_with_underscores();
    let names = wanted.names(
        |direction| format!("{base}_{direction}"),
        |name| table.chains.contains_key(name),
    );
    let names = wanted.without_unseen(names, table.chains.keys());
    units(table, names, wanted.given_name().as_deref(), wanted.limits)
}

/// Returns the tables of the whole firewall. Tables of families `ip6`, `arp` and `bridge` are left out, and so are
/// dormant tables.
///
/// # Errors
///
/// If the structure of the text is not that of a listing. Rules and sets that cannot be read are no errors.
pub(in crate::format) fn tables(
    text: &str,
    limits: Limits,
) -> Result<Vec<firewall::Table<'_>>, Vec<ReadError>> {
    Ok(if is_json(text) {
        boxed(json::read(text, Wanted::All, limits)?)
    } else {
        boxed(text::read(text, Wanted::All, limits)?)
    })
}

fn boxed<'a, S: Syntax + 'a>(tables: Vec<Table<'a, S>>) -> Vec<firewall::Table<'a>> {
    let tables = tables.into_iter().map(|table| firewall::Table {
        chains: Box::new(table),
        offset: 0,
        created: None,
        needs_legacy: false,
    });
    tables.collect()
}
