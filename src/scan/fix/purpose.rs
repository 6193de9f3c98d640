//! Decides which planes an address in a text serves, and whether the text around it is understood well enough to change it.

use std::ops::Range;

use super::effect::opposite_effect;
use super::layout::{Element, Form, Layout, List};
use super::line::is_in_comment;
use crate::character_class::LETTERS;
use crate::policy::Direction;
use crate::scan::line_kind::is_log;
use crate::scan::words::normalize_words;

/// The maximum number of lines above a block that describe it, and of fields below it.
const REACH: usize = 6;

/// The planes that an address serves, or the reason why it must not be changed.
pub(super) type Purpose = Result<Planes, &'static str>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planes {
    pub signaling: bool,
    pub media: bool,
}

const IN_COMMENT: &str = "it is in a comment";
const IN_LOG: &str = "it is in a log";
const DENIED: &str = "the rule does not allow it";
const NOT_UNDERSTOOD: &str = "--fix changes only lists, values and rules";
const OTHER_USE: &str =
    "the text around it is not about SIP: Twilio's webhooks and STUN/TURN use other addresses";
const OLD_PORTS: &str =
    "the ports 10000-20000 are superseded too: change them to 10000-60000 as well";

/// The meaning of a text for the addresses in it or below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Evidence {
    signaling: bool,
    media: bool,
    /// The text contains the superseded media ports, 10000-20000.
    old_ports: bool,
    /// The direction of the packets.
    direction: Option<Direction>,
    /// A reason to change nothing.
    obstacle: Option<&'static str>,
}

const DENIALS: [&str; 12] = [
    " deny ",
    " denied ",
    " drop ",
    " reject ",
    " blocked ",
    " blacklist ",
    " blocklist ",
    " denylist ",
    " banned ",
    " banlist ",
    " except ",
    " exclud",
];

const INCOMING: [&str; 7] = [
    " s ",
    " source ",
    " src ",
    " saddr ",
    " ingress ",
    " inbound ",
    " input ",
];

const OUTGOING: [&str; 8] = [
    " d ",
    " destination ",
    " dst ",
    " daddr ",
    " egress ",
    " outbound ",
    " output ",
    " out ",
];

impl Evidence {
    fn of(text: &str) -> Evidence {
        let words = normalize_words(text);
        let has = |all: &[&str]| all.iter().any(|word| words.contains(word));
        let ports = |first: &str, last: &str| words.contains(first) && words.contains(last);
        let old_ports = ports(" 10000 ", " 20000 ") || ports(" 10 000 ", " 20 000 ");
        let media = words.contains("media") && !words.contains("immedia");
        let blocks = words.contains(" block ") && !words.contains("cidr block ");
        let signaling = has(&[" 5060 ", " 5061 ", "signal"]);
        let other_ports = has(&[" 443 ", " port 80 ", " 3478 "]) && !signaling && !media;
        let other_words = has(&["webhook", " stun ", " turn ", "webrtc", "callback"]);
        let obstacle = if blocks || has(&DENIALS) {
            Some(DENIED)
        } else {
            (other_ports || other_words).then_some(OTHER_USE)
        };
        let direction = if has(&OUTGOING) {
            Some(Direction::Out)
        } else {
            has(&INCOMING).then_some(Direction::In)
        };
        Evidence {
            signaling,
            media: media || old_ports || has(&["rtp", " 10000 ", " 60000 ", " 60 000 "]),
            old_ports,
            direction,
            obstacle,
        }
    }

    fn is_of_a_plane(self) -> bool {
        self.signaling || self.media
    }

    fn planes(self) -> Planes {
        let all = !self.is_of_a_plane();
        Planes {
            signaling: all || self.signaling,
            media: all || self.media,
        }
    }
}

/// Returns the purpose of each element.
pub(super) fn purposes(layout: &Layout, is_wanted: impl Fn(&Element) -> bool) -> Vec<Purpose> {
    let mut purposes = vec![Err(NOT_UNDERSTOOD); layout.elements.len()];
    let mut block = 0..0;
    let mut around = Evidence::default();
    let mut section = Evidence::default();
    for (at, element) in layout.elements.iter().enumerate() {
        let list = &layout.lists[element.list];
        let before = at.checked_sub(1).map(|before| &layout.elements[before]);
        let mut row = before.map_or(0, |before| layout.lines.at(before.place.end - 1) + 1);
        if list.block != block {
            block = list.block.clone();
            around = evidence_around(layout, list);
            section = Evidence::default();
            row = element.row;
        }
        for comment in row..element.row {
            let said = Evidence::of(&layout.lines.beginning_text(comment));
            if said.is_of_a_plane() {
                section = said;
            }
        }
        let is_first = list.members.first() == Some(&at);
        purposes[at] = match list.form {
            Form::Inline if !is_first => purposes[list.members[0]],
            _ if !is_wanted(element) && list.form != Form::Inline => Err(NOT_UNDERSTOOD),
            _ => purpose(layout, element, list, [section, around]),
        };
    }
    purposes
}

