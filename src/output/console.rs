//! Messages to the user, on stderr.

use std::io::{self, IsTerminal, Write};

use crate::system::enable_colors;
use crate::terminal::{
    CYAN, RED, YELLOW, escape_hidden, escape_hidden_at_start, painted, shortened,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// Colors on a terminal, unless `NO_COLOR` is set (no-color.org).
    #[default]
    Auto,
    /// Colors everywhere.
    Always,
    Never,
}

/// Prints messages, which are not part of the data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Console {
    /// True suppresses notes, but not warnings and errors.
    pub quiet: bool,
    pub color: Color,
}

impl Console {
    /// Prints useful information on one line.
    pub fn note(self, text: &str) {
        if !self.quiet {
            self.print("note", CYAN, text, "");
        }
    }

    /// Prints on one line that the result may not be what the user wants.
    pub fn warning(self, text: &str) {
        self.print("warning", YELLOW, text, "");
    }

    /// Prints the reason for a failure on one line.
    pub fn error(self, text: &str) {
        self.error_in(text, "");
    }

    /// Prints the reason for a failure on one line, and the text that contains the error on a second line.
    /// Prints no second line if that text is empty.
    pub fn error_in(self, text: &str, found: &str) {
        self.print("error", RED, text, found);
    }

    fn print(self, word: &str, color: &str, text: &str, found: &str) {
        let program = env!("CARGO_PKG_NAME");
        let word = if self.colors_stderr() {
            painted(word, color)
        } else {
            word.to_owned()
        };
        let line = |text| escape_hidden(&shortened(text));
        let mut message = format!("{program}: {word}: {}\n", line(text));
        if !found.is_empty() {
            message += &format!("    in: {}\n", line(found));
        }
        write_stderr(&message);
    }

    /// Returns true if stderr gets colors.
    pub fn colors_stderr(self) -> bool {
        self.colors(&io::stderr())
    }

    /// Returns true if stdout gets colors.
    pub fn colors_stdout(self) -> bool {
        self.colors(&io::stdout())
    }

    fn colors(self, stream: &impl IsTerminal) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                stream.is_terminal() && !no_color && enable_colors()
            }
        }
    }
}

/// Prints a note after an error, on lines of its own. Prints nothing if the text is empty.
pub fn print_note(text: &str) {
    if !text.is_empty() {
        let program = env!("CARGO_PKG_NAME");
        let lines: Vec<String> = text.split('\n').map(escape_hidden_at_start).collect();
        write_stderr(&format!("{program}: {}", lines.join("\n")));
    }
}

/// Writes a message at once, so that those of several processes do not mix.
fn write_stderr(message: &str) {
    // If stderr itself fails, no place is left for a message.
    let _ = io::stderr().lock().write_all(message.as_bytes());
}
