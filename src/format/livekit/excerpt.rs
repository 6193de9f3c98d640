//! Quotes LiveKit's trunks without their passwords.

use std::net::Ipv6Addr;

use ipnet::Ipv6Net;

use crate::format::read::values;

/// The maximum length of a string that is quoted, in bytes.
const LIMIT: usize = 64;

/// Returns the string at an offset if it is a network or the id of a trunk. Any other value is not quoted, because a
/// trunk contains a password, and in a text that is not valid JSON the place does not show the key.
pub(super) fn without_secrets(text: &str, at: u32) -> String {
    let value = text.get(at as usize..).unwrap_or_default();
    match value.strip_prefix('"').and_then(short_string) {
        Some(word) if is_network(word) || is_id(word) => format!("\"{word}\""),
        _ => String::new(),
    }
}

/// Returns the string before the next quotation mark.
fn short_string(inside: &str) -> Option<&str> {
    let end = inside.bytes().take(LIMIT).position(|byte| byte == b'"')?;
    inside.get(..end)
}

fn is_network(word: &str) -> bool {
    values::network(word).is_ok()
        || word.parse::<Ipv6Addr>().is_ok()
        || word.parse::<Ipv6Net>().is_ok()
}

/// True for the form of the ids that LiveKit creates: a prefix and 12 letters and digits.
fn is_id(word: &str) -> bool {
    let rest = word.strip_prefix("ST_").unwrap_or_default();
    rest.len() == 12 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
