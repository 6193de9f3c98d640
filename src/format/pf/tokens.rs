//! Splits a text into the tokens of pf.conf(5) and expands macros.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use crate::limits::{Limit, LimitExceeded, Limits};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A word, which may be a keyword.
    Word(&'a str),
    /// A text between quotation marks, which is never a keyword.
    Quoted(&'a str),
    /// The last word of a macro and the characters that follow the macro without a space, which
    /// pf reads as one word: `$low:5061`.
    Joined(&'a str, &'a str),
    /// One of [`SYMBOLS`].
    Symbol(char),
    /// `><`
    Inside,
    /// `<>`
    Outside,
    /// The name of a macro after `$`.
    Macro(&'a str),
    /// The `{` after a call of an anchor; see [`Tokens::begin_call`].
    BlockStart,
    /// The `}` at the end of an anchor.
    BlockEnd,
    /// The end of a statement.
    Newline,
    /// The end of the text.
    End,
}

/// The opening and closing sign of a list.
pub(super) type Brackets = (char, char);
pub(super) const BRACES: Brackets = ('{', '}');
pub(super) const PARENTHESES: Brackets = ('(', ')');

const SYMBOLS: &str = "(){}<>!=/,-@[";

/// Characters that end a word without being part of it.
const NO_WORD: &[u8] = b"(){}<>!=/#,";

/// Words before a list. In a call of an anchor, a `{` after any other token begins the rules of the anchor.
const BEFORE_LISTS: [&str; 16] = [
    "on",
    "proto",
    "from",
    "to",
    "os",
    "port",
    "user",
    "group",
    "icmp-type",
    "icmp6-type",
    "route-to",
    "reply-to",
    "dup-to",
    "nat-to",
    "rdr-to",
    "binat-to",
];

/// The maximum number of words in a macro. pf reads values of about as many characters.
const MACRO_LIMIT: usize = 8096;

/// The work counted for reading a word of a macro.
const WORD_WORK: usize = 8;

/// The work counted for storing a word of a macro. With the default limit, all macros need less than 50 MB.
const KEPT_WORD_WORK: usize = 32;

const NOT_CLOSED: &str =
    "a '{' is not closed; if the input was cut off, provide the complete input";

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Word(word) => write!(f, "'{word}'"),
            Token::Quoted(text) => write!(f, "{text:?}"),
            Token::Joined(word, rest) => write!(f, "'{word}{rest}'"),
            Token::Symbol(symbol) => write!(f, "'{symbol}'"),
            Token::Inside => f.write_str("'><'"),
            Token::Outside => f.write_str("'<>'"),
            Token::Macro(name) => write!(f, "'${name}'"),
            Token::BlockStart => f.write_str("'{'"),
            Token::BlockEnd => f.write_str("'}'"),
            Token::Newline => f.write_str("the end of the line"),
            Token::End => f.write_str("the end of the text"),
        }
    }
}

/// Splits a text into tokens as pf does. The value of a macro is such a text too.
struct Scanner<'a> {
    text: &'a str,
    position: usize,
    /// The start of the last token's line.
    line: usize,
    in_macro: bool,
}

/// True if a character next to a word is a part of that word.
fn in_word(byte: u8) -> bool {
    IN_WORD[byte as usize]
}

/// A table for [`in_word`], which runs for most characters of a text.
const IN_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        table[byte as usize] = true;
        byte += 1;
    }
    let mut at = 0;
    while at < NO_WORD.len() {
        table[NO_WORD[at] as usize] = false;
        at += 1;
    }
    table
};

