//! Recognizes lists that need at least two elements.

use crate::scan::layout::{Form, Layout, List};

/// The maximum number of lines between a list and its parentheses.
const REACH: usize = 6;

/// Returns true if parentheses enclose a list with commas, without a comma after its last element. In Python, such a
/// list with one element is a string.
pub(super) fn is_tuple(layout: &Layout, list: &List) -> bool {
    let [first, .., last] = list.members[..] else {
        return false;
    };
    let [first, last] = [first, last].map(|at| &layout.elements[at]);
    match list.form {
        Form::Alone => false,
        Form::Inline => {
            let before = layout.text[..layout.with_quotes(first).start].trim_ascii_end();
            let after = layout.text[layout.with_quotes(last).end..].trim_ascii_start();
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
