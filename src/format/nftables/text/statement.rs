//! The statements of rules (nft(8), "Statements").

use super::scan::{before_ambiguity, is_hidden_part};
use super::statement_reader::StatementReader;
use crate::firewall::{RuleAction, RuleText};
use crate::format::nftables::families::Families;
use crate::format::nftables::key::{Key, Source, Subject};
use crate::format::nftables::rule::{Rule, Statement};
use crate::format::nftables::token::{Token, Tokens};
use crate::format::nftables::words::{UNSUPPORTED, is_listed};

const UNITS: [&str; 4] = ["bytes", "kbytes", "mbytes", "packets"];
const PERIODS: [&str; 5] = ["second", "minute", "hour", "day", "week"];

const HIDDEN_PART: &str = "this comment may be a part of a rule, because nft up to 1.0.5 prints '#' before matches of iptables-nft that it cannot express; provide the output of 'nft -j list ruleset', or begin a file of commands with '#!/usr/sbin/nft -f'";

/// Parses the text of a rule and adds its statements to `rule`.
pub(super) fn rule<'a>(text: RuleText<'a>, rule: &mut Rule<'a, '_>) {
    if is_hidden_part(text.text) {
        rule.fail(HIDDEN_PART.into());
        rule.add(visible_verdict(&text.text[1..]));
        return;
    }
    let mut reader = match StatementReader::new(text) {
        Ok(reader) => reader,
        Err(problem) => return rule.give_up(problem.into()),
    };
    if reader.token == Token::End {
        return rule.give_up("expected a rule".into());
    }
    while reader.token != Token::End {
        match reader.statement() {
            Ok(statement) => rule.add(statement),
            Err(problem) => {
                rule.fail(problem.into());
                rule.add(visible_verdict(reader.rest()));
                return;
            }
        }
    }
}

const AMBIGUOUS: &str = "nft does not escape quotation marks, so a quoted text in this rule may end elsewhere; provide the output of 'nft -j list ruleset'";

/// Parses the text of a rule up to a quoted text that may end elsewhere. This text may also contain the verdict.
pub(super) fn ambiguous_rule<'a>(text: RuleText<'a>, rule: &mut Rule<'a, '_>) {
    rule.fail(AMBIGUOUS.into());
    let before = before_ambiguity(text.text).unwrap_or_default();
    let clear = RuleText {
        text: before,
        ..text
    };
    if let Ok(mut reader) = StatementReader::new(clear) {
        while reader.token != Token::End {
            match reader.statement() {
                Ok(statement) => rule.add(statement),
                Err(_) => break,
            }
        }
    }
    rule.add(visible_verdict(&text.text[before.len()..]));
}

/// The verdict at the end of a text that is only partly understood.
fn visible_verdict(text: &str) -> Statement<'_> {
    let mut tokens = Tokens::new(text);
    let mut action = None;
    let mut is_reject = false;
    loop {
        match tokens.next() {
            Err(_) => return Statement::UNDECIDED,
            Ok(Token::End) => break,
            Ok(Token::NewLine) => {}
            Ok(Token::Word("comment")) if matches!(tokens.next(), Ok(Token::Quoted(_))) => {}
            // The options of `reject`.
            Ok(Token::Word(_)) if is_reject => {}
            Ok(Token::Word(word)) => {
                is_reject = word == "reject";
                action = verdict_of(word, &mut tokens);
            }
            Ok(_) => action = None,
        }
    }
    action.map_or(Statement::UNDECIDED, |action| {
        Statement::Verdict(Some(action))
    })
}

/// The verdict that begins with a word, if it is one.
fn verdict_of<'a>(word: &str, tokens: &mut Tokens<'a>) -> Option<RuleAction<'a>> {
    let mut chain = || match tokens.next() {
        Ok(Token::Word(chain)) => Some(chain),
        _ => None,
    };
    match word {
        "accept" => Some(RuleAction::Accept),
        "drop" | "reject" => Some(RuleAction::Deny),
        "return" => Some(RuleAction::Return),
        "jump" => chain().map(RuleAction::Jump),
        "goto" => chain().map(RuleAction::Goto),
        _ => None,
    }
}

