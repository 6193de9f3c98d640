//! The options that a configuration file can set, and the validation of their values.

use std::error::Error;
use std::sync::LazyLock;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Command};

use super::super::check::CheckArgs;
use super::super::variables::without_variables;
use crate::dataset;
use crate::input::is_stdin;
use crate::select;

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

static OPTIONS: LazyLock<Command> =
    LazyLock::new(|| without_variables(CheckArgs::augment_args(Command::new("check"))));

/// Refuses a value that the option does not take.
pub(super) fn validate(option: &str, text: &str) -> Result<(), String> {
    match option {
        "files" | "dataset" if is_stdin(text.as_ref()) => {
            return Err("'-' is standard input; give the name of a file".to_owned());
        }
        "files" if text.is_empty() => return Err("the name of a file is empty".to_owned()),
        "files" => return Ok(()),
        _ => {}
    }
    let option_and_value = format!("--{option}={text}");
    let parsed = OPTIONS
        .clone()
        .try_get_matches_from(["check", &option_and_value]);
    parsed.map_err(|error| problem(&error, text))?;
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
    let found = select::embedded_editions(&[name.to_owned()]);
    found.map(|_| ()).map_err(|error| error.to_string())
}

fn known_region(name: &str) -> Result<(), String> {
    let reference_data = dataset::reference_data().map_err(|error| error.to_string())?;
    let found = select::regions(&[name.to_owned()], &[], &reference_data);
    found.map(|_| ()).map_err(|error| error.to_string())
}
