//! Avoids lines of a block that are the same.

use std::collections::HashMap;

use super::needed::Need;
use crate::packets::Interval;
use crate::scan::layout::{Element, Form, Layout};

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
            Need::Networks { new, .. } if !new.is_empty() => {
                new.retain(|network| is_new((*network).into()));
                if new.is_empty() {
                    let reason = "another line would be the same: remove this line yourself";
                    needs[at] = Need::Leave(reason.to_owned());
                }
            }
            Need::Keep => {
                element.span.map(is_new);
            }
            Need::Networks { .. } | Need::Leave(_) => {}
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
