//! The new values of keys (nft(8), "Payload statement" and "Meta statement").

use super::statement_reader::StatementReader;
use super::value::HEADERS;
use crate::format::nftables::key::{Key, Source};
use crate::format::nftables::token::Token;
use crate::format::nftables::words::is_listed;

impl StatementReader<'_> {
    /// Reads the expression after `set`: a value, or a computation with other keys.
    pub fn source(&mut self) -> Result<Source, String> {
        const OPERATORS: &str = "and or xor lshift rshift & | ^ << >> , .";
        let mut source = Source::default();
        let mut depth = 0_usize;
        loop {
            while self.sign("(")? {
                depth += 1;
            }
            self.operand(&mut source)?;
            while depth > 0 && self.sign(")")? {
                depth -= 1;
            }
            match self.token {
                Token::Word(next) | Token::Sign(next) if is_listed(OPERATORS, next) => {
                    self.advance()?;
                }
                _ => break,
            }
        }
        if depth > 0 {
            return self.expected("')'");
        }
        if self.keyword("map")? {
            source.looks_up = true;
            self.map_of_values()?;
        }
        Ok(source)
    }

    fn operand(&mut self, source: &mut Source) -> Result<(), String> {
        let Token::Word(word) = self.token else {
            return self.scalar().map(|_| ());
        };
        let is_hash = matches!(word, "jhash" | "symhash");
        let is_key = matches!(word, "meta" | "ct" | "rt" | "fib" | "socket" | "numgen");
        if !is_hash && !is_key && !is_listed(HEADERS, word) && !Key::is_bare_meta(word) {
            return self.scalar().map(|_| ());
        }
        self.advance()?;
        match word {
            "jhash" => {
                let first = self.word("a key")?;
                source.keys.extend(self.keys(first)?.iter());
                self.hash_options()
            }
            "symhash" => self.hash_options(),
            _ => {
                source.keys.push(self.key(word)?);
                Ok(())
            }
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
