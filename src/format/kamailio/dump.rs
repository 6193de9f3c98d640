//! The tables of a running Kamailio, as `kamcmd` prints them.

use super::group::{Entry, Group};
use crate::format::read::lines::lines;
use crate::read_error::ReadError;

/// The prompt of `kamcmd` when it reads commands from stdin.
const PROMPT: &str = "kamcmd> ";

/// The lines before the first prompt of `kamcmd`.
const GREETINGS: [&str; 4] = [
    "kamcmd ",
    "Copyright ",
    "This is free software ",
    "For details type ",
];

/// The commands, and the starts of the lines of each entry that they print.
const TABLES: [(&str, &[&str]); 2] = [
    (
        "permissions.addressDump",
        &[
            "{", "table:", "group:", "item: {", "ip:", "port:", "tag:", "}", "}",
        ],
    ),
    (
        "permissions.subnetDump",
        &[
            "{", "id:", "group:", "item: {", "ip:", "mask:", "port:", "tag:", "}", "}",
        ],
    ),
];

/// The command that prints both tables.
const HOW: &str =
    "provide the output of printf 'permissions.addressDump\\npermissions.subnetDump\\n' | kamcmd";

/// True if a text is the output of `kamcmd`, and not a file.
pub(super) fn is_dump(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first.is_some_and(|line| {
        line == "{"
            || line.starts_with("error:")
            || line.starts_with("kamcmd")
            || table(line).is_some()
    })
}

/// Returns the index in [`TABLES`] of the command on a line.
fn table(line: &str) -> Option<usize> {
    let command = line.strip_prefix(PROMPT).unwrap_or(line);
    TABLES.iter().position(|(name, _)| *name == command)
}

#[derive(Default)]
struct Dump<'a> {
    seen: [bool; TABLES.len()],
    current: Option<usize>,
    /// The number of lines of the current entry that were read.
    lines: usize,
    entry: Entry<'a>,
    /// The place of the entry's address.
    at: u32,
}

pub(super) fn read(text: &str, group: &mut Group) -> Result<(), Vec<ReadError>> {
    let one = |error| vec![error];
    // kamcmd prints its prompt once more at the end of the input.
    let text = text.strip_suffix(PROMPT).unwrap_or(text);
    let mut dump = Dump::default();
    for (at, line) in lines(text).map_err(one)? {
        let whole = dump.line(at, line.trim());
        let whole = whole.map_err(|problem| one(ReadError::new(at, problem)))?;
        let added = whole.map_or(Ok(()), |entry| group.add(dump.at, entry));
        added.map_err(|problem| one(ReadError::new(dump.at, problem)))?;
    }
    dump.finish()
        .map_err(|problem| one(ReadError::new(0, problem)))
}

impl<'a> Dump<'a> {
    /// Reads a line. Returns the entry that ends with it.
    fn line(&mut self, at: u32, line: &'a str) -> Result<Option<Entry<'a>>, String> {
        if line.is_empty() {
            return Ok(None);
        }
        if let Some(table) = table(line) {
            return self.begin(table).map(|()| None);
        }
        let Some(current) = self.current else {
            let greets = GREETINGS.iter().any(|greeting| line.starts_with(greeting));
            return if greets {
                Ok(None)
            } else {
                Err(format!(
                    "no command above names the table of this line; {HOW}"
                ))
            };
        };
        let keys = TABLES[current].1;
        let key = keys[self.lines];
        let value = line.strip_prefix(key).map(str::trim);
        let is_said = value.is_some_and(|value| match key {
            "table:" | "id:" | "tag:" => true,
            "group:" | "ip:" | "mask:" | "port:" => !value.is_empty(),
            _ => value.is_empty(),
        });
        if !is_said {
            return Err(format!("expected '{key}' at this place of an entry; {HOW}"));
        }
        let value = value.unwrap_or_default();
        match key {
            "group:" => self.entry.group = value,
            "mask:" => self.entry.mask = value,
            "port:" => self.entry.port = value,
            "ip:" => {
                self.entry.address = value;
                self.at = at;
            }
            _ => {}
        }
        self.lines = (self.lines + 1) % keys.len();
        Ok((self.lines == 0).then(|| std::mem::take(&mut self.entry)))
    }

    fn begin(&mut self, table: usize) -> Result<(), String> {
        self.is_whole()?;
        if self.seen[table] {
            return Err("the input has this table twice; provide each table once".to_owned());
        }
        self.seen[table] = true;
        self.current = Some(table);
        Ok(())
    }

    fn is_whole(&self) -> Result<(), String> {
        match self.lines {
            0 => Ok(()),
            _ => Err("the entry above is incomplete, so the input may have been cut off; provide the complete \
                      input".to_owned()),
        }
    }

    fn finish(&self) -> Result<(), String> {
        self.is_whole()?;
        let missing = TABLES.iter().zip(self.seen).find(|(_, seen)| !seen);
        match missing {
            None => Ok(()),
            Some(((name, _), _)) => Err(format!("the output of {name} is missing; {HOW}")),
        }
    }
}
