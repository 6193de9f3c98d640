//! The new values of keys (nft(8), "Payload statement" and "Meta statement").

use super::statement_reader::StatementReader;
use super::value::HEADERS;
use crate::format::nftables::key::{Key, Source};
use crate::format::nftables::token::Token;
use crate::format::nftables::value::integer;
use crate::format::nftables::words::is_listed;

/// The precedence of an operator; zero if it computes no number.
fn precedence(operator: &str) -> u8 {
    match operator {
        "&" | "and" => 3,
        "^" | "xor" => 2,
        "|" | "or" => 1,
        _ => 0,
    }
}

impl StatementReader<'_> {
    /// Reads the expression after `set`: a value, or a computation with other keys.
    pub fn source(&mut self) -> Result<Source, String> {
        const OPERATORS: &str = "and or xor lshift rshift & | ^ << >> , .";
        let mut source: Option<Source> = None;
        let mut operator = "";
        // False if the operators do not apply from left to right.
        let mut is_in_order = true;
        let mut depth = 0_usize;
        loop {
            while self.sign("(")? {
                depth += 1;
                is_in_order = false;
            }
            let operand = self.operand()?;
            source = Some(match source {
                Some(source) => source.combined(operator, operand),
                None => operand,
            });
            while depth > 0 && self.sign(")")? {
                depth -= 1;
            }
            match self.token {
                Token::Word(next) | Token::Sign(next) if is_listed(OPERATORS, next) => {
                    let is_first = operator.is_empty();
                    is_in_order &= is_first || precedence(next) <= precedence(operator);
                    operator = next;
                    self.advance()?;
                }
                _ => break,
            }
        }
        if depth > 0 {
            return self.expected("')'");
        }
        let mut source = source.unwrap_or_default();
        if !is_in_order {
            source.mark = None;
        }
        if self.keyword("map")? {
            source.looks_up = true;
            source.mark = None;
            self.map_of_values()?;
        }
        Ok(source)
    }

    fn operand(&mut self) -> Result<Source, String> {
        let Token::Word(word) = self.token else {
            return self.scalar().map(|_| Source::default());
        };
        let is_hash = matches!(word, "jhash" | "symhash");
        let is_key = matches!(word, "meta" | "ct" | "rt" | "fib" | "socket" | "numgen");
        if !is_hash && !is_key && !is_listed(HEADERS, word) && !Key::is_bare_meta(word) {
            self.advance()?;
            return Ok(Source::constant(integer(word)));
        }
        self.advance()?;
        match word {
            "jhash" => {
                let first = self.word("a key")?;
                let keys = self.keys(first)?.iter().collect();
                self.hash_options()?;
                Ok(Source {
                    keys,
                    ..Source::default()
                })
            }
            "symhash" => self.hash_options().map(|()| Source::default()),
            _ => Ok(Source::of(vec![self.key(word)?])),
        }
    }

    /// `mod 2 seed 0x1 offset 5`
    fn hash_options(&mut self) -> Result<(), String> {
        self.one_of(&["mod"])?;
        self.number()?;
        if self.keyword("seed")? {
            self.word("a seed")?;
        }
        if self.keyword("offset")? {
            self.number()?;
        }
        Ok(())
    }

    /// Skips the map after `map`: its values do not matter.
    fn map_of_values(&mut self) -> Result<(), String> {
        if self.sign("@")? {
            return self.name("the name of a map", &[',']).map(|_| ());
        }
        self.expect_sign("{")?;
        while !self.sign("}")? {
            if matches!(self.token, Token::End | Token::Sign("{")) {
                return self.expected("'}'");
            }
            self.advance()?;
        }
        Ok(())
    }
}
