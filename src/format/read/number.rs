//! Numbers in decimal digits.

use std::str::FromStr;

/// True if a word consists of decimal digits.
pub(in crate::format) fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parses a number of digits only. [`FromStr`] would also accept a sign.
pub(in crate::format) fn from_digits<T: FromStr>(word: &str) -> Option<T> {
    word.parse().ok().filter(|_| is_number(word))
}

/// Refuses a leading zero, because some programs then read digits as octal.
pub(in crate::format) fn plain_number(digits: &str) -> Result<&str, String> {
    if digits.len() > 1 && digits.starts_with('0') {
        Err(format!(
            "'{digits}' has a leading zero, which may mean octal; remove the zero"
        ))
    } else {
        Ok(digits)
    }
}
