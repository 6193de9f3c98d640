//! Errors of templates.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An error that leaves a template without text.
#[derive(Debug, Deserialize, Error, Serialize)]
#[error("{name}:{line}: {reason}")]
pub struct TemplateError {
    /// The template's file name.
    pub(super) name: String,
    /// Counted from 1.
    pub(super) line: usize,
    /// The cause.
    pub(super) reason: String,
}

impl TemplateError {
    /// An error of the whole template.
    pub(super) fn of_whole(name: &str, reason: String) -> TemplateError {
        TemplateError {
            name: name.to_owned(),
            line: 1,
            reason,
        }
    }
}
