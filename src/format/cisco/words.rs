//! Words of a line, as IOS and the ASA have them.

/// The steps of [`Limit::Work`](crate::limits::Limit::Work) that the name of an object or a group
/// takes, because each is kept until all are read.
pub(super) const STEPS_OF_NAME: usize = 150;

/// The steps that a line takes.
pub(super) const STEPS_OF_LINE: usize = 25;

/// True if IOS takes a word for a keyword: it may be cut short, and case is no matter.
pub(super) fn means(word: &str, keyword: &str) -> bool {
    let start = keyword.as_bytes().get(..word.len());
    !word.is_empty() && start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// True if a command that begins with this word takes something back.
pub(super) fn is_removal(word: &str) -> bool {
    word.eq_ignore_ascii_case("no") || word.len() > 2 && means(word, "default")
}
