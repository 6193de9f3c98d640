//! The begin and the end of a running configuration of IOS.

use super::free_text::FreeText;
use crate::read_error::ReadError;

/// The parts of a running configuration that were read.
#[derive(Default)]
pub(super) struct Running {
    /// For each of the two lines that begin the configuration: true if it was read.
    heads: [bool; 2],
    /// The place of the line that begins the configuration, until the end is read.
    open: Option<u32>,
    has_ended: bool,
}

impl Running {
    /// Reads a line. Returns true if it begins the configuration.
    pub fn begin(&mut self, at: u32, line: &str) -> Result<bool, String> {
        let head = match line {
            "Building configuration..." => 0,
            _ if line.starts_with("Current configuration :") => 1,
            _ => return Ok(false),
        };
        self.open = Some(at);
        if std::mem::replace(&mut self.heads[head], true) {
            return Err(
                "a second configuration begins here; provide one configuration at a time"
                    .to_owned(),
            );
        }
        Ok(true)
    }

    /// Reads a line, which may end the configuration.
    pub fn end(&mut self, line: &str) {
        if line == "end" {
            self.open = None;
        }
        // IOS ignores indentation and case, but lists this command in one form only.
        self.has_ended |= line.trim_ascii().eq_ignore_ascii_case("end");
    }

    /// True if the line `end` of the configuration was read.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns an error if the text ends within a configuration or within `text`.
    pub fn unfinished(&self, text: Option<&FreeText>) -> Option<ReadError> {
        let text = text.and_then(|text| Some((text.at, text.missing_end()?)));
        let (at, what) = match (text, self.open) {
            (Some((at, end)), _) => (
                at,
                format!("the text that begins here does not end with '{end}'"),
            ),
            (None, Some(at)) => (at, "the configuration does not end with 'end'".to_owned()),
            (None, None) => return None,
        };
        let problem =
            format!("{what}, so the input may have been cut off; provide the complete input");
        Some(ReadError::new(at, problem))
    }
}

pub(super) const AFTER_END: &str =
    "the configuration ended above with 'end', so IOS does not load this command";
