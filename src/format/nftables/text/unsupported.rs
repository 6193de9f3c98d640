//! Statements that a unit cannot contain, as far as their effect is known (nft(8), "NAT statements", "Set statement").

use super::statement_reader::StatementReader;
use crate::firewall::Translation;
use crate::format::nftables::extension::effect_of_target;
use crate::format::nftables::families::Families;
use crate::format::nftables::rule::Statement;
use crate::format::nftables::token::Token;
use crate::format::nftables::translation::{destination, redirection};
use crate::format::nftables::value::Value;
use crate::format::nftables::words::unsupported_statement;

impl<'a> StatementReader<'a> {
    /// Reads the rest of a statement whose first word was `word`.
    pub fn unsupported(&mut self, word: &str) -> Statement<'a> {
        let mut ahead = self.clone();
        let effect = match word {
            "xt" => ahead.extension(),
            "flow" => ahead.flow(),
            "add" | "update" | "delete" | "set" | "map" | "meter" => ahead.set_change(),
            "dnat" | "snat" | "redirect" | "masquerade" => ahead.translation(word),
            _ => Err(String::new()),
        };
        let effect = if let Ok(effect) = effect {
            *self = ahead;
            effect
        } else {
            self.skip_to_end();
            Statement::UNDECIDED
        };
        Statement::Unsupported(unsupported_statement(word), Box::new(effect))
    }

    /// `xt match "recent"`: nft does not show the options of a match or a target of iptables.
    fn extension(&mut self) -> Result<Statement<'a>, String> {
        let kind = self.one_of(&["match", "target"])?;
        let name = self.string("the name of an extension")?;
        Ok(match kind {
            "target" => effect_of_target(name),
            _ => Statement::Narrowing,
        })
    }

    /// `flow add @offload`: it ends the rule if the connection cannot be offloaded.
    fn flow(&mut self) -> Result<Statement<'a>, String> {
        self.one_of(&["add", "offload"])?;
        self.expect_sign("@")?;
        self.word("the name of a flowtable")?;
        Ok(Statement::Narrowing)
    }

    /// `@sip { ip saddr limit rate 10/second }`: it ends the rule if the set is full, or if a limit is exceeded.
    fn set_change(&mut self) -> Result<Statement<'a>, String> {
        while self.token != Token::Sign("{") {
            if self.token == Token::End {
                return self.expected("'{'");
            }
            self.advance()?;
        }
        let mut depth = 0_usize;
        loop {
            match self.advance()? {
                Token::Sign("{") => depth += 1,
                Token::Sign("}") => depth -= 1,
                Token::End => return self.expected("'}'"),
                _ => {}
            }
            if depth == 0 {
                return Ok(Statement::Narrowing);
            }
        }
    }

    /// `ip to 192.0.2.1:5061 random,persistent`
    fn translation(&mut self, word: &str) -> Result<Statement<'a>, String> {
        let families = if self.keyword("ip")? {
            Families::IPV4
        } else if self.keyword("ip6")? {
            Families::IPV6
        } else {
            Families::BOTH
        };
        let mut ahead = self.clone();
        let translation = match word {
            "dnat" => ahead.destination(),
            "redirect" => ahead.redirection(),
            _ => Ok(Translation::Source),
        };
        self.skip_to_end();
        Ok(Statement::Translate(families, translation.ok()))
    }

    /// `to 192.0.2.1:5061`, `to :5061`
    fn destination(&mut self) -> Result<Translation, String> {
        self.one_of(&["to"])?;
        let address = match self.token {
            Token::Sign(":") => None,
            _ => Some(self.single_value()?),
        };
        let port = self.new_port()?;
        let found = destination(address.as_ref(), port.as_ref());
        found.ok_or_else(|| "expected an address and a port".to_owned())
    }

    /// `to :5061`
    fn redirection(&mut self) -> Result<Translation, String> {
        let port = if self.keyword("to")? {
            self.new_port()?
        } else {
            None
        };
        Ok(redirection(port.as_ref()))
    }

    /// Reads a port after a colon, if there is one, and checks that only options follow.
    fn new_port(&mut self) -> Result<Option<Value<'a>>, String> {
        let port = match self.token {
            Token::Sign(":") => {
                self.advance()?;
                Some(self.single_value()?)
            }
            _ => None,
        };
        match self.token {
            Token::End | Token::Word("random" | "fully-random" | "persistent" | "comment") => {
                Ok(port)
            }
            _ => self.expected("the options of a translation"),
        }
    }
}
