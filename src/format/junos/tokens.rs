//! Tokens of both forms of a configuration: words, braces and lists.

use crate::format::read::lines::place;
use crate::limits::{Limit, Limits};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A word, without quotation marks.
    Word(&'a str),
    BlockStart,
    BlockEnd,
    ListStart,
    ListEnd,
    /// A semicolon.
    End,
    Newline,
}

/// The tokens of a text, without comments.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// True after a comment that says that Junos ignores the next statement.
    is_ignored: bool,
}

impl<'a> Tokens<'a> {
    pub fn of(text: &'a str) -> Self {
        Tokens {
            text,
            at: 0,
            is_ignored: false,
        }
    }

    /// The place where the search for the next token begins.
    pub fn place(&self) -> u32 {
        place(self.at)
    }

    /// True if a comment since the last call says that Junos ignores the next statement.
    pub fn take_ignored(&mut self) -> bool {
        std::mem::take(&mut self.is_ignored)
    }

    /// Skips lines as long as `is_such` returns true.
    pub fn skip_lines(&mut self, is_such: impl Fn(&str) -> bool) {
        while let Some(line) = self.text[self.at..].split_inclusive('\n').next() {
            if !is_such(line) {
                break;
            }
            self.is_ignored |= says_ignored(line);
            self.at += line.len();
        }
    }

    /// Returns the next token and its place; `None` at the end.
    pub fn next(&mut self) -> Result<Option<(u32, Token<'a>)>, String> {
        self.skip_blanks()?;
        let at = place(self.at);
        let rest = &self.text[self.at..];
        let Some(first) = rest.bytes().next() else {
            return Ok(None);
        };
        let single = match first {
            b'{' => Token::BlockStart,
            b'}' => Token::BlockEnd,
            b'[' => Token::ListStart,
            b']' => Token::ListEnd,
            b';' => Token::End,
            b'\n' => Token::Newline,
            b'"' => return Ok(Some((at, Token::Word(self.quoted()?)))),
            _ => {
                let end = rest.bytes().position(ends_word).unwrap_or(rest.len());
                self.at += end;
                return Ok(Some((at, Token::Word(&rest[..end]))));
            }
        };
        self.at += 1;
        Ok(Some((at, single)))
    }

    /// Skips blanks and comments: `/* ... */`, and from `#` to the end of the line.
    fn skip_blanks(&mut self) -> Result<(), String> {
        loop {
            let rest = &self.text[self.at..];
            let blanks = rest
                .bytes()
                .take_while(|b| b.is_ascii_whitespace() && *b != b'\n');
            self.at += blanks.count();
            let rest = &self.text[self.at..];
            if rest.starts_with('#') {
                let end = rest.find('\n').unwrap_or(rest.len());
                self.is_ignored |= says_ignored(&rest[..end]);
                self.at += end;
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").ok_or(
                    "the comment that begins here has no '*/', so the input may have been cut off; provide the \
                     complete input",
                )?;
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    /// Reads a quoted string on one line. A backslash escapes the next character.
    fn quoted(&mut self) -> Result<&'a str, String> {
        let rest = &self.text[self.at + 1..];
        let mut escaped = false;
        let end = rest.bytes().position(|byte| {
            let ends = byte == b'\n' || byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        match end {
            Some(end) if rest.as_bytes()[end] == b'"' => {
                self.at += end + 2;
                Ok(&rest[..end])
            }
            _ => Err("the closing quotation mark is missing on this line".to_owned()),
        }
    }
}

/// True for `## Warning: statement ignored: unsupported platform (srx1500)`, which Junos prints above
/// statements that it has but does not use.
fn says_ignored(comment: &str) -> bool {
    comment.starts_with('#') && comment.contains("Warning:") && comment.contains("ignored")
}

fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'{' | b'}' | b'[' | b']' | b';' | b'"')
}

/// The list at the end of a statement. `[ tcp udp ]` means one statement for each value.
#[derive(Default)]
pub(super) struct List<'a> {
    items: Vec<&'a str>,
    state: ListState,
}

#[derive(Default, PartialEq, Eq)]
enum ListState {
    #[default]
    Before,
    Open,
    Closed,
}

impl<'a> List<'a> {
    /// Adds a word to the list, or to the path before the list begins.
    pub fn word(
        &mut self,
        word: &'a str,
        path: &mut Vec<&'a str>,
        limits: Limits,
    ) -> Result<(), String> {
        match self.state {
            ListState::Before => {
                limits.check(Limit::Depth, path.len() + 1)?;
                path.push(word);
            }
            ListState::Open => {
                limits.check(Limit::Rules, self.items.len() + 1)?;
                self.items.push(word);
            }
            ListState::Closed => {
                return Err(format!("expected nothing after the list, not '{word}'"));
            }
        }
        Ok(())
    }

    pub fn start(&mut self) -> Result<(), String> {
        if self.state != ListState::Before {
            return Err("unexpected '[': a statement has at most one list".to_owned());
        }
        self.state = ListState::Open;
        Ok(())
    }

    pub fn end(&mut self) -> Result<(), String> {
        if self.state != ListState::Open || self.items.is_empty() {
            return Err("expected values between '[' and ']'".to_owned());
        }
        self.state = ListState::Closed;
        Ok(())
    }

    pub fn is_open(&self) -> bool {
        self.state == ListState::Open
    }

    pub fn is_there(&self) -> bool {
        self.state != ListState::Before
    }

    /// Calls `take` with the path of each statement.
    pub fn each(
        self,
        path: &mut Vec<&'a str>,
        mut take: impl FnMut(&[&'a str]) -> Result<(), String>,
    ) -> Result<(), String> {
        match self.state {
            ListState::Before => take(path),
            ListState::Open => Err("the list has no ']'".to_owned()),
            ListState::Closed => self.items.into_iter().try_for_each(|item| {
                path.push(item);
                let taken = take(path);
                path.pop();
                taken
            }),
        }
    }
}
