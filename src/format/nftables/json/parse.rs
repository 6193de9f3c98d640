//! Parses JSON without places in the error messages.

use serde::Deserialize;

use crate::yaml::plain_words;

pub(super) fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| without_place(&error))
}

/// The message of a serde error in plain words, without its line and column, which count from the start of
/// a part of the input.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    plain_words(&text[..end], "an object")
}
