//! Reads the rules and address lists of RouterOS exports and rendered scripts.
//!
//! RouterOS documentation, "Configuration Management", "Filter" and "Address-lists".

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::menus::{self, COMMANDS};
use super::words::{EXPORT, Property, Words};
use crate::firewall::RuleText;
use crate::format::read::lines::lines;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::read_error::{ErrorCollector, ReadError};

/// The filter and the address lists of a text.
#[derive(Default)]
pub(super) struct Script<'a> {
    /// The rules of each chain, without `add`. Sorted, so that messages are the same in each run.
    pub chains: BTreeMap<Cow<'a, str>, Vec<RuleText<'a>>>,
    /// The entries of each address list, without `add`.
    pub lists: BTreeMap<Cow<'a, str>, Vec<RuleText<'a>>>,
    /// Lists that rules or other menus add addresses to. An export does not show these addresses. A value may
    /// be several names separated by commas, or one name with commas in it.
    pub filled: Vec<Cow<'a, str>>,
    /// Texts in other menus that may be scripts.
    pub scripts: Vec<Cow<'a, str>>,
    /// For each menu, the lists that only disabled rules add addresses to.
    dormant: HashMap<Vec<&'a str>, Vec<Cow<'a, str>>>,
    /// True if the text contains the menu of address lists.
    pub has_lists: bool,
    /// True if the text contains the menu of the filter or of address lists, or the head of an export.
    is_export: bool,
    /// The words of the current menu, for lines that begin with a command.
    menu: Option<Vec<&'a str>>,
    device: Device<'a>,
    limits: Limits,
    /// The steps of [`Limit::Work`] taken so far for values that are kept.
    steps: usize,
}

/// The steps of [`Limit::Work`] for each chain and each list, because all are kept in memory.
const STEPS_OF_NAME: usize = 100;

/// The steps of [`Limit::Work`] for each value that may be a list or a script.
const STEPS_OF_VALUE: usize = 25;

/// The facts about the device in the input.
#[derive(Default)]
struct Device<'a> {
    /// Facts from heads of exports and from prompts, by name.
    facts: HashMap<&'static str, &'a str>,
    /// The number of heads of exports.
    heads: usize,
    /// For each of the unit's menus, the number of heads before its first entry.
    head_of: [Option<usize>; SECTIONS.len()],
}

/// A menu of the unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Filter,
    Lists,
}

const FIREWALL: [&str; 2] = ["ip", "firewall"];

const SECTIONS: [(&str, Section); 2] = [
    ("filter", Section::Filter),
    ("address-list", Section::Lists),
];

/// Firewall menus that neither contain filter rules nor add addresses to lists.
const UNRELATED: [&str; 4] = ["calea", "connection", "layer7-protocol", "service-port"];

/// The maximum depth of a menu, above that of any real one.
const PATH_LIMIT: usize = 12;

impl<'a> Script<'a> {
    pub fn read(text: &'a str, limits: Limits) -> Result<Self, Vec<ReadError>> {
        let mut script = Script {
            limits,
            ..Script::default()
        };
        let mut errors = ErrorCollector::default();
        let mut lines = lines(text).map_err(|error| vec![error])?;
        while let Some((at, line)) = lines.next() {
            let start = at as usize;
            let (mut end, mut last) = (start + line.len(), line);
            // A backslash does not continue a comment.
            while !line.trim_start().starts_with('#') && goes_on(last) {
                let Some((next, line)) = lines.next() else {
                    let problem = "the last line ends in a backslash, so the input may have been cut off; provide the \
                                   complete input";
                    return Err(vec![ReadError::new(at, problem)]);
                };
                (end, last) = (next as usize + line.len(), line);
            }
            let line = text[start..end].trim_ascii();
            let read = refuse_comment(line).and_then(|()| script.line(at, line));
            if let Err(problem) = read {
                errors.add(ReadError::new(at, problem));
            }
            if errors.is_full() {
                break;
            }
        }
        if !script.is_export {
            let at = errors.first().map_or(0, ReadError::at);
            return Err(vec![ReadError::new(at, format!("{EXPORT} on RouterOS"))]);
        }
        errors.finish(script)
    }

