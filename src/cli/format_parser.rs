//! The parser for values of `--format`.

use std::ffi::OsStr;

use clap::Command;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use crate::format::registry::{self, FORMATS};
use crate::format::{Format, FormatError};

/// The start of the error message for a missing `--format`.
pub(super) const ASK_FOR_FORMAT: &str =
    "no format is selected; use --format, such as --format nftables ('list formats' prints all)";

/// Parses the name or alias of a format. Help and completions list the formats.
#[derive(Clone)]
pub(super) struct FormatParser {
    find: fn(&str) -> Result<&'static dyn Format, FormatError>,
    known: fn() -> Vec<&'static dyn Format>,
}

impl FormatParser {
    pub(super) const ALL: FormatParser = FormatParser {
        find: registry::find,
        known: || FORMATS.to_vec(),
    };
    /// The formats that `check` can read.
    pub(super) const READABLE: FormatParser = FormatParser {
        find: registry::find_readable,
        known: || registry::readable().collect(),
    };
}

impl TypedValueParser for FormatParser {
    type Value = &'static dyn Format;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let find = self.find;
        StringValueParser::new()
            .try_map(move |name| find(&name))
            .parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let row = |format: &dyn Format| {
            let info = format.info();
            PossibleValue::new(info.name).help(info.summary)
        };
        Some(Box::new((self.known)().into_iter().map(row)))
    }
}
