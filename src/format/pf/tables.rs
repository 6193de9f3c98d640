//! Tables of addresses, from a ruleset or from `pfctl -t NAME -T show`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::net::Ipv6Addr;

use super::tokens::{Token, Tokens};
use crate::format::read::longest_prefix::{Listed, LongestPrefix};
use crate::format::read::values::network;
use crate::limits::Limit;
use crate::packets::Interval;

/// An address or a network. The addresses of IPv6 are not stored, because they are not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Ipv4(Interval),
    Ipv6,
}

impl Address {
    /// Reads `192.0.2.1`, `192.0.2.0/24`, `192.0.2/24`, or an IPv6 address.
    pub fn read(tokens: &mut Tokens) -> Result<Address, String> {
        let mut text = match tokens.peek()? {
            Token::Joined(word, rest) => {
                tokens.next()?;
                Cow::Owned([word, rest].concat())
            }
            _ => Cow::Borrowed(tokens.value("an address")?),
        };
        if tokens.take_symbol('/')? {
            text = Cow::Owned([&*text, "/", tokens.value("a prefix length")?].concat());
        }
        if is_ipv6(&text) {
            return Ok(Address::Ipv6);
        }
        if text.bytes().any(|b| b.is_ascii_alphabetic()) {
            return Err(format!(
                "expected an address, not '{text}': the input does not contain the addresses of a name"
            ));
        }
        network(&in_full(text)).map(Address::Ipv4)
    }
}

/// True for an IPv6 address, with or without a zone and a prefix length.
fn is_ipv6(text: &str) -> bool {
    // Fast path: most addresses are IPv4, and trying to parse them as IPv6 is slow.
    if !text.as_bytes().contains(&b':') {
        return false;
    }
    let (base, length) = text.split_once('/').unwrap_or((text, "128"));
    let (base, _zone) = base.split_once('%').unwrap_or((base, ""));
    base.parse::<Ipv6Addr>().is_ok() && length.parse().is_ok_and(|n: u8| n <= 128)
}

/// Completes the address of a network: pf allows omitting zeros at its end, as in `10/8`.
fn in_full(network: Cow<str>) -> Cow<str> {
    let Some((base, length)) = network.split_once('/') else {
        return network;
    };
    match base.bytes().filter(|byte| *byte == b'.').count() {
        dots @ 0..3 => Cow::Owned([base, &".0".repeat(3 - dots), "/", length].concat()),
        _ => network,
    }
}

/// The work counted for reading an address of a table.
const MEMBER_WORK: usize = 12;

/// The work counted for a table that no rule can use, because the reason is kept in memory.
const UNUSABLE_WORK: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Table {
    /// The IPv4 addresses, normalized.
    pub spans: Vec<Interval>,
    /// True if the table has IPv6 addresses too.
    pub ipv6: bool,
    /// The number of listed IPv4 addresses and networks.
    members: usize,
}

/// The tables of the input.
#[derive(Debug)]
pub(super) struct Tables<'a> {
    /// The name of the anchor that contains the tables.
    anchor: String,
    /// The tables by name; `None` for a table that is declared without addresses.
    known: HashMap<&'a str, Option<Table>>,
    /// The names of tables to which pf adds addresses by itself.
    overloaded: HashSet<&'a str>,
    /// The names of tables that no rule can use, each with the reason.
    unusable: HashMap<&'a str, String>,
}

/// A network of a table. Larger networks sort before the networks inside them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    first: u32,
    below_last: u32,
    negated: bool,
}

impl Member {
    fn new(span: Interval, negated: bool) -> Self {
        Member {
            first: span.first,
            below_last: u32::MAX - span.last,
            negated,
        }
    }

    fn span(self) -> Interval {
        Interval {
            first: self.first,
            last: u32::MAX - self.below_last,
        }
    }
}

impl<'a> Tables<'a> {
    pub fn new(anchor: String) -> Self {
        Tables {
            anchor,
            known: HashMap::new(),
            overloaded: HashSet::new(),
            unusable: HashMap::new(),
        }
    }

