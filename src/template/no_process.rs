//! Refuses users' templates, because the standard library cannot bound the memory and CPU time of a process on
//! Windows.

use std::process::ExitCode;

use minijinja::value::Value;

use super::error::TemplateError;
use crate::limits::Limits;

/// Refuses the template.
pub fn render_apart(
    name: &str,
    _source: &str,
    _context: &Value,
    _limits: Limits,
) -> Result<String, TemplateError> {
    let reason = "--template does not work on Windows, where the program cannot limit the memory and the time of a \
                  template; use a --format, or the program for Linux in WSL";
    Err(TemplateError::of_whole(name, reason.to_owned()))
}

/// Returns `None`, because only a user starts the program.
pub fn run() -> Option<ExitCode> {
    None
}