fn purpose(layout: &Layout, element: &Element, list: &List, more: [Evidence; 2]) -> Purpose {
    let start = element.place.start;
    if is_in_comment(layout.text, &layout.lines.around(start..start), start) {
        return Err(IN_COMMENT);
    }
    let mut own = own_evidence(layout, element, list);
    let obstacles = more.iter().map(|evidence| evidence.obstacle);
    if let Some(obstacle) = obstacles.fold(own.obstacle, Option::or) {
        return Err(obstacle);
    }
    if is_record(&layout.lines.around(start..start), layout.text) {
        return Err(IN_LOG);
    }
    if let Some(reason) = opposite_effect(layout, element) {
        return Err(reason);
    }
    let more = more.into_iter().find(|evidence| evidence.is_of_a_plane());
    let more = more.unwrap_or_default();
    if list.form != Form::Inline && !is_understood(layout, element) {
        return Err(NOT_UNDERSTOOD);
    }
    let word = word_before(layout, element);
    own.signaling |= word == "match";
    let evidence = if own.is_of_a_plane() { own } else { more };
    let from = (word == "from").then_some(Direction::In);
    let direction = own.direction.or(from).or(evidence.direction);
    let planes = evidence.planes();
    // The ports of incoming media are the user's own.
    if planes.media && evidence.old_ports && direction != Some(Direction::In) {
        return Err(OLD_PORTS);
    }
    Ok(planes)
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

/// Reads the line of an element, or the first and the last line of an inline list.
fn own_evidence(layout: &Layout, element: &Element, list: &List) -> Evidence {
    let last = match (list.form, list.members.last()) {
        (Form::Inline, Some(last)) => &layout.elements[*last],
        _ => element,
    };
    let before = layout.lines.before(element.place.start);
    let both = [before, b" ", layout.after(last)].concat();
    Evidence::of(&String::from_utf8_lossy(&both))
}

/// Reads the lines above and below a block.
fn evidence_around(layout: &Layout, list: &List) -> Evidence {
    let first = &layout.elements[list.block.start];
    let above = evidence_above(layout, list, first);
    if above.is_of_a_plane() || above.obstacle.is_some() {
        return above;
    }
    evidence_below(layout, list)
}

fn evidence_above(layout: &Layout, list: &List, first: &Element) -> Evidence {
    let before = list.block.start.checked_sub(1);
    let before = before.map(|before| &layout.elements[before]);
    let from = before.map_or(0, |before| layout.lines.at(before.place.end - 1) + 1);
    for row in (from.max(first.row.saturating_sub(REACH))..first.row).rev() {
        let line = layout.lines.beginning_text(row);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['}', ']', ')']) {
            break;
        }
        let opens = line.ends_with(['[', '{', '(', ':', '=', '\\']);
        let describes = layout.lines.is_comment(row) || opens;
        let evidence = Evidence::of(line);
        if evidence.obstacle == Some(OTHER_USE) && !evidence.is_of_a_plane() {
            return evidence;
        }
        if !describes && !is_field(line) {
            break;
        }
        let obstacle = evidence.obstacle.filter(|_| describes);
        if evidence.is_of_a_plane() || obstacle.is_some() {
            return Evidence {
                old_ports: evidence.old_ports || has_old_ports(layout, from, row),
                obstacle,
                ..evidence
            };
        }
    }
    Evidence::default()
}

/// Returns true if the ends of the superseded media ports are in two neighboring lines, at and above a line.
fn has_old_ports(layout: &Layout, from: usize, row: usize) -> bool {
    let lines = from.max(row.saturating_sub(1))..=row;
    let lines: Vec<_> = lines.map(|row| layout.lines.beginning_text(row)).collect();
    Evidence::of(&lines.join(" ")).old_ports
}

/// Reads the fields of a record that follow its addresses.
fn evidence_below(layout: &Layout, list: &List) -> Evidence {
    let last = &layout.elements[list.block.end - 1];
    let next = layout.elements.get(list.block.end);
    let first = layout.lines.at(last.place.end - 1) + 1;
    let end = next.map_or(layout.lines.count(), |next| next.row);
    let mut fields = String::new();
    for row in first..end.min(first + REACH) {
        let line = layout.lines.beginning_text(row);
        let line = line.trim();
        let closes = row == first && line.starts_with([']', ')']);
        if !closes && (!is_field(line) || line.starts_with('-') || line.ends_with(['[', '{', '(']))
        {
            break;
        }
        fields.push_str(line);
        fields.push(' ');
    }
    // Only the ports count: words may be about the next list.
    let evidence = Evidence::of(&fields);
    let has_ports = fields.contains("5060") || fields.contains("5061") || fields.contains("10000");
    if has_ports {
        evidence
    } else {
        Evidence::default()
    }
}

/// Returns true if a line is a field with its name, such as `"from_port": 10000`.
fn is_field(line: &str) -> bool {
    let name = line.trim_start_matches(['-', ' ', '"', '\'']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.'));
    let (name, rest) = name.split_at(end.unwrap_or(name.len()));
    let rest = rest.trim_start_matches(['"', '\'', ' ', '\t']);
    !name.is_empty() && rest.starts_with([':', '='])
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
    let word = word_before(layout, element);
    let name = word.rsplit(['-', '_']).next().unwrap_or_default();
    let is_option = word.starts_with('-');
    let ends = name.strip_suffix('s').unwrap_or(name);
    let is_directive = DIRECTIVES.contains(&name) || DIRECTIVES.contains(&ends);
    let line = [before, b" ", after].concat();
    let words = normalize_words(&String::from_utf8_lossy(&line));
    let opens = before.trim_ascii().len() == word.len();
    (is_option || is_directive || opens) && (opens || RULES.iter().any(|rule| words.contains(rule)))
}

/// Returns the word before an element in lower case, such as `match` in `match=192.0.2.0/24` or `-s`.
pub(super) fn word_before(layout: &Layout, element: &Element) -> String {
    let before = layout.lines.before(element.place.start);
    let signs = |b: &u8| b" \t\"'=:>([{,".contains(b);
    let end = before.len() - before.iter().rev().take_while(|b| signs(b)).count();
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let start = end - before[..end].iter().rev().take_while(|b| name(b)).count();
    String::from_utf8_lossy(&before[start..end]).to_ascii_lowercase()
}
