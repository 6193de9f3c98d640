//! Why a policy cannot be written in a format.

use thiserror::Error;

use super::unit_name::UnitNameError;
use crate::template::TemplateError;

/// Why a policy cannot be said in a format.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum FormatError {
    #[error(
        "unknown format '{name}'{suggestion}; use one of {known} ('list formats' prints other names)"
    )]
    Unknown {
        name: String,
        suggestion: String,
        known: String,
    },
    #[error("check does not read {format}; use one of {known}")]
    Unreadable { format: &'static str, known: String },
    #[error("--name has no effect with {format}, which names nothing; leave it out")]
    NoName { format: &'static str },
    #[error("--table has no effect with {format}; leave it out, or use --format {takers}")]
    NoTable {
        format: &'static str,
        takers: String,
    },
    #[error(
        "{option} would have no effect: no packet that is selected goes to such a port; drop it or --direction out"
    )]
    NoEffect { option: &'static str },
    #[error("{format} cannot express {what}")]
    Inexpressible {
        format: &'static str,
        what: &'static str,
    },
    #[error(
        "--name '{name}' is too long for {format}: '{made}' has {length} characters, and at most {limit} are allowed"
    )]
    NameTooLong {
        format: &'static str,
        name: String,
        made: String,
        length: usize,
        limit: usize,
    },
    #[error("--table '{text}' {reason}; write a family and a name, as in 'inet filter'")]
    Table { text: String, reason: String },
    #[error(
        "'{name}' is a unit of your own naming, which no output of this program replaces; render one with a --name and hook that"
    )]
    ForeignUnit { name: String },
    #[error(transparent)]
    Name(#[from] UnitNameError),
    #[error("the drift cannot be mended: {0}")]
    Irreparable(String),
    #[error(transparent)]
    Template(#[from] TemplateError),
}
