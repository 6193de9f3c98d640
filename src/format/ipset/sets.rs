//! Reads sets from a script for `ipset restore`, such as the output of `ipset save`, or from the output of
//! `ipset list`.

use std::collections::HashMap;

use super::shape::Shape;
use super::words::{NAME_LIMIT, is_exist};
use crate::format::read::lines::lines;
use crate::format::read::words::Words;
use crate::limits::{Limit, Limits};
use crate::read_error::{ErrorCollector, ReadError};

/// All set types of ipset.
const KINDS: [&str; 16] = [
    "bitmap:ip",
    "bitmap:ip,mac",
    "bitmap:port",
    "hash:ip",
    "hash:ip,mac",
    "hash:ip,mark",
    "hash:ip,port",
    "hash:ip,port,ip",
    "hash:ip,port,net",
    "hash:mac",
    "hash:net",
    "hash:net,iface",
    "hash:net,net",
    "hash:net,port",
    "hash:net,port,net",
    "list:set",
];

/// The work counted for a set and for an entry, because they need more memory than their text.
const SET_WORK: usize = 64;
const ENTRY_WORK: usize = 24;

/// ipset reads at most 1023 bytes per line, including the newline.
const LINE_LIMIT: usize = 1_022;

/// The sets by their names.
pub(super) type Sets<'a> = HashMap<&'a str, Set<'a>>;

/// A set in its state at the end of the input.
pub(super) struct Set<'a> {
    /// The place of its `create`.
    pub at: u32,
    /// The set type, such as `hash:net`.
    pub kind: &'a str,
    pub options: &'a str,
    /// True if a script creates the set for IPv6.
    is_ipv6: bool,
    /// The changes to its entries, in order.
    pub changes: Vec<(u32, Change, &'a str)>,
    /// True if the set may have contained entries before the script ran.
    pub had_others: bool,
}

/// A change to an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Add,
    Delete,
}

/// Reads all sets of the input. A set named in `own` must have a supported type and options.
pub(super) fn read<'a>(
    text: &'a str,
    own: &[String],
    limits: Limits,
) -> Result<Sets<'a>, Vec<ReadError>> {
    let mut reader = if text.trim_start().starts_with("Name:") {
        SetsReader::Listing(Listing::default())
    } else {
        SetsReader::Script(Script {
            sets: Sets::new(),
            own,
            is_saved: false,
            other_command: None,
        })
    };
    let mut errors = ErrorCollector::default();
    let mut work = 0;
    for (at, line) in lines(text).map_err(|error| vec![error])? {
        let is_set = line.trim_ascii_start().starts_with("create")
            || line.trim_ascii_start().starts_with("Name:");
        work += if is_set { SET_WORK } else { ENTRY_WORK };
        if let Err(exceeded) = limits.check(Limit::Work, work) {
            return Err(vec![ReadError::new(at, exceeded)]);
        }
        errors.extend(reader.line(at, line.trim_ascii()).err());
        if errors.is_full() {
            return Err(errors.into_errors());
        }
    }
    let sets = reader.finish().map_err(|error| errors.add(error));
    match sets {
        Ok(sets) if errors.is_empty() => Ok(sets),
        _ => Err(errors.into_errors()),
    }
}

