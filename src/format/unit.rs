//! The thing in a firewall that this program owns whole.

use super::error::FormatError;
use super::unit_name::UnitName;

/// The destination of an output: the unit's name and, for formats with tables, its table.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// Each format spells it its own way.
    pub name: UnitName,
    /// The table that the unit is in, for formats that have tables.
    pub table: Option<String>,
}

impl Unit {
    /// `made`, a name that a format made of the unit's, when the firewall takes one so long.
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