    pub fn anchor(&self) -> &str {
        &self.anchor
    }

    /// Reads the rest of a statement after the word `table`.
    pub fn define(&mut self, tokens: &mut Tokens<'a>) -> Result<(), String> {
        let name = tokens.table_name()?;
        self.read(name, tokens)
    }

    /// Does the same as [`Tables::define`], but an error in the contents is an error only for rules that use the
    /// table.
    pub fn define_if_readable(&mut self, tokens: &mut Tokens<'a>) -> Result<(), String> {
        let name = tokens.table_name()?;
        if let Err(problem) = self.read(name, tokens) {
            let problem = format!("the definition of table <{name}> cannot be read: {problem}");
            self.unusable.insert(name, problem);
            tokens.skip_errors();
            tokens.spend(UNUSABLE_WORK)?;
        }
        Ok(())
    }

    /// Skips a table that belongs to another anchor. The rules of that anchor would use it instead of a table with
    /// the same name in the main ruleset, so no rule can use the name.
    pub fn skip_foreign(&mut self, tokens: &mut Tokens<'a>) -> Result<(), String> {
        let name = tokens.table_name()?;
        let problem = format!("more than one anchor may have a table <{name}>; rename this table");
        self.unusable.insert(name, problem);
        tokens.skip_errors();
        Ok(tokens.spend(UNUSABLE_WORK)?)
    }

    fn read(&mut self, name: &'a str, tokens: &mut Tokens<'a>) -> Result<(), String> {
        let mut members = None;
        let mut ipv6 = false;
        while !tokens.at_end()? {
            match tokens.peek()? {
                Token::Word("const" | "persist" | "counters") => drop(tokens.next()?),
                Token::Word("file") => {
                    return Err(format!(
                        "the addresses of table <{name}> are in a file; instead of this line, {}",
                        self.how_to_list(name)
                    ));
                }
                Token::Symbol('{') => {
                    ipv6 |= read_members(tokens, members.get_or_insert_with(Vec::new))?;
                }
                _ => return Err(tokens.unexpected("const, persist, counters or '{'")),
            }
        }
        let table = members.map(|members| assemble(members, ipv6)).transpose()?;
        let known = self.known.entry(name).or_default();
        match (&known, &table) {
            (Some(_), Some(_)) => {
                return Err(format!(
                    "the addresses of table <{name}> appear twice; provide them once"
                ));
            }
            (Some(_), None) => {
                return Err(format!(
                    "table <{name}> is declared again without addresses, so pf discards the earlier ones; remove this line"
                ));
            }
            (None, _) => *known = table,
        }
        Ok(tokens.limits.check(Limit::Rules, self.known.len())?)
    }

    /// Skips a statement other than `table`, and records the tables to which `overload` adds addresses.
    pub fn note_overloads(&mut self, tokens: &mut Tokens<'a>) -> Result<(), String> {
        while !tokens.at_end()? {
            if !tokens.take_word("overload")? {
                tokens.next()?;
            } else if tokens.peek()? == Token::Symbol('<') {
                self.overloaded.insert(tokens.table_name()?);
            }
        }
        Ok(())
    }

    /// Looks up a table by its name in a rule. `pfctl -vv` adds the number of its addresses, as in `<name:2>`.
    pub fn find(&self, written: &str) -> Result<&Table, String> {
        if let Some(table) = self.listed(written)? {
            return Ok(table);
        }
        let Some((name, count)) = written.rsplit_once(':') else {
            return Err(self.missing(written));
        };
        let table = self.listed(name)?.ok_or_else(|| self.missing(name))?;
        if count == "*" {
            return Err(format!(
                "'*' means that pf has no table <{name}>, but the input does; list rules and tables at the same time"
            ));
        }
        if !table.ipv6 && count.parse() != Ok(table.members) {
            return Err(format!(
                "table <{name}> has {count} addresses in the rule, but {} in its list; list rules and tables at the same time",
                table.members
            ));
        }
        Ok(table)
    }

