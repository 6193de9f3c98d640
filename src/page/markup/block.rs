//! The parts of a page, in any markup.

/// Precedes and follows text that is struck out, as in Markdown.
pub const STRUCK: &str = "~~";

/// A heading, a line or a table.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading of a level from 1 to 6.
    Heading {
        line: usize,
        level: u8,
        text: String,
    },
    /// A line of running text, or of a list.
    Line { line: usize, text: String },
    /// Rows, the first of which names the columns.
    Table(Vec<Row>),
}

/// A row of a table, as wide as the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    pub line: usize,
    /// Text, with `\n` for a line break within a cell.
    pub cells: Vec<String>,
}
