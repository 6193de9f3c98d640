//! `show running-config`, a section of it, and rendered files.

use super::commands::{
    Effect, is_entry, is_negation, is_service, is_trusted, may_matter, runs_commands,
};
use super::shown;
use super::trusted::{MODE, Trusted};
use crate::format::cisco::free_text::FreeText;
use crate::format::cisco::lines::read_lines;
use crate::format::cisco::running::{AFTER_END, Running};
use crate::format::cisco::session::{OF_SESSION, Session, refuse_control_characters};
use crate::format::cisco::words::means;
use crate::format::read::words::Words;
use crate::limits::Limits;
use crate::read_error::ReadError;

/// The mode of the commands that follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Other,
    /// `voice service voip`
    Service,
    /// A mode below `voice service voip`, but not the list.
    Submode,
    /// `ip address trusted list`
    List,
}

struct Reader<'a> {
    trusted: Trusted,
    mode: Mode,
    /// True if IOS may read an entry of the list, because no line since the list has certainly left its mode.
    is_open: bool,
    /// True if the commands of the mode are indented; `None` before the first one. Some documents and scripts
    /// contain a configuration without indentation.
    is_indented: Option<bool>,
    free_text: Option<FreeText<'a>>,
    running: Running,
    session: Session<'a>,
    /// True if a line occurs only in texts of a Cisco router.
    is_cisco: bool,
}

pub(super) fn read(
    text: &str,
    trusted: Trusted,
    limits: Limits,
) -> Result<Trusted, Vec<ReadError>> {
    let mut reader = Reader {
        trusted,
        mode: Mode::Other,
        is_open: false,
        is_indented: None,
        free_text: None,
        running: Running::default(),
        session: Session::default(),
        is_cisco: false,
    };
    let mut errors = read_lines(text, limits, |at, line| {
        reader.line(at, line.trim_ascii_end())
    })?;
    errors.extend(reader.unfinished());
    if errors.is_empty() && !reader.is_cisco {
        let problem = "the input has neither a configuration nor a trusted list; expected the output of \
                       'show running-config' or 'show ip address trusted list'";
        errors.add(ReadError::new(0, problem));
    }
    errors.finish(reader.trusted)
}

impl<'a> Reader<'a> {
    fn line(&mut self, at: u32, line: &'a str) -> Result<(), String> {
        if let Some(text) = &mut self.free_text {
            let read = text.line(line);
            if read.is_last {
                self.free_text = None;
            }
            return if read.is_doubtful && may_matter(line) {
                Err(IN_DOUBT.to_owned())
            } else {
                Ok(())
            };
        }
        refuse_control_characters(line)?;
        self.running.end(line);
        let body = line.trim_ascii_start();
        if body.is_empty() || body.starts_with('!') {
            return Ok(());
        }
        if shown::is_heading(body) {
            return Err(shown::MORE_THAN_ONE.to_owned());
        }
        if self.running.begin(at, body)? {
            self.is_cisco = true;
            self.mode = Mode::Other;
            return Ok(());
        }
        let is_indented = body.len() < line.len();
        self.indentation(body, is_indented)?;
        self.command(at, body)
    }

    /// Ends the mode at a line that is not indented, unless no line of the mode is.
    fn indentation(&mut self, body: &'a str, is_indented: bool) -> Result<(), String> {
        if !is_indented {
            if body.starts_with("--More--") || body.contains(": %") && self.mode != Mode::Other {
                return Err("the input contains terminal messages; remove them".to_owned());
            }
            if body.contains("(config") && body.contains(")#") {
                return Err(OF_SESSION.to_owned());
            }
            self.session.line(without_section(body))?;
        }
        if self.mode != Mode::Other && !is_indented && *self.is_indented.get_or_insert(is_indented)
        {
            self.mode = Mode::Other;
        }
        if self.mode == Mode::Other {
            return Ok(());
        }
        // A line that is not indented may have begun another mode.
        let was_indented = *self.is_indented.get_or_insert(is_indented);
        if is_indented && !was_indented && may_matter(body) {
            return Err(format!(
                "a line above is not indented, so it is unclear whether '{MODE}' continues; indent all of its \
                 commands, or none"
            ));
        }
        Ok(())
    }

    fn command(&mut self, at: u32, body: &'a str) -> Result<(), String> {
        let mut words = Words::new(body);
        let removal = words.next_if(is_negation);
        let first = words.next().unwrap_or_default();
        let second = words.peek().unwrap_or_default();
        if is_service(first, second) {
            return self.service(body, removal.is_some(), words);
        }
        let mut after = words;
        after.next();
        if is_trusted([first, second, after.peek().unwrap_or_default()]) {
            return self.trusted(at, body, removal, after);
        }
        if is_entry(body) && (self.mode != Mode::Other || self.is_open) {
            return self.entry(at, body, removal.is_some());
        }
        if runs_commands(first) && may_matter(body) {
            return Err("the line runs a command that may change the list at any time".to_owned());
        }
        self.is_cisco |= matches!(first, "hostname" | "version" | "interface");
        self.other_command(first, removal.is_some());
        self.text(at, first, body)
    }

