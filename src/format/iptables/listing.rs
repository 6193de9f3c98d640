//! Reads the filter table from the output of `iptables-save` or `iptables -S`, or from a file for
//! `iptables-restore`.

use std::cell::Cell;
use std::collections::HashMap;

use super::rule::{BUILT_IN, Named, Rule};
use super::words::{Reading, Statement, Statements, Words};
use crate::firewall::{BaseChain, Chains, Criteria, Ipv6Packets, RuleBranch, RuleText, units};
use crate::format::read::lines::lines;
use crate::format::read::number::is_number;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, Limits};
use crate::packets::HeaderBox;
use crate::read_error::{ErrorCollector, ReadError};

/// The work counted for a chain, because it needs more memory than its text.
const CHAIN_WORK: usize = 64;

const TABLE: &str = "filter";

/// Reads the wanted chains.
///
/// A comment may contain line breaks, but `iptables-restore` reads each line separately. If it could load
/// the text, the chains of both readings are returned, so that both must match the policy.
pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let printed = Listing::read(text, Reading::Printed, wanted.limits)?;
    let mut units = wanted_units(&printed, wanted)?;
    if let Some(at) = printed.split_comment.filter(|_| may_load(text)) {
        let restored = Listing::read(text, Reading::Restored, wanted.limits)
            .and_then(|listing| wanted_units(&listing, wanted));
        let problem = "this comment contains a line break, and iptables-restore would read each of its lines as \
                       a rule; remove the line break";
        units.extend(restored.map_err(|_| vec![ReadError::new(at, problem)])?);
    }
    Ok(units)
}

fn wanted_units(listing: &Listing, wanted: UnitQuery) -> ReadResult {
    let has = |name: &str| listing.chains.contains_key(name);
    let names = wanted.names(|direction| wanted.unit.name.upper(direction), has);
    let names = wanted.without_unseen(names, listing.chains.keys());
    let named = wanted.unit.name.to_string();
    if BUILT_IN.contains(&&*named) && !names.iter().any(|(_, name)| has(name)) {
        let problem = if has(&named) {
            format!(
                "the built-in chain '{named}' has only one direction; select it with --direction"
            )
        } else {
            format!(
                "the built-in chain '{named}' is not in the input; provide the complete {TABLE} table"
            )
        };
        return Err(vec![ReadError::new(0, problem)]);
    }
    units(
        listing,
        names,
        wanted.given_name().as_deref(),
        wanted.limits,
    )
}

/// True if `iptables-restore` may load the filter table of a text.
///
/// It loads one table after the other, so the tables before the filter table must be valid too. It rejects
/// a line that starts with a word or with a space in quotes.
fn may_load(text: &str) -> bool {
    const OPTIONS: [&str; 4] = ["-", "[", "!", "\"-"];
    let starts = |line: &str| {
        let inner = line.trim_start_matches([' ', '\t']);
        line.is_empty()
            || line == "COMMIT"
            || line.starts_with(['#', '*', ':'])
            || OPTIONS.iter().any(|option| inner.starts_with(option))
    };
    let filter = format!("*{TABLE}");
    let mut in_filter = false;
    for line in text.lines() {
        in_filter |= line.starts_with('*') && line.replace([' ', '\t'], "") == filter;
        if !starts(line) {
            return false;
        }
        if in_filter && line == "COMMIT" {
            break;
        }
    }
    true
}

/// The command that printed a listing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `iptables-save`: any number of tables, each with a COMMIT at its end.
    Saved,
    /// `iptables -S`: the commands of one table, without its name.
    Listed,
}

/// Rejects a line of one form after a line of the other form.
fn mixed(before: Option<Form>, now: Form) -> Result<(), String> {
    if before.is_none_or(|before| before == now) {
        return Ok(());
    }
    Err(
        "this line is outside of a table, but the input has tables; provide one listing at a time"
            .to_owned(),
    )
}

/// A chain of the filter table.
#[derive(Default)]
struct Chain<'a> {
    rules: Vec<RuleText<'a>>,
    /// The policy of a built-in chain and its place. True means that packets that reach the end of the chain are
    /// accepted.
    policy: Option<(bool, u32)>,
}

/// The filter table.
#[derive(Default)]
struct Listing<'a> {
    chains: HashMap<&'a str, Chain<'a>>,
    /// The place of the first comment with a line break, in a listing with tables.
    split_comment: Option<u32>,
    /// The work of the rules read so far; see [`crate::limits::Limit::Work`].
    work: Cell<usize>,
    limits: Limits,
}

