//! Recognizes commands and conditions that do the opposite of allowing an address.

use crate::scan::layout::{Element, Layout};
use crate::scan::words::normalize_words;

const REMOVED: &str = "the command removes it";
const NEGATED: &str = "the rule does not allow it";

/// The maximum number of lines of a command before the line with the address.
const REACH: usize = 6;

/// Returns the reason why an element must not be changed, if its command removes a rule or its condition is negated.
pub(super) fn opposite_effect(layout: &Layout, element: &Element) -> Option<&'static str> {
    let before = layout.lines.before(element.place.start);
    let before = String::from_utf8_lossy(before);
    let negated =
        before.trim_end().ends_with('!') || before.contains("!=") || before.contains("! -");
    if negated {
        return Some(NEGATED);
    }
    let mut command = continued_lines(layout, element);
    command.push_str(&before);
    is_removal(&command).then_some(REMOVED)
}

/// Returns the lines before an element that belong to the same command, because they end with a backslash.
fn continued_lines(layout: &Layout, element: &Element) -> String {
    let above = (element.row.saturating_sub(REACH)..element.row).rev();
    let continued = above.take_while(|row| layout.is_continued(*row));
    let mut lines: Vec<_> = continued
        .map(|row| layout.lines.beginning_text(row))
        .collect();
    lines.reverse();
    lines.concat()
}

/// Returns true if a command, up to the address, removes a rule or an address.
fn is_removal(command: &str) -> bool {
    let words = normalize_words(command);
    let verbs = [" delete ", " del ", " remove ", " revoke "];
    // `-D` removes a rule of iptables, but `-d` is a destination.
    verbs.iter().any(|verb| words.contains(verb))
        || words.starts_with(" no ")
        || command.contains("-D ")
}
