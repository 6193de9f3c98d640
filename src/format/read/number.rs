//! Numbers in decimal digits.

use std::str::FromStr;

/// True if a word consists of decimal digits.
pub(in crate::format) fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number that is written in digits alone, if the type has it; [`FromStr`] would take a sign too.
pub(in crate::format) fn from_digits<T: FromStr>(word: &str) -> Option<T> {
    word.parse().ok().filter(|_| is_number(word))
}

/// Digits without a leading zero, which some programs take for octal and others do not.
pub(in crate::format) fn plain_number(digits: &str) -> Result<&str, String> {
    if digits.len() > 1 && digits.starts_with('0') {
        Err(format!(
            "'{digits}' has a leading zero, which may mean octal; write it without"
        ))
    } else {
        Ok(digits)
    }
}