impl<'a> Listing<'a> {
    fn read(text: &'a str, reading: Reading, limits: Limits) -> Result<Self, Vec<ReadError>> {
        // This checks that the last line ends in a newline.
        drop(lines(text).map_err(|error| vec![error])?);
        let mut outline = Outline::default();
        outline.listing.limits = limits;
        let mut errors = ErrorCollector::default();
        for statement in Statements::of(text, reading) {
            match statement {
                Ok(statement) => {
                    let done = outline.statement(statement);
                    errors.extend(
                        done.err()
                            .map(|problem| ReadError::new(statement.at, problem)),
                    );
                }
                // The start of the next line is unknown.
                Err(error) => {
                    errors.add(error);
                    return Err(errors.into_errors());
                }
            }
            if errors.is_full() {
                return Err(errors.into_errors());
            }
        }
        if let Some((name, at)) = outline.table {
            let problem = format!(
                "table '{name}' has no COMMIT at its end, so the input may have been cut off; provide the complete \
                 input"
            );
            errors.add(ReadError::new(at, problem));
        }
        errors.finish(outline.listing)
    }

    /// Reads a line of the filter table.
    fn line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        if let Some(declared) = line.strip_prefix(':') {
            if !declared.trim().contains([' ', '\t']) {
                return Err("expected a policy or '-' after the name of a chain".to_owned());
            }
            return self.declare(at, declared);
        }
        let mut words = Words::of(without_counters(line));
        let verb = words.next()?.unwrap_or_default();
        match verb {
            "-A" | "--append" => self.append(at, words),
            "-N" | "--new-chain" if !words.rest().contains([' ', '\t']) => {
                self.declare(at, words.rest())
            }
            "-P" | "--policy" => self.declare(at, words.rest()),
            "Chain" => Err(
                "the output of 'iptables -L' is incomplete; provide the output of 'iptables-save'"
                    .to_owned(),
            ),
            _ => Err("expected the output of 'iptables-save' or 'iptables -S'".to_owned()),
        }
    }

    fn append(&mut self, at: u32, mut words: Words<'a>) -> Result<(), String> {
        let name = words.next()?.unwrap_or_default();
        if words.has_escapes {
            return Err(
                "the quoted name of a chain contains a backslash; write it without quotes"
                    .to_owned(),
            );
        }
        if !self.chains.contains_key(name) && BUILT_IN.contains(&name) {
            self.chains.insert(name, Chain::default());
        }
        let chain = self.chains.get_mut(name).ok_or_else(|| {
            format!("chain '{name}' is not declared before this rule; provide the complete listing")
        })?;
        chain.rules.push(RuleText {
            at,
            text: words.rest(),
        });
        Ok(())
    }

    /// Reads a declaration: `NAME`, `NAME - [0:0]`, or `NAME ACCEPT [0:0]`.
    fn declare(&mut self, at: u32, declared: &'a str) -> Result<(), String> {
        let mut words = declared.split([' ', '\t']).filter(|word| !word.is_empty());
        let name = words.next().ok_or("expected the name of a chain")?;
        let policy = match words.next() {
            None | Some("-") => None,
            Some("ACCEPT") => Some((true, at)),
            Some("DROP") => Some((false, at)),
            Some(other) => return Err(format!("expected ACCEPT, DROP or '-', not '{other}'")),
        };
        if policy.is_some() && !BUILT_IN.contains(&name) {
            return Err(format!(
                "chain '{name}' is not built in, so it has no policy; expected '-' after its name"
            ));
        }
        let rest: Vec<&str> = words.take(4).collect();
        if !are_counters(&rest) {
            return Err("expected only counters after a chain's policy".to_owned());
        }
        let work = CHAIN_WORK * (self.chains.len() + 1);
        self.limits.check(Limit::Work, work)?;
        let chain = Chain {
            rules: Vec::new(),
            policy,
        };
        match self.chains.insert(name, chain) {
            None => Ok(()),
            Some(_) => Err(format!(
                "chain '{name}' is declared twice; provide one listing at a time"
            )),
        }
    }
}

/// True for the counters after a chain: `[12:345]`, `-c 12 345` from `iptables -S -v`, or nothing.
fn are_counters(words: &[&str]) -> bool {
    match words {
        [] => true,
        [both] => both.starts_with('[') && both.ends_with(']'),
        ["-c", packets, bytes] => is_number(packets) && is_number(bytes),
        _ => false,
    }
}

/// The state of reading a listing line by line.
#[derive(Default)]
struct Outline<'a> {
    listing: Listing<'a>,
    form: Option<Form>,
    /// The name and the place of the open table. `iptables -S` does not print the name of its table.
    table: Option<(&'a str, u32)>,
    has_filter: bool,
}

