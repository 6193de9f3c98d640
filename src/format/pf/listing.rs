//! An anchor's text to steps: our own files, what people write, and what `pfctl -sr` prints with
//! the tables that its rules use.

use std::collections::BTreeSet;

use super::rule::{self, Rule, interface};
use super::rule_reader::RuleAction;
use super::tables::Tables;
use super::tokens::{BRACES, Token, Tokens};
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::read::lines::{lines, place};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Action, Condition, HeaderBox, Step, differences};
use crate::policy::Direction;

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let _complete = lines(text).map_err(|error| vec![error])?;
    let anchor = wanted.unit.name.lower_with_hyphens();
    // Tables may stand after the rules that use them.
    let mut tables = Tables::new(anchor.clone());
    let may_overload = memchr::memmem::find(text.as_bytes(), b"overload").is_some();
    statements(text, wanted.limits, |tokens, keyword, _| match keyword {
        "table" => tables.define(tokens),
        _ if may_overload => tables.note_overloads(tokens),
        _ => tokens.skip_statement(),
    })?;
    let mut steps = Steps::default();
    statements(text, wanted.limits, |tokens, keyword, at| match keyword {
        "table" => tokens.skip_statement(),
        _ => steps.statement(tokens, &tables, keyword, at),
    })?;
    let units = [Direction::In, Direction::Out].map(|direction| {
        let ipv6 = steps.ipv6.in_order(direction);
        Ok(DeployedUnit {
            steps: steps.ipv4.in_order(direction),
            unmeasured: passed_ipv6(&ipv6, wanted.limits)?,
            ..DeployedUnit::empty(direction, anchor.clone())
        })
    });
    units.into_iter().collect()
}

/// The rules that pass packets of IPv6. Nothing is expected of IPv6, so each such packet differs.
fn passed_ipv6(steps: &[Step], limits: Limits) -> Result<Vec<Unmeasured>, Vec<ReadError>> {
    let Some(first) = steps.iter().find(|step| step.action == Action::Accept) else {
        return Ok(Vec::new());
    };
    let passed = differences(&[], steps, limits)
        .map_err(|exceeded| vec![ReadError::new(first.at, exceeded)])?;
    let rules: BTreeSet<u32> = passed
        .into_iter()
        .flat_map(|part| part.source_lines)
        .collect();
    let unmeasured = rules.into_iter().map(|at| Unmeasured {
        what: "packets of IPv6".to_owned(),
        at,
    });
    Ok(unmeasured.collect())
}

/// Goes through the statements that begin with a keyword. `read` takes the rest of each; it is
/// given the keyword, and where the statement stands.
fn statements<'a>(
    text: &'a str,
    limits: Limits,
    mut read: impl FnMut(&mut Tokens<'a>, &'a str, u32) -> Result<(), String>,
) -> Result<(), Vec<ReadError>> {
    let mut tokens = Tokens::new(text, limits);
    let mut errors = ErrorCollector::default();
    loop {
        let done = match tokens.next() {
            Ok(Token::End) => break,
            Ok(Token::Newline) => continue,
            Ok(first) => statement(&mut tokens, first, &mut read),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = done {
            errors.add(ReadError::new(place(tokens.line()), problem));
            if errors.is_full() {
                break;
            }
            // What else is wrong with the statement may come of the same mistake.
            while tokens.skip_statement().is_err() {}
        }
    }
    errors.finish(())
}

fn statement<'a>(
    tokens: &mut Tokens<'a>,
    first: Token<'a>,
    read: &mut impl FnMut(&mut Tokens<'a>, &'a str, u32) -> Result<(), String>,
) -> Result<(), String> {
    let at = place(tokens.line());
    match first {
        Token::Symbol('[') => counters(tokens.rest_of_line())?,
        Token::Symbol('@') => {
            let keyword = numbered(tokens)?;
            read(tokens, keyword, at)?;
        }
        Token::Word(name) if tokens.take_symbol('=')? => tokens.define(name)?,
        Token::Word(keyword) => read(tokens, keyword, at)?,
        other => return Err(format!("{EXPECTED}, not {other}")),
    }
    match tokens.peek()? {
        Token::Newline => Ok(()),
        Token::End => Err(
            "the text ends before the statement does, so it may have been cut off; give all of it"
                .to_owned(),
        ),
        _ => Err(tokens.unexpected("the end of the line")),
    }
}

const EXPECTED: &str = "expected a rule (pass, block, match or scrub), a table or a macro";

/// First words of the lines that `pfctl -v` prints below a rule.
const COUNTERS: [&str; 6] = [
    "Evaluations: ",
    "Inserted: ",
    "Last Active Time: ",
    "Skip steps: ",
    "Source Nodes: ",
    "queue: ",
];

fn counters(line: &str) -> Result<(), String> {
    let inside = line.trim_start().strip_suffix(']');
    let known = |inside: &str| COUNTERS.iter().any(|start| inside.starts_with(start));
    match inside {
        Some(inside) if known(inside) && !inside.contains(['[', ']']) => Ok(()),
        _ => Err("expected the counters that 'pfctl -v' prints, up to a ']'".to_owned()),
    }
}

/// `12` or `12(0)` after the `@` that `pfctl -vv` puts before a rule, and the rule's keyword.
fn numbered<'a>(tokens: &mut Tokens<'a>) -> Result<&'a str, String> {
    number(tokens)?;
    if tokens.take_symbol('(')? {
        number(tokens)?;
        tokens.expect_symbol(')')?;
    }
    match tokens.peek()? {
        Token::Word(keyword) => {
            tokens.next()?;
            Ok(keyword)
        }
        _ => Err(tokens.unexpected("a rule")),
    }
}

