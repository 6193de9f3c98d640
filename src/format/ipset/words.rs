//! Words of ipset's commands and listings, and how long they may be.

/// `IPSET_MAXNAMELEN` less its closing NUL.
pub(super) const NAME_LIMIT: usize = 31;

/// `IPSET_MAX_COMMENT_SIZE`.
pub(super) const COMMENT_LIMIT: usize = 255;

/// True if words ask for no complaint about what is there already.
pub(super) fn is_exist(word: &str) -> bool {
    matches!(word, "-exist" | "-!")
}
