//! The properties of base chains (nft(8), "Chains").

use crate::firewall::RuleText;
use crate::format::nftables::base_chain::{devices, kind, named_priority};
use crate::format::nftables::table::{Base, Body};
use crate::format::nftables::token::{Token, Tokens};

/// Reads the properties of a base chain, even if a unit cannot be at its hook.
pub(super) fn base<'a>(body: &Body<'a>) -> Option<Base<'a>> {
    let starting_with = |word: &str| {
        let mut properties = body.properties.iter();
        properties.find(|property| property.text.starts_with(word))
    };
    let property = starting_with("type")?;
    let policy = starting_with("policy");
    let words = words_of(*property);
    let after = |word| words_after(&words, word).first().copied();
    let hook = after("hook")?;
    Some(Base {
        kind: kind(after("type")?),
        hook,
        priority: priority(words_after(&words, "priority")),
        devices: devices(hook, device_names(&words)),
        accepts: !policy.is_some_and(|policy| words_of(*policy).contains(&"drop")),
        at: policy.unwrap_or(property).at,
    })
}

/// The words and signs of a property.
fn words_of(property: RuleText<'_>) -> Vec<&str> {
    let mut tokens = Tokens::new(property.text);
    let mut words = Vec::new();
    while let Ok(Token::Word(word) | Token::Quoted(word) | Token::Sign(word)) = tokens.next() {
        words.push(word);
    }
    words
}

fn words_after<'w, 'a>(words: &'w [&'a str], before: &str) -> &'w [&'a str] {
    let at = words.iter().position(|word| *word == before);
    at.map_or(&[], |at| &words[at + 1..])
}

/// `-5`, `filter`, `filter - 5`
fn priority(words: &[&str]) -> i32 {
    let number = |word: &str| word.parse::<i32>().unwrap_or(0);
    let named = words
        .split_first()
        .and_then(|(name, rest)| Some((named_priority(name)?, rest)));
    let (base, offset) = named.unwrap_or((0, words));
    match offset {
        ["-", offset, ..] => base.saturating_sub(number(offset)),
        ["+", offset, ..] | [offset, ..] => base.saturating_add(number(offset)),
        [] => base,
    }
}

/// `device "eth0"`, `devices = { "eth0", "eth1" }`
fn device_names<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut names = words_after(words, "device").iter().take(1);
    let list = words_after(words, "devices").iter();
    let list = list.take_while(|word| **word != "}");
    let list = list.filter(|word| !matches!(**word, "=" | "{" | ","));
    names.by_ref().chain(list).copied().collect()
}
