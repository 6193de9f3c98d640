//! Converts the entries of a set to steps.

use std::collections::BTreeMap;

use super::sets::{Change, Set};
use super::shape::{Shape, number, timeout};
use super::words::{COMMENT_LIMIT, is_exist};
use crate::format::read::values::{address, network};
use crate::format::read::words::Words;
use crate::packets::{Action, Condition, Dimension, Interval, PacketBox, Step};
use crate::read_error::{ErrorCollector, ReadError};

pub(super) struct Entry {
    pub network: Interval,
    pub accepts: bool,
    /// Unknown if the entry expires.
    pub condition: Condition,
    /// True if the command has `-exist`. It then replaces an existing entry, or deletes an entry
    /// only if it exists.
    replaces: bool,
}

/// The entries of a set of addresses or networks, each with its place.
type Entries = BTreeMap<Interval, (Entry, u32)>;

/// The steps of a set. They match only the remote address.
pub(super) fn steps(set: &Set) -> Result<Vec<Step>, Vec<ReadError>> {
    entries(set).map(in_order)
}

/// The entries of a set at the end of the input.
pub(super) fn entries(set: &Set) -> Result<Entries, Vec<ReadError>> {
    let one = |problem: String| vec![ReadError::new(set.at, problem)];
    if set.had_others {
        return Err(one(
            "the set may already contain other entries: it is created with '-exist' and not flushed after that; \
             provide the output of 'ipset save'"
                .to_owned(),
        ));
    }
    let shape = Shape::read(set.kind, set.options).map_err(one)?;
    let mut entries = Entries::new();
    let mut errors = ErrorCollector::default();
    for (at, change, text) in &set.changes {
        let done = shape.entry(text).and_then(|entry| match change {
            Change::Add => shape.add(&mut entries, entry, *at),
            Change::Delete if !text.split_ascii_whitespace().skip(1).all(is_exist) => {
                Err("ipset deletes an entry by its address; remove the options".to_owned())
            }
            Change::Delete if entries.remove(&entry.network).is_some() || entry.replaces => Ok(()),
            Change::Delete => Err(
                "the set does not contain this entry at this line, and ipset rejects the command; \
                                   remove the line"
                    .to_owned(),
            ),
        });
        errors.extend(done.err().map(|problem| ReadError::new(*at, problem)));
        if errors.is_full() {
            break;
        }
    }
    errors.finish(entries)
}

/// Sorts the entries so that the longest prefix comes first.
fn in_order(entries: Entries) -> Vec<Step> {
    let mut entries: Vec<(Entry, u32)> = entries.into_values().collect();
    entries.sort_by_key(|(entry, _)| entry.network.last - entry.network.first);
    let step = |(entry, at): (Entry, u32)| Step {
        packets: PacketBox::ALL.with(Dimension::Remote, entry.network),
        condition: entry.condition,
        action: if entry.accepts {
            Action::Accept
        } else {
            Action::Deny
        },
        at,
    };
    entries.into_iter().map(step).collect()
}

impl Shape<'_> {
    fn entry(&self, text: &str) -> Result<Entry, String> {
        let mut words = Words::new(text);
        let mut entry = Entry {
            network: self.network(words.next().unwrap_or_default())?,
            accepts: true,
            condition: Condition::true_if(self.timeout.unwrap_or_default() == 0),
            replaces: false,
        };
        let mut seen = Vec::new();
        while let Some(option) = words.next() {
            if seen.contains(&option) {
                return Err(format!("'{option}' appears twice, which ipset rejects"));
            }
            seen.push(option);
            let mut value = || words.next().unwrap_or_default();
            match option {
                "nomatch" if self.has_networks => entry.accepts = false,
                "timeout" if self.timeout.is_some() => {
                    entry.condition = Condition::true_if(timeout(value())? == 0);
                }
                "packets" | "bytes" if self.has("counters") => drop(number::<u64>(value())?),
                "skbmark" | "skbprio" | "skbqueue" if self.has("skbinfo") => drop(value()),
                "comment" if self.has("comment") => words = after_comment(words)?,
                _ if is_exist(option) => entry.replaces = true,
                _ => {
                    return Err(format!(
                        "'{option}' is not an entry option that this set was created with"
                    ));
                }
            }
        }
        Ok(entry)
    }

    /// Parses the address or network of an entry.
    fn network(&self, word: &str) -> Result<Interval, String> {
        if word.contains('-') {
            return Err(format!(
                "'{word}' is a range, which ipset splits; provide the output of 'ipset save'"
            ));
        }
        if self.has_networks {
            let network = network(word)?;
            if network == Interval::ADDRESSES {
                return Err(format!("ipset does not accept '{word}' as an entry"));
            }
            return Ok(network);
        }
        let address = address(word)?;
        if !self.range.holds(Interval::single(address)) {
            return Err(format!("'{word}' is not in the range of the set"));
        }
        Ok(Interval::network(address, self.length))
    }

    fn add(&self, entries: &mut Entries, entry: Entry, at: u32) -> Result<(), String> {
        let replaces = entry.replaces;
        let old = entries.insert(entry.network, (entry, at));
        if old.is_some() && !replaces {
            return Err(
                "the set already has this entry, and ipset rejects a second one; remove the line"
                    .to_owned(),
            );
        }
        if entries.len() > self.capacity {
            return Err(format!(
                "the set has more entries than its maxelem of {} allows",
                self.capacity
            ));
        }
        Ok(())
    }
}

/// Skips a comment, which is one word or a text in double quotes, and returns the words after it.
pub(super) fn after_comment(mut words: Words) -> Result<Words, String> {
    let text = words.rest();
    let (comment, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => (words.next().unwrap_or_default(), words.rest()),
    };
    let ends = rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_whitespace());
    let taken = (1..=COMMENT_LIMIT).contains(&comment.len());
    if !taken || comment.contains('"') || text.starts_with('"') && !ends {
        return Err(format!(
            "expected a comment of 1 to {COMMENT_LIMIT} bytes, in double quotes if it has spaces"
        ));
    }
    Ok(Words::new(rest))
}
