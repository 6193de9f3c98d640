//! What the lines around an address speak of.

use std::ops::Range;

use memchr::{memchr_iter, memchr2_iter};

use super::find::Found;
use crate::dataset::Atlas;
use crate::select::names;
use crate::text::fold;

/// A line with these words is not judged.
const IGNORE: [&str; 2] = ["twilio-sip-allow: ignore", "twilio-sip-allow:ignore"];

/// Comments of a list, and what stands before it, count up to this distance.
const REACH: usize = 5;

/// Lines without an address that do not end a list.
const LONGEST_PAUSE: usize = 2;

/// What a comment speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// Twilio, or one of its regions.
    Twilio,
    /// Something that may be said of Twilio's addresses: a plane, a part of the world.
    Neutral,
    /// Something else.
    Other,
}

/// Words that say whose an address is.
pub struct Words {
    /// Regions, folded; Latin ones hold as whole words.
    regions: Vec<String>,
    neutral: Vec<String>,
}

impl Words {
    /// Of the regions and their names.
    pub fn new(atlas: &Atlas) -> Self {
        let regions = atlas.regions.iter().flat_map(names::names_of).map(plain);
        let continents = atlas
            .continents
            .iter()
            .flat_map(names::names_of_continent)
            .map(plain);
        let planes = [
            "sip",
            "rtp",
            "srtp",
            "media",
            "signaling",
            "signalling",
            "voice",
            "trunk",
            "gateway",
            "メディア",
            "シグナリング",
        ];
        Words {
            regions: regions.collect(),
            neutral: continents.chain(planes.into_iter().map(plain)).collect(),
        }
    }

    fn subject(&self, text: &str) -> Subject {
        let folded = plain(text);
        if folded.contains("twilio") || has_word(&folded, &self.regions) {
            Subject::Twilio
        } else if has_word(&folded, &self.neutral) {
            Subject::Neutral
        } else {
            Subject::Other
        }
    }
}

/// Folded, but with a blank wherever a word may end.
fn plain(text: &str) -> String {
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(fold).collect();
    format!(" {} ", words.join(" "))
}

/// Japanese has no blanks between words, so there a part of a word counts.
fn has_word(text: &str, words: &[String]) -> bool {
    words.iter().any(|word| {
        let part = if word.is_ascii() {
            word.as_str()
        } else {
            word.trim()
        };
        text.contains(part)
    })
}

/// Whether a text says `Twilio`, whatever the case of its letters.
pub fn says_twilio(text: &[u8]) -> bool {
    // A `w` is rarer than the letters around it.
    let rest = b"twilio";
    memchr2_iter(b'w', b'W', text).any(|at| {
        let start = at.wrapping_sub(1);
        let word = text.get(start..start.wrapping_add(rest.len()));
        word.is_some_and(|word| word.eq_ignore_ascii_case(rest)) && !is_directive(&text[start..])
    })
}

fn is_directive(text: &[u8]) -> bool {
    IGNORE.iter().any(|words| {
        text.len() >= words.len() && text[..words.len()].eq_ignore_ascii_case(words.as_bytes())
    })
}

/// The lines of a text that holds addresses.
pub struct Context<'t> {
    text: &'t [u8],
    /// Where each line starts.
    starts: Vec<usize>,
    /// Lines that have addresses.
    with_addresses: Vec<usize>,
    words: &'t Words,
}

impl<'t> Context<'t> {
    /// Of a text and what was found in it.
    pub fn new(text: &'t [u8], found: &[Found], words: &'t Words) -> Self {
        let starts: Vec<usize> = [0]
            .into_iter()
            .chain(memchr_iter(b'\n', text).map(|at| at + 1))
            .collect();
        let mut context = Context {
            text,
            starts,
            with_addresses: Vec::new(),
            words,
        };
        for one in found {
            let (first, last) = (
                context.line(one.place.start),
                context.line(one.place.end - 1),
            );
            context.with_addresses.extend(first..=last);
        }
        context.with_addresses.dedup();
        context
    }

