//! Sorts the lines of a text by the access list or object group that they belong to.

use std::collections::{HashMap, HashSet};

use crate::format::cisco::free_text::{FreeText, is_one_line};
use crate::format::cisco::lines::read_lines;
use crate::format::cisco::running::{AFTER_END, Running};
use crate::format::cisco::session::{OF_SESSION, Session, refuse_control_characters};
use crate::format::cisco::words::{STEPS_OF_NAME, is_removal, means};
use crate::format::read::bindings::Bindings;
use crate::format::read::number::is_number;
use crate::format::read::words::Words;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::read_error::ReadError;

/// The access lists and groups of a text.
pub(super) struct Outline<'a> {
    /// The uses of the wanted lists.
    pub bindings: Bindings,
    /// The wanted lists, in the order of the wanted names.
    pub lists: Vec<List<'a>>,
    pub groups: HashMap<&'a str, Definition<'a>>,
    /// True if a line occurs only in texts of a Cisco router.
    pub is_cisco: bool,
}

#[derive(Default)]
pub(super) struct List<'a> {
    form: Option<Form>,
    pub commands: Vec<(u32, Command<'a>)>,
}

impl List<'_> {
    /// True if the text contains the list.
    pub fn exists(&self) -> bool {
        self.form.is_some()
    }
}

/// The effect of a line on an access list.
pub(super) enum Command<'a> {
    /// Applies a line of list mode.
    Line(&'a str),
    /// Removes the list.
    Remove,
    /// Renumbers the entries.
    Resequence,
    /// An unsupported line, and the reason.
    Refused(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupKind {
    Network,
    Service,
}

impl GroupKind {
    pub fn plural(self) -> &'static str {
        match self {
            GroupKind::Network => "networks",
            GroupKind::Service => "services",
        }
    }
}

pub(super) struct Definition<'a> {
    pub kind: GroupKind,
    pub at: u32,
    form: Form,
    pub members: Vec<(u32, &'a str)>,
}

/// The source of a list: a configuration, which may continue it later, or `show`, which prints it once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Configured,
    Shown,
}

/// The list or group that indented lines belong to.
#[derive(Clone, Copy)]
enum Section<'a> {
    /// Neither a wanted list nor a group.
    Other,
    List(usize),
    Group(&'a str),
    /// Nothing, because a wanted list has ended.
    AfterList,
}

impl<'a> Outline<'a> {
    /// Reads the outline of a text for the given names of lists.
    pub fn read(text: &'a str, names: &[String], limits: Limits) -> Result<Self, Vec<ReadError>> {
        let mut reader = OutlineReader {
            names,
            outline: Outline {
                bindings: Bindings::new(names),
                lists: names.iter().map(|_| List::default()).collect(),
                groups: HashMap::new(),
                is_cisco: false,
            },
            section: Section::Other,
            free_text: None,
            running: Running::default(),
            session: Session::default(),
            used: HashSet::new(),
            limits,
        };
        let mut errors = read_lines(text, limits, |at, line| reader.line(at, line))?;
        errors.extend(reader.running.unfinished(reader.free_text.as_ref()));
        errors.finish(reader.outline)
    }
}

struct OutlineReader<'a, 'n> {
    names: &'n [String],
    outline: Outline<'a>,
    section: Section<'a>,
    /// The text that is being read and contains no commands, such as a banner.
    free_text: Option<FreeText<'a>>,
    running: Running,
    session: Session<'a>,
    /// The object groups that entries and groups above refer to.
    used: HashSet<&'a str>,
    limits: Limits,
}

/// Words at the start of a line of list mode.
const LIST_WORDS: [&str; 5] = ["permit", "deny", "remark", "dynamic", "evaluate"];

/// Words at the start of a member of an object group. A member may also begin with an address or number.
const GROUP_WORDS: &str = "
    any host range group-object description tcp udp tcp-udp icmp igmp ipinip gre esp ahp eigrp ospf
    nos pim pcp sctp
";

