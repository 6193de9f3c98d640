//! Reads tables from the output of `iptables-save` or `iptables -S`, or from a file for `iptables-restore`.

use std::rc::Rc;

use memchr::memmem;

use super::rule::Context;
use super::table::{FILTER, Table};
use super::words::{Reading, Statement, Statements};
use crate::firewall::{self, units};
use crate::format::read::lines::lines;
use crate::format::read::named_sets::NamedSets;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::Limits;
use crate::read_error::{ErrorCollector, ReadError};

/// Reads the wanted chains.
///
/// A comment may contain line breaks, but `iptables-restore` reads each line separately. If it could load
/// the text, the chains of both readings are returned, so that both must match the policy.
pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let (table, split_comment) = filter_table(text, Reading::Printed, wanted.limits)?;
    let mut units = wanted_units(&table, wanted)?;
    if let Some(at) = split_comment.filter(|_| may_load(text)) {
        let restored = filter_table(text, Reading::Restored, wanted.limits)
            .and_then(|(table, _)| wanted_units(&table, wanted));
        let problem = "this comment contains a line break, and iptables-restore would read each of its lines as \
                       a rule; remove the line break";
        units.extend(restored.map_err(|_| vec![ReadError::new(at, problem)])?);
    }
    Ok(units)
}

/// Reads all tables of a listing, for questions about the whole firewall.
///
/// `listed` is the name of the table in the output of `iptables -S`, which does not print it. `sets` are the sets of the
/// machine. If rules change a set, its contents are unknown from then on.
///
/// # Errors
///
/// If the text is not a complete listing. A rule that cannot be read is no error.
pub(in crate::format) fn tables<'a>(
    text: &'a str,
    listed: &'a str,
    sets: Option<Rc<dyn NamedSets + 'a>>,
    limits: Limits,
) -> Result<Vec<firewall::Table<'a>>, Vec<ReadError>> {
    if let Some(sets) = &sets {
        changed_sets(text).for_each(|name| sets.forget(name));
    }
    let outline = Outline {
        wanted: Wanted::All { listed, sets },
        ..Outline::of_filter(limits)
    };
    let tables = outline.read(text, Reading::Tolerant)?.tables.into_iter();
    let table = |table| firewall::Table {
        chains: Box::new(table),
        offset: 0,
        created: None,
        needs_legacy: false,
    };
    Ok(tables.map(table).collect())
}

/// Returns the names of the sets that rules change.
fn changed_sets(text: &str) -> impl Iterator<Item = &str> {
    let after = |option: &'static str| {
        let places = memmem::find_iter(text.as_bytes(), option);
        places.map(|place| place + option.len())
    };
    let places = after("--add-set ").chain(after("--del-set "));
    places.filter_map(|place| text[place..].split_ascii_whitespace().next())
}

/// Reads the filter table, and the place of the first comment with a line break.
fn filter_table(
    text: &str,
    reading: Reading,
    limits: Limits,
) -> Result<(Table<'_>, Option<u32>), Vec<ReadError>> {
    let mut outline = Outline::of_filter(limits).read(text, reading)?;
    let table = outline.tables.pop();
    let table = table.unwrap_or_else(|| Table::filter(limits));
    Ok((table, outline.split_comment))
}

fn wanted_units(table: &Table, wanted: UnitQuery) -> ReadResult {
    let has = |name: &str| table.has(name);
    let names = wanted.names(|direction| wanted.unit.name.upper(direction), has);
    let names = wanted.without_unseen(names, table.chain_names());
    let named = wanted.unit.name.to_string();
    if table.is_built_in(&named) && !names.iter().any(|(_, name)| has(name)) {
        let problem = if has(&named) {
            format!(
                "the built-in chain '{named}' has only one direction; select it with --direction"
            )
        } else {
            format!(
                "the built-in chain '{named}' is not in the input; provide the complete {FILTER} table"
            )
        };
        return Err(vec![ReadError::new(0, problem)]);
    }
    units(table, names, wanted.given_name().as_deref(), wanted.limits)
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
    let filter = format!("*{FILTER}");
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

/// The state of reading a listing line by line.
struct Outline<'a> {
    wanted: Wanted<'a>,
    /// The wanted tables.
    tables: Vec<Table<'a>>,
    form: Option<Form>,
    /// The open table. `iptables -S` does not print the name of its table.
    open: Option<Open<'a>>,
    /// The place of the first comment with a line break, in a listing with tables.
    split_comment: Option<u32>,
    limits: Limits,
}

