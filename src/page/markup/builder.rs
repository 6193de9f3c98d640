//! Builds blocks from pieces of text and markup.

use super::block::Block;
use super::element::{Effect, OpenElements};
use super::line_buffer::LineBuffer;
use super::table::Table;
use crate::page::error::PageError;

/// The maximum number of bytes for copies of cells that span several columns and rows.
const MAX_REPEATED: usize = 1 << 20;

/// The blocks of a page while it is being read. Every `at` is a byte offset in the source.
pub struct Builder {
    /// The byte offset of the end of each line in the source.
    line_ends: Vec<usize>,
    blocks: Vec<Block>,
    /// The text of the current line, heading or cell.
    buffer: LineBuffer,
    /// The level of the current heading.
    level: Option<u8>,
    table: Option<Table>,
    elements: OpenElements,
    /// The remaining number of bytes for copies of cells that span several columns and rows.
    repeatable: usize,
    errors: Vec<PageError>,
}

impl Builder {
    pub fn new(source: &str) -> Self {
        Builder {
            line_ends: memchr::memchr_iter(b'\n', source.as_bytes()).collect(),
            blocks: Vec::new(),
            buffer: LineBuffer::default(),
            level: None,
            table: None,
            elements: OpenElements::default(),
            repeatable: MAX_REPEATED,
            errors: Vec::new(),
        }
    }

    fn line(&self, at: usize) -> usize {
        self.line_ends.partition_point(|end| *end < at) + 1
    }

    /// Adds text to the current line.
    pub fn text(&mut self, text: &str, at: usize) {
        if !self.hides() {
            self.buffer.push(text, at, self.elements.strike());
        }
    }

    /// Adds preformatted text, whose line breaks are kept.
    pub fn lines(&mut self, text: &str, mut at: usize) {
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.end_line();
            }
            self.text(line, at);
            at += line.len() + 1;
        }
    }

    /// Starts struck-out text.
    pub fn start_strike(&mut self) {
        self.elements.start_strike();
    }

    pub fn end_strike(&mut self) {
        self.elements.end_strike();
    }

    /// Returns true inside an element that hides its content.
    pub fn hides(&self) -> bool {
        self.elements.hide()
    }

    /// Starts an element. If `ended_by_next`, the next element with the same name ends it.
    pub fn enter(&mut self, name: &str, effect: Option<Effect>, ended_by_next: bool, at: usize) {
        if self.elements.enter(name, effect, ended_by_next, at) {
            self.end_line();
        }
    }

    /// Ends an element.
    pub fn leave(&mut self, name: &str) {
        if self.elements.leave(name) {
            self.end_line();
        }
    }

    /// Ends the current line or heading, or the current line in a cell.
    pub fn end_line(&mut self) {
        let text = self.buffer.take();
        if let Some(cell) = self.table.as_mut().and_then(Table::cell_text) {
            if !text.is_empty() && !cell.is_empty() {
                cell.push('\n');
            }
            cell.push_str(&text.replace('\t', " "));
        } else if !text.is_empty() {
            let line = self.line(self.buffer.at());
            self.blocks.push(match self.level {
                Some(level) => Block::Heading {
                    line,
                    level,
                    text: text.replace('\t', " "),
                },
                None => Block::Line { line, text },
            });
        }
    }

    pub fn start_heading(&mut self, level: u8) {
        self.end_line();
        self.level = Some(level);
    }

    pub fn end_heading(&mut self) {
        self.end_line();
        self.level = None;
    }

    pub fn start_table(&mut self) {
        self.end_table();
        self.table = Some(Table::default());
    }

    pub fn start_row(&mut self, at: usize) {
        self.end_row();
        let line = self.line(at);
        if let Some(table) = &mut self.table {
            table.start_row(line);
        }
    }

    pub fn end_row_group(&mut self) {
        if self.table.is_some() {
            self.end_row();
        }
        if let Some(table) = &mut self.table {
            table.end_row_group();
        }
    }

    /// Starts a cell. If the source did not start a row, this starts one too.
    pub fn start_cell(&mut self, columns: usize, rows: usize, at: usize) {
        self.end_cell();
        if self.table.as_ref().is_some_and(|table| !table.is_in_row()) {
            self.start_row(at);
        }
        if let Some(table) = &mut self.table {
            table.start_cell(columns, rows);
        }
    }

    pub fn end_cell(&mut self) {
        self.end_line();
        if let Some(table) = &mut self.table {
            table.end_cell();
        }
    }

    pub fn end_row(&mut self) {
        self.end_cell();
        let Some(table) = &mut self.table else { return };
        let Some(row) = table.end_row() else { return };
        let line = row.line;
        if let [title] = &row.cells[..] {
            if title.columns > 1 {
                // The row is a title across the table. The rows below it become a separate table.
                let text = title.text.replace('\n', " ");
                self.end_table();
                self.blocks.push(Block::Line { line, text });
                self.start_table();
                return;
            }
        }
        if let Some(rest) = self.repeatable.checked_sub(row.repeated_bytes()) {
            self.repeatable = rest;
            table.push_row(row);
        } else {
            let problem = "the cells of the table span too many columns or rows";
            self.errors.push(PageError::at(line, problem));
        }
    }

    pub fn end_table(&mut self) {
        if self.table.as_ref().is_some_and(Table::is_in_row) {
            self.end_row();
        }
        self.end_line();
        let rows = self.table.take().map(Table::into_rows);
        if let Some(rows) = rows.filter(|rows| !rows.is_empty()) {
            self.blocks.push(Block::Table(rows));
        }
    }

    /// Reports damage to the source.
    pub fn damaged(&mut self, at: usize, problem: &str) {
        let line = self.line(at);
        self.errors.push(PageError::at(line, problem));
    }

    pub fn finish(mut self) -> (Vec<Block>, Vec<PageError>) {
        self.end_table();
        // Browsers handle this in ways that this program does not reproduce.
        for element in std::mem::take(&mut self.elements).into_unclosed() {
            self.damaged(
                element.at,
                &format!(
                    "<{}> hides or strikes out its content and is never closed",
                    element.name
                ),
            );
        }
        (self.blocks, self.errors)
    }
}
