//! What the parsers of the formats share.

use std::fmt;

use crate::firewall::DeployedUnit;
use crate::limits::{Limit, Limits};
use crate::packets::{
    Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, complement, normalized,
};
use crate::policy::{Direction, PortRange};
use crate::text::clip;

use super::{Unit, UnitName};

/// Which units of a text are to be read.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Their name.
    pub unit: &'a Unit,
    /// The directions that the user selected; at least one.
    pub directions: &'a [Direction],
    /// What they may cost.
    pub limits: Limits,
}

impl Wanted<'_> {
    /// The names of the units to look for in a text, by direction.
    ///
    /// Both directions of a unit are one thing where a load replaces both; so the one that was
    /// not selected must be empty. A user's own unit has exactly the name that the user gave, and
    /// one direction.
    pub(super) fn names(
        &self,
        spell: impl Fn(Direction) -> String,
        exists: impl Fn(&str) -> bool,
    ) -> Vec<(Direction, String)> {
        let both = [Direction::In, Direction::Out].map(|direction| (direction, spell(direction)));
        let exact = self.unit.name.to_string();
        let ours_exists = || both.iter().any(|(_, name)| exists(name));
        match self.directions {
            [only] if exists(&exact) && self.exact_name_wins(ours_exists) => vec![(*only, exact)],
            _ => both.into(),
        }
    }

    /// The same for formats of which only the selected directions are compared: the name for each
    /// direction, and after that of a single direction the exact name.
    pub(super) fn candidates(&self, spell: impl Fn(Direction) -> String) -> Vec<String> {
        let mut names: Vec<String> = self.directions.iter().map(|way| spell(*way)).collect();
        if names.len() == 1 {
            names.push(self.unit.name.to_string());
        }
        names
    }

    /// The name that the user gave, if a unit of exactly that name can be meant.
    pub(super) fn given_name(&self) -> Option<String> {
        let name = &self.unit.name;
        let is_given = self.directions.len() == 1 && *name != UnitName::default();
        is_given.then(|| name.to_string())
    }

    /// True if the last of the candidates is meant; `exists` takes their numbers.
    pub(super) fn is_users_own(&self, exists: impl Fn(usize) -> bool) -> bool {
        self.directions.len() == 1 && exists(1) && self.exact_name_wins(|| exists(0))
    }

    /// True if a unit of exactly the given name is preferred to one whose name was made of it:
    /// always, if the user gave a name.
    fn exact_name_wins(&self, ours_exists: impl FnOnce() -> bool) -> bool {
        self.unit.name != UnitName::default() || !ours_exists()
    }
}

/// What the parser of a format makes of a text: the wanted units, or all that it did not
/// understand.
pub type Parsed = Result<Vec<DeployedUnit>, Vec<ParseError>>;

/// Something in a text that is not understood, or that no set of packets says exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Where, in bytes; see [`Lines`] and [`excerpt`].
    pub at: u32,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl ParseError {
    /// Something wrong at a place.
    pub fn new(at: u32, problem: impl fmt::Display) -> Self {
        ParseError {
            at,
            problem: problem.to_string(),
        }
    }
}

/// As many mistakes as are worth reporting.
pub(super) const ERROR_LIMIT: usize = 20;

/// What is made of a text, unless something of that was not understood.
pub(super) fn sound<T>(made: T, mut errors: Vec<ParseError>) -> Result<T, Vec<ParseError>> {
    if errors.is_empty() {
        return Ok(made);
    }
    errors.truncate(ERROR_LIMIT);
    Err(errors)
}

/// As many characters of a text as a message shows.
const EXCERPT_LIMIT: usize = 240;

/// The bytes of a text that are read again to show a place in it.
const EXCERPT_BYTES: usize = 1 << 12;

/// Where the lines of a text start.
#[derive(Debug, Default)]
pub struct Lines(Vec<u32>);

impl Lines {
    /// Looks through a whole text.
    pub fn of(text: &str) -> Lines {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let after = newlines.map(|(at, _)| place(at + 1));
        Lines([0].into_iter().chain(after).collect())
    }

    /// The number of the line that a place is in, from 1.
    pub fn number(&self, at: u32) -> usize {
        self.0.partition_point(|start| *start <= at)
    }
}

/// The text at a place: a JSON value, or the rest of the line, without the space around it.
pub fn excerpt(text: &str, at: u32) -> String {
    let start = bounded(text.get(at as usize..).unwrap_or_default());
    let is_json = bounded(text).trim_start().starts_with('{');
    let value = if is_json { first_value(start) } else { None };
    let found = value.unwrap_or_else(|| start.lines().next().unwrap_or_default().trim().to_owned());
    clip(found, EXCERPT_LIMIT)
}

