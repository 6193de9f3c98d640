//! A page as headings, lines and tables, whatever it was written in.

use std::collections::HashMap;

use super::error::PageError;
use super::{addresses, html, markdown};
use crate::terminal::is_hidden;

/// Stands before and after text that is struck out, as in Markdown.
pub const STRUCK: &str = "~~";

/// A piece of a page that is read as one.
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
    /// A line break within a cell is `\n`.
    pub cells: Vec<String>,
}

/// The blocks of a page, and what of its text is in none of them.
pub fn of(text: &str) -> (Vec<Block>, Vec<PageError>) {
    let mut builder = Builder::new(text);
    if is_html(text) {
        // What its comments and scripts hold is no part of the page.
        html::feed(text, 0, &mut builder);
        builder.finish()
    } else {
        markdown::feed(text, &mut builder);
        let (blocks, mut errors) = builder.finish();
        errors.extend(lost_addresses(text, &blocks));
        (blocks, errors)
    }
}

/// Plain text is Markdown too. A page that opens with a tag is HTML, unless lines of Markdown follow:
/// that may open with a tag as well.
fn is_html(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("<!--") {
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
        rest = rest.trim_start();
    }
    let opens = |c: char| c.is_ascii_alphabetic() || c == '!' || c == '?';
    let has_tag = rest
        .strip_prefix('<')
        .is_some_and(|tag| tag.starts_with(opens));
    let whole = ["<!doctype", "<html", "<?xml"];
    let is_whole = whole.iter().any(|start| {
        rest.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    });
    let of_markdown =
        |line: &str| line.starts_with('#') || line.starts_with("```") || line.starts_with("| ");
    has_tag && (is_whole || !rest.lines().any(of_markdown))
}

/// Addresses that Markdown does not show, such as the target of a link that is defined apart.
fn lost_addresses(text: &str, blocks: &[Block]) -> Vec<PageError> {
    let mut shown: HashMap<&str, usize> = HashMap::new();
    let texts = blocks.iter().flat_map(|block| match block {
        Block::Heading { text, .. } | Block::Line { text, .. } => vec![text],
        Block::Table(rows) => rows.iter().flat_map(|row| &row.cells).collect(),
    });
    for candidate in texts.flat_map(|text| addresses::candidates(text)) {
        *shown.entry(candidate.text).or_default() += 1;
    }
    let mut errors = Vec::new();
    for (number, line) in text.lines().enumerate() {
        // As in the blocks.
        let line = visible(line);
        for candidate in addresses::candidates(&line).filter(|d| !d.in_uri) {
            match shown.get_mut(candidate.text) {
                Some(count) if *count > 0 => *count -= 1,
                _ => errors.push(PageError::at(
                    number + 1,
                    format!(
                        "{} stands where Markdown does not show it; the page is damaged or has a new layout",
                        candidate.text
                    ),
                )),
            }
        }
    }
    errors
}

/// What a reader sees: without characters that do not show, and with letters of full width as
/// their usual forms.
fn visible(text: &str) -> String {
    let shown = text.chars().filter(|c| c.is_whitespace() || !is_hidden(*c));
    shown
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            _ => c,
        })
        .collect()
}

/// Puts blocks together from pieces of text as they come.
pub struct Builder {
    /// Where each line of the source ends.
    line_ends: Vec<usize>,
    blocks: Vec<Block>,
    /// The line, heading or cell at hand, without white space before it, and where it starts.
    text: String,
    at: usize,
    level: Option<u8>,
    table: Option<Table>,
    /// Elements at hand that hide or strike out what is in them.
    specials: Vec<Special>,
    /// How many of them hide.
    hidden: usize,
    /// In how many elements that strike out.
    struck: usize,
    /// Whether a part of the text is struck out.
    is_struck: bool,
    /// How many bytes further cells of a table may repeat.
    repeatable: usize,
    errors: Vec<PageError>,
}

/// What an element does to what is in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Hides,
    Strikes,
}

/// An element that does something to what is in it.
struct Special {
    name: String,
    /// Elements of the same name within it.
    nested: usize,
    effect: Effect,
    /// Where it starts.
    at: usize,
}

/// A table at hand.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    row: Option<(usize, Vec<Cell>)>,
    cell: Option<Cell>,
    /// For each column: text that further rows have from a cell above, and how many of them.
    from_above: Vec<(usize, String)>,
}

#[derive(Default)]
struct Cell {
    text: String,
    columns: usize,
    rows: usize,
}

/// No cell of a list of addresses spans more.
const WIDEST_SPAN: usize = 100;

/// As many bytes as all cells that span several columns or rows may come to.
const MOST_REPEATED: usize = 1 << 20;

/// The memory of a cell besides its text, in bytes.
const EMPTY_CELL: usize = 32;