    /// Reads a line, including the lines that backslashes join to it.
    fn line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        match line.as_bytes().first() {
            None => Ok(()),
            Some(b'#') => self.comment(line),
            Some(b'[') => self.prompt(line),
            Some(b'/') => self.command(at, &line[1..], Vec::new()),
            Some(b'a'..=b'z') => match self.menu.clone() {
                Some(menu) => self.command(at, line, menu),
                None => Err(format!("the command is not in a menu; {EXPORT}")),
            },
            Some(b':') => Err(format!("scripting commands are not supported; {EXPORT}")),
            Some(_) => Err(format!(
                "the line does not belong to an export, and the output of 'print' is not supported; {EXPORT}"
            )),
        }
    }

    fn comment(&mut self, line: &'a str) -> Result<(), String> {
        let text = line.trim_start_matches('#').trim_start();
        if let Some((_, version)) = text.split_once(" by RouterOS ") {
            self.is_export = true;
            self.device.heads += 1;
            self.device.note("version", version)?;
        }
        for fact in ["model", "serial number", "software id", "system id"] {
            let value = text.strip_prefix(fact).map(str::trim_start);
            if let Some(value) = value.and_then(|value| value.strip_prefix('=')) {
                self.device.note(fact, value.trim())?;
            }
        }
        if text == "interrupted" {
            return Err("the export was interrupted; provide the complete export".to_owned());
        }
        let Some(menu) = text.strip_prefix("error exporting ") else {
            return Ok(());
        };
        let between = |c: char| matches!(c, '/' | ' ' | '"');
        let mut words = menu.split(between).filter(|word| !word.is_empty());
        let is_firewall =
            words.next() == Some("ip") && words.next().is_none_or(|word| word == "firewall");
        if is_firewall && words.next().is_none_or(|menu| !UNRELATED.contains(&menu)) {
            return Err("RouterOS could not export this menu; export it again".to_owned());
        }
        Ok(())
    }

    /// Reads a menu or a command. `path` is the current menu.
    fn command(&mut self, at: u32, line: &'a str, mut path: Vec<&'a str>) -> Result<(), String> {
        let mut words = Words::new(line);
        let known = path.len();
        let command = path_and_command(&mut words, &mut path)?;
        let section = section(&path)?;
        // A menu was checked when it was opened.
        if known == 0 || path.len() > known {
            menus::refuse_others(&path)?;
        }
        self.is_export |= section.is_some();
        self.has_lists |= section == Some(Section::Lists);
        match (section, command) {
            (_, None) if words.rest().is_empty() => {
                self.menu = Some(path);
                Ok(())
            }
            // A rendered script with a misspelled menu, or somebody else's script.
            (None, Some("remove")) => Err(format!("an export contains no 'remove'; {EXPORT}")),
            (None, Some(command)) => {
                if path == ["system", "identity"] && command == "set" {
                    self.device.note("identity", words.rest())?;
                }
                self.other(&path, command, words)
            }
            (Some(section), Some("add")) => self.add(at, section, words),
            (Some(section), Some("remove")) => self.remove(section, words),
            (Some(_), _) => Err("expected 'add', or 'remove [find where ...]'".to_owned()),
            (None, None) => Err(format!("expected a command such as add or set; {EXPORT}")),
        }
    }

    fn add(&mut self, at: u32, section: Section, words: Words<'a>) -> Result<(), String> {
        let filled = filled(words)?;
        if !filled.is_disabled {
            self.fill(filled.lists)?;
        }
        let name = named(words, section)?;
        self.device.entry(section)?;
        let text = words.rest();
        let added = RuleText { at, text };
        if let Some(known) = self.all_of(section).get_mut(&name) {
            known.push(added);
            return Ok(());
        }
        self.work(STEPS_OF_NAME)?;
        self.all_of(section).insert(name, vec![added]);
        Ok(())
    }

    fn fill(&mut self, lists: Vec<Cow<'a, str>>) -> Result<(), LimitExceeded> {
        self.work(lists.len().saturating_mul(STEPS_OF_VALUE))?;
        self.filled.extend(lists);
        Ok(())
    }

    fn work(&mut self, steps: usize) -> Result<(), LimitExceeded> {
        self.steps = self.steps.saturating_add(steps);
        self.limits.check(Limit::Work, self.steps)
    }

    /// Reads `[find where chain="twilio-sip-in"]`. Only rendered scripts remove anything.
    fn remove(&mut self, section: Section, words: Words<'a>) -> Result<(), String> {
        let text = words.rest().strip_prefix('[');
        let inside = text.and_then(|text| text.strip_suffix(']'));
        let mut words = Words::new(inside.unwrap_or_default());
        let finds = words.next()? == Some("find");
        if words.peek()? == Some("where") {
            words.next()?;
        }
        let mut rest = words;
        if !finds || rest.next()?.is_none() || rest.next()?.is_some() {
            return Err(format!("expected [find where {}=NAME]", section.key()));
        }
        let name = named(words, section)?;
        self.work(STEPS_OF_NAME)?;
        self.all_of(section).insert(name, Vec::new());
        Ok(())
    }

    fn all_of(&mut self, section: Section) -> &mut BTreeMap<Cow<'a, str>, Vec<RuleText<'a>>> {
        match section {
            Section::Filter => &mut self.chains,
            Section::Lists => &mut self.lists,
        }
    }

    /// Records the address lists that a command of another menu fills, directly or with a script.
    fn other(&mut self, path: &[&'a str], command: &str, words: Words<'a>) -> Result<(), String> {
        let mut all = words;
        let mut in_find = false;
        while let Some(word) = all.next()? {
            in_find = menus::refuse_execution(word, all, in_find)?;
            if let Some(script) = script(word) {
                self.work(STEPS_OF_VALUE)?;
                self.scripts.push(script);
            }
        }
        let filled = filled(words)?;
        if command == "enable" || command == "set" && !filled.is_disabled {
            self.filled
                .extend(self.dormant.remove(path).unwrap_or_default());
        }
        if !filled.is_disabled || command != "add" {
            return Ok(self.fill(filled.lists)?);
        }
        if filled.lists.is_empty() {
            return Ok(());
        }
        self.work(filled.lists.len().saturating_mul(STEPS_OF_VALUE))?;
        if let Some(dormant) = self.dormant.get_mut(path) {
            dormant.extend(filled.lists);
        } else {
            self.work(STEPS_OF_NAME)?;
            self.dormant.insert(path.to_vec(), filled.lists);
        }
        Ok(())
    }

    /// Reads a prompt such as `[admin@router] /ip firewall> export`.
    fn prompt(&mut self, line: &'a str) -> Result<(), String> {
        let inside = line[1..].split_once(']');
        let name = inside.and_then(|(inside, _)| Some(inside.split_once('@')?.1));
        let command = inside.and_then(|(_, rest)| Some(rest.split_once('>')?.1));
        let (Some(name), Some(command)) = (name, command) else {
            return Err(format!("the line does not belong to an export; {EXPORT}"));
        };
        self.device.note("prompt", name)?;
        let words = || command.split([' ', '/']).filter(|word| !word.is_empty());
        let menu = words().take_while(|word| *word != "export");
        let menu: Vec<&str> = menu.take(PATH_LIMIT).collect();
        let mut options = words().skip(menu.len() + 1);
        let exports = words().count() > menu.len();
        let none = menu.is_empty() || !exports && menu == ["quit"];
        let of_menu = exports && menus::refuse_others(&menu).is_ok();
        let known = |option: &str| EXPORT_OPTIONS.contains(&option);
        if (none || of_menu) && options.all(known) {
            Ok(())
        } else {
            Err(format!("unexpected command at the prompt; {EXPORT}"))
        }
    }
}

