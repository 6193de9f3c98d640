//! Decides whether the text around an address is understood well enough to change it.

use std::ops::Range;

use super::denials::Denials;
use super::effect::opposite_effect;
use super::switch::is_switched;
use crate::character_class::LETTERS;
use crate::scan::evidence::Service;
use crate::scan::layout::{Element, Form, Layout, List, is_in_comment};
use crate::scan::line_kind::is_log;
use crate::scan::purpose::Purpose;
use crate::scan::topic::names_other_provider;
use crate::scan::words::normalize_words;

/// The maximum number of lines above a list that may name it.
const LINES_OF_NAME: usize = 3;

const IN_COMMENT: &str = "it is in a comment";
const IN_LOG: &str = "it is in a log";
const DENIED: &str = "the rule does not allow it";
const OTHER_PROVIDER: &str = "its list is named after another provider";
const SWITCHED: &str = "its value does not say whether it is allowed; change it by hand";
const NOT_UNDERSTOOD: &str = "--fix changes only lists, values and rules";
const OTHER_USE: &str =
    "the text around it is not about SIP: Twilio's webhooks and STUN/TURN use other addresses";
const OLD_PORTS: &str =
    "the ports 10000-20000 are superseded too: change them to 10000-60000 as well";

/// Returns the reason why an element must not be changed, if there is one.
pub(super) fn obstacle(
    layout: &Layout,
    element: &Element,
    list: &List,
    purpose: Purpose,
    denials: &Denials,
) -> Option<&'static str> {
    // The first element of an inline list decides for all.
    let first = list.members.first().filter(|_| list.form == Form::Inline);
    let element = first.map_or(element, |first| &layout.elements[*first]);
    let start = element.place.start;
    let line = layout.lines.around(start..start);
    if is_in_comment(layout.text, &line, start) {
        Some(IN_COMMENT)
    } else if purpose.is_denied {
        Some(DENIED)
    } else if is_of_other_provider(layout, list) {
        Some(OTHER_PROVIDER)
    } else if purpose.service != Service::Calls {
        Some(OTHER_USE)
    } else if is_record(&line, layout.text) {
        Some(IN_LOG)
    } else if let Some(reason) = opposite_effect(layout, element) {
        Some(reason)
    } else if is_switched(layout, element) {
        Some(SWITCHED)
    } else if list.form != Form::Inline && !is_understood(layout, element) {
        Some(NOT_UNDERSTOOD)
    } else {
        let old_ports = purpose.has_old_ports.then_some(OLD_PORTS);
        denials.obstacle(layout, element).or(old_ports)
    }
}

/// Returns true if the lines above a list name another provider than Twilio, up to one that mentions Twilio.
fn is_of_other_provider(layout: &Layout, list: &List) -> bool {
    let Some(first) = list.members.first() else {
        return false;
    };
    let end = layout.elements[*first].row;
    let above = (end.saturating_sub(LINES_OF_NAME)..=end).rev();
    let above = above.take_while(|row| *row == end || !layout.lines.is_blank(*row));
    let mut words = above.map(|row| normalize_words(&layout.lines.beginning_text(row)));
    let names = |words: &String| words.contains("twilio") || names_other_provider(words);
    words
        .find(names)
        .is_some_and(|words| !words.contains("twilio"))
}

/// Returns true if a line contains a time of day, or begins with a date.
fn is_record(line: &Range<usize>, text: &[u8]) -> bool {
    let line = &text[line.clone()];
    let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
    let begins_with_date = digits == 4
        && matches!(line[4..], [b'-' | b'/', m1, m2, b'-' | b'/', d1, d2, ..]
            if [m1, m2, d1, d2].iter().all(u8::is_ascii_digit));
    begins_with_date || is_log(line)
}

/// Words before an address in rules.
const DIRECTIVES: [&str; 22] = [
    "allow",
    "permit",
    "match",
    "accept",
    "pass",
    "from",
    "to",
    "source",
    "src",
    "saddr",
    "daddr",
    "dst",
    "destination",
    "host",
    "network",
    "net",
    "subnet",
    "ip",
    "prefix",
    "address",
    "add",
    "range",
];

/// Words of lines that are rules.
const RULES: [&str; 19] = [
    " allow ",
    " permit ",
    " accept ",
    " pass ",
    " rule ",
    " iptables ",
    " nft ",
    " ufw ",
    " access list ",
    " add ",
    " set ",
    " object ",
    " group ",
    " append ",
    " insert ",
    " s ",
    " d ",
    " network ",
    " subnet ",
];

/// Returns true if an element is a value, an element of a list, or a part of a rule, and not of a sentence.
fn is_understood(layout: &Layout, element: &Element) -> bool {
    let before = layout.lines.before(element.place.start);
    let after = layout.after(element);
    let quote = layout.quote(element);
    is_value(before, after, quote)
        || is_item(before, after)
        || is_rule(layout, element, before, after)
}

/// Returns true if an element is quoted, bracketed, in a cell, or the value of a key.
fn is_value(before: &[u8], after: &[u8], quote: Option<u8>) -> bool {
    let quoted = matches!(quote, Some(b'"' | b'\''));
    let before = before.trim_ascii_end();
    let next = after.trim_ascii_start().first();
    let enclosed = matches!(
        (before.last(), next),
        (Some(b'['), Some(b']'))
            | (Some(b'{'), Some(b'}'))
            | (Some(b'>'), Some(b'<'))
            | (Some(b'|'), Some(b'|'))
            | (
                Some(b'=' | b':' | b',' | b';'),
                None | Some(b',' | b';' | b'#' | b'/')
            )
    );
    quoted || enclosed
}

/// Returns true if a line contains an element without words around it, or with the group number of Kamailio's address
/// file before it.
pub(super) fn is_item(before: &[u8], after: &[u8]) -> bool {
    let has_words = |part: &[u8]| {
        let part = String::from_utf8_lossy(part);
        part.chars().any(|c| LETTERS.contains(c))
    };
    let number = before.trim_ascii();
    let is_group = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    let comment = after
        .windows(2)
        .position(|pair| matches!(pair, b" #" | b"\t#" | b" ;" | b"//"));
    let after = &after[..comment.unwrap_or(after.len())];
    let row = matches!(after.first(), Some(b',' | b';' | b'\t'));
    !has_words(before) && (is_group || row || !has_words(after))
}

fn is_rule(layout: &Layout, element: &Element, before: &[u8], after: &[u8]) -> bool {
    let word = layout.word_before(element);
    let name = word.rsplit(['-', '_']).next().unwrap_or_default();
    let is_option = word.starts_with('-');
    let ends = name.strip_suffix('s').unwrap_or(name);
    let is_directive = DIRECTIVES.contains(&name) || DIRECTIVES.contains(&ends);
    let line = [before, b" ", after].concat();
    let words = normalize_words(&String::from_utf8_lossy(&line));
    let opens = before.trim_ascii().len() == word.len();
    (is_option || is_directive || opens) && (opens || RULES.iter().any(|rule| words.contains(rule)))
}
