//! The options that a configuration file can set, and the validation of their values.

use std::error::Error;
use std::sync::LazyLock;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args, Command};

use super::super::check::CheckArgs;
use super::super::variables::without_variables;
use crate::dataset::{self, Data};
use crate::input::is_stdin;
use crate::select::{self, names};

/// The options of a selection, by their long names.
pub(super) const SELECTION: [&str; 10] = [
    "region",
    "edition",
    "dataset",
    "plane",
    "direction",
    "transport",
    "local-address",
    "local-sip-port",
    "local-tls-port",
    "local-rtp-ports",
];

/// The options whose key can have a list of values.
const WITH_LISTS: [&str; 5] = ["region", "edition", "transport", "local-address", "files"];

/// The maximum length of a value, in bytes. A value can contain commas, as on the command line.
const MAX_LENGTH: usize = 1_000;

/// The maximum number of names in a value.
const MAX_NAMES: usize = 100;

static OPTIONS: LazyLock<Command> =
    LazyLock::new(|| without_variables(CheckArgs::augment_args(Command::new("check"))));

/// True if the key of the option can have a list of values.
pub(super) fn takes_list(option: &str) -> bool {
    WITH_LISTS.contains(&option)
}

/// Returns an error if the option does not accept the value.
pub(super) fn validate(option: &str, text: &str) -> Result<(), String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("the value has more than {MAX_LENGTH} bytes"));
    }
    if text.split(',').count() > MAX_NAMES {
        return Err(format!("the value has more than {MAX_NAMES} names"));
    }
    match option {
        "files" | "dataset" if is_stdin(text.as_ref()) => {
            return Err(
                "'-' (standard input) is not allowed here; use the name of a file".to_owned(),
            );
        }
        "files" if text.is_empty() => return Err("a file name is empty".to_owned()),
        "files" => return Ok(()),
        _ => {}
    }
    let is_it = |arg: &&Arg| arg.get_long() == Some(option);
    let Some(arg) = OPTIONS.get_arguments().find(is_it) else {
        return Ok(());
    };
    let parsed = Command::new("check")
        .arg(arg.clone())
        .try_get_matches_from(["check", &format!("--{option}={text}")]);
    parsed.map(|_| ()).map_err(|error| problem(&error, text))
}

/// Returns an error if the option is about regions or editions, and the embedded data does not have them.
pub(super) fn known_names(option: &str, text: &str) -> Result<(), String> {
    match option {
        "edition" => text.split(',').try_for_each(known_edition),
        "region" => text.split(',').try_for_each(known_region),
        _ => Ok(()),
    }
}

fn problem(error: &clap::Error, text: &str) -> String {
    if let Some(source) = error.source() {
        return source.to_string();
    }
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(known)) => {
            format!("'{text}' is not one of {}", known.join(", "))
        }
        _ => format!("'{text}' is not accepted"),
    }
}

fn known_edition(name: &str) -> Result<(), String> {
    if names::is_edition(name, &Data::Embedded) {
        return Ok(());
    }
    // The error suggests the nearest names.
    let found = select::editions(&[name.to_owned()], &Data::Embedded);
    found.map(|_| ()).map_err(|error| error.to_string())
}

fn known_region(name: &str) -> Result<(), String> {
    let reference_data = dataset::reference_data().map_err(|error| error.to_string())?;
    let found = select::regions(&[name.to_owned()], &[], reference_data);
    found.map(|_| ()).map_err(|error| error.to_string())
}
