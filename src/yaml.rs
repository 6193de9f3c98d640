//! The only module that uses `serde_yaml`. The build script includes this file too.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The reason why a text is not the expected document.
#[derive(Debug)]
pub struct YamlError {
    /// The path of keys to the error, and the reason.
    pub reason: String,
    line_and_column: Option<(usize, usize)>,
}

/// The maximum nesting of a document. The embedded files have at most 4 levels.
const DEPTH: usize = 64;

/// The maximum number of consecutive white space characters.
const BLANKS: usize = 4096;

/// The maximum number of characters that separate entries, keys, lists and lines. The parser keeps
/// up to four values for each pair of them. The largest allowed dataset has about 10,000 lines.
const MARKS: usize = 500_000;

/// The maximum number of characters of a text that an error quotes.
const QUOTE: usize = 40;

/// Parses one YAML document.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    if let Some((line, reason)) = costly(text) {
        return Err(YamlError {
            reason,
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
            reason: plain_words(reason.unwrap_or(&message), "a mapping"),
            line_and_column: place,
        }
    })
}

/// Does the same as [`parse`], but refuses aliases, so that the values take no more memory than the text
/// suggests.
pub fn parse_without_aliases<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    match alias(text) {
        Some(line) => Err(YamlError {
            reason: "an alias, such as '*name', is not allowed here; repeat the value, or quote the text"
                .to_owned(),
            line_and_column: Some((line, 1)),
        }),
        None => parse(text),
    }
}

/// Returns the first line that may contain an alias. A text with an asterisk at the start of a word counts
/// too.
fn alias(text: &str) -> Option<usize> {
    let starts_value = |before: char| before.is_whitespace() || "[{,:-?".contains(before);
    let mut asterisks = text.match_indices('*').map(|(at, _)| &text[..at]);
    let before = asterisks.find(|before| before.chars().next_back().is_none_or(starts_value))?;
    Some(before.matches('\n').count() + 1)
}

/// Returns a message of serde in the words of the other messages. `map` names what serde calls a map.
pub fn plain_words(message: &str, map: &str) -> String {
    // A path may precede the message: `signaling.ports: missing field ...`.
    let after = |words: &str| {
        let (path, rest) = message.split_once(words)?;
        (path.is_empty() || path.ends_with(": ")).then_some((path, rest))
    };
    let name = |rest: &str| rest.split('`').next().unwrap_or_default().to_owned();
    let wrong = after("invalid type: ").or_else(|| after("invalid value: "));
    let wrong = wrong.and_then(|(path, rest)| Some((path, rest.rsplit_once(", expected ")?)));
    if let Some((path, (found, expected))) = wrong {
        let expected = match expected {
            // The name of a Rust type means nothing to users.
            "map" => map,
            _ if expected.starts_with("struct ") => map,
            "a YAML tag starting with '!'" => "a name",
            _ => expected,
        };
        format!("{path}expected {expected}, not {}", value(found, map))
    } else if let Some((path, rest)) = after("missing field `") {
        format!("{path}the key '{}' is missing", name(rest))
    } else if let Some((path, rest)) = after("duplicate field `") {
        let name = name(rest);
        format!("{path}the key '{name}' is repeated; use it only once")
    } else if let Some((path, rest)) = after("unknown field `") {
        format!("{path}unknown key '{}'{}", name(rest), choices(rest))
    } else if let Some((path, rest)) = after("unknown variant `") {
        format!("{path}unknown value '{}'{}", name(rest), choices(rest))
    } else {
        message.to_owned()
    }
}

/// Returns the words for a value that serde describes with its type, such as a string in quotation marks.
fn value(found: &str, map: &str) -> String {
    let quoted = |mark: char| {
        let (_, text) = found.split_once(mark)?;
        let text = text.strip_suffix(mark)?;
        Some(match text.char_indices().nth(QUOTE) {
            Some((end, _)) => format!("'{}...'", &text[..end]),
            None => format!("'{text}'"),
        })
    };
    match found {
        "sequence" => "a list".to_owned(),
        "map" => map.to_owned(),
        "unit value" => "an empty value".to_owned(),
        "null" => "null".to_owned(),
        _ if found.starts_with("string \"") => quoted('"').unwrap_or_else(|| found.to_owned()),
        _ => quoted('`').unwrap_or_else(|| found.to_owned()),
    }
}

