//! Reads `show running-config`, `show ip access-lists` and rendered files as the steps of a unit.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::entry::Entry;
use super::groups::{Groups, Service};
use super::outline::{Command, List, Outline};
use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::number::is_number;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::read::words::Words;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Action, Condition, HeaderBox, PacketBox, Step};
use crate::policy::Direction;
use crate::read_error::{ErrorCollector, ReadError};

pub(super) fn parse(text: &str, wanted: UnitQuery) -> ReadResult {
    let names = wanted.candidates(|direction| wanted.unit.name.upper(direction));
    let outline = Outline::read(text, &names, wanted.limits)?;
    let own = wanted.is_users_own(|at| outline.lists[at].exists());
    if !outline.is_cisco {
        let problem = "the input has neither a configuration nor an access list; expected the output of \
                       'show running-config' or 'show ip access-lists'";
        return Err(vec![ReadError::new(0, problem)]);
    }
    let mut groups = Groups::new(&outline.groups, wanted.limits);
    let mut units = Vec::new();
    let mut errors = ErrorCollector::default();
    for (at, direction) in wanted.directions.iter().enumerate() {
        let at = at + usize::from(own);
        match steps(&outline.lists[at], *direction, &mut groups) {
            Ok(steps) => units.push(DeployedUnit {
                hook: outline.bindings.hook(at),
                ..unit(*direction, &names[at], &outline.lists[at], steps)
            }),
            Err(found) => errors.extend(found),
        }
    }
    errors.finish(units)
}

/// Returns the unit of a list. A list that is applied but has no entries permits all packets (Cisco
/// IOS Security Configuration Guide, "IP Access List Overview").
fn unit(direction: Direction, name: &str, list: &List, steps: Vec<Step>) -> DeployedUnit {
    let absent = "the input has no such access list".to_owned();
    let everything = Unmeasured {
        what: "any packet, wherever the list is applied: IOS permits everything by an access list that does \
               not exist or has no entries"
            .to_owned(),
        at: list.commands.first().map_or(0, |(at, _)| *at),
    };
    DeployedUnit {
        unmeasured: if steps.is_empty() {
            vec![everything]
        } else {
            Vec::new()
        },
        steps,
        absent: (!list.exists()).then_some(absent),
        ..DeployedUnit::empty(direction, name.to_owned())
    }
}

fn steps<'a>(
    list: &List<'a>,
    direction: Direction,
    groups: &mut Groups<'a>,
) -> Result<Vec<Step>, Vec<ReadError>> {
    let entries = entries(list)?;
    let mut steps = Vec::with_capacity(entries.by_number.len());
    let mut errors = ErrorCollector::default();
    let mut work = 0;
    for (at, text) in entries.by_number.into_values() {
        match Entry::read(text, groups).map_err(|error| error.or_at(at)) {
            Ok(entry) => {
                work += entry.matches.cost;
                let fits = groups.limits.check(Limit::Work, work);
                let added =
                    fits.and_then(|()| add_steps(&entry, direction, at, &mut steps, groups.limits));
                if let Err(exceeded) = added {
                    errors.add(ReadError::new(at, exceeded));
                    break;
                }
            }
            // Report an error in a group only once.
            Err(error) if errors.contains(&error) => {}
            Err(error) => errors.add(error),
        }
        if errors.is_full() {
            break;
        }
    }
    if errors.is_empty() && entries.is_edited {
        errors.extend(repeated(list, direction, groups).err());
    }
    errors.finish(steps)
}

/// Returns the lines of a list after its last removal.
fn lines<'l, 'a>(list: &'l List<'a>) -> impl Iterator<Item = (u32, &'a str)> + use<'l, 'a> {
    let removed = |(_, command): &(u32, Command)| matches!(command, Command::Remove);
    let start = list
        .commands
        .iter()
        .rposition(removed)
        .map_or(0, |at| at + 1);
    let lines = list.commands[start..].iter();
    lines.filter_map(|(at, command)| match command {
        Command::Line(text) => Some((*at, *text)),
        _ => None,
    })
}

