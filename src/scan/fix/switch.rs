//! Recognizes addresses that nginx maps to a value such as 0 or 1, whose meaning is elsewhere.

use crate::scan::layout::{Element, Layout};
use crate::scan::words::normalize_words;

/// The maximum number of lines between an address and the start of its block.
const REACH: usize = 64;

/// Returns true if the value of an element means yes or no, or is a number, and it is not clear whether this allows the
/// element. A value that means yes allows it if a comment or the start of the block says so, or if the start of the block mentions Twilio.
/// Any other value allows it only if a comment says so.
pub(super) fn is_switched(layout: &Layout, element: &Element) -> bool {
    let after = String::from_utf8_lossy(layout.after(element));
    let Some((value, comment)) = after.split_once(';') else {
        return false;
    };
    let value = value.trim().trim_matches(['"', '\'']);
    let is_yes = matches!(value, "1" | "on" | "yes" | "true");
    let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let is_no = is_number && !is_yes || matches!(value, "off" | "no" | "false");
    if !is_yes && !is_no || allows(comment) {
        return false;
    }
    let above = element.row.checked_sub(1);
    let above = above.filter(|row| layout.lines.is_comment(*row));
    if above.is_some_and(|row| allows(&layout.lines.beginning_text(row))) {
        return false;
    }
    let start = start_of_block(layout, element);
    is_no || !allows(&start) && !start.to_lowercase().contains("twilio")
}

/// Returns the start of the block of an element, such as `geo $allowed`. It is empty if the block starts nowhere near.
fn start_of_block(layout: &Layout, element: &Element) -> String {
    let rows = (element.row.saturating_sub(REACH)..=element.row).rev();
    let starts = rows.filter_map(|row| {
        let line = layout.lines.beginning_text(row);
        line.split_once('{').map(|(start, _)| start.to_owned())
    });
    { starts }.next().unwrap_or_default()
}

/// Returns true if a name or a comment says that something is allowed.
fn allows(text: &str) -> bool {
    let words = normalize_words(text);
    let signs = [
        "allow",
        "permit",
        "whitelist",
        "safelist",
        "trusted",
        "accept",
    ];
    let denies = [" not ", " disallow", " no "];
    signs.iter().any(|sign| words.contains(sign)) && !denies.iter().any(|sign| words.contains(sign))
}
