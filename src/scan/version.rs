//! Recognizes version numbers, which may look like addresses.

/// Returns true if the text before or after a place shows that it is a version number.
pub(super) fn is_version(before: &[u8], after: &[u8]) -> bool {
    let behind_name = match before {
        [.., name, b'-'] => name.is_ascii_alphanumeric(),
        [.., name, b'/'] => name.is_ascii_alphabetic(),
        _ => false,
    };
    let suffix = matches!(after, [b'-', next, ..] if next.is_ascii_alphabetic());
    let operators: [&[u8]; 8] = [b"==", b">=", b"<=", b"~=", b"!=", b"~>", b"^", b"~"];
    let spaced: [&[u8]; 4] = [b">= ", b"<= ", b"~> ", b"~= "];
    let compared = operators
        .iter()
        .chain(&spaced)
        .any(|sign| before.ends_with(sign));
    behind_name || suffix || compared || follows_version(before)
}

/// Returns true if the word `version` or `ver` precedes a place, with only punctuation between.
pub(super) fn follows_version(before: &[u8]) -> bool {
    let is_sign = |b: &u8| !b.is_ascii_alphanumeric();
    let end = before.len() - before.iter().rev().take_while(|b| is_sign(b)).count();
    let start = end
        - before[..end]
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
    let word = before[start..end].to_ascii_lowercase();
    word.ends_with(b"version") || word == b"ver"
}
