//! Words of ipset's commands and listings, and limits on their length.

/// `IPSET_MAXNAMELEN` without the closing NUL.
pub(super) const NAME_LIMIT: usize = 31;

/// `IPSET_MAX_COMMENT_SIZE`.
pub(super) const COMMENT_LIMIT: usize = 255;

/// True for the option that suppresses the error about a set or an entry that already exists.
pub(super) fn is_exist(word: &str) -> bool {
    matches!(word, "-exist" | "-!")
}
