//! The output of the command `ip`: a JSON array of objects, or a line for each object.

use serde::Deserialize;

use super::outputs::Part;
use crate::format::read::json_node::Node;
use crate::format::read::lines::place_of_error;
use crate::limits::Limits;
use crate::read_error::ReadError;

pub(super) fn is_json(part: Part) -> bool {
    part.text.trim_start().starts_with('[')
}

/// Reads a JSON array of objects.
pub(super) fn list<'a, T: Deserialize<'a>>(
    part: Part<'a>,
    limits: Limits,
) -> Result<Vec<T>, ReadError> {
    // This checks the syntax and the number of values.
    Node::root(part.text, limits).map_err(|error| part.moved(error))?;
    serde_json::from_str(part.text).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let problem = format!("this is not the output of 'ip -j': {message}");
        part.moved(ReadError::new(place_of_error(part.text, &error), problem))
    })
}

/// Returns the word after a keyword.
pub(super) fn word_after<'t>(line: &'t str, keyword: &str) -> Option<&'t str> {
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == keyword)?;
    words.next()
}
