//! Reads the tables and commands of the text syntax.

mod base_chain;
mod changes;
mod scan;
mod set;
mod source;
mod statement;
mod statement_reader;
mod unsupported;
mod value;

use super::rule::Rule;
use super::set::Contents;
use super::table::{Base, Body, SetName, Syntax, Table, listed_twice};
use super::tables::{Tables, Wanted};
use super::token::{Token, Tokens, end_of_line, end_of_quotation};
use crate::firewall::RuleText;
use crate::format::read::lines::{lines, place};
use crate::format::read::number::is_number;
use crate::limits::Limits;
use crate::read_error::{ErrorCollector, ReadError};

use scan::is_hidden_part;

/// The syntax of `nft -f` and `nft list`.
pub(super) struct Text;

impl Syntax for Text {
    fn rule<'a>(text: RuleText<'a>, rule: &mut Rule<'a, '_>) {
        statement::rule(text, rule);
    }

    fn ambiguous_rule<'a>(text: RuleText<'a>, rule: &mut Rule<'a, '_>) {
        statement::ambiguous_rule(text, rule);
    }

    fn changed_sets<'a>(rule: RuleText<'a>, found: &mut Vec<SetName<'a>>) -> Result<(), String> {
        changes::changed_sets(rule.text, found)
    }

    fn set<'a>(body: &Body<'a>) -> Result<Contents<'a>, ReadError> {
        set::set(body)
    }

    fn has_elements(body: &Body) -> bool {
        !body.entries.is_empty()
    }

    fn base<'a>(body: &Body<'a>) -> Option<Base<'a>> {
        base_chain::base(body)
    }

    fn policy(body: &Body) -> Result<Option<(bool, u32)>, ReadError> {
        set::policy(body)
    }
}

/// Reads the wanted tables.
pub(super) fn read<'a>(
    text: &'a str,
    wanted: Wanted<'a>,
    limits: Limits,
) -> Result<Vec<Table<'a, Text>>, Vec<ReadError>> {
    lines(text).map(|_| ()).map_err(|error| vec![error])?;
    let tables = Tables::new(wanted, limits);
    scan::check(text, tables.are_all()).map_err(|error| vec![error])?;
    let mut reader = ListingReader {
        tokens: Tokens::new(text),
        listing: scan::is_listing(text),
        tables,
        errors: ErrorCollector::default(),
    };
    while reader.skip_to_statement() {
        if let Err(fatal) = reader.statement(ListingReader::command) {
            reader.errors.add(fatal);
            break;
        }
    }
    reader.errors.finish(())?;
    Ok(reader.tables.finished())
}

const FAMILIES: [&str; 6] = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];

/// Objects of a table that neither accept nor drop packets.
const OTHER_OBJECTS: [&str; 7] = [
    "counter",
    "quota",
    "limit",
    "ct",
    "secmark",
    "synproxy",
    "flowtable",
];

const EXPECTED: &str = "provide the output of 'nft list ruleset'";

enum StatementError {
    /// An error in one statement. Reading continues after it.
    Refused(String),
    /// An error that ends reading.
    Fatal(ReadError),
}

impl From<String> for StatementError {
    fn from(problem: String) -> Self {
        StatementError::Refused(problem)
    }
}

type Done = Result<(), StatementError>;

struct ListingReader<'a> {
    tokens: Tokens<'a>,
    /// See [`scan::is_listing`].
    listing: bool,
    tables: Tables<'a, Text>,
    errors: ErrorCollector,
}

impl<'a> ListingReader<'a> {
    /// Reads one statement. If it has an error, reports the error and skips the statement.
    fn statement(&mut self, read: impl FnOnce(&mut Self) -> Done) -> Result<(), ReadError> {
        let start = self.tokens.at;
        match read(self).and_then(|()| Ok(self.end_of_statement()?)) {
            Ok(()) => Ok(()),
            Err(StatementError::Fatal(error)) => Err(error),
            Err(StatementError::Refused(problem)) => {
                let error = ReadError::new(place(start), problem);
                self.tokens.at = start;
                self.rest_of_statement()?;
                if self.tokens.at == start || self.errors.is_nearly_full() {
                    return Err(error);
                }
                self.errors.add(error);
                Ok(())
            }
        }
    }

    /// Skips to the next statement or closing brace. Returns false at the end of the text.
    fn skip_to_statement(&mut self) -> bool {
        let bytes = self.tokens.text.as_bytes();
        loop {
            self.tokens.skip_space();
            match bytes.get(self.tokens.at) {
                Some(b'\n' | b';') => self.tokens.at += 1,
                found => return found.is_some(),
            }
        }
    }

