//! The reasons why a policy cannot be expressed in a format.

use thiserror::Error;

use super::output_option::OutputOption;
use super::unit_name::UnitNameError;
use crate::template::TemplateError;

/// The reason why a policy cannot be expressed in a format.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum FormatError {
    #[error(
        "unknown format '{name}'{suggestion}; use one of {known} ('twilio-sip-allow list formats' prints other names)"
    )]
    Unknown {
        name: String,
        suggestion: String,
        known: String,
    },
    #[error(
        "check does not read {format}; use one of {known}, or find Twilio addresses in any text with 'scan'"
    )]
    Unreadable { format: &'static str, known: String },
    #[error("{option} has no effect with {format}; leave it out{alternative}")]
    UnusedOption {
        option: OutputOption,
        format: &'static str,
        /// The formats that use the option. Empty if most formats use it.
        alternative: String,
    },
    #[error(
        "{option} has no effect: no selected rule has a local port for {traffic}; remove {option}, or change the \
         selection"
    )]
    NoEffect {
        option: &'static str,
        traffic: &'static str,
    },
    #[error("{format} cannot express {what}")]
    Inexpressible {
        format: &'static str,
        what: &'static str,
    },
    #[error(
        "--name '{name}' is too long for {format}: '{made}' has {length} characters, but at most {limit} are allowed"
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
        "cannot repair '{name}', because this program did not create it; render rules with a --name of their own, and \
         use these instead"
    )]
    ForeignUnit { name: String },
    #[error(transparent)]
    Name(#[from] UnitNameError),
    #[error("cannot repair the drift: {0}")]
    Irreparable(String),
    #[error(transparent)]
    Template(#[from] TemplateError),
}