enum SetsReader<'a, 'n> {
    Script(Script<'a, 'n>),
    Listing(Listing<'a>),
}

impl<'a> SetsReader<'a, '_> {
    fn line(&mut self, at: u32, line: &'a str) -> Result<(), ReadError> {
        // ipset accepts a line break in a comment, but no quotation mark.
        if line.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
            let problem = "the comment continues on the next line; put it on one line";
            return Err(ReadError::new(at, problem));
        }
        match self {
            SetsReader::Script(_) if line.len() > LINE_LIMIT => Err(ReadError::new(
                at,
                format!(
                    "the line has more than {LINE_LIMIT} bytes, and ipset reads the rest of a longer line as another line"
                ),
            )),
            SetsReader::Script(_) if line.is_empty() || line.starts_with('#') => Ok(()),
            SetsReader::Script(script) => {
                let done = script.run_line(at, line);
                done.map_err(|problem| ReadError::new(at, problem))
            }
            SetsReader::Listing(listing) => listing.line(at, line),
        }
    }

    fn finish(self) -> Result<Sets<'a>, ReadError> {
        match self {
            SetsReader::Script(script) if script.sets.is_empty() => Err(ReadError::new(
                0,
                "the input contains no set, or destroys all of them; expected the output of 'ipset save' or 'ipset \
                 list'",
            )),
            SetsReader::Script(Script {
                is_saved: true,
                other_command: Some((at, command)),
                ..
            }) => Err(ReadError::new(
                at,
                format!(
                    "'ipset save' prints 'hashsize' but never '{command}', so this line may be part of a set's name; \
                     provide the \
                     unmodified output, or remove 'hashsize' from a script"
                ),
            )),
            SetsReader::Script(script) => Ok(script.sets),
            SetsReader::Listing(mut listing) => {
                listing.end_set()?;
                Ok(listing.sets)
            }
        }
    }
}

/// The sets that a script for `ipset restore` creates.
struct Script<'a, 'n> {
    sets: Sets<'a>,
    own: &'n [String],
    /// True if the script is the output of `ipset save`, which prints `hashsize`. Other scripts rarely need
    /// that option.
    is_saved: bool,
    /// The first command that `ipset save` never prints.
    other_command: Option<(u32, &'a str)>,
}

impl<'a> Script<'a, '_> {
    fn run_line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        let mut words = Words::new(line);
        let command = words.next().unwrap_or_default();
        if !matches!(
            command,
            "create" | "add" | "del" | "flush" | "swap" | "destroy"
        ) {
            return Err(format!(
                "command '{command}' is unknown; expected create, add, del, flush, swap or destroy, as 'ipset save' \
                 prints them, or the output of 'ipset list' without '-output xml'"
            ));
        }
        let name = words.next().unwrap_or_default();
        let rest = words.rest();
        if name.is_empty() || name.contains('"') || name.len() > NAME_LIMIT {
            return Err(format!(
                "expected the name of a set after {command}, of at most {NAME_LIMIT} bytes"
            ));
        }
        if !matches!(command, "create" | "add") {
            self.other_command.get_or_insert((at, command));
        }
        match command {
            "create" => return self.create(at, name, rest),
            "add" => self.set(name)?.changes.push((at, Change::Add, rest)),
            "del" => self.set(name)?.changes.push((at, Change::Delete, rest)),
            "swap" => return self.swap(name, rest),
            _ if !rest.is_empty() => {
                return Err(format!(
                    "expected the end of the line after the name, not '{rest}'"
                ));
            }
            "flush" => {
                let set = self.set(name)?;
                set.changes.clear();
                set.had_others = false;
            }
            _ => {
                self.set(name)?;
                self.sets.remove(name);
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str) -> Result<&mut Set<'a>, String> {
        self.sets.get_mut(name).ok_or_else(|| {
            format!("set '{name}' is not created before this line; provide the complete input")
        })
    }

    fn create(&mut self, at: u32, name: &'a str, rest: &'a str) -> Result<(), String> {
        let mut words = Words::new(rest);
        let (kind, options) = (words.next().unwrap_or_default(), words.rest());
        if !KINDS.contains(&kind) {
            return Err(format!(
                "'{kind}' is not a set type; expected one that 'ipset help' lists, such as hash:net"
            ));
        }
        self.is_saved |= options
            .split_ascii_whitespace()
            .any(|word| word == "hashsize");
        let exist = options.split_ascii_whitespace().any(is_exist);
        if let Some(old) = self.sets.get(name) {
            return if exist && (old.kind, old.options) == (kind, options) {
                Ok(())
            } else {
                Err(format!(
                    "set '{name}' is created twice; provide one listing at a time"
                ))
            };
        }
        let set = Set {
            at,
            kind,
            options,
            is_ipv6: options.split_ascii_whitespace().any(|word| word == "inet6"),
            changes: Vec::new(),
            had_others: exist,
        };
        self.sets.insert(name, set);
        if self.own.iter().any(|own| own == name) {
            // Check it now: a swap could replace it before the end of the input.
            Shape::read(kind, options)?;
        }
        Ok(())
    }