/// Returns the advice to use one of the names that serde lists in backticks after the name at the start.
/// Empty if there are none.
fn choices(rest: &str) -> String {
    let listed = rest
        .split_once("`, expected ")
        .map_or("", |(_, listed)| listed);
    // Every second piece is between two marks.
    let names: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    match names[..] {
        [] => String::new(),
        [only] => format!("; use {only}"),
        _ => format!("; use one of {}", names.join(", ")),
    }
}

/// Returns the first line for which the parser would need too much memory or quadratic time, and
/// the reason.
fn costly(text: &str) -> Option<(usize, String)> {
    if let Some(line) = too_deep(text) {
        let problem = format!("it is nested more than {DEPTH} levels deep");
        Some((line, problem))
    } else if let Some(line) = tag_directive(text) {
        let problem = "a %TAG directive is not accepted; delete the line";
        Some((line, problem.to_owned()))
    } else if let Some(line) = too_blank(text) {
        let problem = format!("more than {BLANKS} characters of white space in a row; delete some");
        Some((line, problem))
    } else {
        let line = too_many_marks(text)?;
        let problem = format!(
            "more than {MARKS} commas, colons, dashes, question marks, brackets and line ends; shorten the text"
        );
        Some((line, problem))
    }
}

/// Returns the line in which brackets, or dashes and question marks, are nested too deeply. Those
/// inside strings count too, because no valid string needs as many.
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

/// Returns the line of a directive that defines tags. The parser compares each tag with all others.
fn tag_directive(text: &str) -> Option<usize> {
    // YAML 1.1 has these line ends.
    let starts_line = |before: &&str| {
        before.is_empty() || before.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
    };
    let mut texts_before = text.match_indices("%TAG").map(|(at, _)| &text[..at]);
    let before = texts_before.find(starts_line)?;
    Some(before.matches('\n').count() + 1)
}

/// Returns the line with one separator too many. Every value starts after a separator. Separators
/// inside strings and comments count too.
fn too_many_marks(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_mark = |at: &usize| match bytes[*at] {
        b',' | b'?' | b':' | b'[' | b'{' | b'\n' | b'\r' => true,
        // White space, perhaps a line end of Unicode, follows a dash that starts an entry.
        b'-' => bytes
            .get(at + 1)
            .is_none_or(|next| !next.is_ascii_graphic()),
        _ => false,
    };
    let at = (0..bytes.len()).filter(is_mark).nth(MARKS)?;
    Some(1 + text[..at].matches('\n').count())
}

/// Returns the line with too much consecutive white space. The parser keeps it in a buffer. Once
/// the buffer is large, the parser clears all of it after every other piece of white space.
fn too_blank(text: &str) -> Option<usize> {
    let mut line = 1;
    let mut blanks = 0;
    for c in text.chars() {
        line += usize::from(c == '\n');
        blanks = if c.is_whitespace() { blanks + 1 } else { 0 };
        if blanks > BLANKS {
            return Some(line);
        }
    }
    None
}

/// Formats a value as a YAML document.
pub fn write<T: Serialize>(value: &T) -> Result<String, YamlError> {
    serde_yaml::to_string(value).map_err(|error| YamlError {
        reason: error.to_string(),
        line_and_column: None,
    })
}

impl YamlError {
    /// Returns `:LINE:COLUMN` for use after a file name; empty if the position is unknown.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_serde_are_put_into_plain_words() {
        for (message, plain) in [
            (
                "a.b: invalid type: string \"x, expected \\\"\", expected a name",
                "a.b: expected a name, not 'x, expected \\\"'",
            ),
            (
                "invalid type: map, expected a list",
                "expected a list, not a mapping",
            ),
            (
                "invalid type: unit value, expected struct Media",
                "expected a mapping, not an empty value",
            ),
            (
                "invalid value: integer `0`, expected a port",
                "expected a port, not '0'",
            ),
            ("a: missing field `b`", "a: the key 'b' is missing"),
            (
                "duplicate field `a`",
                "the key 'a' is repeated; use it only once",
            ),
            (
                "unknown field `c`, expected `a` or `b`",
                "unknown key 'c'; use one of a, b",
            ),
            (
                "unknown field `c`, expected one of `a`, `b`",
                "unknown key 'c'; use one of a, b",
            ),
            ("unknown field `c`, expected `a`", "unknown key 'c'; use a"),
            ("unknown field `c`, there are no fields", "unknown key 'c'"),
            (
                "unknown variant `c`, expected `a` or `b`",
                "unknown value 'c'; use one of a, b",
            ),
            (
                "'missing field `a`' is not a name",
                "'missing field `a`' is not a name",
            ),
        ] {
            assert_eq!(plain_words(message, "a mapping"), plain);
        }
    }
}
