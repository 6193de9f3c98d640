//! An anchor's text to steps: our own files, what people write, and what `pfctl -sr` prints with
//! the tables that its rules use.

use crate::format::parse::{ERROR_LIMIT, ParseError, Parsed, Wanted, lines, place, sound};
use crate::limits::{Exceeded, Limit, Limits};
use crate::policy::Direction;
use crate::policy::drift::{Beyond, DeployedUnit};
use crate::policy::space::{Packets, Step, Verdict};

use super::rule::{self, Action, Rule};
use super::tables::Tables;
use super::tokens::{Token, Tokens};

pub(super) fn parse(text: &str, wanted: Wanted) -> Parsed {
    let _complete = lines(text).map_err(|error| vec![error])?;
    let anchor = wanted.unit.name.lower_with_hyphens();
    // Tables may stand after the rules that use them.
    let mut tables = Tables::new(anchor.clone());
    statements(text, wanted.limits, |tokens, keyword, _| match keyword {
        "table" => tables.define(tokens),
        _ => tokens.skip_statement(),
    })?;
    let mut steps = Steps::default();
    statements(text, wanted.limits, |tokens, keyword, at| match keyword {
        "table" => tokens.skip_statement(),
        _ => steps.statement(tokens, &tables, keyword, at),
    })?;
    let both = [Direction::In, Direction::Out];
    Ok(both
        .into_iter()
        .map(|direction| DeployedUnit {
            steps: steps.in_order(direction),
            beyond: std::mem::take(&mut steps.beyond[direction as usize]),
            ..DeployedUnit::empty(direction, anchor.clone())
        })
        .collect())
}

/// Goes through the statements that begin with a keyword. `read` takes the rest of each; it is
/// given the keyword, and where the statement stands.
fn statements<'a>(
    text: &'a str,
    limits: Limits,
    mut read: impl FnMut(&mut Tokens<'a>, &'a str, u32) -> Result<(), String>,
) -> Result<(), Vec<ParseError>> {
    let mut tokens = Tokens::new(text, limits);
    let mut errors = Vec::new();
    loop {
        let done = match tokens.next() {
            Ok(Token::End) => break,
            Ok(Token::Newline) => continue,
            Ok(first) => statement(&mut tokens, first, &mut read),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = done {
            errors.push(ParseError::new(place(tokens.line()), problem));
            if errors.len() >= ERROR_LIMIT {
                break;
            }
            // What else is wrong with the statement may come of the same mistake.
            while tokens.skip_statement().is_err() {}
        }
    }
    sound((), errors)
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

/// What `pfctl -v` prints below a rule, by its first words.
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

/// What the rules of an anchor do, each direction by itself.
#[derive(Default)]
struct Steps {
    /// The first of these that holds decides.
    quick: [Vec<Step>; 2],
    /// Else the last of these.
    others: [Vec<Step>; 2],
    /// Rules that let IPv6 through without naming it.
    beyond: [Vec<Beyond>; 2],
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
            "pass" => Action::Pass,
            "block" => Action::Block,
            "match" => Action::Match,
            "scrub" => Action::Scrub,
            "no" if tokens.take_word("scrub")? => Action::Scrub,
            "set" => return option(tokens),
            _ => return Err(not_understood(keyword)),
        };
        let rule = rule::read(tokens, tables, action)?;
        Ok(self.add(&rule, at, tokens.limits)?)
    }

    fn add(&mut self, rule: &Rule, at: u32, limits: Limits) -> Result<(), Exceeded> {
        let verdict = match rule.action {
            Action::Pass => Verdict::Accept,
            Action::Block => Verdict::Deny,
            Action::Match | Action::Scrub => return Ok(()),
        };
        let lists = if rule.quick {
            &mut self.quick
        } else {
            &mut self.others
        };
        for direction in [Direction::In, Direction::Out] {
            if rule.direction.is_some_and(|only| only != direction) {
                continue;
            }
            if rule.ipv6 && verdict == Verdict::Accept {
                let what = "packets of IPv6".to_owned();
                self.beyond[direction as usize].push(Beyond { what, at });
            }
            let list = &mut lists[direction as usize];
            limits.check(Limit::Rules, list.len() + rule.boxes.len())?;
            list.extend(rule.boxes.iter().map(|packets: &Packets| Step {
                packets: packets.seen(direction),
                certain: rule.certain,
                verdict,
                at,
            }));
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

/// Options that change nothing about what the rules of an anchor let through, with one value each.
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
    if OPTIONS.contains(&name) {
        tokens.value("its value").map(drop)
    } else {
        Err(format!(
            "'set {name}' cannot be judged: it changes what pf does with every packet"
        ))
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