/// The tables that are read. The lines of the others are skipped.
enum Wanted<'a> {
    Filter,
    All {
        /// The name of the table in a listing without names.
        listed: &'a str,
        sets: Option<Rc<dyn NamedSets + 'a>>,
    },
}

/// A table between its name and its COMMIT.
#[derive(Clone, Copy)]
struct Open<'a> {
    name: &'a str,
    at: u32,
    is_wanted: bool,
}

impl<'a> Outline<'a> {
    fn of_filter(limits: Limits) -> Self {
        Outline {
            wanted: Wanted::Filter,
            tables: Vec::new(),
            form: None,
            open: None,
            split_comment: None,
            limits,
        }
    }

    /// Reads all lines of a listing.
    fn read(mut self, text: &'a str, reading: Reading) -> Result<Self, Vec<ReadError>> {
        // Many copies of listings lack the newline after the last line, a comment.
        let text = without_last_comment(text);
        // This checks that the last line ends in a newline.
        drop(lines(text).map_err(|error| vec![error])?);
        let mut errors = ErrorCollector::default();
        for statement in Statements::of(text, reading) {
            match statement {
                Ok(statement) => {
                    let done = self.statement(statement);
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
        if let Some(Open { name, at, .. }) = self.open {
            let problem = format!(
                "table '{name}' has no COMMIT at its end, so the input may have been cut off; provide the complete \
                 input"
            );
            errors.add(ReadError::new(at, problem));
        }
        errors.finish(self)
    }

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
            let open = self.open.take();
            return open.map(|_| ()).ok_or_else(|| {
                "there is no table before this COMMIT; expected '*filter' before it".to_owned()
            });
        }
        match self.open {
            None if line.starts_with(':') => {
                Err("this line is outside of a table; expected '*filter' before it".to_owned())
            }
            None => {
                mixed(self.form.replace(Form::Listed), Form::Listed)?;
                self.listed_table()?.line(at, inner)
            }
            Some(open) => {
                if is_split {
                    self.split_comment.get_or_insert(at);
                }
                let table = self.tables.last_mut().filter(|_| open.is_wanted);
                table.map_or(Ok(()), |table| table.line(at, inner))
            }
        }
    }

    /// Returns the table of a listing without names.
    fn listed_table(&mut self) -> Result<&mut Table<'a>, String> {
        if self.tables.is_empty() {
            let name = match self.wanted {
                Wanted::Filter => FILTER,
                Wanted::All { listed, .. } => listed,
            };
            self.add(name)?;
        }
        self.tables
            .last_mut()
            .ok_or_else(|| "expected a table".to_owned())
    }

    /// Adds a table, if it is wanted. Returns false if it is not.
    fn add(&mut self, name: &'a str) -> Result<bool, String> {
        if self.tables.iter().any(|table| table.name() == name) {
            return Err(format!(
                "table '{name}' appears twice; provide one listing at a time"
            ));
        }
        let table = match &self.wanted {
            Wanted::Filter if name != FILTER => return Ok(false),
            Wanted::Filter => Table::filter(self.limits),
            Wanted::All { sets, .. } => {
                Table::named(name, sets.clone(), self.limits).ok_or_else(|| {
                    format!(
                        "table '{name}' is unknown; expected raw, mangle, nat, filter or security"
                    )
                })?
            }
        };
        self.tables.push(table);
        Ok(true)
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
        let open = Open {
            name,
            at,
            is_wanted: false,
        };
        if let Some(before) = self.open.replace(open) {
            return Err(format!("table '{}' has no COMMIT at its end", before.name));
        }
        mixed(self.form.replace(Form::Saved), Form::Saved)?;
        let is_wanted = self.add(name)?;
        self.open = Some(Open { is_wanted, ..open });
        Ok(())
    }
}

fn without_last_comment(text: &str) -> &str {
    let (before, last) = text.split_at(text.rfind('\n').map_or(0, |newline| newline + 1));
    if last.starts_with('#') { before } else { text }
}
