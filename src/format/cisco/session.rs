//! Lines that say which device a text is of, and commands of a terminal's session.

use super::words::{Words, means};

/// Facts about the device in the lines that were read.
#[derive(Default)]
pub(in crate::format) struct Session<'a> {
    /// True if `hostname` and `version` have been there.
    identity: [bool; 2],
    /// The device's name in the prompts of a terminal.
    prompt: Option<&'a str>,
}

const OF_PART: &str = "this command prints a part of the configuration, or a file; give what the whole command prints";

impl<'a> Session<'a> {
    /// Refuses a line that is of another device, or a command that may change something.
    pub fn line(&mut self, body: &'a str) -> Result<(), String> {
        self.identity(body)?;
        self.prompt(body)
    }

    fn identity(&mut self, body: &str) -> Result<(), String> {
        let mut words = Words::new(body);
        let at = match (words.next(), words.peek()) {
            (Some("hostname"), Some(_)) => 0,
            // Other commands that begin so have a number without a dot.
            (Some("version"), Some(version)) if version.contains('.') => 1,
            _ => return Ok(()),
        };
        if std::mem::replace(&mut self.identity[at], true) {
            return Err(SEVERAL_DEVICES.to_owned());
        }
        Ok(())
    }

    /// Reads `router#show running-config`.
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
        let mut words = Words::new(command);
        let first = words.next().unwrap_or_default();
        // An older name of `show running-config`.
        let writes_terminal = first.len() > 1
            && means(first, "write")
            && words.next().is_some_and(|word| means(word, "terminal"));
        let harmless = [
            "show", "more", "terminal", "pager", "enable", "exit", "logout", "quit",
        ];
        let is_harmless = first.len() > 1 && harmless.iter().any(|known| means(first, known));
        let is_of_file =
            first.len() > 1 && means(first, "more") && !command.contains("system:running-config");
        if command.contains('|') || is_of_file {
            return Err(OF_PART.to_owned());
        }
        if first.is_empty() || is_harmless || writes_terminal {
            Ok(())
        } else {
            Err(OF_SESSION.to_owned())
        }
    }
}

/// Refuses a line with characters that a listing does not have outside of banners. Some of them change
/// what a terminal shows or what a device reads.
pub(in crate::format) fn refuse_control_characters(line: &str) -> Result<(), String> {
    const ETX: u8 = 3;
    let is_text = |byte: u8| !byte.is_ascii_control() || matches!(byte, b'\t' | ETX);
    // Without a branch for each byte, this takes far less time than the rest of a line.
    if line.bytes().fold(true, |all, byte| all & is_text(byte)) {
        return Ok(());
    }
    Err("a control character stands in the line, so a terminal shows another one".to_owned())
}

pub(in crate::format) const SEVERAL_DEVICES: &str =
    "the text has listings of several devices; give the listing of one device at a time";

pub(super) const OF_SESSION: &str =
    "it is a command of a session that configures; give what show prints alone";
