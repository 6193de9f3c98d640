//! The layout of plain lists of networks.

use std::str::FromStr;

use thiserror::Error;

/// The layout of a plain list of networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListStyle {
    pub separator: Separator,
    /// True to put each network in double quotes.
    pub is_quoted: bool,
    /// True to start the output with comments.
    pub has_header: bool,
}

/// The text between two networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separator(String);

/// An error for a text that cannot separate networks.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SeparatorError {
    #[error(
        "'{0}' cannot separate networks; use 1 to {MAX} characters, such as ', ', without digits, dots, slashes and \
         double quotes (\\n is a line feed, \\t is a tab)"
    )]
    Characters(String),
    #[error(
        "'{0}' begins a comment, so other programs would ignore the network after it; use a separator such as ', ', or \
         end it with \\n"
    )]
    Comment(String),
}

/// The maximum length of a separator, in characters.
const MAX: usize = 16;

impl ListStyle {
    /// Joins networks.
    pub(super) fn join(&self, networks: impl Iterator<Item = String>) -> String {
        let spelled = networks.map(|network| {
            if self.is_quoted {
                format!("\"{network}\"")
            } else {
                network
            }
        });
        spelled.collect::<Vec<_>>().join(&self.separator.0)
    }
}

impl Default for ListStyle {
    fn default() -> Self {
        ListStyle {
            separator: Separator::default(),
            is_quoted: false,
            has_header: true,
        }
    }
}

impl Default for Separator {
    fn default() -> Self {
        Separator("\n".to_owned())
    }
}

impl FromStr for Separator {
    type Err = SeparatorError;

    /// Parses a separator in which `\n` and `\t` stand for a line feed and a tab.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let separator = text.replace("\\n", "\n").replace("\\t", "\t");
        let is_part_of_network = |c: char| c.is_ascii_digit() || "./".contains(c);
        let is_allowed = |c: char| {
            let is_text = c == ' ' || c == '\n' || c == '\t' || c.is_ascii_graphic();
            is_text && !is_part_of_network(c) && !"\"\\".contains(c)
        };
        let quoted = || text.escape_debug().to_string();
        if !(1..=MAX).contains(&separator.len()) || !separator.chars().all(is_allowed) {
            return Err(SeparatorError::Characters(quoted()));
        }
        if hides_network(&separator) {
            return Err(SeparatorError::Comment(quoted()));
        }
        Ok(Separator(separator))
    }
}

/// True if the network after a separator is part of a comment for programs that read such lists: `#` anywhere in the
/// line, or `;` at its start.
fn hides_network(separator: &str) -> bool {
    let last = separator.rsplit_once('\n').map(|(_, last)| last);
    let is_comment = last.is_some_and(|last| last.trim_start().starts_with(';'));
    is_comment || last.unwrap_or(separator).contains('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_hides_no_network_in_a_comment() {
        for allowed in [
            ",", "; ", ";", "\\n", "\\n- ", " # a\\n", "#\\n", ";\\n", ",\\n\\t",
        ] {
            assert!(allowed.parse::<Separator>().is_ok(), "{allowed}");
        }
        for hidden in ["#", " # ", "\\n#", "\\n #", "#\\n#", "\\n;", "\\n\\t; "] {
            let refused = hidden.parse::<Separator>();
            assert!(
                matches!(refused, Err(SeparatorError::Comment(_))),
                "{hidden}"
            );
        }
    }
}
