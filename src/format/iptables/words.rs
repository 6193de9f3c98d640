//! Lines and words of a text for `iptables-restore`, or of what `iptables-save` and `iptables -S` print.

use crate::format::read::error::ReadError;
use crate::format::read::lines::place;

/// `iptables-restore` takes the rest of a longer line for another line.
const LINE_LIMIT: usize = 10_238;

/// The options of which iptables prints the value in quotes, with quotes and backslashes in it
/// escaped. It prints the names of interfaces and of lists as they are, and these may contain quotes.
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

/// The reading of line breaks in quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As `iptables-save` and `iptables -S` print them: a comment goes on in the next line.
    Printed,
    /// As `iptables-restore` reads a file: each line by itself.
    Restored,
}

/// A line, with those that a quoted comment goes on in.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    pub at: u32,
    pub text: &'a str,
    /// True if a comment contains a line break.
    pub is_split: bool,
}

/// The lines of a text that ends in a newline.
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
        if !rest.starts_with(['#', '*', ':']) && self.reading == Reading::Printed {
            match rule_end(rest) {
                Ok(rule) => (end, is_split) = (rule, rule > end),
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
                "the line has more than {LINE_LIMIT} bytes, and iptables-restore takes the end of a long one \
                 for another line"
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

/// The same for a rule, of which a comment may contain newlines.
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
                return Err(format!("expected quotes around a whole word, not {word}"));
            }
            option = word;
            at += word.len();
            continue;
        };
        let length = quotation(quoted).ok_or(NO_PARTNER)?;
        let (value, after) = (&quoted[..length], &quoted[length + 1..]);
        let goes_on = value.contains('\n');
        if !after.is_empty() && !after.starts_with([' ', '\t', '\r', '\n']) {
            let problem = if goes_on { NO_PARTNER } else { NO_SPACE };
            return Err(problem.to_owned());
        }
        if value.contains([' ', '\t']) && !QUOTED.contains(&option) {
            return Err(format!(
                "expected no quoted text with spaces after {option}: iptables prints none there"
            ));
        }
        at += length + 2;
        if goes_on {
            if option != "--comment" {
                return Err(NO_PARTNER.to_owned());
            }
            end = at + line_end(&text[at..]);
        }
        option = "";
    }
}

/// True for most lines: those without quotes, or with one comment and no other text in quotes.
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

const NO_PARTNER: &str = "a quotation mark has no partner";
const NO_SPACE: &str = "expected a space after a quotation";

/// The length of a quotation without the mark that ends it.
fn quotation(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// The words of a rule. A text in double quotes is one word.
pub(super) struct Words<'a> {
    rest: &'a str,
    /// True if the last word had backslashes within quotes, which iptables takes away.
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
                    Err(format!("expected quotes around a whole word, not {word}"))
                }
                word => Ok(Some(word)),
            };
        };
        let end = quotation(quoted).ok_or(NO_PARTNER)?;
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
        self.next()?.ok_or_else(|| format!("{option} has no value"))
    }

    /// True if the next word is this one, which is then read.
    pub fn take(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let after = rest.strip_prefix(word);
        let after = after.filter(|after| after.is_empty() || after.starts_with([' ', '\t']));
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// The rest that is not read yet, without the space before it.
    pub fn rest(&self) -> &'a str {
        self.rest.trim_start_matches([' ', '\t'])
    }
}