/// Refuses an entry that equals another one except for its number, because IOS ignores the second one
/// (Cisco IOS Security Configuration Guide, "IP Access List Entry Sequence Numbering").
fn repeated<'a>(
    list: &List<'a>,
    direction: Direction,
    groups: &mut Groups<'a>,
) -> Result<(), ReadError> {
    let mut known = HashMap::new();
    let mut present = Entries::default();
    let mut removed = HashSet::new();
    let mut steps: Vec<Step> = Vec::new();
    for (at, text) in lines(list) {
        removed.extend(removed_by(text, &present));
        line(&mut present, at, text).map_err(|problem| ReadError::new(at, problem))?;
        let mut words = Words::new(text);
        words.next_if(is_number);
        if matches!(words.peek(), Some("no" | "remark")) {
            continue;
        }
        let text = words.rest();
        let entry = Entry::read(text, groups).map_err(|error| error.or_at(at))?;
        let start = steps.len();
        let added = add_steps(&entry, direction, at, &mut steps, groups.limits);
        added.map_err(|exceeded| ReadError::new(at, exceeded))?;
        let packets: Vec<PacketBox> = steps[start..].iter().map(|step| step.packets).collect();
        // The packets of an entry do not express its condition, so its words are compared too.
        let words = (!entry.matches.condition.is_true()).then_some(text);
        let same = known.insert((entry.action == Action::Accept, packets, words), at);
        if same.is_some_and(|earlier| !removed.contains(&earlier)) {
            return Err(ReadError::new(at, REPEATED));
        }
    }
    Ok(())
}

/// Returns the place of the entry that a line removes.
fn removed_by(text: &str, present: &Entries) -> Option<u32> {
    let number = text.strip_prefix("no")?.trim_ascii().parse().ok()?;
    present.by_number.get(&number).map(|(at, _)| *at)
}

const REPEATED: &str = "the list already has this entry, so IOS ignores this line; remove it";

fn add_steps(
    entry: &Entry,
    direction: Direction,
    at: u32,
    steps: &mut Vec<Step>,
    limits: Limits,
) -> Result<(), LimitExceeded> {
    const ANY: &[Service] = &[Service {
        packets: HeaderBox::ALL,
        condition: Condition::True,
    }];
    let services = entry.services.as_deref().unwrap_or(ANY);
    let boxes = &entry.matches.boxes;
    let added = services.len().saturating_mul(boxes.len());
    limits.check(Limit::Rules, steps.len().saturating_add(added))?;
    for service in services {
        let both = boxes.iter().filter_map(|b| b.and(&service.packets));
        steps.extend(both.map(|packets| Step {
            packets: packets.to_remote_local(direction),
            condition: entry.matches.condition & service.condition,
            action: entry.action,
            at,
        }));
    }
    Ok(())
}

#[derive(Default)]
struct Entries<'a> {
    /// The place of each entry, and its text without the number.
    by_number: BTreeMap<u32, (u32, &'a str)>,
    /// True if the last entry had a number; `None` before the first entry.
    has_number: Option<bool>,
    /// True if a line removed an entry or added one before others, so that numbers matter.
    is_edited: bool,
}

fn entries<'a>(list: &List<'a>) -> Result<Entries<'a>, Vec<ReadError>> {
    let mut entries = Entries::default();
    let mut renumbered = false;
    let mut errors = ErrorCollector::default();
    for (at, command) in &list.commands {
        let done = match command {
            Command::Line(_) if renumbered => Err(
                "the list was resequenced above, so the position of this line is unknown; provide the output of 'show \
                 running-config'"
                    .to_owned(),
            ),
            Command::Line(text) => line(&mut entries, *at, text),
            Command::Remove => {
                entries = Entries::default();
                renumbered = false;
                Ok(())
            }
            Command::Resequence => {
                renumbered = true;
                Ok(())
            }
            Command::Refused(problem) => Err(problem.clone()),
        };
        errors.extend(done.err().map(|problem| ReadError::new(*at, problem)));
        if errors.is_full() {
            break;
        }
    }
    errors.finish(entries)
}

