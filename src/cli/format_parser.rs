//! The parser for values of `--format`.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};

use crate::format::registry::{self, FAMILIES};
use crate::format::{Format, FormatError};

/// The advice in error messages about a missing `--format`.
pub(super) const USE_FORMAT: &str =
    "use --format, such as --format nftables ('twilio-sip-allow list formats' prints all)";

/// Parses the name or alias of a format. Help and completions list the formats.
#[derive(Clone)]
pub(super) struct FormatParser {
    find: fn(&str) -> Result<&'static dyn Format, FormatError>,
    known: fn() -> Vec<&'static dyn Format>,
}

impl FormatParser {
    pub(super) const ALL: FormatParser = FormatParser {
        find: registry::find,
        known: || registry::formats().collect(),
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

/// Lists the formats by family in the help of `--format`, for a command and its subcommands.
pub(super) fn with_format_families(command: Command) -> Command {
    let grouped = |arg: Arg| match arg.get_id().as_str() {
        "format" => with_families(arg),
        _ => arg,
    };
    command
        .mut_args(grouped)
        .mut_subcommands(with_format_families)
}

fn with_families(arg: Arg) -> Arg {
    let known = arg.get_possible_values();
    let is_known = |name| known.iter().any(|value| value.get_name() == name);
    let width = known.iter().map(|value| value.get_name().len()).max();
    let width = width.unwrap_or_default();
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    for family in FAMILIES {
        let formats = family.formats.iter().map(|format| format.info());
        let rows = formats
            .filter(|info| is_known(info.name))
            .map(|info| format!("\n  {:width$}  {}", info.name, info.summary));
        let rows: String = rows.collect();
        if !rows.is_empty() {
            text += &format!("\n\n{}:{rows}", family.name);
        }
    }
    arg.long_help(text).hide_possible_values(true)
}