impl<'a> Scanner<'a> {
    fn new(text: &'a str, in_macro: bool) -> Self {
        Scanner {
            text,
            position: 0,
            line: 0,
            in_macro,
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn token(&mut self) -> Result<Token<'a>, String> {
        if self.position > 0 && self.byte(self.position - 1) == Some(b'\n') {
            self.line = self.position;
        }
        self.skip_space()?;
        let Some(first) = self.byte(self.position) else {
            return Ok(Token::End);
        };
        match (first, self.byte(self.position + 1)) {
            (b'\n', _) => Ok(self.taken(1, Token::Newline)),
            (b'>', Some(b'<')) => Ok(self.taken(2, Token::Inside)),
            (b'<', Some(b'>')) => Ok(self.taken(2, Token::Outside)),
            (b'"' | b'\'', _) => self.quoted(first),
            (b'$', _) if !self.in_macro => self.macro_name(),
            (b':' | b'_', _) => self.word(),
            _ if first.is_ascii_alphanumeric() => self.word(),
            _ => self.symbol(),
        }
    }

    fn taken(&mut self, bytes: usize, token: Token<'a>) -> Token<'a> {
        self.position += bytes;
        token
    }

    /// Skips spaces, comments, and line ends after a backslash or in the value of a macro.
    fn skip_space(&mut self) -> Result<(), String> {
        loop {
            match (self.byte(self.position), self.byte(self.position + 1)) {
                (Some(b'\r'), Some(b'\n')) if self.in_macro => self.join_lines(2)?,
                (Some(b'\n'), _) if self.in_macro => self.join_lines(1)?,
                (Some(b' ' | b'\t'), _) | (Some(b'\r'), Some(b'\n')) => self.position += 1,
                (Some(b'\\'), Some(b'\n')) => self.join_lines(2)?,
                (Some(b'#'), _) if !self.in_macro => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    /// Skips a line end that pf drops, which has a length of `bytes` together with its backslash.
    ///
    /// pf joins the words on both sides of it, which is an error here.
    fn join_lines(&mut self, bytes: usize) -> Result<(), String> {
        let before = self.position.checked_sub(1).and_then(|at| self.byte(at));
        self.position += bytes;
        let after = self.byte(self.position);
        if !self.in_macro {
            self.line = self.position;
        }
        if before.is_some_and(in_word) && after.is_some_and(in_word) {
            return Err(if self.in_macro {
                "pf joins the lines of a macro without a space; add a space at the end of the line"
            } else {
                "pf joins the words around a backslash at the end of a line; add a space before the backslash"
            }
            .to_owned());
        }
        Ok(())
    }

    /// Skips a comment. It continues after a line that ends in a backslash (pf.conf(5)).
    fn comment(&mut self) -> Result<(), String> {
        while let Some(byte) = self.byte(self.position) {
            match (byte, self.byte(self.position + 1)) {
                (b'\n', _) => break,
                (b'\\', Some(b'\r')) => {
                    return Err("a carriage return follows '\\' in a comment, so its end is unclear; remove the carriage return".to_owned());
                }
                (b'\\', Some(next)) => {
                    self.position += 2;
                    if next == b'\n' {
                        self.line = self.position;
                    }
                }
                _ => self.position += 1,
            }
        }
        Ok(())
    }

    /// Reads a quoted text up to its closing mark, which may be on a later line.
    fn quoted(&mut self, mark: u8) -> Result<Token<'a>, String> {
        let start = self.position + 1;
        self.position = start;
        let mut unclear = false;
        loop {
            let next = self.byte(self.position + 1);
            match self.byte(self.position) {
                None => return Err("a quotation mark is not closed".to_owned()),
                Some(b'\\') if next == Some(mark) || next == Some(b'\n') => self.position += 2,
                Some(byte) if byte == mark => break,
                Some(byte) => {
                    unclear |= byte == b'\\';
                    self.position += 1;
                }
            }
        }
        let text = &self.text[start..self.position];
        let quoted = self.taken(1, Token::Quoted(text));
        if unclear {
            return Err(
                "a backslash in a quoted text is supported only before a quotation mark or at the end of a line"
                    .to_owned(),
            );
        }
        Ok(quoted)
    }

    fn macro_name(&mut self) -> Result<Token<'a>, String> {
        let rest = &self.text[self.position + 1..];
        let part = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let end = rest.bytes().position(|b| !part(b)).unwrap_or(rest.len());
        self.position += 1 + end;
        let name = &rest[..end];
        if self.byte(self.position) == Some(b'\\') {
            return Err(format!("expected a space after the macro '${name}'"));
        }
        Ok(Token::Macro(name))
    }

    /// Reads the characters that belong to the word before them, if there are any.
    fn rest_of_word(&mut self) -> Result<Option<&'a str>, String> {
        if !self.byte(self.position).is_some_and(in_word) {
            return Ok(None);
        }
        match self.word()? {
            Token::Word(rest) => Ok(Some(rest)),
            _ => Ok(None),
        }
    }

    fn word(&mut self) -> Result<Token<'a>, String> {
        let rest = &self.text[self.position..];
        let part = |b: u8| in_word(b) && b != b'\\';
        let end = rest.bytes().position(|b| !part(b)).unwrap_or(rest.len());
        self.position += end;
        let word = &rest[..end];
        if word.bytes().any(|b| b"\"'$".contains(&b)) {
            return Err(format!(
                "expected a space before the quotation mark or macro in '{word}'"
            ));
        }
        Ok(Token::Word(word))
    }

    fn symbol(&mut self) -> Result<Token<'a>, String> {
        let Some(symbol) = self.text[self.position..].chars().next() else {
            return Ok(Token::End);
        };
        self.position += symbol.len_utf8();
        if SYMBOLS.contains(symbol) {
            Ok(Token::Symbol(symbol))
        } else {
            Err(format!("{symbol:?} is not expected here"))
        }
    }
}
#[derive(Clone)]
struct Value {
    /// The range of the macro's words in [`Tokens::values`].
    words: Range<usize>,
    /// True if the value ends in a word without a space after it.
    ends_in_word: bool,
}

