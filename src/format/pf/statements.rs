//! The statements of a ruleset.

use super::tokens::{Token, Tokens};
use crate::format::read::lines::place;
use crate::limits::Limits;
use crate::read_error::{ErrorCollector, ReadError};

/// The keyword of a call of an anchor.
pub(super) const CALL: &str = "anchor";

/// The keyword that stands for the end of an anchor.
pub(super) const BLOCK_END: &str = "}";

/// Calls `read` with the keyword and the place of each statement that begins with a keyword. `read` must
/// read the rest of the statement.
pub(super) fn statements<'a>(
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
            // Further errors in the same statement may have the same cause.
            tokens.skip_errors();
            // Without the call, its rules would be read as rules around it.
            if tokens.peek() == Ok(Token::BlockStart) {
                break;
            }
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
        Token::BlockEnd => {
            tokens.leave_block();
            read(tokens, BLOCK_END, at)?;
        }
        Token::Word(CALL) => read(tokens, CALL, at)?,
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

pub(super) const EXPECTED: &str =
    "expected a rule (pass, block, match or scrub), a table or a macro";

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
