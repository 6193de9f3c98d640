//! The part of a firewall that this program manages.

use super::error::FormatError;
use super::output_option::OutputOption;
use super::unit_name::UnitName;

/// The destination of an output: the name of the unit and, for some formats, its table.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// Each format spells the name in its own way.
    pub name: UnitName,
    /// The table of the unit, for formats with tables.
    pub table: Option<String>,
}

impl Unit {
    /// Returns the options whose value is not the default.
    pub(super) fn options(&self) -> impl Iterator<Item = OutputOption> {
        let name = (self.name != UnitName::default()).then_some(OutputOption::Name);
        let table = self.table.as_ref().map(|_| OutputOption::Table);
        name.into_iter().chain(table)
    }

    /// Returns `made`, which a format derived from the unit's name, unless it is longer than `limit`.
    pub(super) fn bounded_name(
        &self,
        format: &'static str,
        made: String,
        limit: usize,
    ) -> Result<String, FormatError> {
        if made.len() <= limit {
            return Ok(made);
        }
        Err(FormatError::NameTooLong {
            format,
            name: self.name.to_string(),
            length: made.len(),
            made,
            limit,
        })
    }
}