    fn listed(&self, name: &str) -> Result<Option<&Table>, String> {
        if let Some(problem) = self.unusable.get(name) {
            return Err(problem.clone());
        }
        if self.overloaded.contains(name) {
            return Err(format!(
                "the addresses of table <{name}> can change, because 'overload <{name}>' adds to them; remove 'overload <{name}>' or this use of the table"
            ));
        }
        Ok(self.known.get(name).and_then(Option::as_ref))
    }

    fn missing(&self, name: &str) -> String {
        format!(
            "the addresses of table <{name}> are not in the input; {}",
            self.how_to_list(name)
        )
    }

    /// The advice on adding the addresses of a table. It contains no command if a shell could interpret the
    /// name.
    fn how_to_list(&self, name: &str) -> String {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        if name.starts_with('-') || !name.bytes().all(is_plain) {
            return "add the table with its addresses, as in 'table <NAME> { 192.0.2.1 }'"
                .to_owned();
        }
        format!(
            "add the output of: echo 'table <{name}> {{'; pfctl -a {} -t {name} -T show; echo '}}'",
            self.anchor
        )
    }
}

/// Reads the members in a pair of braces. Returns true if any of them is an IPv6 address.
fn read_members(tokens: &mut Tokens, members: &mut Vec<Member>) -> Result<bool, String> {
    tokens.expect_symbol('{')?;
    let mut ipv6 = false;
    while !tokens.take_symbol('}')? {
        tokens.spend(MEMBER_WORK)?;
        let negated = tokens.take_symbol('!')?;
        match Address::read(tokens)? {
            Address::Ipv4(span) => members.push(Member::new(span, negated)),
            Address::Ipv6 => ipv6 = true,
        }
        tokens.take_symbol(',')?;
    }
    Ok(ipv6)
}

/// Computes the addresses of a table. The longest prefix that contains an address decides.
fn assemble(mut members: Vec<Member>, ipv6: bool) -> Result<Table, String> {
    members.sort_unstable();
    members.dedup();
    let mut listed = LongestPrefix::default();
    for member in &members {
        let network = member.span();
        if listed
            .around(network)
            .last()
            .is_some_and(|outer| outer.network == network)
        {
            return Err("the table contains an address both with and without '!'".to_owned());
        }
        listed.add(Listed {
            network,
            is_excluded: member.negated,
        });
    }
    Ok(Table {
        spans: listed.finish(),
        ipv6,
        members: members.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    /// The addresses below 32 in a table.
    fn low_addresses(text: &str) -> Vec<u32> {
        let mut tables = Tables::new("x".to_owned());
        tables
            .define(&mut Tokens::new(text, Limits::default()))
            .expect(text);
        let spans = &tables.find("t").unwrap().spans;
        let listed = |address: &u32| spans.iter().any(|s| s.holds(Interval::single(*address)));
        (0..32).filter(listed).collect()
    }

    #[test]
    fn the_longest_prefix_decides() {
        let mut random = 1_u32;
        for _ in 0..2_000 {
            let mut networks = HashMap::new();
            for _ in 0..6 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let (address, length) = (random >> 27, 27 + (random >> 20) % 6);
                let base = address & u32::MAX.checked_shl(32 - length).unwrap_or(0);
                networks.insert((length, base), random >> 10 & 1 == 1);
            }
            let members = networks.iter().map(|((length, base), negated)| {
                let sign = if *negated { "!" } else { "" };
                format!("{sign}0.0.0.{base}/{length}")
            });
            let text = format!("<t> {{ {} }}", members.collect::<Vec<_>>().join(" "));
            let listed = |address: &u32| {
                let around = networks
                    .iter()
                    .filter(|((length, base), _)| u64::from(address ^ base) >> (32 - length) == 0);
                let longest = around.max_by_key(|((length, _), _)| *length);
                longest.is_some_and(|(_, negated)| !negated)
            };
            let expected: Vec<u32> = (0..32).filter(listed).collect();
            assert_eq!(low_addresses(&text), expected, "{text}");
        }
    }
}