impl<'a> Device<'a> {
    /// Refuses a second, different value of a fact.
    fn note(&mut self, fact: &'static str, value: &'a str) -> Result<(), String> {
        let known = self.facts.insert(fact, value);
        if known.is_some_and(|known| known != value) {
            return Err(
                "the input has exports of several devices; provide the export of one device at a time"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Refuses an entry if an export above has entries of the same menu.
    fn entry(&mut self, section: Section) -> Result<(), String> {
        let head = self.heads.max(1);
        let known = self.head_of[section as usize].get_or_insert(head);
        if *known == head {
            return Ok(());
        }
        Err("two exports in the input contain this menu; provide one export".to_owned())
    }
}

/// The address lists that a command adds addresses to.
struct Filled<'a> {
    lists: Vec<Cow<'a, str>>,
    is_disabled: bool,
}

fn filled(mut words: Words) -> Result<Filled, String> {
    let mut lists = Vec::new();
    let (mut is_disabled, mut in_find) = (false, false);
    while let Some(word) = words.next()? {
        let is_in_find = in_find || word.starts_with('[');
        in_find = is_in_find && !word.ends_with(']');
        let name = word.split_once('=').map(|(name, _)| name);
        let fills = name.is_some_and(names_lists);
        if is_in_find || !fills && !matches!(name, Some("disabled" | "attributes")) {
            continue;
        }
        let Some(value) = Property::read(word)?.value else {
            continue;
        };
        if fills {
            lists.push(value);
        } else if name == Some("attributes") {
            lists.extend(lists_of_users(&value).map(Cow::Owned));
        } else {
            is_disabled = value == "yes";
        }
    }
    Ok(Filled { lists, is_disabled })
}

/// Returns the lists that User Manager adds a user's addresses to, from the attributes of the user's
/// group.
fn lists_of_users(attributes: &str) -> impl Iterator<Item = String> {
    attributes.split(',').filter_map(|attribute| {
        let (name, list) = attribute.split_once(':')?;
        let is_list = name.eq_ignore_ascii_case("Mikrotik-Address-List");
        is_list.then(|| list.to_owned())
    })
}

/// True for a property with the names of lists that get addresses. RouterOS accepts abbreviated names,
/// but `address` is another property in most menus.
fn names_lists(property: &str) -> bool {
    property.len() > 1 && property != "address" && "address-lists".starts_with(property)
}

/// Properties with texts that are not scripts.
const TEXTS: [&str; 3] = ["comment", "log-prefix", "name"];

/// Returns the value of a property if it may be a script: it has a space or a backslash, and the property is neither in
/// [`TEXTS`] nor for address lists.
fn script(word: &str) -> Option<Cow<'_, str>> {
    let (name, value) = word.split_once('=')?;
    let is_list = name.ends_with("address-list") || names_lists(name);
    if is_list || TEXTS.contains(&name) || !value.contains([' ', '\\']) {
        return None;
    }
    let property = Property::read(word).ok();
    property.map_or(Some(Cow::Borrowed(value)), |property| property.value)
}

/// Refuses a comment that ends in a backslash, because RouterOS does not continue comments.
fn refuse_comment(line: &str) -> Result<(), String> {
    let Some(end) = line.rfind('\n') else {
        return Ok(());
    };
    let (mut in_string, mut escaped) = (false, false);
    for byte in line[..end].bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'#' if !in_string => {
                return Err(format!(
                    "a backslash cannot continue the comment that '#' begins; {EXPORT}"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Section {
    /// The property that names the chain or list.
    fn key(self) -> &'static str {
        match self {
            Section::Filter => "chain",
            Section::Lists => "list",
        }
    }
}

/// True if a line continues on the next one. Two backslashes are one escaped backslash.
fn goes_on(line: &str) -> bool {
    let backslashes = line.len() - line.trim_end_matches('\\').len();
    backslashes % 2 == 1
}

/// Adds the words of a menu to a path. Returns the command after them.
fn path_and_command<'a>(
    words: &mut Words<'a>,
    path: &mut Vec<&'a str>,
) -> Result<Option<&'a str>, String> {
    let of_path = |word: &&str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"-/.".contains(&b);
        // A menu is called 6to4, but a word without letters is a number.
        let is_number = word.starts_with(|c: char| c.is_ascii_digit())
            && !word.bytes().any(|b| b.is_ascii_alphabetic());
        word.bytes().all(known) && !is_number
    };
    while let Some(word) = words.peek()?.filter(of_path) {
        words.next()?;
        let mut parts = word.split('/').filter(|part| !part.is_empty());
        while let Some(part) = parts.next() {
            let is_command = COMMANDS.contains(&part);
            if is_command && parts.next().is_none() {
                return Ok(Some(part));
            }
            if is_command || part == ".." || path.len() == PATH_LIMIT {
                return Err(format!("'{word}' is not part of a menu; {EXPORT}"));
            }
            path.push(part);
        }
    }
    Ok(None)
}

/// Returns the unit's menu with a path. Refuses abbreviations, which RouterOS accepts but never exports.
fn section(path: &[&str]) -> Result<Option<Section>, String> {
    let short = |word: &str, known: &str| {
        let start = known.as_bytes().get(..word.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    };
    let [ip, firewall, menu, below @ ..] = path else {
        return Ok(None);
    };
    if !short(ip, FIREWALL[0]) || !short(firewall, FIREWALL[1]) {
        return Ok(None);
    }
    let found = SECTIONS.iter().find(|(name, _)| short(menu, name));
    let Some((name, section)) = found else {
        return Ok(None);
    };
    if [*ip, *firewall] == FIREWALL && menu == name && below.is_empty() {
        return Ok(Some(*section));
    }
    Err(format!(
        "expected '/ip firewall {name}' in full, followed by a command"
    ))
}

/// Returns the name of the chain or list that a command is about.
fn named(mut words: Words<'_>, section: Section) -> Result<Cow<'_, str>, String> {
    let key = section.key();
    let mut name = None;
    while let Some(word) = words.next()? {
        let is_key = word.strip_prefix(key).is_some_and(|w| w.starts_with('='));
        if is_key && name.replace(word).is_some() {
            return Err(format!("'{key}' occurs twice"));
        }
    }
    let property = Property::read(name.ok_or_else(|| format!("the command has no {key}=NAME"))?)?;
    property.plain()?;
    Ok(property.value.unwrap_or_default())
}

/// Options of `export` that omit nothing.
const EXPORT_OPTIONS: [&str; 5] = [
    "compact",
    "hide-sensitive",
    "show-sensitive",
    "terse",
    "verbose",
];
