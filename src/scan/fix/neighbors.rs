//! Checks the text around a list, and the other lines of its block.

use std::collections::HashMap;

use super::layout::{Element, Form, Layout, List};
use super::needed::Need;
use crate::packets::Interval;

/// The maximum number of lines between a list and its parentheses.
const REACH: usize = 6;

/// Returns true if parentheses enclose a list with commas, without a comma after its last element. In Python, such a
/// list with one element is a string.
pub(super) fn is_tuple(layout: &Layout, list: &List) -> bool {
    let [first, .., last] = list.members[..] else {
        return false;
    };
    let [first, last] = [first, last].map(|at| &layout.elements[at]);
    let quotes = usize::from(layout.quote(first).is_some());
    match list.form {
        Form::Alone => false,
        Form::Inline => {
            let before = layout.text[..first.place.start - quotes].trim_ascii_end();
            let after = layout.text[last.place.end + quotes..].trim_ascii_start();
            let has_commas = layout.between(list.members[0]).contains(&b',');
            has_commas && before.ends_with(b"(") && after.starts_with(b")")
        }
        Form::Lines => {
            let above = (first.row.saturating_sub(REACH)..first.row).rev();
            let below = last.row + 1..layout.lines.count().min(last.row + 1 + REACH);
            let opens = next_text(layout, above).ends_with(b"(");
            let closes = next_text(layout, below).starts_with(b")");
            list.has_comma && layout.line(last).comma.is_none() && opens && closes
        }
    }
}

/// Returns the first of these lines that is neither blank nor a comment.
fn next_text<'t>(layout: &Layout<'t>, mut rows: impl Iterator<Item = usize>) -> &'t [u8] {
    let is_text = |row: &usize| !layout.lines.is_blank(*row) && !layout.lines.is_comment(*row);
    let row = rows.find(is_text);
    row.map_or(b"", |row| layout.text[layout.row(row)].trim_ascii())
}

/// Removes networks from the needs of lines, if a line of another list of the block has the same network and the same
/// text or key. A line without a network left stays as it is.
pub(super) fn leave_duplicates(layout: &Layout, needs: &mut [Need]) {
    let mut written = HashMap::new();
    let lines = layout.elements.iter().enumerate();
    let lines = lines.filter(|(_, element)| layout.lists[element.list].form == Form::Lines);
    let mut lines: Vec<(usize, &Element)> = lines.collect();
    // The lines that stay as they are come first.
    lines.sort_by_key(|(at, _)| needs[*at] != Need::Keep);
    for (at, element) in lines {
        let list = &layout.lists[element.list];
        let key = (list.block.start, key(layout, at, element));
        let spans: &mut HashMap<Interval, usize> = written.entry(key).or_default();
        let mut is_new =
            |span: Interval| *spans.entry(span).or_insert(element.list) == element.list;
        match &mut needs[at] {
            Need::Networks(networks) if !networks.is_empty() => {
                networks.retain(|network| is_new((*network).into()));
                if networks.is_empty() {
                    let reason = "another line would be the same: remove this line yourself";
                    needs[at] = Need::Leave(reason.to_owned());
                }
            }
            Need::Keep => {
                element.span.map(is_new);
            }
            Need::Networks(_) | Need::Leave(_) => {}
        }
    }
}

/// Returns the text of a line before and after its element, without quotes and signs that end the line. An element that
/// begins its line may be the key of the text after it.
fn key(layout: &Layout, at: usize, element: &Element) -> [Vec<u8>; 2] {
    let [mut before, mut after] = layout.shape(at, &layout.line(element));
    let is_text = |b: &u8| !b.is_ascii_whitespace() && !b"-*?\"'`".contains(b);
    if !before.iter().any(is_text) {
        before.clear();
        after.clear();
    }
    let is_end = |b: &u8| b.is_ascii_whitespace() || b",;)]}\\\"'`".contains(b);
    while after.last().is_some_and(is_end) {
        after.pop();
    }
    [before, after]
}
