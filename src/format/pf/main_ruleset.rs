//! Reads a main ruleset that calls the wanted anchor and contains its rules: the output of `pfctl -a '*' -sr`, or
//! `/etc/pf.conf` with the rules in braces.
//!
//! Rules outside of the wanted anchor only decide whether packets get to the call. A rule that cannot be read decides
//! nothing.

use super::approach::Approaches;
use super::calls::{OpenAnchors, name};
use super::rule;
use super::rule_reader::RuleAction;
use super::statements::{BLOCK_END, CALL, EXPECTED, statements};
use super::steps::{STATE_DEFAULTS, STATE_DEFAULTS_REFUSED, Steps};
use super::tables::Tables;
use super::tokens::Tokens;
use crate::firewall::DeployedUnit;
use crate::limits::Limits;
use crate::read_error::ReadError;

/// Other statements of a main ruleset. None of them decides certainly about a packet that a filter rule sees.
const OTHERS: &[&str] = &[
    "altq",
    "antispoof",
    "binat",
    "binat-anchor",
    "dummynet",
    "dummynet-anchor",
    "ether",
    "match",
    "nat",
    "nat-anchor",
    "no",
    "queue",
    "rdr",
    "rdr-anchor",
    "scrub",
    "scrub-anchor",
    "table",
];

/// Returns the first of the anchors that the text calls, if it calls any of them.
pub(super) fn called(
    text: &str,
    anchors: [String; 2],
    limits: Limits,
) -> Result<Option<String>, Vec<ReadError>> {
    if !may_call(text) {
        return Ok(None);
    }
    let mut open = OpenAnchors::default();
    let mut is_called = [false; 2];
    let mut has_calls = false;
    let read = statements(text, limits, |tokens, keyword, _| {
        match keyword {
            CALL => {
                has_calls = true;
                let target = open.skip_call(tokens)?;
                for (is_called, anchor) in is_called.iter_mut().zip(&anchors) {
                    *is_called |= target.is(anchor);
                }
            }
            BLOCK_END => open.leave(),
            _ => tokens.skip_errors(),
        }
        Ok(())
    });
    let found = anchors.into_iter().zip(is_called).find(|(_, is)| *is);
    if has_calls {
        read?;
    }
    Ok(found.map(|(anchor, _)| anchor))
}

/// Fast path: few rules of an anchor contain this word.
fn may_call(text: &str) -> bool {
    let has_call = |text: &str| memchr::memmem::find(text.as_bytes(), CALL.as_bytes()).is_some();
    let mut lines = text.lines();
    has_call(text) && lines.any(|line| !line.trim_start().starts_with('#') && has_call(line))
}

/// Reads an anchor that the text calls.
pub(super) fn parse(
    text: &str,
    anchor: &str,
    limits: Limits,
) -> Result<Vec<DeployedUnit>, Vec<ReadError>> {
    let tables = tables(text, anchor, limits)?;
    let mut ruleset = MainRuleset {
        tables: &tables,
        open: OpenAnchors::default(),
        approaches: Approaches::new(anchor, limits),
        reading: Steps::default(),
        read: None,
    };
    statements(text, limits, |tokens, keyword, at| {
        ruleset.statement(tokens, keyword, at)
    })?;
    let MainRuleset {
        approaches, read, ..
    } = ruleset;
    let Some(steps) = read else {
        let problem = format!(
            "the input calls the anchor '{anchor}', but does not contain its rules; provide the output of \
             \"pfctl -a '*' -sr\" together with the tables of the anchor"
        );
        return Err(vec![ReadError::new(approaches.first_call(), problem)]);
    };
    steps.units(anchor, limits, |direction| approaches.hook(direction))
}

/// Reads the tables of a main ruleset.
fn tables<'a>(text: &'a str, anchor: &str, limits: Limits) -> Result<Tables<'a>, Vec<ReadError>> {
    let mut tables = Tables::new(anchor.to_owned());
    let mut open = OpenAnchors::default();
    statements(text, limits, |tokens, keyword, _| {
        match (keyword, open.innermost()) {
            (CALL, _) => {
                open.skip_call(tokens)?;
            }
            (BLOCK_END, _) => open.leave(),
            ("table", None) => tables.define_if_readable(tokens)?,
            ("table", Some(target)) if target.is(anchor) => {
                return Err(
                    "a table within the braces of an anchor is not supported; define it before the anchor"
                        .to_owned(),
                );
            }
            ("table", Some(_)) => tables.skip_foreign(tokens)?,
            _ => {
                let read = tables.note_overloads(tokens);
                read.unwrap_or_else(|_| tokens.skip_errors());
            }
        }
        Ok(())
    })?;
    Ok(tables)
}

