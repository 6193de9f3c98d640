//! Sorts the lines of a text by the access list, object or object group that they belong to.

use std::collections::{HashMap, HashSet};

use super::addresses::Names;
use super::list::List;
use crate::format::cisco::lines::read_lines;
use crate::format::cisco::session::{SEVERAL_DEVICES, Session, refuse_control_characters};
use crate::format::cisco::words::{STEPS_OF_NAME, means};
use crate::format::read::bindings::Bindings;
use crate::format::read::values::address;
use crate::format::read::words::Words;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::Protocols;
use crate::read_error::ReadError;

/// The access lists, objects and groups of a text.
pub(super) struct Outline<'a> {
    /// The uses of the wanted lists.
    pub bindings: Bindings,
    /// The wanted lists, in the order of the wanted names.
    pub lists: Vec<List<'a>>,
    /// Objects and object groups by name. They share one namespace.
    pub definitions: HashMap<&'a str, Definition<'a>>,
    pub names: Names<'a>,
    /// True if a line occurs only in texts of an ASA.
    pub is_asa: bool,
    /// True if the text has commands that remove something. Then the order of commands matters.
    pub is_load: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Network,
    Service,
    /// Ports of these protocols.
    Ports(Protocols),
    Protocol,
    Messages,
    /// Users, security groups, or network services.
    Others,
}

impl Kind {
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Network => "networks",
            Kind::Service => "services",
            Kind::Ports(_) => "ports of the same protocol",
            Kind::Protocol => "protocols",
            Kind::Messages => "ICMP messages",
            Kind::Others => "objects of an unsupported kind",
        }
    }
}

pub(super) struct Definition<'a> {
    pub kind: Kind,
    pub is_group: bool,
    pub at: u32,
    pub members: Vec<(u32, &'a str)>,
}

impl<'a> Outline<'a> {
    /// Reads the outline of a text for the given names of lists.
    pub fn read(text: &'a str, names: &[String], limits: Limits) -> Result<Self, Vec<ReadError>> {
        let mut reader = OutlineReader {
            names,
            outline: Outline {
                bindings: Bindings::new(names),
                lists: names.iter().map(|_| List::default()).collect(),
                definitions: HashMap::new(),
                names: Names::new(),
                is_asa: false,
                is_load: false,
            },
            section: None,
            used: HashSet::new(),
            after_entry: false,
            heads: [false; 2],
            open: None,
            has_ended: false,
            in_certificate: false,
            session: Session::default(),
            limits,
        };
        let mut errors = read_lines(text, limits, |at, line| {
            reader.line(at, line.trim_ascii_end())
        })?;
        errors.extend(reader.unfinished());
        errors.finish(reader.outline)
    }
}

struct OutlineReader<'a, 'n> {
    names: &'n [String],
    outline: Outline<'a>,
    /// The object or group that indented lines belong to.
    section: Option<&'a str>,
    /// The objects and groups that entries above refer to.
    used: HashSet<&'a str>,
    /// True if the previous line belongs to a wanted list.
    after_entry: bool,
    /// For each of the two lines that begin a configuration: true if it was read.
    heads: [bool; 2],
    /// The start of a configuration whose end was not read yet.
    open: Option<u32>,
    /// True if the last line of a configuration was read.
    has_ended: bool,
    /// True within the digits of a certificate, which end with `quit`.
    in_certificate: bool,
    session: Session<'a>,
    limits: Limits,
}

/// Words that may follow the name of an access list.
const LIST_WORDS: [&str; 9] = [
    "extended",
    "remark",
    "line",
    "permit",
    "deny",
    "standard",
    "ethertype",
    "webtype",
    "advanced",
];

/// True if a word may continue an entry, and begins no command.
fn goes_on(word: &str) -> bool {
    let known = ["inactive", "time-range", "log", "interval", "informational"];
    known.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit() || c == '(')
}

/// Words at the start of a member of an object group.
const MEMBERS: [&str; 6] = [
    "network-object",
    "service-object",
    "port-object",
    "protocol-object",
    "icmp-object",
    "group-object",
];

/// Other words at the start of a line of an object or a group. No global command begins with them.
const VALUES: [&str; 5] = ["host", "subnet", "range", "fqdn", "description"];