fn change<'a>(target: Key, source: Source) -> Statement<'a> {
    Statement::Change { target, source }
}

impl<'a> StatementReader<'a> {
    fn statement(&mut self) -> Result<Statement<'a>, String> {
        let word = self.word("a match or a statement of nft(8)")?;
        match word {
            "accept" | "drop" | "continue" | "return" | "jump" | "goto" => {
                self.verdict(word, &[]).map(Statement::Verdict)
            }
            "reject" => self.reject(),
            "counter" => self.counter().map(|()| Statement::NoEffect),
            "log" => self.log().map(|()| Statement::NoEffect),
            "last" => self.last_used().map(|()| Statement::NoEffect),
            "comment" => {
                self.string("a comment")?;
                self.end()?;
                Ok(Statement::NoEffect)
            }
            "limit" => self.limit().map(|()| Statement::Narrowing),
            "quota" => self.quota().map(|()| Statement::Narrowing),
            "ct" if self.token == Token::Word("count") => {
                self.advance()?;
                self.keyword("over")?;
                self.number().map(|_| Statement::Narrowing)
            }
            "ct" if matches!(
                self.token,
                Token::Word("helper" | "timeout" | "expectation")
            ) =>
            {
                self.connection_object()
            }
            "reset" => {
                self.one_of(&["tcp"])?;
                self.one_of(&["option"])?;
                let target = self.tcp_option()?;
                Ok(change(target, Source::default()))
            }
            "dup" => self.duplicate(),
            "notrack" => Ok(Statement::Untrack),
            // Fast path for the most common matches, all of which are supported.
            "ip" | "tcp" | "udp" | "th" | "iifname" | "oifname" => self.comparison(word),
            _ if is_listed(UNSUPPORTED, word) => Ok(self.unsupported(word)),
            _ => self.comparison(word),
        }
    }

    /// Reads the rest of a verdict. One of `separators` may follow.
    pub fn verdict(
        &mut self,
        word: &str,
        separators: &[char],
    ) -> Result<Option<RuleAction<'a>>, String> {
        let mut chain = || self.name("the name of a chain", separators);
        Ok(match word {
            "accept" => Some(RuleAction::Accept),
            "drop" => Some(RuleAction::Deny),
            "return" => Some(RuleAction::Return),
            "continue" => None,
            "jump" => Some(RuleAction::Jump(chain()?)),
            "goto" => Some(RuleAction::Goto(chain()?)),
            _ => return Err(format!("expected a verdict, not '{word}'")),
        })
    }

    fn reject(&mut self) -> Result<Statement<'a>, String> {
        const DENIES: Statement = Statement::Verdict(Some(RuleAction::Deny));
        if !self.keyword("with")? {
            return Ok(DENIES);
        }
        let denies = match self.one_of(&["tcp", "icmp", "icmpv6", "icmpx"])? {
            "tcp" => return self.one_of(&["reset"]).map(|_| Statement::Reset),
            "icmp" => Statement::Reject(Families::IPV4),
            "icmpv6" => Statement::Reject(Families::IPV6),
            _ => DENIES,
        };
        self.keyword("type")?;
        self.word("a reason")?;
        Ok(denies)
    }

    pub fn counter(&mut self) -> Result<(), String> {
        if self.keyword("name")? {
            self.string("the name of a counter")?;
        } else if self.keyword("packets")? {
            self.number()?;
            self.one_of(&["bytes"])?;
            self.number()?;
        }
        Ok(())
    }

    fn log(&mut self) -> Result<(), String> {
        while let Token::Word(option) = self.token {
            match option {
                "prefix" | "level" => {
                    self.advance()?;
                    self.string("a text")?;
                }
                "group" | "snaplen" | "queue-threshold" => {
                    self.advance()?;
                    self.number()?;
                }
                "flags" => {
                    self.advance()?;
                    self.log_flags()?;
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn log_flags(&mut self) -> Result<(), String> {
        match self.one_of(&["all", "skuid", "ether", "tcp", "ip"])? {
            "tcp" => {
                self.one_of(&["sequence", "options"])?;
                while self.sign(",")? {
                    self.one_of(&["sequence", "options"])?;
                }
                Ok(())
            }
            "ip" => self.one_of(&["options"]).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn last_used(&mut self) -> Result<(), String> {
        if self.keyword("used")? {
            self.word("a time")?;
        }
        Ok(())
    }

    /// Reads `helper set "sip"`, or a match on the helper.
    fn connection_object(&mut self) -> Result<Statement<'a>, String> {
        let mut ahead = self.clone();
        let object = ahead.word("an object")?;
        if !ahead.keyword("set")? {
            return self.comparison("ct");
        }
        *self = ahead;
        self.string("the name of an object")?;
        Ok(match object {
            // It ends the rule for a connection that is already known.
            "expectation" => Statement::Narrowing,
            _ => Statement::NoEffect,
        })
    }

    /// `dup to 192.0.2.1 device "eth0"`: the packet itself continues.
    fn duplicate(&mut self) -> Result<Statement<'a>, String> {
        self.one_of(&["to"])?;
        let mut source = self.source()?;
        if self.keyword("device")? {
            source = source.and(self.source()?);
        }
        Ok(Statement::Copy(source))
    }

    /// `10/second burst 5 packets`, or `10 mbytes/second`.
    fn limit(&mut self) -> Result<(), String> {
        if self.keyword("name")? {
            return self.string("the name of a limit").map(|_| ());
        }
        self.one_of(&["rate"])?;
        self.keyword("over")?;
        self.number()?;
        let period = if self.sign("/")? {
            self.word("a period")?
        } else {
            let rate = self.word("a rate")?;
            match rate.split_once('/') {
                Some((unit, period)) if UNITS.contains(&unit) => period,
                _ => return Err(format!("expected a rate, not '{rate}'")),
            }
        };
        if !PERIODS.contains(&period) {
            return Err(format!("expected {}, not '{period}'", PERIODS.join(", ")));
        }
        if self.keyword("burst")? {
            self.number()?;
            self.one_of(&UNITS)?;
        }
        Ok(())
    }

    fn quota(&mut self) -> Result<(), String> {
        if self.keyword("name")? {
            return self.string("the name of a quota").map(|_| ());
        }
        if !self.keyword("over")? {
            self.keyword("until")?;
        }
        self.number()?;
        self.one_of(&UNITS)?;
        if self.keyword("used")? {
            self.number()?;
            self.one_of(&UNITS)?;
        }
        Ok(())
    }

    /// Reads keys, an operator and a value, or keys and `vmap`; `word` is the first word of the keys.
    fn comparison(&mut self, word: &str) -> Result<Statement<'a>, String> {
        let mut keys = self.keys(word)?;
        match self.token {
            Token::Word("set") => {
                let Some(target) = keys.single() else {
                    return self.expected("a value");
                };
                self.advance()?;
                return Ok(change(target, self.source()?));
            }
            Token::Sign("&") | Token::Word("and") => {
                self.advance()?;
                self.mask(&mut keys)?;
            }
            _ => {}
        }
        if self.keyword("vmap")? {
            let value = self.set_or_name()?;
            return Ok(Statement::VerdictMap { keys, value });
        }
        let mut operator = self.operator()?;
        let value = match keys.single().map(|key| key.subject) {
            Some(
                Subject::Criterion(_) | Subject::Unmodeled(_) | Subject::Ipv6(_) | Subject::Icmpv6,
            ) => self.unmodeled()?,
            Some(Subject::Flags | Subject::State) => self.bits(&mut keys, &mut operator)?,
            _ => self.value()?,
        };
        Ok(Statement::Match {
            keys,
            operator,
            value,
        })
    }
}