impl<'a> OutlineReader<'a, '_> {
    fn line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        // IOS treats other blanks, such as a no-break space, as letters.
        let line = line.trim_ascii_end();
        if let Some(text) = &mut self.free_text {
            let read = text.line(line);
            if read.is_last {
                self.free_text = None;
            }
            return if read.is_doubtful && self.may_matter(line) {
                Err(IN_DOUBT.to_owned())
            } else {
                Ok(())
            };
        }
        refuse_control_characters(line)?;
        self.running.end(line);
        let body = line.trim_ascii_start();
        if !body.starts_with('!') {
            self.note_used(body)?;
        }
        if body.is_empty() || body.starts_with('!') || self.head(at, body)? {
            return Ok(());
        }
        let indented = body.len() < line.len();
        match self.section {
            Section::List(list) if indented || is_of_list(body) => {
                let command = (at, Command::Line(body));
                self.outline.lists[list].commands.push(command);
            }
            Section::Group(name)
                if (indented || is_of_group(body)) && FreeText::begun(body, at).is_none() =>
            {
                if let Some(group) = self.outline.groups.get_mut(name) {
                    group.members.push((at, body));
                }
            }
            _ => return self.outside(at, body, indented),
        }
        Ok(())
    }

    /// Records the object groups that an entry or a group member refers to.
    fn note_used(&mut self, body: &'a str) -> Result<(), LimitExceeded> {
        // The letter is rare, so this search is fast.
        if memchr::memchr(b'j', body.as_bytes()).is_none() || !body.contains("object") {
            return Ok(());
        }
        let mut words = Words::new(body);
        // The first line of a group refers to no other group.
        words.next_if(is_removal);
        words.next_if(|word| word == "object-group");
        while let Some(word) = words.next() {
            if matches!(word, "object-group" | "group-object") {
                self.used.extend(words.peek());
            }
        }
        let steps = self.used.len().saturating_mul(STEPS_OF_NAME);
        self.limits.check(Limit::Work, steps)
    }

    /// Reads a line that neither begins nor belongs to a list or a group.
    fn outside(&mut self, at: u32, body: &'a str, indented: bool) -> Result<(), String> {
        if !indented {
            if body.starts_with("--More--") || body.contains(": %") && self.is_inside() {
                return Err("the input contains terminal messages; remove them".to_owned());
            }
            if body.contains("(config") && body.contains(")#") {
                return Err(OF_SESSION.to_owned());
            }
            self.session.line(body)?;
            self.leave(opens_entries(body));
        }
        self.refuse_indirect(body)?;
        self.note_binding(body, indented);
        if matches!(self.section, Section::AfterList) && changes_entries(body) {
            return Err(
                "the access list above has ended, so it is unclear which list this line changes; keep all entries of \
                 a list together"
                    .to_owned(),
            );
        }
        self.free_text = FreeText::begun(body, at);
        Ok(())
    }

    /// Notes an interface, and a line that uses a wanted list.
    fn note_binding(&mut self, body: &'a str, indented: bool) {
        let words = body.split_ascii_whitespace();
        let first = words.clone().next().unwrap_or_default();
        if !indented && first.len() > 2 && means(first, "interface") {
            self.outline.bindings.add_interface();
        }
        if !is_removal(first) && !is_one_line(first) {
            self.outline.bindings.add_words(words);
        }
    }

    /// True if a line could change a list or a group if IOS read it as a command.
    fn may_matter(&self, line: &str) -> bool {
        let mut words = Words::new(line);
        words.next_if(is_removal);
        let first = words.next().unwrap_or_default();
        let opens = ["banner", "macro", "menu", "object-group"];
        self.mentions(line) || first.len() > 1 && opens.iter().any(|known| means(first, known))
    }

    /// True if a line mentions a wanted list anywhere.
    fn mentions(&self, line: &str) -> bool {
        let mut words = line.split(|c: char| c.is_ascii_whitespace() || c == '"');
        words.any(|word| self.number_of(word).is_some())
    }

    /// Refuses commands that may change a list in an indirect way.
    fn refuse_indirect(&self, body: &str) -> Result<(), String> {
        let mut words = Words::new(body);
        let first = words.next().unwrap_or_default();
        let second = words.peek().unwrap_or_default();
        match first {
            _ if first.eq_ignore_ascii_case("do") && !means(second, "show") => {
                Err(OF_SESSION.to_owned())
            }
            "configure" if !second.is_empty() && !means(second, "terminal") => {
                Err(OF_SESSION.to_owned())
            }
            // These words occur in Embedded Event Manager applets and variables, and in kron policies.
            "action" | "cli" | "event" if self.mentions(body) => Err(
                "the line runs a command that may change the access list at any time, so its effect is unknown; \
                 remove the line".to_owned(),
            ),
            _ if self.is_filled(body) => {
                Err("'reflect' adds entries to this list when packets pass, which no listing predicts; use a list of \
                     another name for it".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// True if an entry of another list reflects into a wanted one.
    fn is_filled(&self, body: &str) -> bool {
        let mut words = Words::new(body);
        if is_one_line(words.peek().unwrap_or_default()) {
            return false;
        }
        while let Some(word) = words.next() {
            let name = words.peek().unwrap_or_default();
            if word == "reflect" && self.number_of(name).is_some() {
                return true;
            }
        }
        false
    }

    fn is_inside(&self) -> bool {
        matches!(self.section, Section::List(_) | Section::Group(_))
    }

    /// Ends a section. `opens_entries` is true if other entries may follow.
    fn leave(&mut self, opens_entries: bool) {
        self.section = match self.section {
            Section::List(_) | Section::AfterList if !opens_entries => Section::AfterList,
            _ => Section::Other,
        };
    }

    /// Reads a line that begins a list or a group, or that begins or ends a configuration. Returns false for
    /// any other line.
    fn head(&mut self, at: u32, body: &'a str) -> Result<bool, String> {
        let mut words = Words::new(body);
        let removes = words.next_if(is_removal).is_some();
        let Some(first) = words.next() else {
            return Ok(false);
        };
        let second = words.peek().unwrap_or_default();
        match first {
            "exit" | "end" if second.is_empty() && !removes => self.leave(false),
            "Building" | "Current" if self.running.begin(at, body)? => self.leave(false),
            "Extended" | "Standard" if body[first.len()..].starts_with(" IP access list ") => {
                self.shown_list(at, first, Words::new(&body[first.len() + 16..]));
            }
            "Network" | "Service" if words.rest().starts_with("object group ") => {
                let kind = group_kind(first).ok_or("expected a network or a service group")?;
                self.group(at, kind, Form::Shown, Words::new(&words.rest()[13..]))?;
            }
            "IP" if body.starts_with("IP access list ") => {
                self.foreign_list(at, Words::new(&body[15..]).next(), NX_OS);
            }
            "ipv4" if second == "access-list" => {
                words.next();
                self.foreign_list(at, words.next(), IOS_XR);
            }
            _ if means(first, "ip") && second.len() > 2 && means(second, "access-list") => {
                words.next();
                let spelled = first == "ip" && second == "access-list";
                self.named_list(at, removes, spelled, words);
            }
            _ if first.len() > 2 && means(first, "access-list") => {
                self.numbered_list(at, removes, first == "access-list", words);
            }
            _ if first.len() > 2 && means(first, "object-group") => {
                return self.configured_group(at, removes, first == "object-group", words);
            }
            "hostname" | "version" | "interface" => {
                self.outline.is_cisco = true;
                return Ok(false);
            }
            _ => return Ok(false),
        }
        self.outline.is_cisco |= !matches!(first, "exit" | "end");
        Ok(true)
    }

    /// Adds a list in the syntax of another system.
    fn foreign_list(&mut self, at: u32, name: Option<&str>, problem: &str) {
        self.leave(true);
        if let Some(list) = name.and_then(|name| self.number_of(name)) {
            self.section = Section::List(list);
            self.add(list, Form::Configured, at, Some(refused(problem)));
        }
    }

    /// Reads the rest of `ip access-list`.
    fn named_list(&mut self, at: u32, removes: bool, spelled: bool, mut words: Words<'a>) {
        let kind = words.next().unwrap_or_default();
        let name = words.next();
        let resequences = kind.len() > 2 && means(kind, "resequence");
        let standard = means(kind, "standard");
        let opens = standard || means(kind, "extended");
        let others = matches!(kind, "role-based" | "fqdn");
        let is_kind = opens || resequences || others;
        if name.is_none() && (!is_kind || self.number_of(kind).is_some()) {
            return self.foreign_list(at, Some(kind), NX_OS);
        }
        self.leave((opens || others) && name.is_some() && !removes);
        let list = name.and_then(|name| self.number_of(name));
        let Some(list) = list.filter(|_| opens || resequences) else {
            return;
        };
        if opens && !removes {
            self.section = Section::List(list);
        }
        let in_full = spelled && matches!(kind, "extended" | "standard" | "resequence");
        let command = if !in_full {
            Some(refused(
                "abbreviated command; write 'ip access-list' and the kind in full",
            ))
        } else if resequences {
            Some(Command::Resequence)
        } else if standard {
            Some(refused(STANDARD))
        } else if words.peek().is_some() {
            Some(refused(EXTRA_WORDS))
        } else {
            removes.then_some(Command::Remove)
        };
        self.add(list, Form::Configured, at, command);
    }

    /// Reads the rest of `access-list`.
    fn numbered_list(&mut self, at: u32, removes: bool, spelled: bool, mut words: Words<'a>) {
        self.leave(false);
        let name = words.next().unwrap_or_default();
        let Some(list) = self.number_of(name) else {
            return;
        };
        let extended = matches!(name.parse(), Ok(100..=199 | 2000..=2699));
        let command = if !spelled {
            refused("abbreviated command; write 'access-list' in full")
        } else if words.peek() == Some("extended") {
            refused(ASA)
        } else if !extended {
            refused(STANDARD)
        } else if !removes {
            Command::Line(words.rest())
        } else if words.peek().is_none() {
            Command::Remove
        } else {
            refused(
                "expected nothing after the number, because some versions of IOS remove the whole list",
            )
        };
        self.add(list, Form::Configured, at, Some(command));
    }

    /// Reads the rest of `Extended IP access list`.
    fn shown_list(&mut self, at: u32, kind: &str, mut words: Words<'a>) {
        let list = words.next().and_then(|name| self.number_of(name));
        let Some(list) = list else {
            return self.leave(true);
        };
        self.section = Section::List(list);
        let command = if kind == "Standard" {
            Some(refused(STANDARD))
        } else {
            words.peek().map(|_| refused(EXTRA_WORDS))
        };
        self.add(list, Form::Shown, at, command);
    }

    fn number_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    fn add(&mut self, list: usize, form: Form, at: u32, command: Option<Command<'a>>) {
        let list = &mut self.outline.lists[list];
        let known = list.form.replace(form);
        let twice = known.is_some_and(|known| known != form || form == Form::Shown);
        let twice =
            twice.then(|| refused("the input has this access list twice; provide each list once"));
        let is_late = self.running.has_ended() && form == Form::Configured;
        let late = is_late.then(|| refused(AFTER_END));
        let commands = twice.or(late).or(command);
        list.commands.extend(commands.map(|command| (at, command)));
    }

    /// Reads the rest of `object-group`. Returns false for kinds that access lists do not use.
    fn configured_group(
        &mut self,
        at: u32,
        removes: bool,
        spelled: bool,
        mut words: Words<'a>,
    ) -> Result<bool, String> {
        let word = words.next().unwrap_or_default();
        let Some(kind) = group_kind(word) else {
            return Ok(false);
        };
        if !spelled || !matches!(word, "network" | "service") {
            return Err(
                "abbreviated command; write 'object-group network' or 'object-group service' in full".to_owned(),
            );
        }
        if !removes {
            return self.group(at, kind, Form::Configured, words).map(|()| true);
        }
        let name = words.need("the name of an object group")?;
        words.finish()?;
        if self.used.contains(name) {
            return Err(format!(
                "object group '{name}' is used above, and IOS does not remove a group in use; provide one file at a \
                 time"
            ));
        }
        self.outline.groups.remove(name);
        self.leave(false);
        Ok(true)
    }

    fn group(
        &mut self,
        at: u32,
        kind: GroupKind,
        form: Form,
        mut words: Words<'a>,
    ) -> Result<(), String> {
        let name = words.need("the name of an object group")?;
        words.finish()?;
        self.section = Section::Group(name);
        let steps = self.outline.groups.len().saturating_mul(STEPS_OF_NAME);
        self.limits.check(Limit::Work, steps)?;
        let known = self.outline.groups.entry(name).or_insert(Definition {
            kind,
            at,
            form,
            members: Vec::new(),
        });
        if self.running.has_ended() && form == Form::Configured {
            return Err(AFTER_END.to_owned());
        }
        let twice = known.form != form || form == Form::Shown && known.at != at;
        if twice || known.kind != kind {
            return Err(format!(
                "the input has object group '{name}' twice; provide each group once"
            ));
        }
        Ok(())
    }
}

const IN_DOUBT: &str = "the line may be a command, or part of a text that begins above, such as a banner; remove that \
                        text from the input";

const EXTRA_WORDS: &str = "expected nothing after the name of the access list";

const NX_OS: &str = "this is NX-OS syntax, which is not supported; expected an IOS access list";

const IOS_XR: &str = "this is IOS XR syntax, which is not supported; expected an IOS access list";

const ASA: &str = "this is ASA syntax; expected an IOS access list, or use --format cisco-asa";

const STANDARD: &str =
    "not an extended access list, so it cannot match ports; expected an extended list of this name";

fn refused<'a>(problem: &str) -> Command<'a> {
    Command::Refused(problem.to_owned())
}

fn group_kind(word: &str) -> Option<GroupKind> {
    let kinds = [
        ("network", GroupKind::Network),
        ("service", GroupKind::Service),
    ];
    let found = kinds
        .into_iter()
        .find(|(name, _)| word.len() > 2 && means(word, name));
    found.map(|(_, kind)| kind)
}

/// True if a line that is not indented belongs to the access list above.
fn is_of_list(body: &str) -> bool {
    let mut words = Words::new(body);
    let begins = |word: &str| is_number(word) || LIST_WORDS.iter().any(|known| means(word, known));
    match words.next() {
        // In list mode, an entry follows `no` or `default`. In other modes, another command follows.
        Some(word) if means(word, "no") || word.len() > 2 && means(word, "default") => {
            words.next().is_none_or(begins)
        }
        Some(word) => word.starts_with(|c: char| c.is_ascii_digit()) || begins(word),
        None => false,
    }
}

/// True if a line that is not indented belongs to the object group above.
fn is_of_group(body: &str) -> bool {
    let mut words = Words::new(body);
    let begins = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            || GROUP_WORDS
                .split_ascii_whitespace()
                .any(|known| means(word, known))
    };
    match words.next() {
        Some("ip") => words.peek().is_none(),
        Some(word) if means(word, "no") => words.next().is_none_or(|w| w != "ip" && begins(w)),
        Some(word) => begins(word),
        None => false,
    }
}

/// True if a line adds or removes an entry of an access list, with a number or without.
fn changes_entries(body: &str) -> bool {
    let mut words = Words::new(body);
    let removes = words.next_if(is_removal).is_some();
    if words.next_if(is_number).is_some() && removes {
        return true;
    }
    let entries = ["permit", "deny", "dynamic", "evaluate"];
    let first = words.next().unwrap_or_default();
    // Commands of `sip-ua` and tenants contain `hostname`, which is not a protocol.
    let is_of_sip = words.peek() == Some("hostname");
    !is_of_sip && entries.iter().any(|known| means(first, known))
}

/// True if entries of another list may follow a line.
fn opens_entries(body: &str) -> bool {
    let mut words = Words::new(body);
    words.next();
    let mode = words.next().is_some_and(|word| {
        let kinds = [
            "access-list",
            "community-list",
            "extcommunity-list",
            "large-community-list",
        ];
        kinds.contains(&word)
    });
    mode || body.contains(" access list ")
}