impl<'a> OutlineReader<'a, '_> {
    fn line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        refuse_control_characters(line)?;
        if line.contains("<--- More --->") {
            return Err("the input contains terminal messages; remove them".to_owned());
        }
        let body = line.trim_ascii_start();
        let mut words = Words::new(body);
        let first = words.next().unwrap_or_default();
        let second = words.peek().unwrap_or_default();
        let is_indented = body.len() < line.len();
        let after_entry = std::mem::take(&mut self.after_entry);
        if self.in_certificate {
            return self.certificate(body);
        }
        refuse_short(first, second)?;
        match first {
            "" => {}
            _ if body.starts_with('!') => {}
            ":" if body == ": end" => self.end()?,
            _ if is_checksum(body) => self.open = None,
            ":" if body == ": Saved" => self.begin(at, 0)?,
            ":" => {}
            "ASA" | "NGFW" if second == "Version" => self.begin(at, 1)?,
            "access-list" => {
                self.section = None;
                self.access_list(at, words)?;
            }
            "object" | "object-group" => self.definition(at, first == "object-group", words)?,
            "no" if matches!(second, "object" | "object-group") => self.remove(words)?,
            "no" if second == "access-list" => {
                words.next();
                let name = words.next().unwrap_or_default();
                self.section = None;
                if self.number_of(name).is_some() || LIST_WORDS.contains(&name) || name.is_empty() {
                    return Err(
                        "the line removes an entry; provide a configuration without removals"
                            .to_owned(),
                    );
                }
            }
            "clear" => self.clear(words)?,
            "name" if !is_indented => self.name(words)?,
            "ip" if second == "access-list" => return Err(IOS.to_owned()),
            "Extended" if body.starts_with("Extended IP access list") => {
                return Err(IOS.to_owned());
            }
            _ if after_entry && (is_indented || goes_on(first)) => {
                return Err(
                    "the line may be the broken end of the entry above; put each entry on one line"
                        .to_owned(),
                );
            }
            _ => self.other(at, body, is_indented)?,
        }
        Ok(())
    }

    /// Reads a line of a certificate. An ASA reads any such line as digits.
    fn certificate(&mut self, body: &str) -> Result<(), String> {
        let first = Words::new(body).next().unwrap_or_default();
        self.in_certificate = first != "quit";
        if self.in_certificate && !first.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("expected the digits of a certificate, or 'quit'".to_owned());
        }
        Ok(())
    }

    /// Reads the last line of a configuration.
    fn end(&mut self) -> Result<(), String> {
        self.open = None;
        if std::mem::replace(&mut self.has_ended, true) {
            return Err(SEVERAL_DEVICES.to_owned());
        }
        Ok(())
    }

    /// Reads one of the two lines that begin a configuration.
    fn begin(&mut self, at: u32, head: usize) -> Result<(), String> {
        self.section = None;
        self.outline.is_asa = true;
        self.open.get_or_insert(at);
        if std::mem::replace(&mut self.heads[head], true) {
            return Err(
                "a second configuration begins here; provide one configuration at a time"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Limits the number of objects and names, because all are kept in memory.
    fn check_kept(&self) -> Result<(), LimitExceeded> {
        let Outline {
            definitions, names, ..
        } = &self.outline;
        let kept = definitions.len() + names.len() + self.used.len();
        let steps = kept.saturating_mul(STEPS_OF_NAME);
        self.limits.check(Limit::Work, steps)
    }

    /// Reads the rest of `name`.
    fn name(&mut self, mut words: Words<'a>) -> Result<(), String> {
        self.section = None;
        let pair = words.next().zip(words.next());
        let is_address =
            |word: &str| address(word).is_ok() || word.parse::<std::net::Ipv6Addr>().is_ok();
        let Some((address, name)) = pair.filter(|(address, _)| is_address(address)) else {
            return Ok(());
        };
        if is_address(name) {
            return Err(format!(
                "'{name}' is an address, which an ASA does not accept as a name"
            ));
        }
        self.check_kept()?;
        let known = self.outline.names.insert(name, address);
        if known.is_some_and(|known| known != address) {
            return Err(format!(
                "'{name}' already names another address; provide one listing at a time"
            ));
        }
        Ok(())
    }

    /// Reads the rest of `clear`.
    fn clear(&mut self, mut words: Words<'a>) -> Result<(), String> {
        self.section = None;
        let is_list = words.next() == Some("configure") && words.next() == Some("access-list");
        match (is_list, words.next(), words.next()) {
            (true, Some(name), None) => {
                self.outline.is_asa = true;
                self.outline.is_load = true;
                if let Some(list) = self.number_of(name) {
                    self.outline.lists[list] = List::default();
                }
                Ok(())
            }
            _ => Err(
                "this command removes configuration that the input does not show; expected 'clear configure access-list' and one name"
                    .to_owned(),
            ),
        }
    }

    /// Reads the rest of `object` or `object-group`.
    fn definition(&mut self, at: u32, is_group: bool, mut words: Words<'a>) -> Result<(), String> {
        self.section = None;
        let (kind, name) = kind_and_name(is_group, &mut words)?;
        self.section = Some(name);
        self.outline.is_asa |= is_group;
        self.check_kept()?;
        let is_load = self.outline.is_load;
        let mut is_known = true;
        let known = self.outline.definitions.entry(name).or_insert_with(|| {
            is_known = false;
            Definition {
                kind,
                is_group,
                at,
                members: Vec::new(),
            }
        });
        // An object occurs a second time in its address translation.
        let goes_on = known.kind == kind && known.is_group == is_group && (is_load || !is_group);
        if is_known && !goes_on {
            return Err(format!(
                "'{name}' is defined twice; provide one listing at a time"
            ));
        }
        Ok(())
    }

    /// Reads the rest of `no`, from `object` or `object-group`.
    fn remove(&mut self, mut words: Words<'a>) -> Result<(), String> {
        self.section = None;
        let is_group = words.next() == Some("object-group");
        let (_, name) = kind_and_name(is_group, &mut words)?;
        self.outline.is_asa |= is_group;
        self.outline.is_load = true;
        if self.outline.definitions.contains_key(name) || self.used.contains(name) {
            return Err(format!(
                "'{name}' is defined or used above, and an ASA does not remove objects in use; provide one file at a \
                 time"
            ));
        }
        Ok(())
    }

    /// Reads the rest of `access-list`.
    fn access_list(&mut self, at: u32, mut words: Words<'a>) -> Result<(), String> {
        let name = words.need("the name of an access list")?;
        let kind = words.peek().unwrap_or_default();
        if let Some(name) = name.strip_suffix(';') {
            return self.head(at, name, words);
        }
        let is_global = name == "cached" && kind == "ACL"
            || matches!(name, "mode" | "alert-interval" | "deny-flow-max");
        if LIST_WORDS.contains(&name) || !LIST_WORDS.contains(&kind) && !is_global {
            return Err(format!(
                "expected a name and a kind of access list, such as extended, not '{}'",
                words.rest()
            ));
        }
        self.outline.is_asa |= is_global || !matches!(kind, "remark" | "permit" | "deny");
        let mut rest = words;
        while let Some(word) = rest.next() {
            if matches!(word, "object" | "object-group") {
                self.used.extend(rest.peek());
            }
        }
        self.check_kept()?;
        match self.number_of(name) {
            Some(list) => {
                self.after_entry = true;
                self.outline.lists[list].add(at, words)
            }
            None => Ok(()),
        }
    }

    /// Reads the rest of a list's head, such as `; 8 elements; name hash: 0x12345678`.
    fn head(&mut self, at: u32, name: &str, words: Words<'a>) -> Result<(), String> {
        self.outline.is_asa = true;
        let Some(list) = self.number_of(name) else {
            return Ok(());
        };
        self.outline.lists[list].announce(at, words)
    }

    /// Reads a line that does not begin with the name of a list, object or group.
    fn other(&mut self, at: u32, body: &'a str, is_indented: bool) -> Result<(), String> {
        if !is_indented {
            self.session.line(body)?;
        }
        let mut words = Words::new(body);
        words.next_if(|word| word == "no");
        let begins = |known: &[&str]| words.peek().is_some_and(|word| known.contains(&word));
        let may_be_in_section = is_indented || begins(&MEMBERS) || begins(&VALUES);
        if let Some(name) = self.section.filter(|_| may_be_in_section) {
            if let Some(definition) = self.outline.definitions.get_mut(name) {
                definition.members.push((at, body));
            }
            return Ok(());
        }
        if begins(&MEMBERS) {
            return Err(
                "the line is a member of an object group, but no group begins above it".to_owned(),
            );
        }
        if !is_indented {
            self.section = None;
        }
        self.note_binding(body, is_indented);
        let mut words = Words::new(body);
        self.in_certificate = words.next() == Some("certificate") && words.peek().is_some();
        self.refuse_entry(body)
    }

    /// Notes an interface, and a command that uses a wanted list.
    fn note_binding(&mut self, body: &str, is_indented: bool) {
        let words = body.split_ascii_whitespace();
        match words.clone().next() {
            Some("interface") if !is_indented => self.outline.bindings.add_interface(),
            Some("no" | "description") => {}
            _ => self.outline.bindings.add_words(words),
        }
    }

    /// Refuses a line that looks like an entry of a wanted list in another notation.
    fn refuse_entry(&self, body: &str) -> Result<(), String> {
        let mut words = Words::new(body);
        let mut word = words.next().unwrap_or_default();
        let mut is_entry = matches!(word, "extended" | "remark");
        if matches!(word, "banner" | "description") {
            return Ok(());
        }
        let mut named = body.split(|c: char| c.is_ascii_whitespace() || c == '"');
        if word == "action" && named.any(|name| self.number_of(name).is_some()) {
            return Err(
                "the line runs a command that may change the access list at any time, so its effect is unknown; \
                 remove the line".to_owned(),
            );
        }
        while let Some(next) = words.next() {
            let goes_on = next == "access-list" || LIST_WORDS.contains(&next);
            is_entry |= goes_on && self.number_of(word).is_some();
            word = next;
        }
        if is_entry {
            return Err(
                "the line looks like an entry of an access list; expected only 'access-list' before the name"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn number_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// Returns an error if the text ends within a configuration or a list.
    fn unfinished(&self) -> Option<ReadError> {
        if let Some(at) = self.open {
            let problem = "the configuration does not end with ': end', so it may have been cut off; provide the \
                           complete configuration, or only the output of 'show running-config access-list', \
                           'show running-config object' and 'show running-config object-group'";
            return Some(ReadError::new(at, problem));
        }
        self.outline.lists.iter().find_map(List::is_short)
    }
}

/// Refuses abbreviated and capitalized commands. An ASA accepts them, but never prints them.
fn refuse_short(first: &str, second: &str) -> Result<(), String> {
    let commands = ["access-list", "clear", "name", "object-group"];
    let removes = first.eq_ignore_ascii_case("no");
    let word = if removes { second } else { first };
    let in_full = word == "object" || commands.contains(&word);
    let is_known = word.len() < 2 || in_full && (first == "no") == removes;
    let command = commands.iter().find(|command| means(word, command));
    match command.filter(|_| !is_known) {
        Some(command) => Err(format!(
            "expected '{command}' in full and in lower case, not '{word}'"
        )),
        None => Ok(()),
    }
}

/// True for the checksum of a configuration, which comes right before `: end`.
fn is_checksum(body: &str) -> bool {
    let digits = body.strip_prefix("Cryptochecksum:");
    digits.is_some_and(|digits| digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Reads the rest of a definition's first line.
fn kind_and_name<'a>(is_group: bool, words: &mut Words<'a>) -> Result<(Kind, &'a str), String> {
    let kind = match (words.need("a kind of object")?, is_group) {
        ("network", _) => Kind::Network,
        ("service", _) => Kind::Service,
        ("protocol", true) => Kind::Protocol,
        ("icmp-type", true) => Kind::Messages,
        ("user" | "security", true) | ("network-service", _) => Kind::Others,
        (word, _) => {
            return Err(format!(
                "unknown kind of object '{word}'; expected network or service, for example"
            ));
        }
    };
    let name = words.need("the name of an object")?;
    let kind = match (kind, words.peek()) {
        (Kind::Service, Some(protocols)) if is_group => {
            let (tcp, udp) = (Protocols::TCP, Protocols::UDP);
            words.next();
            Kind::Ports(match protocols {
                "tcp" => tcp,
                "udp" => udp,
                "tcp-udp" => tcp.or(udp),
                word => return Err(format!("expected tcp, udp or tcp-udp, not '{word}'")),
            })
        }
        _ => kind,
    };
    if kind != Kind::Others {
        words.finish()?;
    }
    Ok((kind, name))
}

const IOS: &str = "this is IOS syntax; provide the output of an ASA, or use --format cisco";