/// Reads an option. Only one option changes the rules of anchors.
fn option(tokens: &mut Tokens) -> Result<(), String> {
    if tokens.take_word(STATE_DEFAULTS)? {
        return Err(STATE_DEFAULTS_REFUSED.to_owned());
    }
    tokens.skip_errors();
    Ok(())
}

struct MainRuleset<'t, 'a> {
    tables: &'t Tables<'a>,
    open: OpenAnchors,
    approaches: Approaches<'t>,
    /// The rules in the current braces of the wanted anchor.
    reading: Steps,
    /// The rules of the wanted anchor, after its first closing brace.
    read: Option<Steps>,
}

impl<'a> MainRuleset<'_, 'a> {
    fn statement(&mut self, tokens: &mut Tokens<'a>, keyword: &str, at: u32) -> Result<(), String> {
        let anchor = self.tables.anchor();
        let is_inside = self.open.innermost().is_some_and(|t| t.is(anchor));
        match keyword {
            BLOCK_END => self.leave(is_inside),
            CALL if is_inside => Err(format!(
                "the anchor '{anchor}' calls another anchor, which is not supported; replace the call with rules"
            )),
            CALL => self.call(tokens, at),
            _ if is_inside => self.reading.statement(tokens, self.tables, keyword, at),
            "load" => self.load(tokens),
            "set" => option(tokens),
            "include" => Err(
                "'include' may change the macros and the tables that rules use; replace it with its file".to_owned(),
            ),
            "pass" => self.other_rule(tokens, RuleAction::Pass, at),
            "block" => self.other_rule(tokens, RuleAction::Block, at),
            keyword if OTHERS.contains(&keyword) => {
                tokens.skip_errors();
                Ok(())
            }
            keyword => Err(format!("{EXPECTED}, not '{keyword}'")),
        }
    }

    /// Reads a rule outside of the wanted anchor. A rule that cannot be read has no effect.
    fn other_rule(
        &mut self,
        tokens: &mut Tokens<'a>,
        action: RuleAction,
        at: u32,
    ) -> Result<(), String> {
        let rule = rule::read(tokens, self.tables, action);
        let wildcard = self.open.innermost().is_some_and(|t| t.is_wildcard);
        match rule {
            Ok(rule) if !wildcard => self.approaches.rule(&rule, at, tokens),
            Ok(_) => Ok(()),
            Err(_) => {
                tokens.skip_errors();
                Ok(())
            }
        }
    }

    /// Reads a statement that fills an anchor from a file after the ruleset is loaded.
    fn load(&mut self, tokens: &mut Tokens<'a>) -> Result<(), String> {
        tokens.expect_word(CALL)?;
        let target = self.open.resolve(name(tokens)?);
        tokens.skip_errors();
        let anchor = self.tables.anchor();
        if target.may_contain(anchor) {
            return Err(format!(
                "'load' fills the anchor '{anchor}' from a file that is not in the input; provide the output of \
                 \"pfctl -a '*' -sr\" together with the tables of the anchor"
            ));
        }
        Ok(())
    }

    fn call(&mut self, tokens: &mut Tokens<'a>, at: u32) -> Result<(), String> {
        tokens.begin_call();
        let target = self.open.resolve(name(tokens)?);
        let conditions = rule::read(tokens, self.tables, RuleAction::Call).ok();
        tokens.skip_errors();
        let ruleset = self
            .approaches
            .call(&target, conditions.as_ref(), at, tokens)?;
        if tokens.take_block()? {
            self.open.enter(target);
            self.approaches.enter(ruleset);
        }
        Ok(())
    }

    /// Ends an anchor. Each call of an anchor is printed with its rules.
    fn leave(&mut self, is_inside: bool) -> Result<(), String> {
        self.open.leave();
        self.approaches.leave();
        if !is_inside {
            return Ok(());
        }
        let steps = std::mem::take(&mut self.reading);
        match &self.read {
            Some(first) if !first.is_equal(&steps) => Err(format!(
                "the rules of anchor '{}' appear twice, but differ; list the rules again",
                self.tables.anchor()
            )),
            Some(_) => Ok(()),
            None => {
                self.read = Some(steps);
                Ok(())
            }
        }
    }
}