impl Builder {
    fn new(source: &str) -> Self {
        Builder {
            line_ends: memchr::memchr_iter(b'\n', source.as_bytes()).collect(),
            blocks: Vec::new(),
            text: String::new(),
            at: 0,
            level: None,
            table: None,
            specials: Vec::new(),
            hidden: 0,
            struck: 0,
            is_struck: false,
            repeatable: MOST_REPEATED,
            errors: Vec::new(),
        }
    }

    fn line(&self, at: usize) -> usize {
        self.line_ends.partition_point(|end| *end < at) + 1
    }

    /// Text within a line; `at` is its place in the source.
    pub fn text(&mut self, text: &str, at: usize) {
        if self.hides() {
            return;
        }
        let shown = text.trim_start();
        if self.text.is_empty() {
            self.at = at + text.len() - shown.len();
            self.text.push_str(shown);
        } else {
            self.text.push_str(text);
        }
        self.is_struck |= self.struck > 0 && !shown.is_empty();
    }

    /// What follows is struck out; or no longer, for as many times as it was.
    pub fn strike(&mut self, out: bool) {
        self.struck = if out {
            self.struck + 1
        } else {
            self.struck.saturating_sub(1)
        };
    }

    /// Whether nothing is shown here.
    pub fn hides(&self) -> bool {
        self.hidden > 0
    }

    /// An element starts, which the next of the same name may end.
    pub fn enter(&mut self, name: &str, effect: Option<Effect>, ended_by_next: bool, at: usize) {
        if let Some(special) = self
            .specials
            .last_mut()
            .filter(|special| special.name == name)
        {
            if !ended_by_next {
                special.nested += 1;
                return;
            }
            self.pop();
        }
        if let Some(effect) = effect {
            match effect {
                Effect::Hides => self.hidden += 1,
                Effect::Strikes => self.strike(true),
            }
            self.specials.push(Special {
                name: name.to_owned(),
                nested: 0,
                effect,
                at,
            });
        }
    }

    /// An element ends.
    pub fn leave(&mut self, name: &str) {
        match self.specials.last_mut() {
            Some(special) if special.name == name && special.nested > 0 => special.nested -= 1,
            Some(special) if special.name == name => self.pop(),
            _ => {}
        }
    }

    fn pop(&mut self) {
        match self.specials.pop().map(|special| special.effect) {
            Some(Effect::Hides) => self.hidden = self.hidden.saturating_sub(1),
            Some(Effect::Strikes) => {
                self.end_line();
                self.strike(false);
            }
            None => {}
        }
    }

