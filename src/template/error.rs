use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The reason why a template could not be rendered.
#[derive(Debug, Deserialize, Error, Serialize)]
#[error("{name}:{line}: {reason}")]
pub struct TemplateError {
    pub(super) name: String,
    /// The number of the line, starting at 1.
    pub(super) line: usize,
    pub(super) reason: String,
}

impl TemplateError {
    /// Returns an error that concerns the whole template.
    pub(super) fn of_whole(name: &str, reason: String) -> TemplateError {
        TemplateError {
            name: name.to_owned(),
            line: 1,
            reason,
        }
    }
}
