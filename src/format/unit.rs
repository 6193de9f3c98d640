//! The part of a firewall that this program manages.

use super::error::FormatError;
use super::list_style::{ListStyle, Separator};
use super::output_option::OutputOption;
use super::unit_name::UnitName;

/// The unit that an output creates.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// Each format spells the name in its own way.
    pub name: UnitName,
    /// The table of the unit, for formats with tables.
    pub table: Option<String>,
    /// The layout, for formats that are plain lists.
    pub list_style: ListStyle,
}

impl Unit {
    /// Returns the options whose value is not the default.
    pub(super) fn options(&self) -> impl Iterator<Item = OutputOption> {
        let name = (self.name != UnitName::default()).then_some(OutputOption::Name);
        let table = self.table.as_ref().map(|_| OutputOption::Table);
        name.into_iter().chain(table).chain(self.list_options())
    }

    fn list_options(&self) -> impl Iterator<Item = OutputOption> {
        let style = &self.list_style;
        let options = [
            (
                style.separator != Separator::default(),
                OutputOption::Separator,
            ),
            (style.is_quoted, OutputOption::Quote),
            (!style.has_header, OutputOption::NoHeader),
        ];
        let given = options.into_iter().filter(|(is_given, _)| *is_given);
        given.map(|(_, option)| option)
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