    /// Text with line breaks that count.
    pub fn lines(&mut self, text: &str, at: usize) {
        let mut at = at;
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.end_line();
            }
            self.text(line, at);
            at += line.len() + 1;
        }
    }

    /// The line, or the heading, is complete.
    pub fn end_line(&mut self) {
        let text = visible(&std::mem::take(&mut self.text));
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut text = words.join(" ");
        if std::mem::take(&mut self.is_struck) && !text.is_empty() {
            text = format!("{STRUCK}{text}{STRUCK}");
        }
        let line = self.line(self.at);
        if let Some(cell) = self.table.as_mut().and_then(|table| table.cell.as_mut()) {
            if !text.is_empty() && !cell.text.is_empty() {
                cell.text.push('\n');
            }
            cell.text.push_str(&text);
        } else if !text.is_empty() {
            self.blocks.push(match self.level {
                Some(level) => Block::Heading { line, level, text },
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
            table.row = Some((line, Vec::new()));
        }
    }

    /// Cells of one group of rows do not reach into the next.
    pub fn end_row_group(&mut self) {
        if self.table.is_some() {
            self.end_row();
        }
        if let Some(table) = &mut self.table {
            table.from_above.clear();
        }
    }

    /// A cell, and how many columns and rows it takes; `at` is where a row starts that is not told.
    pub fn start_cell(&mut self, columns: usize, rows: usize, at: usize) {
        self.end_cell();
        if self.table.as_ref().is_some_and(|table| table.row.is_none()) {
            self.start_row(at);
        }
        if let Some(table) = &mut self.table {
            let span = |number: usize| number.clamp(1, WIDEST_SPAN);
            table.cell = Some(Cell {
                text: String::new(),
                columns: span(columns),
                rows: span(rows),
            });
        }
    }

    pub fn end_cell(&mut self) {
        self.end_line();
        if let Some(table) = &mut self.table {
            if let (Some(cell), Some((_, cells))) = (table.cell.take(), &mut table.row) {
                cells.push(cell);
            }
        }
    }

    pub fn end_row(&mut self) {
        self.end_cell();
        let Some(table) = &mut self.table else { return };
        let Some((line, cells)) = table.row.take() else {
            return;
        };
        match &cells[..] {
            // A title across the table: what follows is a table of its own.
            [title] if title.columns > 1 => {
                let text = title.text.replace('\n', " ");
                self.end_table();
                self.blocks.push(Block::Line { line, text });
                self.start_table();
            }
            _ => {
                let repeated = cells
                    .iter()
                    .map(|c| (c.text.len() + EMPTY_CELL) * (c.columns * c.rows - 1))
                    .sum();
                match self.repeatable.checked_sub(repeated) {
                    Some(rest) => {
                        self.repeatable = rest;
                        table.push(line, cells);
                    }
                    None => self
                        .errors
                        .push(PageError::at(line, "a table whose cells span too much")),
                }
            }
        }
    }

    pub fn end_table(&mut self) {
        if self.table.as_ref().is_some_and(|table| table.row.is_some()) {
            self.end_row();
        }
        self.end_line();
        let rows = self.table.take().map(|table| table.rows);
        if let Some(rows) = rows.filter(|rows| !rows.is_empty()) {
            self.blocks.push(Block::Table(rows));
        }
    }

    /// The source is damaged at a place.
    pub fn damaged(&mut self, at: usize, problem: &str) {
        let line = self.line(at);
        self.errors.push(PageError::at(line, problem));
    }

    fn finish(mut self) -> (Vec<Block>, Vec<PageError>) {
        self.end_table();
        // A browser would go on otherwise than is known here.
        for special in std::mem::take(&mut self.specials) {
            self.damaged(
                special.at,
                &format!("<{}> is hidden or struck out, and never ends", special.name),
            );
        }
        (self.blocks, self.errors)
    }
}

impl Table {
    /// Lays the cells into the columns that the rows above leave free.
    fn push(&mut self, line: usize, cells: Vec<Cell>) {
        let mut row: Vec<String> = Vec::new();
        let mut cells = cells.into_iter();
        loop {
            let column = row.len();
            match self.from_above.get_mut(column) {
                Some((left, text)) if *left > 0 => {
                    *left -= 1;
                    row.push(text.clone());
                }
                _ => {
                    let Some(cell) = cells.next() else { break };
                    for _ in 0..cell.columns {
                        let below = (cell.rows - 1, cell.text.clone());
                        match self.from_above.get_mut(row.len()) {
                            Some(slot) => *slot = below,
                            None => self.from_above.push(below),
                        }
                        row.push(cell.text.clone());
                    }
                }
            }
        }
        if !row.is_empty() {
            self.rows.push(Row { line, cells: row });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let (blocks, errors) = of(text);
        assert_eq!(errors, []);
        let rows = |rows: &[Row]| {
            let rows = rows
                .iter()
                .map(|row| format!("{} {}", row.line, row.cells.join("|")));
            rows.collect::<Vec<_>>().join(" // ")
        };
        blocks
            .iter()
            .map(|block| match block {
                Block::Heading { line, level, text } => format!("h{level} {line} {text}"),
                Block::Line { line, text } => format!("{line} {text}"),
                Block::Table(table) => format!("table {}", rows(table)),
            })
            .collect()
    }

    #[test]
    fn plain_text_keeps_its_lines_however_they_are_indented() {
        assert_eq!(
            shown("Title:\n\n    192.0.2.1\n    192.0.2.2\n\n192.0.2.3\n  • 192.0.2.4 \n"),
            [
                "1 Title:",
                "3 192.0.2.1",
                "4 192.0.2.2",
                "6 192.0.2.3",
                "7 • 192.0.2.4"
            ]
        );
    }

    #[test]
    fn markdown_has_headings_lists_code_and_tables() {
        assert_eq!(
            shown(
                "# One **bold**\n\n* a<br/>b\n\n```sh\n  x &amp; y\n\n  z\n```\n\n| A | B |\n|---|---|\n| 1<br />2 | `3` |\n"
            ),
            [
                "h1 1 One bold",
                "3 a",
                "3 b",
                "6 x &amp; y",
                "8 z",
                "table 11 A|B // 13 1\n2|3"
            ]
        );
    }

    #[test]
    fn html_is_what_it_shows() {
        assert_eq!(
            shown(
                "<!-- 192.0.2.9 --><!doctype html><head><title>T</title><style>a{}</style></head>\n\
                 <h2>Two&nbsp;&ndash; words</h2><script>\"192.0.2.8\"</script>\n\
                 <p>one\n line<br>next</p><pre>a\nb</pre>\n\
                 <table><tr><th colspan=2>Title</th></tr>\n\
                 <tr><th>R</th><th>N</th></tr>\n\
                 <tr><td rowspan=2>x</td><td>1</td></tr>\n<tr><td>2</td></tr></table>tail"
            ),
            [
                "h2 2 Two – words",
                "3 one line",
                "4 next",
                "4 a",
                "5 b",
                "6 Title",
                "table 7 R|N // 8 x|1 // 9 x|2",
                "9 tail"
            ]
        );
    }

    #[test]
    fn an_address_that_markdown_hides_is_told() {
        let (_, errors) = of("text\n\n[tokyo]: 192.0.2.7\n");
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].line, Some(3));
        assert!(errors[0].problem.starts_with("192.0.2.7 stands where"));
    }
}
