//! Collects the text of one line, heading or cell piece by piece.

use super::block::STRUCK;
use crate::terminal::is_hidden;

#[derive(Default)]
pub struct LineBuffer {
    /// Never starts with white space.
    text: String,
    /// The byte offset of the text in the source.
    at: usize,
    /// True if a part of the text is struck out.
    is_struck: bool,
}

impl LineBuffer {
    /// Returns the byte offset in the source of the current text, or of the last text if it is
    /// empty.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Appends text that starts at a byte offset in the source.
    pub fn push(&mut self, text: &str, at: usize, is_struck: bool) {
        let shown = text.trim_start();
        if self.text.is_empty() {
            self.at = at + text.len() - shown.len();
            self.text.push_str(shown);
        } else {
            self.text.push_str(text);
        }
        self.is_struck |= is_struck && !shown.is_empty();
    }

    /// Clears the buffer and returns the visible text with single spaces between words. White space
    /// with a tab becomes a tab.
    pub fn take(&mut self) -> String {
        let text = visible(&std::mem::take(&mut self.text));
        let text = with_single_spaces(&text);
        if std::mem::take(&mut self.is_struck) && !text.is_empty() {
            format!("{STRUCK}{text}{STRUCK}")
        } else {
            text
        }
    }
}

/// Replaces white space between words by a tab if it contains one, or else by a space.
fn with_single_spaces(text: &str) -> String {
    let cells = text.split('\t').map(|cell| {
        let words: Vec<&str> = cell.split_whitespace().collect();
        words.join(" ")
    });
    let cells: Vec<String> = cells.filter(|cell| !cell.is_empty()).collect();
    cells.join("\t")
}

/// Removes hidden characters, and replaces full-width characters by their usual forms.
pub fn visible(text: &str) -> String {
    let shown = text.chars().filter(|c| c.is_whitespace() || !is_hidden(*c));
    shown
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            _ => c,
        })
        .collect()
}