    /// The line of a place, counted from 0.
    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at) - 1
    }

    /// Line and column of a place, both counted from 1, columns in characters.
    pub fn position(&self, at: usize) -> (usize, usize) {
        let line = self.line(at);
        let before = &self.text[self.starts[line]..at];
        (
            line + 1,
            String::from_utf8_lossy(before).chars().count() + 1,
        )
    }

    fn bytes(&self, line: usize) -> &'t [u8] {
        let end = self
            .starts
            .get(line + 1)
            .map_or(self.text.len(), |next| next - 1);
        &self.text[self.starts[line]..end]
    }

    fn shown(&self, line: usize) -> std::borrow::Cow<'t, str> {
        String::from_utf8_lossy(self.bytes(line))
    }

    /// Whether the line of a place is not to be judged.
    pub fn is_ignored(&self, at: usize) -> bool {
        self.has_directive(self.line(at))
    }

    fn has_directive(&self, line: usize) -> bool {
        let line = self.bytes(line);
        memchr2_iter(b't', b'T', line).any(|at| is_directive(&line[at..]))
    }

    /// Whether the line of a place says `Twilio`.
    pub fn says_twilio(&self, at: usize) -> bool {
        says_twilio(self.bytes(self.line(at)))
    }

    /// Whether the line of a place speaks of Twilio, or of one of its regions.
    pub fn speaks(&self, at: usize) -> bool {
        self.subject(self.line(at)) == Subject::Twilio
    }

    fn subject(&self, line: usize) -> Subject {
        if self.has_directive(line) {
            return Subject::Neutral;
        }
        self.words.subject(&self.shown(line))
    }

    fn is_blank(&self, line: usize) -> bool {
        self.bytes(line).trim_ascii().is_empty()
    }

    fn is_comment(&self, line: usize) -> bool {
        const STARTS: [&[u8]; 11] = [
            b"#", b";", b"//", b"--", b"!", b"/*", b"*", b"<!--", b"remark", b"rem ", b"REM ",
        ];
        let line = self.bytes(line).trim_ascii_start();
        STARTS.iter().any(|start| line.starts_with(start))
    }

    /// The lines of the list that a line with addresses is in.
    pub fn list(&self, at: usize) -> Range<usize> {
        let line = self.line(at);
        let here = self.with_addresses.partition_point(|other| *other < line);
        let goes_on = |from: usize, to: usize| {
            let between = from + 1..to;
            between.len() <= LONGEST_PAUSE
                && between
                    .into_iter()
                    .all(|line| self.is_blank(line) || self.is_comment(line))
        };
        let (mut first, mut last) = (here, here);
        while first > 0 && goes_on(self.with_addresses[first - 1], self.with_addresses[first]) {
            first -= 1;
        }
        while let Some(next) = self.with_addresses.get(last + 1) {
            if !goes_on(self.with_addresses[last], *next) {
                break;
            }
            last += 1;
        }
        self.with_addresses[first]..self.with_addresses[last] + 1
    }

    /// Whether the list of an address speaks of Twilio where it starts, or before the address.
    pub fn list_speaks(&self, list: &Range<usize>, at: usize) -> bool {
        let inside = (list.start..self.line(at))
            .filter(|line| self.is_comment(*line) || self.is_ending_comment(*line));
        inside
            .into_iter()
            .any(|line| self.subject(line) == Subject::Twilio)
            || self.head_speaks(list.start)
    }

    fn is_ending_comment(&self, line: usize) -> bool {
        own_comment(&self.shown(line)).is_some()
    }

    fn head_speaks(&self, start: usize) -> bool {
        let above = (start.saturating_sub(REACH)..start)
            .rev()
            .take_while(|line| !self.is_blank(*line));
        above.into_iter().any(|line| {
            let counts = line + 1 == start || self.is_comment(line);
            counts && self.subject(line) == Subject::Twilio
        })
    }

    /// Whether a comment says that an address is somebody else's: at its line, or the last one
    /// before it within the list.
    pub fn is_others(&self, list: &Range<usize>, at: usize) -> bool {
        let line = self.line(at);
        if let Some(comment) = own_comment(&self.shown(line)) {
            return self.words.subject(comment) == Subject::Other;
        }
        let first = list.start.saturating_sub(1);
        let comment = (first..line)
            .rev()
            .take_while(|line| !self.is_blank(*line))
            .find(|line| self.is_comment(*line));
        comment.is_some_and(|comment| self.subject(comment) == Subject::Other)
    }

    /// Whether the line of a place is one of a log: it has a time of day.
    pub fn is_log(&self, at: usize) -> bool {
        let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        let is_time = |w: &[u8]| {
            w[2] == b':' && w[5] == b':' && digits(&w[..2]) && digits(&w[3..5]) && digits(&w[6..8])
        };
        self.bytes(self.line(at)).windows(8).any(is_time)
    }

    /// Whether a version of something stands at a place rather than an address.
    pub fn is_version(&self, place: &Range<usize>) -> bool {
        let line = self.starts[self.line(place.start)];
        let before = &self.text[line..place.start];
        let after = &self.text[place.end..];
        let behind_name = match before {
            [.., name, b'-'] => name.is_ascii_alphanumeric(),
            [.., name, b'/'] => name.is_ascii_alphabetic(),
            _ => false,
        };
        let suffix = matches!(after, [b'-', next, ..] if next.is_ascii_alphabetic());
        let operators: [&[u8]; 8] = [b"==", b">=", b"<=", b"~=", b"!=", b"~>", b"^", b"~"];
        let spaced: [&[u8]; 4] = [b">= ", b"<= ", b"~> ", b"~= "];
        let compared = operators
            .iter()
            .chain(&spaced)
            .any(|sign| before.ends_with(sign));
        behind_name || suffix || compared || behind_version(before)
    }
}

/// Whether `version` stands before an address, with signs alone between.
fn behind_version(before: &[u8]) -> bool {
    let is_sign = |b: &u8| !b.is_ascii_alphanumeric();
    let end = before.len() - before.iter().rev().take_while(|b| is_sign(b)).count();
    let start = end
        - before[..end]
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
    let word = before[start..end].to_ascii_lowercase();
    word.ends_with(b"version") || word == b"ver"
}

/// The comment at the end of a line, or in an attribute of it.
fn own_comment(line: &str) -> Option<&str> {
    const SIGNS: [&str; 7] = [" #", "\t#", "//", " ;", " -- ", "/*", "<!--"];
    const ATTRIBUTES: [&str; 5] = ["comment", "description", "remark", "descr", "note"];
    let figures = line.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let ending = SIGNS.iter().filter_map(|sign| {
        let (at, _) = line
            .match_indices(sign)
            .find(|(at, _)| *at > figures && !line[..*at].ends_with(':'))?;
        Some(&line[at + sign.len()..])
    });
    let attribute = ATTRIBUTES.iter().filter_map(|name| {
        let at = line.to_ascii_lowercase().find(name)? + name.len();
        let rest = line
            .get(at..)?
            .trim_start_matches(['"', '\'', ' ', '=', ':']);
        Some(rest.split(['"', '\'', '}']).next().unwrap_or(rest))
    });
    ending
        .chain(attribute)
        .find(|comment| comment.chars().any(char::is_alphabetic))
}
