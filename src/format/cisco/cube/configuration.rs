//! `show running-config`, a section of it, and rendered files.

use super::trusted::{MODE, Trusted};
use crate::format::cisco::free_text::FreeText;
use crate::format::cisco::running::{AFTER_END, Running};
use crate::format::cisco::session::{OF_SESSION, Session, refuse_control_characters};
use crate::format::cisco::words::{STEPS_OF_LINE, is_removal, means};
use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::read::lines::{count_lines, lines};
use crate::format::read::words::Words;
use crate::limits::{Limit, Limits};

/// The mode of the commands that follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Other,
    /// `voice service voip`
    Service,
    /// `ip address trusted list`
    List,
}

struct Reader<'a> {
    trusted: Trusted,
    mode: Mode,
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
    let steps = count_lines(text).saturating_mul(STEPS_OF_LINE);
    let fits = limits.check(Limit::Work, steps);
    fits.map_err(|exceeded| vec![ReadError::new(0, exceeded)])?;
    let mut reader = Reader {
        trusted,
        mode: Mode::Other,
        is_indented: None,
        free_text: None,
        running: Running::default(),
        session: Session::default(),
        is_cisco: false,
    };
    let mut errors = ErrorCollector::default();
    for (at, line) in lines(text).map_err(|error| vec![error])? {
        let read = reader.line(at, line.trim_ascii_end());
        errors.extend(read.err().map(|problem| ReadError::new(at, problem)));
        if errors.is_full() {
            return Err(errors.into_errors());
        }
    }
    errors.extend(reader.running.unfinished(reader.free_text.as_ref()));
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
        let removal = words.next_if(is_removal);
        let first = words.next().unwrap_or_default();
        let second = words.peek().unwrap_or_default();
        if first.len() > 2 && means(first, "voice") && second.len() > 1 && means(second, "service")
        {
            return self.service(body, removal.is_some(), words);
        }
        if means(first, "ip") && second.len() > 2 && means(second, "address") {
            words.next();
            if words.peek().is_some_and(|third| means(third, "trusted")) {
                return self.trusted(at, body, removal, words);
            }
        }
        let is_entry = ["ipv4", "ipv6"]
            .iter()
            .any(|known| first.eq_ignore_ascii_case(known));
        if self.mode == Mode::Service && is_entry {
            return Err(
                "a line above may have ended the trusted list, so it is unclear whether this entry belongs to it; \
                 keep all entries together"
                    .to_owned(),
            );
        }
        if self.mode == Mode::List && is_entry {
            return match removal {
                None => self.trusted.entry(at, body),
                Some(_) => Err(
                    "an entry cannot be removed by itself; provide the output of 'show running-config'".to_owned(),
                ),
            };
        }
        if matches!(first, "action" | "cli" | "event") && may_matter(body) {
            return Err("the line runs a command that may change the list at any time".to_owned());
        }
        self.is_cisco |= matches!(first, "hostname" | "version" | "interface");
        // These commands begin other modes, whether they are indented or not.
        let begins = ["dial-peer", "end", "interface", "sip-ua", "voice"].contains(&first);
        self.mode = match self.mode {
            Mode::List if !begins => Mode::Service,
            Mode::Service if !begins && first != "exit" => Mode::Service,
            _ => Mode::Other,
        };
        self.free_text = FreeText::begun(body, at);
        Ok(())
    }

    /// Reads `voice service`.
    fn service(&mut self, body: &str, is_removed: bool, mut words: Words) -> Result<(), String> {
        words.next();
        self.mode = Mode::Other;
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
        self.leave_list();
        match (known, removal) {
            ("list", None) => {
                self.mode = Mode::List;
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

/// True if a line could change the list if IOS read it as a command.
fn may_matter(line: &str) -> bool {
    line.contains("trust") || line.contains("voice serv")
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
