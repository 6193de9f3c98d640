//! Reads an anchor: a file for `pfctl -f`, or the output of `pfctl -sr` together with the tables that its
//! rules use.

use std::collections::BTreeSet;

use super::rule::{self, Rule, interface};
use super::rule_reader::RuleAction;
use super::tables::Tables;
use super::tokens::{BRACES, Token, Tokens};
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::lines::{lines, place};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Action, Condition, HeaderBox, Step, differences};
use crate::policy::Direction;
use crate::read_error::{ErrorCollector, ReadError};

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let _complete = lines(text).map_err(|error| vec![error])?;
    let anchor = wanted.unit.name.lower_with_hyphens();
    // Tables may follow the rules that use them, so they are read first.
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

/// The rules that pass IPv6 packets. The policy allows none of these.
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

/// Calls `read` with the keyword and the place of each statement that begins with a keyword. `read` must
/// read the rest of the statement.
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
            // Skip the rest of the statement: further errors in it may have the same cause.
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
            "the last statement is incomplete, so the input may have been cut off; provide the complete input"
                .to_owned(),
        ),
        _ => Err(tokens.unexpected("the end of the line")),
    }
}

const EXPECTED: &str = "expected a rule (pass, block, match or scrub), a table or a macro";

/// The starts of the lines that `pfctl -v` prints below a rule.
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
        _ => Err("expected counters as 'pfctl -v' prints them, with a ']' at the end".to_owned()),
    }
}

/// Reads the number after the `@` that `pfctl -vv` prints before a rule, such as `12` or `12(0)`. Returns
/// the keyword of the rule.
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

/// The rules of an anchor, separately for IPv4 and IPv6.
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

/// The rules of one IP version by direction.
#[derive(Default)]
struct Evaluation {
    /// Rules with `quick`: the first one that matches decides.
    quick: [Vec<Step>; 2],
    /// Other rules: the last one that matches decides, unless a quick rule does.
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
            // `in_order` reverses the whole list.
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

    /// The steps of a direction in the order of evaluation.
    fn in_order(&mut self, direction: Direction) -> Vec<Step> {
        let [quick, others] = [&mut self.quick, &mut self.others]
            .map(|lists| std::mem::take(&mut lists[direction as usize]));
        let mut steps = quick;
        steps.extend(others.into_iter().rev());
        steps
    }
}

/// The actions of a rule in order, each with its [`Step::condition`].
fn actions(rule: &Rule) -> Vec<(Action, Condition)> {
    match rule.action {
        // A packet that the rule does not pass is dropped. No later rule decides about it.
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

/// Options with one value each. They do not change which packets an anchor passes, or `pfctl -a` ignores
/// them.
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
        // `pfctl -a` ignores these three.
        "skip" => {
            tokens.expect_word("on")?;
            tokens.one_or_more(BRACES, interface)
        }
        "limit" | "timeout" => tokens.one_or_more(BRACES, |tokens| {
            tokens.value("the name of a limit or a timeout")?;
            tokens.value("a number").map(drop)
        }),
        "state-defaults" => Err(
            "'set state-defaults' adds options to later rules; write the options in each rule"
                .to_owned(),
        ),
        _ if OPTIONS.contains(&name) => tokens.value("its value").map(drop),
        _ => Err(format!(
            "'set {name}' may change the rules of the anchor, which is not supported; remove it"
        )),
    }
}

fn not_understood(keyword: &str) -> String {
    match keyword {
        "anchor" | "load" | "include" => format!(
            "'{keyword}' adds rules that are not in the input; replace it with these rules"
        ),
        "nat" | "rdr" | "binat" | "no" => format!(
            "'{keyword}' is not supported: it changes the addresses that later rules see"
        ),
        "antispoof" => {
            "'antispoof' depends on the addresses of interfaces, which are not in the input; provide the output of 'pfctl -sr'".to_owned()
        }
        _ => format!("{EXPECTED}, not '{keyword}'"),
    }
}
