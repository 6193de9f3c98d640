//! Words of a line, as IOS and the ASA have them.

use std::str::FromStr;

use crate::format::read::number::is_number;
use crate::format::read::values::{address, prefix_length};
use crate::packets::{Interval, Protocols, complement};

/// The steps of [`Limit::Work`](crate::limits::Limit::Work) that the name of an object or a group
/// takes, because each is kept until all are read.
pub(super) const STEPS_OF_NAME: usize = 150;

/// The steps that a line takes.
pub(super) const STEPS_OF_LINE: usize = 25;

/// The words of a line that are not read yet.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub fn new(text: &'a str) -> Self {
        Words {
            rest: text.trim_ascii_start(),
        }
    }

    pub fn rest(self) -> &'a str {
        self.rest
    }

    pub fn peek(self) -> Option<&'a str> {
        let end = self.rest.bytes().position(|b| b.is_ascii_whitespace());
        let word = &self.rest[..end.unwrap_or(self.rest.len())];
        (!word.is_empty()).then_some(word)
    }

    pub fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.rest = self.rest[word.len()..].trim_ascii_start();
        Some(word)
    }

    pub fn next_if(&mut self, holds: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.peek().filter(|word| holds(word))?;
        self.next()
    }

    /// The next word, where there must be one.
    pub fn need(&mut self, what: &str) -> Result<&'a str, String> {
        self.next()
            .ok_or_else(|| format!("it ends where {what} is expected"))
    }

    /// Refuses what is left.
    pub fn finish(mut self) -> Result<(), String> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(format!("expected the end of the line, not '{word}'")),
        }
    }
}

/// Whether IOS takes a word for a keyword: it may be cut short, and case is no matter.
pub(super) fn means(word: &str, keyword: &str) -> bool {
    let start = keyword.as_bytes().get(..word.len());
    !word.is_empty() && start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// True if a command that begins with this word takes something back.
pub(super) fn is_removal(word: &str) -> bool {
    word.eq_ignore_ascii_case("no") || word.len() > 2 && means(word, "default")
}

/// The addresses of a network by one of them and its netmask.
pub(super) fn masked(base: u32, mask: &str) -> Result<Interval, String> {
    let length = prefix_length(address(mask)?).ok_or_else(|| {
        format!("expected a netmask without gaps, such as 255.255.255.0, not '{mask}'")
    })?;
    Ok(Interval::network(base, length))
}

/// A number that is one, or that has one of these names.
pub(super) fn by_name<T: Copy + FromStr>(word: &str, names: &[(&str, T)]) -> Option<T> {
    if is_number(word) {
        return word.parse().ok();
    }
    let named = names.iter().find(|(name, _)| *name == word);
    named.map(|(_, number)| *number)
}

/// A protocol by one of these names or its number; `ip` is all of them.
pub(super) fn protocols_by(names: &[(&str, u8)], word: &str) -> Result<Protocols, String> {
    if word == "ip" {
        return Ok(Protocols::ALL);
    }
    match by_name(word, names) {
        Some(0) => Err("protocol 0 may be any or only that one; write ip for any".to_owned()),
        Some(number) => Ok(Protocols::of(number)),
        None => Err(format!(
            "'{word}' is not a protocol from 1 to 255, nor one known here by name"
        )),
    }
}

/// The ports of `eq`, `neq`, `gt`, `lt` or `range`; `None` where no such word comes next.
///
/// `port` reads one port, `equal` those that `eq` and `neq` take.
pub(super) fn ports_by(
    words: &mut Words,
    port: fn(&mut Words) -> Result<u32, String>,
    equal: fn(&mut Words) -> Result<Vec<Interval>, String>,
) -> Result<Option<Vec<Interval>>, String> {
    let Some(operator) = words.next_if(|word| matches!(word, "eq" | "neq" | "gt" | "lt" | "range"))
    else {
        return Ok(None);
    };
    let whole = Interval::PORTS;
    let spans = match operator {
        "eq" => equal(words)?,
        "neq" => complement(&equal(words)?, whole),
        "gt" => complement(&[Interval::new(0, port(words)?).unwrap_or(whole)], whole),
        "lt" => complement(
            &[Interval::new(port(words)?, whole.last).unwrap_or(whole)],
            whole,
        ),
        _ => {
            let (first, last) = (port(words)?, port(words)?);
            let span = Interval::new(first, last);
            vec![span.ok_or_else(|| format!("the range of ports {first} {last} is reversed"))?]
        }
    };
    if spans.is_empty() {
        return Err(format!("no port is what '{operator}' asks for"));
    }
    Ok(Some(spans))
}
