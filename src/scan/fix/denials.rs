//! Finds lists that may be lists of addresses that are not allowed, by the lines near them and the uses of their names.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::scan::evidence::denies;
use crate::scan::layout::{Element, Layout};
use crate::scan::words::{Finders, finders, has_any, normalize_words};

/// The maximum number of lines above and below an element that may say what happens to its addresses.
const REACH: usize = 12;

/// Words of actions that allow.
static ALLOWING: Finders = LazyLock::new(|| {
    finders(&[
        " accept ",
        " allow",
        " permit",
        " pass ",
        " match ",
        " whitelist ",
        " safelist ",
    ])
});

const MAY_BE_DENIED: &str =
    "a line near it or a use of its list may deny its addresses; change it by hand";
const RETURNS: &str =
    "the rule returns to other rules, which may deny its addresses; change it by hand";

/// The effect of a line on the addresses that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allows,
    Denies,
    /// The rules after it in another chain decide.
    Returns,
    None,
}

impl Effect {
    fn obstacle(self) -> Option<&'static str> {
        match self {
            Effect::Denies => Some(MAY_BE_DENIED),
            Effect::Returns => Some(RETURNS),
            Effect::Allows | Effect::None => None,
        }
    }
}

/// The lines of a text that deny something.
pub(super) struct Denials {
    effects: Vec<Effect>,
    /// The names in lines that deny, in lower case.
    names: HashSet<String>,
}

impl Denials {
    pub(super) fn new(layout: &Layout) -> Denials {
        let mut denials = Denials {
            effects: Vec::with_capacity(layout.lines.count()),
            names: HashSet::new(),
        };
        for row in 0..layout.lines.count() {
            let line = layout.lines.beginning_text(row);
            let effect = effect(&line);
            if effect == Effect::Denies {
                denials.names.extend(names(&line));
            }
            denials.effects.push(effect);
        }
        denials
    }

    /// Returns the reason why the addresses of an element may be denied, if there is one: the closest line above or
    /// below that says what happens does not allow them, or a line that denies contains the name of their list.
    pub(super) fn obstacle(&self, layout: &Layout, element: &Element) -> Option<&'static str> {
        let own = self.effect(element.row);
        if own != Effect::None {
            return own.obstacle();
        }
        let is_blank = |row: &usize| layout.lines.is_blank(*row);
        let above = (element.row.saturating_sub(REACH)..element.row).rev();
        let above: Vec<usize> = above.take_while(|row| !is_blank(row)).collect();
        let below = element.row + 1..self.effects.len().min(element.row + 1 + REACH);
        let closest = |rows: &mut dyn Iterator<Item = usize>| {
            let mut effects = rows.map(|row| self.effect(row));
            effects.find(|effect| *effect != Effect::None)?.obstacle()
        };
        let is_named = || {
            self.is_named(layout, element, &above)
                .then_some(MAY_BE_DENIED)
        };
        closest(&mut above.iter().copied())
            .or_else(|| closest(&mut below.take_while(|row| !is_blank(row))))
            .or_else(is_named)
    }

    fn effect(&self, row: usize) -> Effect {
        self.effects.get(row).copied().unwrap_or(Effect::None)
    }

    /// True if a line that denies contains a name from the line of an element, or from the closest line above that is
    /// indented less.
    fn is_named(&self, layout: &Layout, element: &Element, above: &[usize]) -> bool {
        let indent = |row: usize| {
            let line = layout.lines.beginning(row);
            line.len() - line.trim_ascii_start().len()
        };
        let own = indent(element.row);
        let parent = above.iter().copied().find(|row| indent(*row) < own);
        let mut rows = [Some(element.row), parent].into_iter().flatten();
        rows.any(|row| {
            let line = layout.lines.beginning_text(row);
            names(&line).any(|name| self.names.contains(&name))
        })
    }
}

fn effect(line: &str) -> Effect {
    let words = normalize_words(line);
    // The policy of a chain is about all other packets.
    if words.contains(" policy ") || words.contains(" default ") {
        Effect::None
    } else if returns(&words) {
        Effect::Returns
    } else if has_any(&words, &ALLOWING) && !words.contains(" not allow") {
        Effect::Allows
    } else if denies(&words) {
        Effect::Denies
    } else {
        Effect::None
    }
}

/// Returns true if a rule of iptables or nftables with these words ends its chain.
fn returns(words: &str) -> bool {
    let is_of_nft = words.contains(" saddr ") || words.contains(" daddr ");
    words.contains(" j return ")
        || words.contains(" jump return ")
        || is_of_nft && words.contains(" return ")
}

/// Returns the words of a line that may be names of lists: they contain a letter and a `_` or `-`, or "twilio".
fn names(line: &str) -> impl Iterator<Item = String> {
    let words = line.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
    let words = words.map(|word| word.trim_matches('-').to_lowercase());
    words.filter(|word| {
        let is_compound = word.contains(['_', '-']) && word.contains(|c: char| c.is_alphabetic());
        word.contains("twilio") || is_compound
    })
}
