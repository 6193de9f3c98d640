//! The only user of `serde_yaml`; the build script shares this file with the crate.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a text is not the document that is wanted.
#[derive(Debug)]
pub struct YamlError {
    /// The path of keys to the place, and what is wrong there.
    pub reason: String,
    line_and_column: Option<(usize, usize)>,
}

/// As deep as a document may be nested; those of ours are 4 deep. The parser's time grows with the
/// square of it.
const DEPTH: usize = 64;

/// Reads one YAML document.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    if let Some(line) = too_deep(text) {
        return Err(YamlError {
            reason: format!("it is nested more than {DEPTH} deep, as no list of networks is"),
            line_and_column: Some((line, 1)),
        });
    }
    serde_yaml::from_str(text).map_err(|error| {
        let place = error.location().map(|place| (place.line(), place.column()));
        let message = error.to_string();
        // serde_yaml appends the place to the reason.
        let reason = place.map(|(line, column)| format!(" at line {line} column {column}"));
        let reason = reason.and_then(|suffix| message.strip_suffix(&suffix));
        YamlError {
            reason: reason.unwrap_or(&message).to_owned(),
            line_and_column: place,
        }
    })
}

/// The line in which brackets, or dashes and question marks, open too many levels. Those within
/// texts count too, which have no use for so many.
fn too_deep(text: &str) -> Option<usize> {
    let mut brackets = 0_usize;
    let opens_too_many = |line: &str| {
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => brackets += 1,
                b']' | b'}' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            if brackets > DEPTH {
                return true;
            }
        }
        let words = line.split_ascii_whitespace();
        words.filter(|word| matches!(*word, "-" | "?")).count() > DEPTH
    };
    text.lines().position(opens_too_many).map(|at| at + 1)
}

/// Writes one YAML document.
pub fn write<T: Serialize>(value: &T) -> Result<String, YamlError> {
    serde_yaml::to_string(value).map_err(|error| YamlError {
        reason: error.to_string(),
        line_and_column: None,
    })
}

impl YamlError {
    /// `:LINE:COLUMN`, to put behind a file's name; empty where it is not known.
    pub fn position(&self) -> String {
        self.line_and_column
            .map_or_else(String::new, |(line, column)| format!(":{line}:{column}"))
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position(), self.reason)
    }
}

impl std::error::Error for YamlError {}
