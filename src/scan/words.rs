//! Normalizes the words of a text, and searches for words.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::character_class::LETTERS_AND_NUMBERS;
use crate::names::normalize_name;

/// Returns the words of a text in the form of [`normalize_name`], with a blank before and after
/// each.
pub(super) fn normalize_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 2);
    words.push(' ');
    for word in text
        .split(|c| !LETTERS_AND_NUMBERS.contains(c))
        .filter(|word| !word.is_empty())
    {
        if word.is_ascii() {
            words.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            words.push_str(&normalize_name(word));
        }
        words.push(' ');
    }
    words
}

/// Searchers for words. They are created once, because that takes longer than searching a short
/// text.
pub(super) type Finders = LazyLock<Vec<Finder<'static>>>;

pub(super) fn finders(words: &[&'static str]) -> Vec<Finder<'static>> {
    words.iter().map(|word| Finder::new(*word)).collect()
}

pub(super) fn has_any(text: &str, words: &[Finder]) -> bool {
    words
        .iter()
        .any(|word| word.find(text.as_bytes()).is_some())
}

/// Returns a searcher for a name in normalized words. Japanese has no blanks between words, so a
/// Japanese name may also be a part of a word.
pub(super) fn name_finder(name: &str) -> Finder<'static> {
    let name = normalize_words(name);
    let part = if name.is_ascii() { &name } else { name.trim() };
    Finder::new(part).into_owned()
}
