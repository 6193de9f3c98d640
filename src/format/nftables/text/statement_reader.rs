//! The token reader that rules, sets and chains share.

use crate::firewall::RuleText;
use crate::format::nftables::token::{Token, Tokens};
use crate::format::read::lines::place;
use crate::format::read::number::from_digits;

/// Reads a statement token by token.
#[derive(Clone)]
pub(super) struct StatementReader<'a> {
    tokens: Tokens<'a>,
    pub token: Token<'a>,
    /// The place of the next token in the statement.
    start: usize,
    /// The place of the statement in the input.
    base: u32,
}

impl<'a> StatementReader<'a> {
    pub fn new(text: RuleText<'a>) -> Result<Self, String> {
        let mut reader = StatementReader {
            tokens: Tokens::new(text.text),
            token: Token::End,
            start: 0,
            base: text.at,
        };
        reader.advance()?;
        Ok(reader)
    }

    /// The place of the next token.
    pub fn place(&self) -> u32 {
        self.base.saturating_add(place(self.start))
    }

    /// The text from the next token on.
    pub fn rest(&self) -> &'a str {
        &self.tokens.text[self.start..]
    }

    /// Skips the rest of the statement.
    pub fn skip_to_end(&mut self) {
        self.token = Token::End;
    }

    /// Returns the next token and skips it.
    pub fn advance(&mut self) -> Result<Token<'a>, String> {
        let token = self.token;
        loop {
            self.tokens.skip_space();
            self.start = self.tokens.at;
            self.token = self.tokens.next()?;
            // A newline that does not end the statement is within braces.
            if self.token != Token::NewLine {
                return Ok(token);
            }
        }
    }

    /// Skips a sign, if it comes next. Returns true if it did.
    pub fn sign(&mut self, sign: &str) -> Result<bool, String> {
        let found = self.token == Token::Sign(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Skips a word, if it comes next. Returns true if it did.
    pub fn keyword(&mut self, keyword: &str) -> Result<bool, String> {
        let found = self.token == Token::Word(keyword);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// The error that something else comes next.
    pub fn expected<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("expected {what}, not {}", self.token.shown()))
    }

    /// Skips a sign, which must come next.
    pub fn expect_sign(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign)? {
            Ok(())
        } else {
            self.expected(&format!("'{sign}'"))
        }
    }

    /// Reads a word without quotation marks.
    pub fn word(&mut self, what: &str) -> Result<&'a str, String> {
        let Token::Word(word) = self.token else {
            return self.expected(what);
        };
        self.advance()?;
        Ok(word)
    }

    /// Reads the name of a chain or a set, as [`Tokens::name`].
    pub fn name(&mut self, what: &str, separators: &[char]) -> Result<&'a str, String> {
        self.tokens.at = self.start;
        let Some(name) = self.tokens.name(separators) else {
            return self.expected(what);
        };
        self.advance()?;
        Ok(name)
    }

    /// Reads one of the given words.
    pub fn one_of(&mut self, words: &[&str]) -> Result<&'a str, String> {
        match self.token {
            Token::Word(word) if words.contains(&word) => self.word(""),
            _ => self.expected(&words.join(", ")),
        }
    }

    /// Reads a word, quoted or not.
    pub fn string(&mut self, what: &str) -> Result<&'a str, String> {
        match self.token {
            Token::Word(text) | Token::Quoted(text) => {
                self.advance()?;
                Ok(text)
            }
            _ => self.expected(what),
        }
    }

    /// Reads a decimal number.
    pub fn number(&mut self) -> Result<u64, String> {
        let word = self.word("a number")?;
        from_digits(word).ok_or_else(|| format!("expected a number, not '{word}'"))
    }

    /// Fails unless the statement ends here.
    pub fn end(&self) -> Result<(), String> {
        if self.token == Token::End {
            Ok(())
        } else {
            self.expected("the end of the statement")
        }
    }
}
