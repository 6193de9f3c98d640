//! Splits an iptables listing into lines and words.

use crate::format::read::lines::place;
use crate::read_error::ReadError;

/// The maximum length of a line. `iptables-restore` reads the rest of a longer line as another line.
const LINE_LIMIT: usize = 10_238;

/// Options whose value iptables prints in quotes, with escapes for quotes and backslashes. iptables prints other
/// values, such as names of interfaces and lists, without escapes, even if they contain quotes.
const QUOTED: &[&str] = &[
    "--comment",
    "--log-prefix",
    "--nflog-prefix",
    "--ulog-prefix",
    "--string",
    "--hex-string",
    "--helper",
    "--path",
    "--u32",
    "--bytecode",
];

/// The meaning of a line break in quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As `iptables-save` and `iptables -S` print it: the comment continues on the next line.
    Printed,
    /// Does the same, except that a line with unusual quotation marks is one rule, which may be unreadable.
    Tolerant,
    /// As `iptables-restore` reads it: each line is separate.
    Restored,
}

/// A line, together with the lines on which its quoted comment continues.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    pub at: u32,
    pub text: &'a str,
    /// True if a comment contains a line break.
    pub is_split: bool,
}

/// An iterator over the statements of a text that ends in a newline.
pub(super) struct Statements<'a> {
    text: &'a str,
    offset: usize,
    reading: Reading,
}

impl<'a> Statements<'a> {
    pub fn of(text: &'a str, reading: Reading) -> Self {
        Statements {
            text,
            offset: 0,
            reading,
        }
    }
}

impl<'a> Iterator for Statements<'a> {
    type Item = Result<Statement<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.offset;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let mut end = line_end(rest);
        let mut is_split = false;
        if !rest.starts_with(['#', '*', ':']) && self.reading != Reading::Restored {
            match rule_end(rest) {
                Ok(rule) => (end, is_split) = (rule, rule > end),
                Err(_) if self.reading == Reading::Tolerant && is_closed(&rest[..end]) => {}
                Err(problem) => {
                    self.offset = self.text.len();
                    return Some(Err(ReadError::new(place(start), problem)));
                }
            }
        }
        self.offset = start + end;
        let text = rest[..end].trim_end_matches(['\n', '\r']);
        if text.len() > LINE_LIMIT && text.split('\n').any(|line| line.len() > LINE_LIMIT) {
            let problem = format!(
                "the line has more than {LINE_LIMIT} bytes, and iptables-restore reads the rest of a longer line \
                 as another line"
            );
            return Some(Err(ReadError::new(place(start), problem)));
        }
        Some(Ok(Statement {
            at: place(start),
            text,
            is_split,
        }))
    }
}

/// The place after the newline of the first line of a text.
fn line_end(text: &str) -> usize {
    memchr::memchr(b'\n', text.as_bytes()).map_or(text.len(), |newline| newline + 1)
}

/// The place after the newline that ends the first rule of a text. Its comment may contain newlines.
fn rule_end(text: &str) -> Result<usize, String> {
    let mut end = line_end(text);
    if is_plain(&text[..end]) {
        return Ok(end);
    }
    let mut at = 0;
    let mut option = "";
    loop {
        at += text[at..end].len()
            - text[at..end]
                .trim_start_matches([' ', '\t', '\r', '\n'])
                .len();
        if at >= end {
            return Ok(end);
        }
        let Some(quoted) = text[at..].strip_prefix('"') else {
            let word = text[at..end]
                .split([' ', '\t', '\r', '\n'])
                .next()
                .unwrap_or_default();
            if word.contains('"') {
                return Err(format!("expected quotes around a whole word, not '{word}'"));
            }
            option = word;
            at += word.len();
            continue;
        };
        let length = quotation(quoted).ok_or(NOT_CLOSED)?;
        let (value, after) = (&quoted[..length], &quoted[length + 1..]);
        let goes_on = value.contains('\n');
        if !after.is_empty() && !after.starts_with([' ', '\t', '\r', '\n']) {
            let problem = if goes_on { NOT_CLOSED } else { NO_SPACE };
            return Err(problem.to_owned());
        }
        if value.contains([' ', '\t']) && !QUOTED.contains(&option) {
            return Err(format!(
                "a quoted text with spaces cannot follow '{option}': iptables prints none there"
            ));
        }
        at += length + 2;
        if goes_on {
            if option != "--comment" {
                return Err(NOT_CLOSED.to_owned());
            }
            end = at + line_end(&text[at..]);
        }
        option = "";
    }
}

/// True for lines without quotes, or with one comment as their only quoted text. Most lines are like this.
fn is_plain(line: &str) -> bool {
    let bytes = line.as_bytes();
    let Some(first) = memchr::memchr(b'"', bytes) else {
        return true;
    };
    let last = memchr::memrchr(b'"', bytes).unwrap_or(first);
    first < last
        && line[..first].ends_with(" --comment ")
        && memchr::memchr2(b'"', b'\\', &bytes[first + 1..last]).is_none()
        && matches!(
            bytes.get(last + 1),
            None | Some(b' ' | b'\t' | b'\r' | b'\n')
        )
}

/// True if every quotation mark of a line may have another one that closes it.
fn is_closed(line: &str) -> bool {
    memchr::memchr_iter(b'"', line.as_bytes()).count() % 2 == 0
}

const NOT_CLOSED: &str = "a quotation mark is not closed";
const NO_SPACE: &str = "expected a space after a quoted text";

/// The length of a quoted text up to its closing mark.
fn quotation(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// The words of a rule. A quoted text is one word.
pub(super) struct Words<'a> {
    rest: &'a str,
    /// True if the last word was quoted and had backslashes, which iptables removes.
    pub has_escapes: bool,
}

impl<'a> Words<'a> {
    pub fn of(text: &'a str) -> Self {
        Words {
            rest: text,
            has_escapes: false,
        }
    }

    pub fn next(&mut self) -> Result<Option<&'a str>, String> {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        self.has_escapes = false;
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let is_space = |byte: u8| matches!(byte, b' ' | b'\t');
            let end = self.rest.bytes().position(is_space);
            let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            self.rest = rest;
            return match word {
                "" => Ok(None),
                word if word.contains('"') => {
                    Err(format!("expected quotes around a whole word, not '{word}'"))
                }
                word => Ok(Some(word)),
            };
        };
        let end = quotation(quoted).ok_or(NOT_CLOSED)?;
        let (word, rest) = (&quoted[..end], &quoted[end + 1..]);
        self.rest = rest;
        self.has_escapes = word.contains('\\');
        if rest.starts_with([' ', '\t']) || rest.is_empty() {
            Ok(Some(word))
        } else {
            Err(NO_SPACE.to_owned())
        }
    }

    pub fn value(&mut self, option: &str) -> Result<&'a str, String> {
        self.next()?
            .ok_or_else(|| format!("'{option}' has no value"))
    }

    /// Skips a word, if it comes next. Returns true if it did.
    pub fn take(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let after = rest.strip_prefix(word);
        let after = after.filter(|after| after.is_empty() || after.starts_with([' ', '\t']));
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Skips words up to the next option or `!`, or all words if the rest cannot be divided into words.
    pub fn skip_values(&mut self) {
        let ends = |rest: &str| rest.is_empty() || rest.starts_with('-') || rest.starts_with("! ");
        while !ends(self.rest()) {
            if self.next().is_err() {
                self.rest = "";
            }
        }
    }

    /// The unread rest without the space before it.
    pub fn rest(&self) -> &'a str {
        self.rest.trim_start_matches([' ', '\t'])
    }
}