/// The tokens of a text, with macros expanded and without line ends inside braces.
pub(super) struct Tokens<'a> {
    scanner: Scanner<'a>,
    /// The start of the last token's line.
    line: usize,
    /// The next token and the start of its line, if it was read ahead.
    ahead: Option<(Token<'a>, usize)>,
    open_braces: usize,
    /// The start of the line of the outermost open brace.
    brace_line: usize,
    /// The starts of the lines of the calls whose rules are being read.
    open_blocks: Vec<usize>,
    /// True within a call of an anchor, before its rules.
    in_call: bool,
    /// True if the last token of a call was one of [`BEFORE_LISTS`].
    before_list: bool,
    macros: HashMap<&'a str, Value>,
    /// The words of all macros.
    values: Vec<Token<'a>>,
    /// The unread words of the macro that is being expanded.
    expansion: Range<usize>,
    /// The characters that follow the macro without a space.
    after_expansion: Option<&'a str>,
    /// The work of the text so far; see [`Limit::Work`].
    spent: usize,
    pub limits: Limits,
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str, limits: Limits) -> Self {
        Tokens {
            limits,
            scanner: Scanner::new(text, false),
            line: 0,
            ahead: None,
            open_braces: 0,
            brace_line: 0,
            open_blocks: Vec::new(),
            in_call: false,
            before_list: false,
            macros: HashMap::new(),
            values: Vec::new(),
            expansion: 0..0,
            after_expansion: None,
            spent: 0,
        }
    }

    /// The start of the last token's line.
    pub fn line(&self) -> usize {
        self.line
    }

    pub fn next(&mut self) -> Result<Token<'a>, String> {
        self.look_ahead()?;
        let (token, line) = self.ahead.take().unwrap_or((Token::End, self.line));
        self.line = line;
        Ok(token)
    }

    /// The token that [`Tokens::next`] will return.
    pub fn peek(&mut self) -> Result<Token<'a>, String> {
        self.look_ahead()?;
        Ok(self.ahead.map_or(Token::End, |(token, _)| token))
    }

    /// Reads the next token, unless it was read ahead.
    fn look_ahead(&mut self) -> Result<(), String> {
        if self.ahead.is_some() {
            return Ok(());
        }
        let token = self.read();
        let line = self.scanner.line;
        if token.is_err() {
            self.line = line;
        }
        self.ahead = Some((token?, line));
        Ok(())
    }

    fn read(&mut self) -> Result<Token<'a>, String> {
        let token = self.without_line_ends()?;
        if self.in_call {
            self.in_call = !matches!(token, Token::BlockStart | Token::Newline | Token::End);
            self.before_list = matches!(token, Token::Word(word) if BEFORE_LISTS.contains(&word));
        }
        Ok(token)
    }

    /// Reads a token, and skips line ends inside braces.
    fn without_line_ends(&mut self) -> Result<Token<'a>, String> {
        loop {
            let token = match self.expansion.next() {
                Some(at) => self.expanded(at),
                None => self.scanner.token()?,
            };
            match token {
                Token::Macro(name) => self.expand(name)?,
                Token::Symbol('{') if self.begins_block() => return Ok(Token::BlockStart),
                Token::Symbol('}') if self.open_braces == 0 && !self.open_blocks.is_empty() => {
                    return Ok(Token::BlockEnd);
                }
                Token::Symbol('{') => {
                    if self.open_braces == 0 {
                        self.brace_line = self.scanner.line;
                    }
                    self.open_braces += 1;
                    return Ok(token);
                }
                Token::Symbol('}') => {
                    self.open_braces = self
                        .open_braces
                        .checked_sub(1)
                        .ok_or("there is no '{' for this '}'")?;
                    return Ok(token);
                }
                Token::Newline if self.open_braces > 0 => {}
                Token::End if self.open_braces > 0 => {
                    self.open_braces = 0;
                    self.scanner.line = self.brace_line;
                    return Err(NOT_CLOSED.to_owned());
                }
                Token::End if !self.open_blocks.is_empty() => {
                    self.scanner.line = self.open_blocks.pop().unwrap_or_default();
                    self.open_blocks.clear();
                    return Err(NOT_CLOSED.to_owned());
                }
                _ => return Ok(token),
            }
        }
    }

    fn begins_block(&self) -> bool {
        self.in_call && self.open_braces == 0 && !self.before_list
    }

    /// Notes that the rest of the statement is a call of an anchor, which may have a block of rules. No token may
    /// be read ahead.
    pub fn begin_call(&mut self) {
        self.in_call = true;
        self.before_list = false;
    }

    /// Enters the block of a call, if it comes next. Returns true if it did.
    pub fn take_block(&mut self) -> Result<bool, String> {
        if self.peek()? != Token::BlockStart {
            return Ok(false);
        }
        self.next()?;
        if !self.at_end()? {
            return Err("expected the end of the line after the '{' of an anchor".to_owned());
        }
        let depth = self.open_blocks.len() + 1;
        self.limits.check(Limit::Depth, depth)?;
        self.open_blocks.push(self.line);
        Ok(true)
    }

    /// Leaves a block after its `}`.
    pub fn leave_block(&mut self) {
        self.open_blocks.pop();
    }

    /// Counts work. Fails above [`Limit::Work`].
    pub fn spend(&mut self, steps: usize) -> Result<(), LimitExceeded> {
        self.spent = self.spent.saturating_add(steps);
        self.limits.check(Limit::Work, self.spent)
    }

    fn expand(&mut self, name: &str) -> Result<(), String> {
        let value = self.macros.get(name).cloned();
        let value =
            value.ok_or_else(|| format!("macro '{name}' is not defined before this line"))?;
        if value.ends_in_word {
            self.after_expansion = self.scanner.rest_of_word()?;
        }
        self.spend(value.words.len() * WORD_WORK)?;
        self.expansion = value.words;
        Ok(())
    }

    /// A word of the macro that is being expanded.
    fn expanded(&mut self, at: usize) -> Token<'a> {
        match self.values[at] {
            Token::Word(word) if self.expansion.is_empty() => match self.after_expansion.take() {
                Some(rest) => Token::Joined(word, rest),
                None => Token::Word(word),
            },
            token => token,
        }
    }

    /// Reads the value of a macro up to the end of the statement.
    pub fn define(&mut self, name: &'a str) -> Result<(), String> {
        let start = self.values.len();
        let mut ends_in_word = false;
        while !self.at_end()? {
            match self.peek()? {
                Token::Quoted(text) => ends_in_word = self.define_quoted(name, start, text)?,
                word @ (Token::Word(_) | Token::Joined(..)) => {
                    ends_in_word = matches!(word, Token::Word(_));
                    self.keep(name, start, word)?;
                }
                _ => return Err(self.unexpected("the value of a macro")),
            }
            self.next()?;
        }
        let words = start..self.values.len();
        self.macros.insert(
            name,
            Value {
                words,
                ends_in_word,
            },
        );
        Ok(())
    }

    /// Adds a word to the value of a macro, whose words begin at `start`.
    fn keep(&mut self, name: &str, start: usize, word: Token<'a>) -> Result<(), String> {
        self.values.push(word);
        if self.values.len() - start > MACRO_LIMIT {
            return Err(format!(
                "the value of macro '{name}' has more than {MACRO_LIMIT} words"
            ));
        }
        let work = self.values.len() * KEPT_WORD_WORK;
        Ok(self.limits.check(Limit::Work, work)?)
    }

    /// Adds the words of a quoted text. Returns true if it ends in a word without a space after it.
    fn define_quoted(&mut self, name: &str, start: usize, text: &'a str) -> Result<bool, String> {
        let mut scanner = Scanner::new(text, true);
        let mut ends_in_word = false;
        loop {
            match scanner.token()? {
                Token::End => return Ok(ends_in_word),
                token => {
                    let rest = &text[scanner.position..];
                    let dropped = rest.bytes().all(|b| matches!(b, b'\\' | b'\r' | b'\n'));
                    ends_in_word = dropped && matches!(token, Token::Word(_));
                    self.keep(name, start, token)?;
                }
            }
        }
    }

    /// True at the end of the statement, or at the block of a call.
    pub fn at_end(&mut self) -> Result<bool, String> {
        let ends = [Token::Newline, Token::End, Token::BlockStart];
        Ok(ends.contains(&self.peek()?))
    }

    /// Skips to the end of the statement.
    pub fn skip_statement(&mut self) -> Result<(), String> {
        while !self.at_end()? {
            self.next()?;
        }
        Ok(())
    }

    /// Skips to the end of a statement that contains errors.
    pub fn skip_errors(&mut self) {
        while self.skip_statement().is_err() {}
    }

    /// Skips and returns the rest of the line without splitting it. No token may be read ahead.
    pub fn rest_of_line(&mut self) -> &'a str {
        let rest = &self.scanner.text[self.scanner.position..];
        let rest = rest.find('\n').map_or(rest, |end| &rest[..end]);
        self.scanner.position += rest.len();
        rest.trim_end()
    }

    /// Skips a keyword, if it comes next. Returns true if it did.
    pub fn take_word(&mut self, word: &str) -> Result<bool, String> {
        self.take(Token::Word(word))
    }

    /// Skips a symbol, if it comes next. Returns true if it did.
    pub fn take_symbol(&mut self, symbol: char) -> Result<bool, String> {
        self.take(Token::Symbol(symbol))
    }

    fn take(&mut self, wanted: Token) -> Result<bool, String> {
        self.look_ahead()?;
        let found = self.ahead.is_some_and(|(token, _)| token == wanted);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    pub fn expect_word(&mut self, word: &str) -> Result<(), String> {
        self.expect(Token::Word(word))
    }

    pub fn expect_symbol(&mut self, symbol: char) -> Result<(), String> {
        self.expect(Token::Symbol(symbol))
    }

    fn expect(&mut self, wanted: Token) -> Result<(), String> {
        if self.take(wanted)? {
            Ok(())
        } else {
            Err(self.unexpected(&wanted.to_string()))
        }
    }

    /// Reads a word or a quoted text. `what` describes it in messages.
    pub fn value(&mut self, what: &str) -> Result<&'a str, String> {
        match self.peek()? {
            Token::Word(value) | Token::Quoted(value) => {
                self.next()?;
                Ok(value)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// Reads the name of a table in angle brackets.
    pub fn table_name(&mut self) -> Result<&'a str, String> {
        self.expect_symbol('<')?;
        let name = self.value("the name of a table")?;
        self.expect_symbol('>')?;
        Ok(name)
    }

    /// Reads an item, or several between brackets.
    pub fn one_or_more(
        &mut self,
        (open, close): Brackets,
        mut item: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        if !self.take_symbol(open)? {
            return item(self);
        }
        loop {
            item(self)?;
            self.take_symbol(',')?;
            if self.take_symbol(close)? {
                return Ok(());
            }
        }
    }

    /// The error that another token comes next. It is not skipped, because it may end the statement.
    pub fn unexpected(&mut self, expected: &str) -> String {
        match self.ahead {
            Some((token, line)) => {
                self.line = line;
                format!("expected {expected}, not {token}")
            }
            None => format!("expected {expected}"),
        }
    }
}
