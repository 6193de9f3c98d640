//! The sets that a rule changes (nft(8), "Set statement", "Map statement" and "Meters").

use std::borrow::Cow;

use super::scan::is_hidden_part;
use crate::format::nftables::table::SetName;
use crate::format::nftables::token::{Token, Tokens};

const WORDS: [&str; 4] = ["add", "update", "delete", "meter"];

/// Adds to `found` the sets whose elements a rule adds or deletes.
pub(super) fn changed_sets<'a>(rule: &'a str, found: &mut Vec<SetName<'a>>) -> Result<(), String> {
    // The name of a set follows '@' or 'meter', or is in a variable.
    let names_set = memchr::memchr2(b'@', b'$', rule.as_bytes()).is_some();
    if !names_set && !rule.contains("meter") || !WORDS.iter().any(|word| rule.contains(word)) {
        return Ok(());
    }
    if is_hidden_part(rule) {
        let mut parts = rule.split('#');
        return parts.try_for_each(|part| changed_by(part, found));
    }
    changed_by(rule, found)
}

fn changed_by<'a>(rule: &'a str, found: &mut Vec<SetName<'a>>) -> Result<(), String> {
    let mut tokens = Tokens::new(rule);
    // True after a verb, until its set is read: 'add @s { ... }', or 'set add ... @s'.
    let mut open = false;
    loop {
        match tokens.next()? {
            Token::End => return Ok(()),
            Token::Word("add" | "update" | "delete") => open = true,
            Token::Word("meter") => {
                if let Some(name) = tokens.name(&[]) {
                    found.push(Some(Cow::Borrowed(name)));
                }
            }
            Token::Sign("$") if open => {
                found.push(None);
                open = false;
            }
            Token::Sign("@") if open => {
                if let Some(name) = tokens.name(&[',']) {
                    open = is_raw_payload(name, tokens)?;
                    if !open {
                        found.push(Some(Cow::Borrowed(name)));
                    }
                }
            }
            _ => {}
        }
    }
}

/// True if `@` and `word` start a raw payload expression, such as `@th,0,16`.
fn is_raw_payload(word: &str, mut after: Tokens) -> Result<bool, String> {
    Ok(matches!(word, "ll" | "nh" | "th" | "ih") && after.next()? == Token::Sign(","))
}