/// The start of a text.
fn bounded(text: &str) -> &str {
    let mut end = text.len().min(EXCERPT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The JSON value that a text starts with, without the space in it.
fn first_value(text: &str) -> Option<String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    Some(values.next()?.ok()?.to_string())
}

/// A place in a text as parsers note it. The text is shorter than 4 GiB, see [`super::parse()`].
pub(super) fn place(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Where a text that is read as JSON is wrong; serde counts bytes.
pub(super) fn place_of_error(text: &str, error: &serde_json::Error) -> u32 {
    let before = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let line: usize = before.map(str::len).sum();
    let mut at = text.len().min(line + error.column().saturating_sub(1));
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    place(at)
}

/// The lines of a text, each with its place, without the characters that end it.
///
/// The last line must be ended too: if it is not, the text may have been cut off.
pub(super) fn lines(text: &str) -> Result<impl Iterator<Item = (u32, &str)>, ParseError> {
    if !text.is_empty() && !text.ends_with('\n') {
        let start = text.rfind('\n').map_or(0, |newline| newline + 1);
        return Err(ParseError::new(
            place(start),
            "the last line does not end in a newline, so the text may have been cut off; give all of it",
        ));
    }
    let mut offset = 0;
    Ok(text.split_inclusive('\n').map(move |line| {
        let at = place(offset);
        offset += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        (at, line.strip_suffix('\r').unwrap_or(line))
    }))
}

/// The packets that a rule holds for, narrowed match by match.
#[derive(Clone, Debug)]
pub(super) struct Matches {
    pub boxes: Vec<HeaderBox>,
    /// See [`crate::packets::Step::condition`].
    pub condition: Condition,
    pub limits: Limits,
    /// The number of boxes that were looked at so far; see [`Limit::Work`].
    pub cost: usize,
}

impl Matches {
    /// Every packet; no narrowing may lead to more boxes than the limits allow.
    pub fn within(limits: Limits) -> Self {
        Matches {
            boxes: vec![HeaderBox::ALL],
            condition: Condition::True,
            limits,
            cost: 0,
        }
    }

    /// Keeps packets with a field in any of the spans, which are disjoint.
    pub fn span(&mut self, field: HeaderField, spans: &[Interval]) -> Result<(), String> {
        self.narrow(spans, |packets, span| packets.narrowed(field, *span))
    }

    /// Keeps packets with a field in none of the spans.
    pub fn not_span(&mut self, field: HeaderField, spans: &[Interval]) -> Result<(), String> {
        let spans = normalized(spans.to_vec());
        self.span(field, &complement(&spans, field.whole()))
    }

    /// As one or the other of the two above.
    pub fn span_or_not(
        &mut self,
        negated: bool,
        field: HeaderField,
        spans: &[Interval],
    ) -> Result<(), String> {
        if negated {
            self.not_span(field, spans)
        } else {
            self.span(field, spans)
        }
    }

    /// Keeps packets of which the source's or the destination's port is in any of the spans, which are
    /// [`normalized`].
    pub fn either_port(&mut self, spans: &[Interval]) -> Result<(), String> {
        let others = complement(spans, Interval::PORTS);
        let count = spans.len().saturating_mul(others.len() + 1);
        self.limits.check(Limit::Boxes, count)?;
        self.cost += count;
        let mut boxes = Vec::with_capacity(count);
        for span in spans {
            boxes.push(HeaderBox::ALL.with(HeaderField::SourcePort, *span));
        }
        for other in others {
            let rest = HeaderBox::ALL.with(HeaderField::SourcePort, other);
            boxes.extend(
                spans
                    .iter()
                    .map(|s| rest.with(HeaderField::DestinationPort, *s)),
            );
        }
        self.any_of(&boxes)
    }

    /// Keeps packets of a kind.
    pub fn kind(&mut self, kind: HeaderMatch) {
        self.keep(|packets| packets.matching(kind));
    }

    /// Keeps packets that are in any of the boxes, which are disjoint.
    pub fn any_of(&mut self, boxes: &[HeaderBox]) -> Result<(), String> {
        self.narrow(boxes, HeaderBox::and)
    }

    /// Whether every packet is of a protocol that has ports.
    pub fn have_ports(&self) -> bool {
        let with_ports = |p: &HeaderBox| Protocols::WITH_PORTS.holds(p.header().protocols);
        self.boxes.iter().all(with_ports)
    }

    /// Puts what `part` leaves of each box in its place.
    fn keep(&mut self, part: impl Fn(&HeaderBox) -> Option<HeaderBox>) {
        self.cost += self.boxes.len();
        self.boxes.retain_mut(|packets| {
            let left = part(packets);
            if let Some(left) = left {
                *packets = left;
            }
            left.is_some()
        });
    }

    fn narrow<T>(
        &mut self,
        choices: &[T],
        keep: impl Fn(&HeaderBox, &T) -> Option<HeaderBox>,
    ) -> Result<(), String> {
        if let [only] = choices {
            self.keep(|packets| keep(packets, only));
            return Ok(());
        }
        let count = self.boxes.len().saturating_mul(choices.len());
        self.limits.check(Limit::Boxes, count)?;
        // To make the choices took time, even if there is no box left to narrow.
        self.cost += count.max(choices.len());
        let old = std::mem::take(&mut self.boxes);
        for packets in &old {
            self.boxes
                .extend(choices.iter().filter_map(|choice| keep(packets, choice)));
        }
        Ok(())
    }
}

/// An IPv4 address in four decimal numbers.
pub(super) fn address(word: &str) -> Result<u32, String> {
    let parsed = word.parse::<std::net::Ipv4Addr>();
    parsed
        .map(std::net::Ipv4Addr::to_bits)
        .map_err(|_| format!("'{word}' is not an IPv4 address"))
}

/// The number of lines of a text.
pub(super) fn count_lines(text: &str) -> usize {
    let unended = !text.is_empty() && !text.ends_with('\n');
    memchr::memchr_iter(b'\n', text.as_bytes()).count() + usize::from(unended)
}

/// `192.0.2.1`, or `192.0.2.0/24`; host bits are no matter, since firewalls mask them away.
pub(super) fn network(word: &str) -> Result<Interval, String> {
    let Some((base, length)) = word.split_once('/') else {
        return address(word).map(Interval::single);
    };
    let base = address(base)?;
    plain_number(length)?;
    let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    let length = length.parse::<u32>().ok().filter(|n| digits && *n <= 32);
    let length = length.ok_or_else(|| format!("'{word}' has no prefix length from 0 to 32"))?;
    let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
    Ok(Interval {
        first: base & !hosts,
        last: base | hosts,
    })
}

/// Digits without a leading zero, which some programs take for octal and others do not.
pub(super) fn plain_number(digits: &str) -> Result<&str, String> {
    if digits.len() > 1 && digits.starts_with('0') {
        Err(format!(
            "'{digits}' has a leading zero, which may mean octal; write it without"
        ))
    } else {
        Ok(digits)
    }
}

/// A port's number, or the name of a service.
pub(super) fn port(word: &str) -> Result<u32, String> {
    let known = if word.bytes().all(|b| b.is_ascii_digit()) {
        plain_number(word)?.parse::<u16>().ok()
    } else {
        super::services::port(word)
    };
    known
        .map(u32::from)
        .ok_or_else(|| format!("'{word}' is not a port from 0 to 65535, nor a service known here"))
}

/// Two ports and what is between, `first` not above `last`.
pub(super) fn port_range(first: &str, last: &str) -> Result<Interval, String> {
    Interval::new(port(first)?, port(last)?)
        .ok_or_else(|| format!("the ports from '{first}' to '{last}' are reversed"))
}

/// Every port, where a firewall's own notation has no bounds.
pub(super) fn any_port() -> Interval {
    PortRange::ANY.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_a_line_or_a_value_of_at_most_240_characters() {
        assert_eq!(excerpt("a\n b c \nd\n", 2), "b c");
        let longest = "é".repeat(240);
        assert_eq!(excerpt(&longest, 0), longest);
        let cut = format!("{}...", "é".repeat(237));
        assert_eq!(excerpt(&format!("{longest}é"), 0), cut);
        assert_eq!(excerpt("{\"a\": [1,  2]}", 6), "[1,2]");
        // What is long is shown as it stands.
        let long = format!("{{\"a\": [ {}1]}}", "1,  ".repeat(1 << 16));
        let shown = format!("[ {}1, ...", "1,  ".repeat(58));
        assert_eq!(excerpt(&long, 6), shown);
    }

    #[test]
    fn a_place_is_of_the_line_that_its_newline_ends() {
        let numbers = [0, 1, 2, 3].map(|at| Lines::of("a\n\nb").number(at));
        assert_eq!(numbers, [1, 1, 2, 3]);
        let places = |text| lines(text).map(Iterator::collect::<Vec<_>>);
        assert_eq!(places("a\r\n\nb\n"), Ok(vec![(0, "a"), (3, ""), (4, "b")]));
        assert_eq!(places("a\nbc").unwrap_err().at, 2);
    }

    #[test]
    fn a_users_own_unit_has_one_direction_and_its_exact_name() {
        let names = |name: &str, directions: &[Direction], there: &[&str]| {
            let unit = Unit {
                name: UnitName::deployed(name).unwrap(),
                ..Unit::default()
            };
            let wanted = Wanted {
                unit: &unit,
                directions,
                limits: Limits::default(),
            };
            let names = wanted.names(|way| way.to_string(), |name| there.contains(&name));
            let names: Vec<String> = names.into_iter().map(|(_, name)| name).collect();
            names.join(" ")
        };
        let one = [Direction::Out];
        let both = [Direction::In, Direction::Out];
        let default = UnitName::default().to_string();
        assert_eq!(names(&default, &one, &["twilio-sip"]), "twilio-sip");
        assert_eq!(names(&default, &one, &[]), "in out");
        assert_eq!(names(&default, &one, &["in"]), "in out");
        assert_eq!(names(&default, &one, &["twilio-sip", "in"]), "in out");
        assert_eq!(names(&default, &both, &["twilio-sip"]), "in out");
        // A name that the user gave.
        assert_eq!(names("own", &one, &["own"]), "own");
        assert_eq!(names("own", &one, &["in", "own", "out"]), "own");
        assert_eq!(names("own", &one, &["in", "out"]), "in out");
        assert_eq!(names("own", &both, &["in", "own", "out"]), "in out");
    }
}
