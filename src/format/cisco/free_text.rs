//! Texts within a configuration that contain no commands: banners, menus, macros and certificates.
//!
//! Cisco IOS Configuration Fundamentals Command Reference, `banner`, `menu` and `macro name`.

use crate::format::cisco::words::{is_removal, means};
use crate::format::read::number::is_number;
use crate::format::read::words::Words;

/// A text that continues on the next line.
pub(super) struct FreeText<'a> {
    /// The place of the line that begins the text.
    pub at: u32,
    end: End<'a>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum End<'a> {
    /// The first occurrence of a delimiter, anywhere in a line.
    Delimiter(&'a str),
    /// A line of its own.
    Line(&'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// IOS reads no commands before the end.
    Text,
    /// IOS may end the text earlier, and read the other lines as commands.
    EndsEarlier,
    /// The line may not begin a text at all.
    Unknown,
}

/// A line of a text.
pub(super) struct Line {
    /// True if IOS may read the line as a command.
    pub is_doubtful: bool,
    pub is_last: bool,
}

/// IOS prints the control character with code 3 as `^C`, and people type it the same way.
const CONTROL_C: &str = "^C";

const ETX: &str = "\u{3}";

impl<'a> FreeText<'a> {
    /// Returns the text that a line begins, if it continues on the next line.
    pub fn begun(body: &'a str, at: u32) -> Option<Self> {
        let mut words = Words::new(body);
        let first = words.next()?;
        let has_control = memchr::memchr2(b'^', 3, body.as_bytes()).is_some();
        let is_entry = matches!(first, "permit" | "deny") || is_number(first);
        if is_entry && !has_control || is_one_line(first) || is_removal(first) {
            return None;
        }
        let text = |end, kind| FreeText { at, end, kind };
        if first.len() > 1 && means(first, "macro") {
            let second = words.next().unwrap_or_default();
            let is_script = means(second, "auto") && body.contains('{') && !body.contains('}');
            return match second {
                _ if means(second, "name") => Some(text(End::Line("@"), Kind::Text)),
                _ if is_script => Some(text(End::Line("}"), Kind::Unknown)),
                _ => None,
            };
        }
        let is = |word: &str| first.eq_ignore_ascii_case(word);
        let has_body = is("certificate") && !body.contains(':');
        if has_body || is("key-string") && words.peek().is_none() {
            return Some(text(End::Line("quit"), Kind::Unknown));
        }
        // The bytes of an IP SLA request.
        if is("http-raw-request") {
            return Some(text(End::Line("exit"), Kind::Unknown));
        }
        let Some((rest, kind)) = delimited(first, words) else {
            if !has_control {
                return None;
            }
            return Some(text(
                End::Delimiter(open_control(first, body)?),
                Kind::Unknown,
            ));
        };
        let length = if rest.starts_with(CONTROL_C) {
            CONTROL_C.len()
        } else {
            rest.chars().next()?.len_utf8()
        };
        let (delimiter, rest) = rest.split_at(length);
        let mut begun = text(End::Delimiter(delimiter), kind);
        (!begun.line(rest).is_last).then_some(begun)
    }

    /// Returns the text with all of its lines as doubtful, because the first line may be in a mode without this command.
    #[must_use]
    pub fn in_doubt(self) -> Self {
        let kind = match self.kind {
            Kind::Text => Kind::EndsEarlier,
            other => other,
        };
        FreeText { kind, ..self }
    }

    /// True if the first line may not begin a text at all.
    pub fn is_unknown(&self) -> bool {
        self.kind == Kind::Unknown
    }

    /// Returns the end of the text.
    pub fn end(&self) -> &str {
        match self.end {
            End::Delimiter(end) | End::Line(end) => end,
        }
    }

    /// Reads a line of the text.
    pub fn line(&mut self, line: &str) -> Line {
        let is_doubtful = self.kind != Kind::Text;
        let is_last = match self.end {
            End::Delimiter(delimiter) => line.contains(delimiter),
            End::Line(end) => line.trim() == end,
        };
        if self.kind == Kind::Text && self.may_end(line) {
            self.kind = Kind::EndsEarlier;
        }
        Line {
            is_doubtful,
            is_last,
        }
    }

    /// True if IOS may see the end of the text in a line. In a file that is loaded, `^C` is the delimiter
    /// `^` and a letter. In a listing it stands for one control character.
    fn may_end(&self, line: &str) -> bool {
        match self.end {
            End::Delimiter(CONTROL_C) => line.contains(['^', '\u{3}']),
            End::Delimiter(ETX) => line.contains('^'),
            End::Delimiter(_) => false,
            End::Line(end) => line.contains(end),
        }
    }

    /// Returns the end that is still missing at the end of the input.
    pub fn missing_end(&self) -> Option<&str> {
        (!self.is_unknown()).then_some(self.end())
    }
}

/// Returns the delimiter of a text that an unknown command may begin. In a regular expression, `^C` matches a `C`.
fn open_control<'a>(first: &str, body: &'a str) -> Option<&'a str> {
    if matches!(first, "pattern" | "rule") {
        return None;
    }
    let is_open = |control: &&str| {
        let unquoted = body.split('"').step_by(2);
        let count: usize = unquoted.map(|part| part.matches(control).count()).sum();
        count % 2 == 1
    };
    [CONTROL_C, ETX].into_iter().find(is_open)
}

/// True if a word begins a line whose rest is a text.
pub(super) fn is_one_line(first: &str) -> bool {
    matches!(first, "alias" | "remark") || first.len() > 2 && means(first, "description")
}

/// Kinds of banners. A command may omit them. `text` is a kind only below `parameter-map`.
const BANNERS: [&str; 7] = [
    "exec",
    "incoming",
    "login",
    "motd",
    "prompt-timeout",
    "slip-ppp",
    "config-save",
];

/// Returns the delimiter and the text of a command with a text.
fn delimited<'a>(first: &str, mut words: Words<'a>) -> Option<(&'a str, Kind)> {
    let mut kind = Kind::Text;
    match &*first.to_ascii_lowercase() {
        _ if first.len() > 1 && means(first, "banner") => {
            let is_kind = |word: &str| BANNERS.iter().any(|known| means(word, known));
            if words.next_if(is_kind).is_none() && words.next_if(|word| word == "text").is_some() {
                kind = Kind::EndsEarlier;
            }
        }
        _ if first.len() > 2 && means(first, "menu") => {
            words.next()?;
            words.next_if(|word| means(word, "title") || means(word, "prompt"))?;
        }
        "aaa" => {
            words.next_if(|word| means(word, "authentication"))?;
            words.next_if(|word| means(word, "banner") || means(word, "fail-message"))?;
        }
        "busy-message" | "login-string" => {
            words.next()?;
        }
        "refuse-message" | "vacant-message" => {}
        "ip" => {
            words.next_if(|word| means(word, "admission") || means(word, "auth-proxy"))?;
            words.next_if(|word| means(word, "auth-proxy-banner"))?;
            words.next()?;
        }
        _ => return None,
    }
    (!words.rest().is_empty()).then_some((words.rest(), kind))
}