impl<'a> Outline<'a> {
    fn statement(&mut self, statement: Statement<'a>) -> Result<(), String> {
        let Statement { at, text, is_split } = statement;
        let line = text.trim_end_matches([' ', '\t']);
        let inner = line.trim_start_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if line == "COMMIT" && text != line {
            return Err(
                "iptables-restore accepts no space after COMMIT; remove the space".to_owned(),
            );
        }
        if inner.len() < line.len() && (inner.starts_with(['#', '*', ':']) || inner == "COMMIT") {
            return Err(
                "iptables-restore accepts this only at the start of a line; remove the space before it"
                    .to_owned(),
            );
        }
        if line.starts_with([':', '*']) && line.contains('"') {
            return Err(
                "the name of a chain or a table contains a quotation mark, so the listing has several possible \
                 meanings; rename it"
                    .to_owned(),
            );
        }
        if let Some(name) = line.strip_prefix('*') {
            return self.open(at, name);
        }
        if line == "COMMIT" {
            let table = self.table.take();
            return table.map(|_| ()).ok_or_else(|| {
                "there is no table before this COMMIT; expected '*filter' before it".to_owned()
            });
        }
        match self.table {
            None if line.starts_with(':') => {
                Err("this line is outside of a table; expected '*filter' before it".to_owned())
            }
            None => {
                mixed(self.form.replace(Form::Listed), Form::Listed)?;
                self.listing.line(at, inner)
            }
            Some((table, _)) => {
                if is_split && self.listing.split_comment.is_none() {
                    self.listing.split_comment = Some(at);
                }
                if table == TABLE {
                    self.listing.line(at, inner)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Starts a table. Spaces before its name are allowed.
    fn open(&mut self, at: u32, name: &'a str) -> Result<(), String> {
        let name = name.trim_start_matches([' ', '\t']);
        if let Some((name, rest)) = name.split_once([' ', '\t']) {
            return Err(format!(
                "expected the end of the line after the table name '{name}', not '{}'",
                rest.trim_start_matches([' ', '\t'])
            ));
        }
        if name.is_empty() {
            return Err("expected the name of a table after '*'".to_owned());
        }
        if let Some((open, _)) = self.table.replace((name, at)) {
            return Err(format!("table '{open}' has no COMMIT at its end"));
        }
        if name == TABLE && std::mem::replace(&mut self.has_filter, true) {
            return Err(format!(
                "table '{TABLE}' appears twice; provide one listing at a time"
            ));
        }
        mixed(self.form.replace(Form::Saved), Form::Saved)
    }
}

/// Removes the counters `[12:3456]` that `iptables-save -c` prints before a rule.
fn without_counters(line: &str) -> &str {
    let inside = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "));
    match inside {
        Some((counters, rest)) if counters.bytes().all(|b| b.is_ascii_digit() || b == b':') => rest,
        _ => line,
    }
}

impl<'a> Chains<'a> for Listing<'a> {
    fn place(&self) -> String {
        format!("table {TABLE}")
    }

    fn takes_ipv6(&self) -> bool {
        false
    }

    fn names(&self) -> Box<dyn Iterator<Item = &'a str> + '_> {
        Box::new(self.chains.keys().copied())
    }

    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError> {
        let policy = self.chains.get(chain).and_then(|chain| chain.policy);
        if policy.is_none() && BUILT_IN.contains(&chain) {
            let problem = format!(
                "the policy of the built-in chain '{chain}' is not in the input; expected a line such as \
                 ':{chain} DROP [0:0]' or '-P {chain} DROP'"
            );
            return Err(ReadError::new(0, problem));
        }
        Ok(policy)
    }

    fn base_chains(&self) -> Vec<BaseChain<'a>> {
        let declared = BUILT_IN.iter().filter_map(|name| {
            let (name, chain) = self.chains.get_key_value(name)?;
            chain.policy.map(|_| BaseChain::of_hook(name, name))
        });
        declared.collect()
    }

    fn rules(&self, chain: &str) -> Option<&[RuleText<'a>]> {
        self.chains.get(chain).map(|chain| &chain.rules[..])
    }

    fn read(
        &self,
        rule: RuleText<'a>,
        limits: Limits,
        branches: &mut Vec<RuleBranch<'a>>,
    ) -> Result<(), ReadError> {
        let spent = self.work.get() + rule.text.len();
        let read = Rule::read(rule.text, self, limits, spent);
        let Rule { matches, action } = read.map_err(|problem| ReadError::new(rule.at, problem))?;
        self.work.set(spent + matches.cost);
        let branch = |packets: &HeaderBox, action| RuleBranch {
            packets: *packets,
            criteria: Criteria::default(),
            condition: matches.condition,
            ipv4: true,
            ipv6: Ipv6Packets::None,
            action,
        };
        if let Some(action) = action {
            branches.extend(matches.boxes.iter().map(|packets| branch(packets, action)));
        }
        Ok(())
    }
}

impl Named for Listing<'_> {
    fn has(&self, name: &str) -> bool {
        self.chains.contains_key(name)
    }
}
