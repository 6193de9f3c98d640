//! The blocks of a page, independent of its markup.

/// The mark before and after struck-out text, as in Markdown.
pub const STRUCK: &str = "~~";

/// A heading, a line or a table.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading with a level from 1 to 6.
    Heading {
        line: usize,
        level: u8,
        text: String,
    },
    /// A line of text or of a list. A tab in plain text or Markdown stays a tab.
    Line { line: usize, text: String },
    /// The first row contains the column titles.
    Table(Vec<Row>),
}

impl Block {
    /// Returns the text of a line; `None` for a heading or a table.
    pub fn line_text(&self) -> Option<&str> {
        match self {
            Block::Line { text, .. } => Some(text),
            Block::Heading { .. } | Block::Table(_) => None,
        }
    }
}

/// A row of a table. All rows of a table have the same number of cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub line: usize,
    /// The text of each cell, with `\n` for a line break.
    pub cells: Vec<String>,
}
