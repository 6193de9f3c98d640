//! The tables that a reader keeps: the checked one, or all tables that decide about IPv4 packets of a host.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::table::{Purpose, Syntax, Table, TableName};
use super::words::table_flag;
use crate::limits::{Limit, Limits};

/// The tables that a caller asks for.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    One(TableName<'a>),
    /// All tables of families whose hooks see IPv4 packets, except `bridge`: its hooks do not see packets of the host
    /// itself.
    All,
}

/// The families of [`Wanted::All`].
const FAMILIES: [&str; 3] = ["ip", "inet", "netdev"];

/// The work counted for a stored table, statement, and chain or set, because they need more memory than their text.
const TABLE_WORK: usize = 1024;
const STATEMENT_WORK: usize = 64;
const BODY_WORK: usize = 128;

/// The wanted tables that were read so far.
pub(super) struct Tables<'a, S> {
    wanted: Wanted<'a>,
    all: Vec<Table<'a, S>>,
    numbers: HashMap<TableName<'a>, usize>,
    /// The number of the table that was selected last.
    current: usize,
    /// The work of all stored tables, statements, chains and sets.
    kept: usize,
    /// The work of the rules and sets that are parsed later.
    work: Rc<Cell<usize>>,
    limits: Limits,
}

impl<'a, S: Syntax> Tables<'a, S> {
    pub fn new(wanted: Wanted<'a>, limits: Limits) -> Self {
        let mut tables = Tables {
            wanted,
            all: Vec::new(),
            numbers: HashMap::new(),
            current: 0,
            kept: 0,
            work: Rc::default(),
            limits,
        };
        if let Wanted::One(name) = wanted {
            tables.add(name);
        }
        tables
    }

    /// True if the caller wants the whole firewall.
    pub fn are_all(&self) -> bool {
        matches!(self.wanted, Wanted::All)
    }

    fn add(&mut self, name: TableName<'a>) {
        self.numbers.insert(name, self.all.len());
        let work = Rc::clone(&self.work);
        let purpose = match self.wanted {
            Wanted::One(_) => Purpose::Unit,
            Wanted::All => Purpose::Firewall {
                lists_elements: false,
            },
        };
        let table = Table::new(name, purpose, work, self.limits);
        self.all.push(table);
    }

    /// Selects a table for [`Tables::current`]. Returns false if the table is not wanted.
    pub fn select(&mut self, name: TableName<'a>) -> Result<bool, String> {
        let is_wanted = match self.wanted {
            Wanted::One(wanted) => name == wanted,
            Wanted::All => FAMILIES.contains(&name.0),
        };
        if is_wanted && self.are_all() {
            if !self.numbers.contains_key(&name) {
                self.keep(TABLE_WORK)?;
                self.add(name);
            }
            self.current = self.numbers.get(&name).copied().unwrap_or(0);
        }
        Ok(is_wanted)
    }

    /// The table that was selected last.
    pub fn current(&mut self) -> &mut Table<'a, S> {
        &mut self.all[self.current]
    }

    /// Adds a flag of the table that was selected last.
    pub fn add_flag(&mut self, flag: &str) -> Result<(), String> {
        match flag {
            "owner" | "persist" => Ok(()),
            "dormant" if self.are_all() => {
                self.current().is_dormant = true;
                Ok(())
            }
            _ => Err(table_flag(flag)),
        }
    }

    /// Notes that a table that is not wanted has a base chain. This matters only for a single wanted table.
    pub fn note_other_hook(&mut self) {
        if let [table] = &mut self.all[..] {
            table.other_tables_have_hooks = true;
        }
    }

    /// Removes all tables, or those of a family.
    pub fn flush(&mut self, family: Option<&str>) -> Result<(), String> {
        self.keep(self.all.len())?;
        let is_kept = |name: TableName| family.is_some_and(|family| name.0 != family);
        if let Wanted::One(name) = self.wanted {
            if !is_kept(name) {
                *self = Tables::new(self.wanted, self.limits);
            }
            return Ok(());
        }
        self.all.retain(|table| is_kept(table.name));
        let names = self.all.iter().map(|table| table.name);
        self.numbers = names.zip(0..).collect();
        Ok(())
    }

    /// Counts a stored statement. Fails above the limit.
    pub fn keep_statement(&mut self) -> Result<(), String> {
        self.keep(STATEMENT_WORK)
    }

    /// Counts a stored chain or set. Fails above the limit.
    pub fn keep_body(&mut self) -> Result<(), String> {
        self.keep(BODY_WORK)
    }

    fn keep(&mut self, work: usize) -> Result<(), String> {
        self.kept = self.kept.saturating_add(work);
        self.limits.check(Limit::Work, self.kept)?;
        Ok(())
    }

    /// Returns the tables in force, at the end of the input.
    pub fn finished(mut self) -> Vec<Table<'a, S>> {
        if self.are_all() {
            // `nft -t list ruleset` omits the elements of all sets.
            let mut sets = self.all.iter().flat_map(|table| table.sets.values());
            let lists_elements = sets.any(|set| S::has_elements(&set.body));
            for table in &mut self.all {
                table.purpose = Purpose::Firewall { lists_elements };
            }
        }
        let in_force = self.all.into_iter().filter(|table| !table.is_dormant);
        in_force.map(Table::finished).collect()
    }
}
