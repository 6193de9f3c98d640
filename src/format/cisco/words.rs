//! Words of a line in IOS and ASA.

/// The steps of [`Limit::Work`](crate::limits::Limit::Work) for the name of an object or a group,
/// because all names are kept in memory.
pub(super) const STEPS_OF_NAME: usize = 150;

/// The steps of [`Limit::Work`](crate::limits::Limit::Work) for a line.
pub(super) const STEPS_OF_LINE: usize = 25;

/// True if IOS reads a word as a keyword. Keywords may be abbreviated, and are case-insensitive.
pub(super) fn means(word: &str, keyword: &str) -> bool {
    let start = keyword.as_bytes().get(..word.len());
    !word.is_empty() && start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// True if a command that begins with this word removes something.
pub(super) fn is_removal(word: &str) -> bool {
    word.eq_ignore_ascii_case("no") || word.len() > 2 && means(word, "default")
}
