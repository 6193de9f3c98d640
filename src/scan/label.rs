//! Finds the words of a line that name an owner of its addresses.

use std::collections::HashMap;

use super::technical::names;
use super::topic::{Topic, TopicWords};

/// The maximum number of lines of a list with which a line is compared.
const MOST_LINES: usize = 5_000;

/// The words of some lines of a list, with the lines on which they occur.
#[derive(Default)]
pub(super) struct Labels {
    /// The line of each word, or `None` if there are several.
    lines: HashMap<String, Option<usize>>,
}

impl Labels {
    /// Collects the words of lines. `lines` are their numbers, and `words` returns the words of a line in the
    /// form of [`normalize_words`](super::words::normalize_words).
    pub(super) fn new(
        lines: impl Iterator<Item = usize>,
        words: impl Fn(usize) -> String,
    ) -> Labels {
        let mut labels = Labels {
            lines: HashMap::new(),
        };
        for line in lines.take(MOST_LINES) {
            for name in names(&words(line)) {
                let known = labels.lines.entry(name.to_owned()).or_insert(Some(line));
                if *known != Some(line) {
                    *known = None;
                }
            }
        }
        labels
    }

    /// Returns true if a line has a word that occurs on none of the other lines, and that is not about Twilio.
    pub(super) fn names_others(&self, line: usize, words: &str, topics: &TopicWords) -> bool {
        let is_own = |name: &&str| {
            self.lines
                .get(*name)
                .is_none_or(|known| *known == Some(line))
        };
        let mut own = names(words).filter(is_own);
        own.any(|name| topics.topic(&format!(" {name} ")) == Topic::Other)
    }
}