fn number(tokens: &mut Tokens) -> Result<(), String> {
    let number = tokens.value("the number of a rule")?;
    if number.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(format!("expected the number of a rule, not '{number}'"))
    }
}

/// The results of the rules of an anchor for each version of IP.
#[derive(Default)]
struct Steps {
    ipv4: Evaluation,
    ipv6: Evaluation,
}

impl Steps {
    fn statement<'a>(
        &mut self,
        tokens: &mut Tokens<'a>,
        tables: &Tables<'a>,
        keyword: &str,
        at: u32,
    ) -> Result<(), String> {
        let action = match keyword {
            "pass" => RuleAction::Pass,
            "block" => RuleAction::Block,
            "match" => RuleAction::Match,
            "scrub" => RuleAction::Scrub,
            "no" if tokens.take_word("scrub")? => RuleAction::Scrub,
            "set" => return option(tokens),
            _ => return Err(not_understood(keyword)),
        };
        let rule = rule::read(tokens, tables, action)?;
        self.ipv4.add(&rule, &rule.boxes, at, tokens.limits)?;
        self.ipv6.add(&rule, &rule.ipv6, at, tokens.limits)?;
        Ok(())
    }
}

/// The rules in the order in which pf decides, each direction by itself.
#[derive(Default)]
struct Evaluation {
    /// The first of these that applies decides.
    quick: [Vec<Step>; 2],
    /// Else the last of these.
    others: [Vec<Step>; 2],
}

impl Evaluation {
    fn add(
        &mut self,
        rule: &Rule,
        boxes: &[HeaderBox],
        at: u32,
        limits: Limits,
    ) -> Result<(), LimitExceeded> {
        let mut actions = actions(rule);
        let lists = if rule.quick {
            &mut self.quick
        } else {
            // The whole list is reversed in the end.
            actions.reverse();
            &mut self.others
        };
        for direction in [Direction::In, Direction::Out] {
            if rule.direction.is_some_and(|only| only != direction) {
                continue;
            }
            let list = &mut lists[direction as usize];
            limits.check(Limit::Rules, list.len() + boxes.len() * actions.len())?;
            for (action, condition) in &actions {
                list.extend(boxes.iter().map(|packets: &HeaderBox| Step {
                    packets: packets.to_remote_local(direction),
                    condition: *condition,
                    action: *action,
                    at,
                }));
            }
        }
        Ok(())
    }

    /// The steps of a direction, the one that decides first.
    fn in_order(&mut self, direction: Direction) -> Vec<Step> {
        let [quick, others] = [&mut self.quick, &mut self.others]
            .map(|lists| std::mem::take(&mut lists[direction as usize]));
        let mut steps = quick;
        steps.extend(others.into_iter().rev());
        steps
    }
}

/// The decisions of a rule in their order, each with its [`Step::condition`].
fn actions(rule: &Rule) -> Vec<(Action, Condition)> {
    match rule.action {
        // A packet that is not passed is dropped: no later rule decides.
        RuleAction::Pass if rule.may_drop => {
            vec![
                (Action::Accept, Condition::Unknown),
                (Action::Deny, rule.condition),
            ]
        }
        RuleAction::Pass => vec![(Action::Accept, rule.condition)],
        RuleAction::Block => vec![(Action::Deny, rule.condition)],
        RuleAction::Match | RuleAction::Scrub => Vec::new(),
    }
}

/// Options with one value each. They change nothing about what an anchor lets through, or
/// `pfctl -a` ignores them.
const OPTIONS: [&str; 10] = [
    "block-policy",
    "debug",
    "fail-policy",
    "fingerprints",
    "hostid",
    "loginterface",
    "optimization",
    "require-order",
    "ruleset-optimization",
    "state-policy",
];

fn option(tokens: &mut Tokens) -> Result<(), String> {
    let name = tokens.value("the name of an option")?;
    match name {
        // `pfctl -a` loads none of these three.
        "skip" => {
            tokens.expect_word("on")?;
            tokens.one_or_more(BRACES, interface)
        }
        "limit" | "timeout" => tokens.one_or_more(BRACES, |tokens| {
            tokens.value("the name of a limit or a timeout")?;
            tokens.value("a number").map(drop)
        }),
        "state-defaults" => Err(
            "'set state-defaults' adds options to the rules after it; write them in each rule"
                .to_owned(),
        ),
        _ if OPTIONS.contains(&name) => tokens.value("its value").map(drop),
        _ => Err(format!(
            "'set {name}' is not an option that is known to leave the rules of an anchor unchanged; remove it"
        )),
    }
}

fn not_understood(keyword: &str) -> String {
    match keyword {
        "anchor" | "load" | "include" => format!(
            "'{keyword}' brings in rules that are not in the text; expected them in their place"
        ),
        "nat" | "rdr" | "binat" | "no" => format!(
            "'{keyword}' changes addresses, so that what rules say of them cannot be judged"
        ),
        "antispoof" => {
            "'antispoof' stands for addresses of interfaces, which are not in the text; expected the rules that 'pfctl -sr' prints".to_owned()
        }
        _ => format!("{EXPECTED}, not '{keyword}'"),
    }
}
