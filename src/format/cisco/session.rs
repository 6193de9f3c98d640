//! Identifies the device of a text, and checks commands at a terminal's prompts.

use super::words::means;
use crate::format::read::words::Words;

/// The facts about the device in the lines read so far.
#[derive(Default)]
pub(super) struct Session<'a> {
    /// For the lines `hostname` and `version`: true if the line was read.
    identity: [bool; 2],
    /// The device's name in prompts.
    prompt: Option<&'a str>,
}

const OF_PART: &str = "this command prints only a part of the configuration, a file, or another configuration; provide \
                       the output of 'show running-config'";

impl<'a> Session<'a> {
    /// Refuses a line of a second device, and a command that may change something.
    pub fn line(&mut self, body: &'a str) -> Result<(), String> {
        self.identity(body)?;
        self.prompt(body)
    }

    fn identity(&mut self, body: &str) -> Result<(), String> {
        let mut words = Words::new(body);
        let at = match (words.next(), words.peek()) {
            (Some("hostname"), Some(_)) => 0,
            // Other commands named `version` have a number without a dot.
            (Some("version"), Some(version)) if version.contains('.') => 1,
            _ => return Ok(()),
        };
        if std::mem::replace(&mut self.identity[at], true) {
            return Err(SEVERAL_DEVICES.to_owned());
        }
        Ok(())
    }

    /// Reads a prompt with a command, such as `router#show running-config`.
    fn prompt(&mut self, body: &'a str) -> Result<(), String> {
        let Some(sign) = memchr::memchr2(b'#', b'>', body.as_bytes()) else {
            return Ok(());
        };
        let (name, command) = (&body[..sign], &body[sign + 1..]);
        let of_name = |c: char| c.is_ascii_alphanumeric() || "._-:/@".contains(c);
        if name.is_empty() || !name.chars().all(of_name) {
            return Ok(());
        }
        if self.prompt.replace(name).is_some_and(|known| known != name) {
            return Err(SEVERAL_DEVICES.to_owned());
        }
        match Effect::of(command) {
            Effect::None => Ok(()),
            Effect::PrintsOther => Err(OF_PART.to_owned()),
            Effect::Unknown => Err(OF_SESSION.to_owned()),
        }
    }
}

/// The effect of a command at a prompt.
enum Effect {
    /// Changes nothing, and prints no configuration except the complete running one.
    None,
    /// May print a part of the running configuration, or another configuration.
    PrintsOther,
    Unknown,
}

/// Words after `show` that print other configurations than the running one.
const OTHERS: [&str; 4] = [
    "archive",
    "configuration",
    "derived-config",
    "startup-config",
];

/// Words after `show running-config` that print the complete configuration, or all access lists or
/// objects.
const WHOLE: [&str; 6] = [
    "all",
    "view",
    "access-list",
    "object",
    "object-group",
    "names",
];

impl Effect {
    fn of(command: &str) -> Effect {
        let mut words = Words::new(command);
        let first = words.next().unwrap_or_default();
        let is = |known: &str| first.len() > 1 && means(first, known);
        if first.is_empty() {
            return Effect::None;
        }
        if command.contains('|') {
            return Effect::PrintsOther;
        }
        if is("show") {
            return Effect::of_show(words);
        }
        if is("more") {
            let is_running = words.rest() == "system:running-config";
            return if is_running {
                Effect::None
            } else {
                Effect::PrintsOther
            };
        }
        // An older name of `show running-config`.
        let writes = is("write") && words.next().is_some_and(|word| means(word, "terminal"));
        let changes_nothing = ["terminal", "pager", "enable", "exit", "logout", "quit"];
        if writes || changes_nothing.into_iter().any(is) {
            Effect::None
        } else {
            Effect::Unknown
        }
    }

    /// Returns the effect of `show` with the words after it.
    fn of_show(mut words: Words) -> Effect {
        let first = words.next().unwrap_or_default();
        let is = |known: &str| first.len() > 1 && means(first, known);
        let is_whole = match words.next() {
            Some(second) => WHOLE.iter().any(|known| means(second, known)),
            None => true,
        };
        if OTHERS.iter().any(|known| is(known)) || is("running-config") && !is_whole {
            Effect::PrintsOther
        } else {
            Effect::None
        }
    }
}

/// Refuses control characters, which a listing contains only in banners. Some of them change what a
/// terminal shows or what a device reads.
pub(super) fn refuse_control_characters(line: &str) -> Result<(), String> {
    const ETX: u8 = 3;
    let is_text = |byte: u8| !byte.is_ascii_control() || matches!(byte, b'\t' | ETX);
    // Without a branch for each byte, this takes little time compared to the rest.
    if line.bytes().fold(true, |all, byte| all & is_text(byte)) {
        return Ok(());
    }
    Err("the line contains a control character, so a terminal shows it differently".to_owned())
}

pub(super) const SEVERAL_DEVICES: &str =
    "the input has listings of several devices; provide the listing of one device at a time";

pub(super) const OF_SESSION: &str =
    "this command may change the configuration; provide only the output of 'show' commands";