    fn swap(&mut self, one: &'a str, other: &'a str) -> Result<(), String> {
        let kinds = [self.set(one)?.kind, self.set(other)?.kind];
        if kinds[0] != kinds[1] {
            return Err(format!("ipset cannot swap {} with {}", kinds[0], kinds[1]));
        }
        if self.set(one)?.is_ipv6 != self.set(other)?.is_ipv6 {
            return Err("ipset cannot swap an IPv4 set with an IPv6 set".to_owned());
        }
        let before = [self.sets.remove(one), self.sets.remove(other)];
        for (name, set) in [other, one].into_iter().zip(before) {
            self.sets.extend(set.map(|set| (name, set)));
        }
        Ok(())
    }
}

/// The sets in the output of `ipset list`.
#[derive(Default)]
struct Listing<'a> {
    sets: Sets<'a>,
    current: Option<Block<'a>>,
}

/// The lines of one set.
struct Block<'a> {
    name: &'a str,
    set: Set<'a>,
    /// The value of `Number of entries`, which old versions do not print.
    count: Option<&'a str>,
    has_members: bool,
}

impl<'a> Listing<'a> {
    fn line(&mut self, at: u32, line: &'a str) -> Result<(), ReadError> {
        if let Some(name) = line.strip_prefix("Name:") {
            if !name.starts_with(' ') || name.len() == 1 {
                let problem =
                    "expected a space and a name after 'Name:', as 'ipset list' prints it";
                return Err(ReadError::new(at, problem));
            }
            let ended = self.end_set();
            self.current = Some(Block::new(at, name.trim_ascii()));
            return ended;
        }
        if line.is_empty() {
            return self.end_set();
        }
        let read = match &mut self.current {
            Some(block) => block.line(at, line),
            None => {
                Err("expected 'Name:' and the name of a set, as 'ipset list' prints it".to_owned())
            }
        };
        read.map_err(|problem| ReadError::new(at, problem))
    }

    fn end_set(&mut self) -> Result<(), ReadError> {
        let Some(block) = self.current.take() else {
            return Ok(());
        };
        let Block {
            name,
            set,
            count,
            has_members,
        } = block;
        let at = set.at;
        let listed = set.changes.len();
        let problem = if !has_members {
            "the set has no line 'Members:', so the input was cut off, or listed with '-terse'; provide the complete \
             output of 'ipset list'"
                .to_owned()
        } else if count.is_some_and(|count| count != listed.to_string()) {
            format!(
                "the set has {listed} entries instead of the {} that it announces: the input was cut off, or entries \
                 changed meanwhile; list the set again",
                count.unwrap_or_default()
            )
        } else if self.sets.insert(name, set).is_some() {
            format!("set '{name}' appears twice; provide one listing at a time")
        } else {
            return Ok(());
        };
        Err(ReadError::new(at, problem))
    }
}

impl<'a> Block<'a> {
    fn new(at: u32, name: &'a str) -> Self {
        Block {
            name,
            set: Set {
                at,
                kind: "",
                options: "",
                is_ipv6: false,
                changes: Vec::new(),
                had_others: false,
            },
            count: None,
            has_members: false,
        }
    }

    fn line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        if self.has_members {
            self.set.changes.push((at, Change::Add, line));
            return Ok(());
        }
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        match key {
            "Type" => self.set.kind = value.trim_ascii(),
            "Header" => self.set.options = value.trim_ascii(),
            "Number of entries" => self.count = Some(value.trim_ascii()),
            "Members" => self.has_members = true,
            "Revision" | "Size in memory" | "References" => {}
            _ => {
                return Err(format!(
                    "'{key}' is unknown; expected Type, Revision, Header, Size in memory, References, Number of entries \
                     or Members"
                ));
            }
        }
        Ok(())
    }
}