    /// Returns the next comment of a chain in a listing, if it comes before the next statement and may
    /// hide a part of a rule.
    ///
    /// nft up to 1.0.5 prints `#` before matches of iptables-nft that it cannot express, and the rest of
    /// the rule after them.
    fn hidden_part(&mut self) -> Option<RuleText<'a>> {
        let text = self.tokens.text;
        while self.listing {
            let rest = text[self.tokens.at..].trim_start_matches([' ', '\t', '\r', '\n', ';']);
            if !is_hidden_part(rest) {
                break;
            }
            let start = text.len() - rest.len();
            self.tokens.at = end_of_line(text, start);
            let comment = text[start..self.tokens.at].trim_end();
            let handle = comment.strip_prefix("# handle ");
            if !handle.is_some_and(is_number) {
                return Some(RuleText {
                    at: place(start),
                    text: comment,
                });
            }
        }
        None
    }

    /// Skips the closing brace of a block, if it comes next. Returns true if it did.
    fn at_closing_brace(&mut self) -> bool {
        let found = self.tokens.text.as_bytes().get(self.tokens.at) == Some(&b'}');
        self.tokens.at += usize::from(found);
        found
    }

    fn end_of_statement(&mut self) -> Result<(), String> {
        let mut ahead = self.tokens;
        match ahead.next()? {
            Token::NewLine | Token::Sign(";" | "}") | Token::End => Ok(()),
            token => Err(format!(
                "expected the end of the statement, not {}",
                token.shown()
            )),
        }
    }

    /// Returns the text up to the end of the statement: a newline, a semicolon or the closing brace of
    /// the enclosing block.
    fn rest_of_statement(&mut self) -> Result<RuleText<'a>, ReadError> {
        self.tokens.skip_space();
        let (text, start) = (self.tokens.text, self.tokens.at);
        let end = end_of_statement(text, start)?;
        self.tokens.at = end;
        Ok(RuleText {
            at: place(start),
            text: text[start..end].trim_end(),
        })
    }

    fn word(&mut self, expected: &str) -> Result<&'a str, String> {
        match self.tokens.next()? {
            Token::Word(word) => Ok(word),
            token => Err(format!("expected {expected}, not {}", token.shown())),
        }
    }

    /// Reads the name of a table, a chain or a set. In a listing, it may contain signs, as [`Tokens::name`] explains. In
    /// a command, a sign after the name may begin a rule, such as `@th,16,16 22 accept`.
    fn name(&mut self, expected: &str) -> Result<&'a str, String> {
        let listed = if self.listing {
            self.tokens.name(&[])
        } else {
            None
        };
        listed.map_or_else(|| self.word(expected), Ok)
    }

    /// Skips a sign, if it comes next on the line. Returns true if it did.
    fn sign(&mut self, sign: &str) -> Result<bool, String> {
        let mut ahead = self.tokens;
        let found = ahead.next()? == Token::Sign(sign);
        if found {
            self.tokens = ahead;
        }
        Ok(found)
    }

    /// Reads the family and name of a table, and selects it. Returns false if the table is not wanted. The default
    /// family is `ip`.
    fn is_wanted(&mut self) -> Result<bool, String> {
        let first = self.name("a table")?;
        let found = if FAMILIES.contains(&first) {
            (first, self.name("the name of a table")?)
        } else {
            ("ip", first)
        };
        if found.1 == "handle" {
            return Err(format!(
                "the handle of a table does not show its name; {EXPECTED}"
            ));
        }
        self.tables.select(found)
    }

    fn command(&mut self) -> Done {
        let verb = self.word("a command of nft")?;
        match verb {
            "add" | "create" | "insert" | "flush" | "delete" | "destroy" | "replace" | "rename"
                if self.listing =>
            {
                Err(format!(
                    "'{verb}' cannot appear in a listing, and the input begins like a listing; begin a file of commands with '#!/usr/sbin/nft -f', or {EXPECTED}"
                )
                .into())
            }
            "add" | "create" => {
                let object = self.word("an object to add")?;
                self.add(object)
            }
            "insert" => match self.word("'rule'")? {
                "rule" => self.add_rule(Body::insert),
                other => Err(format!("expected 'rule', not '{other}'").into()),
            },
            "flush" => self.flush(),
            "delete" | "destroy" | "replace" | "rename" => self.change(verb),
            "set" | "map" => {
                self.refuse_without_block()?;
                self.add(verb)
            }
            _ => self.add(verb),
        }
    }

    /// Rejects `set` or `map` without a block. A listing always has one, and commands of other systems may
    /// begin with the same word.
    fn refuse_without_block(&self) -> Result<(), String> {
        let mut ahead = self.tokens;
        loop {
            match ahead.next()? {
                Token::Word(_) => {}
                Token::Sign("{") => return Ok(()),
                token => {
                    return Err(format!(
                        "expected '{{' after the name of a set, not {}; {EXPECTED}",
                        token.shown()
                    ));
                }
            }
        }
    }

    fn add(&mut self, object: &str) -> Done {
        match object {
            "table" => {
                let wanted = self.is_wanted()?;
                self.block_if_any(wanted, ListingReader::item)
            }
            "chain" => {
                let wanted = self.is_wanted()?;
                let name = self.name("the name of a chain")?;
                self.chain(wanted, name)
            }
            "set" | "map" => {
                let wanted = self.is_wanted()?;
                let name = self.name("the name of a set")?;
                self.set(wanted, name)
            }
            "rule" => self.add_rule(|body, rule| body.entries.push(rule)),
            "element" => self.add_elements(),
            _ if OTHER_OBJECTS.contains(&object) => self.skip_statement(),
            _ => Err(format!("'{object}' is unknown; {EXPECTED}").into()),
        }
    }

    fn skip_statement(&mut self) -> Done {
        self.rest_of_statement()
            .map(|_| ())
            .map_err(StatementError::Fatal)
    }

    /// Reads the statements of a block in braces, or skips the block if it is not `wanted`.
    fn block_if_any(&mut self, wanted: bool, read: fn(&mut Self) -> Done) -> Done {
        if !wanted {
            let block = self.rest_of_statement().map_err(StatementError::Fatal)?;
            if block.text.contains(" hook ") {
                self.tables.note_other_hook();
            }
            return Ok(());
        }
        self.tokens.skip_space();
        let start = self.tokens.at;
        if !self.sign("{")? {
            return Ok(());
        }
        while self.skip_to_statement() {
            if self.at_closing_brace() {
                return Ok(());
            }
            self.statement(read).map_err(StatementError::Fatal)?;
        }
        Err(StatementError::Fatal(cut_off(start)))
    }

    /// Reads a statement of a wanted table.
    fn item(&mut self) -> Done {
        match self.word("a chain, a set or another object of a table")? {
            "chain" => {
                let name = self.name("the name of a chain")?;
                self.chain(true, name)
            }
            "set" | "map" => {
                let name = self.name("the name of a set")?;
                self.set(true, name)
            }
            "flags" => {
                let flags = self.rest_of_statement().map_err(StatementError::Fatal)?;
                let mut flags = flags.text.split(',').map(str::trim);
                Ok(flags.try_for_each(|flag| self.tables.add_flag(flag))?)
            }
            "comment" => self.skip_statement(),
            object if OTHER_OBJECTS.contains(&object) => self.skip_statement(),
            // Only chains decide about packets.
            _ if self.tables.are_all() => self.skip_statement(),
            other => Err(format!("'{other}' is unknown; {EXPECTED}").into()),
        }
    }

    fn chain(&mut self, wanted: bool, name: &'a str) -> Done {
        let Some(statements) = self.statements(wanted)? else {
            return Ok(());
        };
        let table = self.tables.current();
        if self.listing && table.chains.get(name).is_some_and(|body| body.declared) {
            return Err(listed_twice("chain", name).into());
        }
        if self.listing {
            let ambiguous = statements
                .iter()
                .filter(|rule| scan::before_ambiguity(rule.text).is_some());
            table.ambiguous.extend(ambiguous.map(|rule| rule.at));
        }
        let body = table.chain(name);
        body.declared = true;
        for statement in statements {
            if is_chain_property(statement.text) {
                body.properties.push(statement);
            } else {
                body.entries.push(statement);
            }
        }
        Ok(())
    }

    fn set(&mut self, wanted: bool, name: &'a str) -> Done {
        let Some(statements) = self.statements(wanted)? else {
            return Ok(());
        };
        let body = &mut self.tables.current().sets.entry(name).or_default().body;
        if self.listing && body.declared {
            return Err(listed_twice("set", name).into());
        }
        body.declared = true;
        let statements = statements.into_iter();
        for statement in statements.filter(|statement| !is_hidden_part(statement.text)) {
            if statement.text.starts_with("elements") {
                body.entries.push(statement);
            } else {
                body.properties.push(statement);
            }
        }
        Ok(())
    }

    /// Returns the statements of a block, or none without a block. `None` if it is in another table.
    fn statements(&mut self, wanted: bool) -> Result<Option<Vec<RuleText<'a>>>, StatementError> {
        if !wanted {
            self.skip_statement()?;
            return Ok(None);
        }
        let mut statements = Vec::new();
        self.tokens.skip_space();
        let start = self.tokens.at;
        let kept = self.tables.keep_body();
        kept.map_err(|problem| StatementError::Fatal(ReadError::new(place(start), problem)))?;
        if !self.sign("{")? {
            // The name may contain a line break, so its end may look like another statement.
            if self.listing {
                return Err(
                    format!("expected '{{' after the name, as nft lists it; {EXPECTED}").into(),
                );
            }
            return Ok(Some(statements));
        }
        loop {
            while let Some(hidden) = self.hidden_part() {
                self.keep_statement(hidden.at)?;
                statements.push(hidden);
            }
            if !self.skip_to_statement() {
                break;
            }
            if self.at_closing_brace() {
                return Ok(Some(statements));
            }
            let statement = self.rest_of_statement().map_err(StatementError::Fatal)?;
            self.keep_statement(statement.at)?;
            statements.push(statement);
        }
        Err(StatementError::Fatal(cut_off(start)))
    }

    /// Counts a stored statement. An excess is fatal.
    fn keep_statement(&mut self, at: u32) -> Done {
        let kept = self.tables.keep_statement();
        kept.map_err(|problem| StatementError::Fatal(ReadError::new(at, problem)))
    }

    fn add_rule(&mut self, add: impl FnOnce(&mut Body<'a>, RuleText<'a>)) -> Done {
        if !self.is_wanted()? {
            return self.skip_statement();
        }
        let chain = self.name("the name of a chain")?;
        let rule = self.rest_of_statement().map_err(StatementError::Fatal)?;
        let first = rule.text.split([' ', '\t']).next();
        if let Some(word @ ("handle" | "position" | "index")) = first {
            return Err(format!("'{word}' is not supported here; {EXPECTED}").into());
        }
        self.keep_statement(rule.at)?;
        add(self.tables.current().chain(chain), rule);
        Ok(())
    }

    fn add_elements(&mut self) -> Done {
        if !self.is_wanted()? {
            return self.skip_statement();
        }
        let set = self.name("the name of a set")?;
        let elements = self.rest_of_statement().map_err(StatementError::Fatal)?;
        self.keep_statement(elements.at)?;
        let body = &mut self.tables.current().sets.entry(set).or_default().body;
        body.entries.push(elements);
        Ok(())
    }

    fn flush(&mut self) -> Done {
        let object = self.word("an object to flush")?;
        match object {
            "ruleset" => {
                let all = self.end_of_statement().is_ok();
                let family = if all {
                    None
                } else {
                    Some(self.word("a family")?)
                };
                self.tables.flush(family)?;
            }
            "table" => {
                if self.is_wanted()? {
                    self.tables.current().flush();
                }
            }
            "chain" | "set" | "map" => {
                let wanted = self.is_wanted()?;
                let name = self.name("a name")?;
                if !wanted {
                    return Ok(());
                }
                let table = self.tables.current();
                let body = match object {
                    "chain" => table.chains.get_mut(name),
                    _ => table.sets.get_mut(name).map(|set| &mut set.body),
                };
                body.into_iter().for_each(Body::flush);
            }
            _ => return Err(format!("'flush {object}' is unknown; {EXPECTED}").into()),
        }
        Ok(())
    }

    /// Reads a command that deletes or replaces something. It is skipped if it applies to another table.
    fn change(&mut self, verb: &str) -> Done {
        let object = self.word("an object to change")?;
        let known = ["table", "chain", "set", "map", "rule", "element"].contains(&object);
        if !known || self.is_wanted()? {
            return Err(format!("'{verb}' is not supported here; {EXPECTED}").into());
        }
        self.skip_statement()
    }
}

/// The end of the statement that starts at `start`.
fn end_of_statement(text: &str, start: usize) -> Result<usize, ReadError> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut outermost) = (start, 0_usize, start);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' | b';' | b'}' | b'#' if depth == 0 => return Ok(at),
            b'#' => at = end_of_line(text, at),
            b'"' => {
                at = end_of_quotation(text, at)
                    .map_err(|problem| ReadError::new(place(at), problem))?;
            }
            b'\\' if bytes.get(at + 1) == Some(&b'\n') => at += 2,
            b'{' => {
                if depth == 0 {
                    outermost = at;
                }
                depth += 1;
                at += 1;
            }
            b'}' => {
                depth -= 1;
                at += 1;
            }
            _ => at += 1,
        }
    }
    if depth == 0 {
        Ok(at)
    } else {
        Err(cut_off(outermost))
    }
}

/// True if a statement of a chain is not a rule.
fn is_chain_property(statement: &str) -> bool {
    let first = statement.split([' ', '\t', '"']).next();
    matches!(first, Some("type" | "policy" | "comment"))
}

fn cut_off(brace: usize) -> ReadError {
    ReadError::new(
        place(brace),
        "this brace is not closed, so the input may have been cut off; provide the complete input",
    )
}
