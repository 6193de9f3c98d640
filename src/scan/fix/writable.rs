//! Checks whether the place of an address can express other networks.

use ipnet::Ipv4Net;

use super::notation::in_notation;
use super::understood::is_item;
use crate::scan::layout::{Element, Form, Layout, List};

/// Returns an error with the reason if an element cannot be replaced by networks.
pub(super) fn check_writable(
    layout: &Layout,
    at: usize,
    networks: &[Ipv4Net],
) -> Result<(), String> {
    let element = &layout.elements[at];
    let form = layout.lists[element.list].form;
    for network in networks {
        if rewritten(layout, element, *network).is_none() {
            return Err(format!("its notation cannot express {network}"));
        }
    }
    let is_alone = form == Form::Alone && networks.len() != 1;
    if is_alone || networks.len() > 1 && !can_repeat(layout, element) {
        return Err("there is no place for several networks: write them yourself".to_owned());
    }
    if networks.len() != 1 && has_fixed_length(layout, &layout.lists[element.list]) {
        return Err("the array has a fixed length".to_owned());
    }
    if networks.len() != 1 && has_arguments(layout, &layout.lists[element.list]) {
        return Err("the number of arguments of a function must not change".to_owned());
    }
    Ok(())
}

/// Functions that return a list of their arguments.
const LISTS: [&str; 14] = [
    "array", "arrayof", "aslist", "c", "in", "list", "listof", "of", "set", "setof", "toset",
    "values", "vec", "vector",
];

/// Returns true if the elements of a list are the arguments of a function.
fn has_arguments(layout: &Layout, list: &List) -> bool {
    let [first, _, ..] = list.members[..] else {
        return false;
    };
    let element = &layout.elements[first];
    let before = &layout.text[..layout.with_quotes(element).start];
    list.form == Form::Inline
        && layout.between(first).contains(&b',')
        && matches!(before, [.., name, b'('] if name.is_ascii_alphanumeric())
        && !LISTS.contains(&&*layout.word_before(element))
}

/// The maximum number of bytes before a list that declare it.
const LONGEST_DECLARATION: usize = 256;

/// Returns true if the text before a list declares the number of its elements, as `[2]string{` or `[&str; 2] = [`.
fn has_fixed_length(layout: &Layout, list: &List) -> bool {
    let Some(first) = list.members.first().map(|at| &layout.elements[*at]) else {
        return false;
    };
    let start = layout.row(first.row.saturating_sub(1)).start;
    let start = start.max(first.place.start.saturating_sub(LONGEST_DECLARATION));
    let before = &layout.text[start..first.place.start];
    let is_length = |part: &[u8]| {
        let digits = part.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let opens = part[..part.len() - digits].trim_ascii_end();
        digits > 0 && matches!(opens, [.., b'[' | b';'])
    };
    memchr::memchr_iter(b']', before).any(|end| is_length(&before[..end]))
}

/// Returns a network in the notation of an element.
pub(super) fn rewritten(layout: &Layout, element: &Element, network: Ipv4Net) -> Option<String> {
    let written = std::str::from_utf8(layout.written(element)).ok()?;
    in_notation(written, element.span, network)
}

/// The maximum number of bytes of a line that is repeated.
const LONGEST_REPEATED: usize = 1024;

/// Returns true if the element, or its line, may be written several times.
fn can_repeat(layout: &Layout, element: &Element) -> bool {
    let list = &layout.lists[element.list];
    match list.form {
        Form::Inline => true,
        Form::Alone => false,
        Form::Lines if layout.is_bracketed(element) => true,
        Form::Lines => {
            let short = layout.row(element.row).len() <= LONGEST_REPEATED;
            let several = list.members.len() > 1;
            let above = element.row.checked_sub(1);
            let is_command = layout.is_continued(element.row)
                || above.is_some_and(|row| layout.is_continued(row));
            short
                && separator(layout, element).is_some()
                && !is_numbered(layout, element)
                && (several || !is_command && is_repeatable(layout, element))
        }
    }
}

/// The end of a line of a list, if another line follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Comma,
    Nothing,
}

/// Returns the separator of a list of lines; `None` if it is not known.
pub(super) fn separator(layout: &Layout, element: &Element) -> Option<Separator> {
    let list = &layout.lists[element.list];
    let own = layout.line(element);
    let several = list.members.len() > 1;
    let above = layout.text[..own.whole.start].trim_ascii_end();
    match above {
        _ if several && list.has_comma => Some(Separator::Comma),
        _ if several => Some(Separator::Nothing),
        // The arguments of a function are no list.
        [.., b',' | b'{'] => None,
        [.., name, b'('] if name.is_ascii_alphanumeric() => None,
        [.., b'=' | b'@', b'('] => Some(Separator::Nothing),
        [.., b'[' | b'('] => Some(Separator::Comma),
        _ if own.comma.is_some() || own.semicolon.is_some() => Some(Separator::Comma),
        _ => Some(Separator::Nothing),
    }
}

/// Returns true if a line has a number or a name that must not occur twice.
fn is_numbered(layout: &Layout, element: &Element) -> bool {
    let before = String::from_utf8_lossy(layout.lines.before(element.place.start)).to_lowercase();
    let words: Vec<&str> = before.split_whitespace().collect();
    let is_number = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let named = words.windows(2).any(|pair| {
        matches!(
            pair[0],
            "rule" | "seq" | "sequence" | "term" | "entry" | "edit" | "object" | "policy"
        ) && (is_number(pair[1]) || pair[0] == "object")
    });
    let starts = words.len() > 1 && is_number(words[0]) && words[1..].iter().any(|w| !is_number(w));
    let replaces = words.iter().any(|word| matches!(*word, "-r" | "replace"));
    named || starts || replaces || before.contains(" name=") || before.contains(" id=")
}

/// Directives of which a file may contain several.
const REPEATABLE: [&str; 3] = ["match", "permit", "allow"];

/// Returns true if a line may be repeated, because it is an element of a list or a rule.
fn is_repeatable(layout: &Layout, element: &Element) -> bool {
    let line = layout.line(element);
    let before = &layout.text[line.whole.start..element.place.start];
    let after = &layout.text[element.place.end..line.core_end];
    let start = before.trim_ascii_start();
    // A second `set` of the same field replaces the first one.
    if start.starts_with(b"set ") {
        return false;
    }
    let is_tag = start.starts_with(b"<") && after.ends_with(b"/>");
    let word = layout.word_before(element);
    let value = before.strip_suffix(b"\"").or(before.strip_suffix(b"'"));
    let has_key = start.contains(&b'=') || start.contains(&b':');
    let assigns = matches!(before.trim_ascii_end().last(), Some(b'=' | b':'))
        || has_key && matches!(value, Some([.., b'=' | b':' | b' ']));
    let is_rule = before.contains(&b' ') && !assigns && layout.quote(element).is_none();
    is_tag || is_item(before, after) || REPEATABLE.contains(&&*word) || is_rule
}