    /// Reads an entry, if IOS and the indentation agree that it belongs to the list.
    fn entry(&mut self, at: u32, body: &str, is_removed: bool) -> Result<(), String> {
        if self.mode != Mode::List {
            return Err(
                "a line above may have ended the trusted list, so it is unclear whether this entry belongs to it; \
                 keep all entries together"
                    .to_owned(),
            );
        }
        if is_removed {
            return Err(
                "an entry cannot be removed by itself; provide the output of 'show running-config'"
                    .to_owned(),
            );
        }
        self.trusted.entry(at, body)
    }

    /// Sets the mode after a command that is not about the list.
    fn other_command(&mut self, first: &str, is_removed: bool) {
        let effect = Effect::of(first, is_removed);
        if effect == Effect::Leaves {
            self.is_open = false;
        }
        self.mode = match (self.mode, effect) {
            (Mode::Other, _) | (_, Effect::Leaves | Effect::MayLeave) => Mode::Other,
            (Mode::Service, Effect::Stays) if first == "exit" => Mode::Other,
            (Mode::Submode, Effect::Stays) if first != "exit" => Mode::Submode,
            (_, Effect::Submode) => Mode::Submode,
            (_, Effect::Stays) => Mode::Service,
        };
    }

    /// Reads a line that may begin a text, such as a banner.
    fn text(&mut self, at: u32, first: &str, body: &'a str) -> Result<(), String> {
        let text = FreeText::begun(body, at);
        // IOS rejects these commands unless they are below 'line'.
        let is_of_line =
            ["refuse-message", "vacant-message"].contains(&&*first.to_ascii_lowercase());
        self.free_text = if is_of_line {
            text.map(FreeText::in_doubt)
        } else {
            text
        };
        if self.free_text.is_some() && (self.mode != Mode::Other || self.is_open) {
            self.free_text = None;
            return Err(format!(
                "the line may begin a text, such as a banner, or IOS may ignore it, so it is unclear whether the lines \
                 below belong to '{MODE}'; remove the line and its text from the input"
            ));
        }
        Ok(())
    }

    /// Returns an error if the input ends within a text or a configuration.
    fn unfinished(&self) -> Option<ReadError> {
        let text = self.free_text.as_ref().filter(|text| text.is_unknown());
        let doubt = text.map(|text| {
            let end = text.end();
            let problem = format!(
                "a text may begin here, but does not end with '{end}', so it is unclear whether the lines below are \
                 commands; remove the line from the input"
            );
            ReadError::new(text.at, problem)
        });
        doubt.or_else(|| self.running.unfinished(self.free_text.as_ref()))
    }

    /// Reads `voice service`.
    fn service(&mut self, body: &str, is_removed: bool, mut words: Words) -> Result<(), String> {
        words.next();
        self.other_command("voice", is_removed);
        if !words.next().is_some_and(|kind| means(kind, "voip")) {
            return Ok(());
        }
        words.finish()?;
        if is_removed {
            return Err(
                "this command removes the list and all other settings for VoIP; remove it"
                    .to_owned(),
            );
        }
        if body.split_ascii_whitespace().ne(MODE.split(' ')) {
            return Err(format!("abbreviated command; write '{MODE}' in full"));
        }
        self.mode = Mode::Service;
        self.is_indented = None;
        self.is_cisco = true;
        Ok(())
    }

    /// Reads `ip address trusted`.
    fn trusted(
        &mut self,
        at: u32,
        body: &str,
        removal: Option<&str>,
        mut words: Words,
    ) -> Result<(), String> {
        words.next();
        let setting = words.next().unwrap_or_default();
        let known = ["list", "authenticate"]
            .into_iter()
            .find(|known| means(setting, known));
        let Some(known) = known else {
            // This is the cause with which the router rejects calls.
            self.leave_list();
            return Ok(());
        };
        if self.running.has_ended() {
            return Err(AFTER_END.to_owned());
        }
        words.finish()?;
        let spelled = format!("ip address trusted {known}");
        let own = body
            .split_ascii_whitespace()
            .skip(usize::from(removal.is_some()));
        if own.ne(spelled.split(' ')) {
            return Err(format!("abbreviated command; write '{spelled}' in full"));
        }
        if self.mode == Mode::Other {
            return Err(format!(
                "this command belongs to '{MODE}', which does not begin above; provide the output of 'show \
                 running-config'"
            ));
        }
        if self.mode == Mode::Submode {
            return Err(format!(
                "a line above begins another mode below '{MODE}', so it is unclear whether this command belongs to \
                 that mode; put the command directly below '{MODE}'"
            ));
        }
        self.leave_list();
        match (known, removal) {
            ("list", None) => {
                self.mode = Mode::List;
                self.is_open = true;
                self.trusted.exists = true;
            }
            ("list", Some(_)) => self.trusted.clear(),
            // The default is on.
            (_, Some(word)) if means(word, "no") => self.trusted.is_off = Some(at),
            _ => self.trusted.is_off = None,
        }
        Ok(())
    }

    fn leave_list(&mut self) {
        if self.mode == Mode::List {
            self.mode = Mode::Service;
        }
    }
}

/// Returns a command at a prompt without the filter `section`, because this format needs only a section.
fn without_section(body: &str) -> &str {
    let filtered = body.split_once('|').filter(|(_, filter)| {
        let word = filter.split_ascii_whitespace().next().unwrap_or_default();
        means(word, "section")
    });
    filtered.map_or(body, |(command, _)| command)
}

const IN_DOUBT: &str = "the line may be a command, or part of a text that begins above, such as a banner; remove that \
                        text from the input";
