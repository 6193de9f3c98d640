//! Words of ipset's commands and listings, and how long they may be.

/// `IPSET_MAXNAMELEN` less its closing NUL.
pub(super) const NAME_LIMIT: usize = 31;

/// `IPSET_MAX_COMMENT_SIZE`.
pub(super) const COMMENT_LIMIT: usize = 255;

/// The first word of a text, and what is behind the space after it.
pub(super) fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_ascii();
    match text.split_once(|c: char| c.is_ascii_whitespace()) {
        Some((word, rest)) => (word, rest.trim_ascii_start()),
        None => (text, ""),
    }
}

/// Whether words ask for no complaint about what is there already.
pub(super) fn is_exist(word: &str) -> bool {
    matches!(word, "-exist" | "-!")
}