/// The highest sequence number ("IP Access List Entry Sequence Numbering").
const NUMBER_LIMIT: u32 = i32::MAX as u32;

/// The distance of an entry without a number from the entry before it.
const NUMBER_STEP: u32 = 10;

/// Reads a line of list mode.
fn line<'a>(entries: &mut Entries<'a>, at: u32, text: &'a str) -> Result<(), String> {
    let mut words = Words::new(text);
    if words.next_if(|word| word == "no").is_some() {
        return remove(entries, words);
    }
    let given = words.next_if(is_number).map(number).transpose()?;
    if words.peek() == Some("remark") {
        return Ok(());
    }
    let last = entries.by_number.last_key_value();
    let is_in_order = last.is_none_or(|(last, _)| given.is_none_or(|given| *last < given));
    let number = match (given, last) {
        (Some(given), _) => given,
        (None, None) => NUMBER_STEP,
        (None, Some((last, _))) => last + NUMBER_STEP,
    };
    if number > NUMBER_LIMIT {
        return Err(
            "no sequence number is left for this entry; resequence the list first".to_owned(),
        );
    }
    let had_number = entries.has_number.replace(given.is_some());
    entries.is_edited |= !is_in_order || had_number.is_some_and(|had| had != given.is_some());
    match entries.by_number.insert(number, (at, words.rest())) {
        None => Ok(()),
        Some(_) => Err(format!("an entry above already has the number {number}")),
    }
}

fn number(word: &str) -> Result<u32, String> {
    let number = word.parse().ok().filter(|n| (1..=NUMBER_LIMIT).contains(n));
    number.ok_or_else(|| format!("'{word}' is not a number from 1 to {NUMBER_LIMIT}"))
}

/// Reads the rest of `no`.
fn remove(entries: &mut Entries, mut words: Words) -> Result<(), String> {
    let word = words.need("the number of an entry")?;
    if !is_number(word) {
        return Err(format!(
            "expected the number of an entry after 'no', not '{word}'"
        ));
    }
    words.finish()?;
    entries.is_edited = true;
    match entries.by_number.remove(&number(word)?) {
        Some(_) => Ok(()),
        None => Err(format!("no entry above has the number {word}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of steps of a list, or its first error.
    fn read(number: &str, text: &str) -> Result<usize, String> {
        let first = |errors: Vec<ReadError>| errors[0].problem().clone();
        let outline = Outline::read(text, &[number.to_owned()], Limits::default());
        let outline = outline.map_err(first)?;
        let mut groups = Groups::new(&outline.groups, Limits::default());
        let steps = steps(&outline.lists[0], Direction::In, &mut groups);
        steps.map(|steps| steps.len()).map_err(first)
    }

    #[test]
    fn reads_numbered_lists_by_their_number() {
        let line = "access-list 101 permit udp any any eq 5060\n";
        let others = "access-list 101 remark permit ip any any\naccess-list 102 deny ip any any\n";
        let mode = "ip access-list extended 101\n 5 deny ip any any\n!\n";
        let shown = "Extended IP access list 101\n    10 permit ip any any\n";
        let removal = "no access-list 101\n";
        for (texts, steps) in [
            ([line, others], 1),
            ([line, mode], 2),
            ([line, removal], 0),
            (["!\n", shown], 1),
        ] {
            assert_eq!(read("101", &texts.concat()), Ok(steps), "{texts:?}");
        }
        for (text, problem) in [
            ("access-l 101 permit ip any any\n", "in full"),
            (
                "no access-list 101 permit ip any any\n",
                "expected nothing after",
            ),
            ("access-list 101 permit any\n", "unknown protocol 'any'"),
            (shown, "the input has this access list twice"),
        ] {
            let error = read("101", &[line, text].concat()).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
        let error = read("10", "access-list 10 permit any\n").unwrap_err();
        assert_eq!(
            error,
            "not an extended access list, so it cannot match ports; expected an extended list of this name"
        );
    }
}
