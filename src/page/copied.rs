//! Recognizes tables in text that was copied from a browser or extracted from a page.
//!
//! Such text has no marks for cells. Cells are separated by tabs or line breaks, a cell can continue
//! on the next lines, or nothing separates the cells at all. The column titles tell what each cell
//! can contain. A row is accepted only if there is exactly one way to split it into such cells.

mod row;
mod titles;

use super::addresses;
use super::error::PageError;
use super::markup::{Block, Row};
use super::vocabulary::Vocabulary;
use row::RowSplitter;
use titles::{PublishedTitles, Titles};

/// The maximum number of places on a page that can be column titles. Published pages have one or two.
const MAX_TITLES: usize = 1_000;

/// Converts copied tables to tables. Returns an error for each that cannot be split into cells.
pub fn convert_tables(blocks: &[Block], vocabulary: &Vocabulary) -> (Vec<Block>, Vec<PageError>) {
    let mut converter = Converter {
        vocabulary,
        titles: PublishedTitles::new(),
        remaining: MAX_TITLES,
        splitter: RowSplitter::new(vocabulary),
        errors: Vec::new(),
    };
    let mut converted = Vec::with_capacity(blocks.len());
    let mut at = 0;
    while at < blocks.len() {
        if let Some((table, used)) = converter.table_at(&blocks[at..]) {
            converted.push(table);
            at += used;
        } else {
            converted.push(without_breaks(&blocks[at], vocabulary));
            at += 1;
        }
    }
    (converted, converter.errors)
}

struct Converter<'a> {
    vocabulary: &'a Vocabulary,
    titles: PublishedTitles,
    /// The remaining number of places with column titles to examine.
    remaining: usize,
    splitter: RowSplitter<'a>,
    errors: Vec<PageError>,
}

impl Converter<'_> {
    /// Returns the table that starts at the first block, and its number of blocks.
    fn table_at(&mut self, blocks: &[Block]) -> Option<(Block, usize)> {
        let Block::Line { line, text } = &blocks[0] else {
            return None;
        };
        if !text.contains('\t') && self.titles.split(text).is_none() {
            return None;
        }
        self.remaining = self.remaining.checked_sub(1)?;
        let titles = Titles::find(blocks, &self.titles, self.vocabulary)?;
        let kinds = titles.kinds(self.vocabulary);
        let mut used = titles.lines;
        let mut rows = Vec::new();
        while let Some((row, lines)) = self.splitter.split(&blocks[used..], &kinds) {
            rows.push(row);
            used += lines;
        }
        let is_whole = !rows.is_empty() && !continues(blocks, used);
        if !is_whole {
            if !rows.is_empty() || titles.are_certain() {
                self.refuse(*line, text);
            }
            return None;
        }
        let head = Row {
            line: *line,
            cells: titles.cells,
        };
        rows.insert(0, head);
        Some((Block::Table(rows), used))
    }

    fn refuse(&mut self, line: usize, titles: &str) {
        let titles = titles.replace('\t', " ");
        let problem = format!(
            "the rows below the column titles '{titles}' cannot be split into cells in exactly one way"
        );
        self.errors.push(PageError::at(line, problem));
    }
}

/// Returns true if the line directly below a row contains an address, so it is a part of the table.
fn continues(blocks: &[Block], used: usize) -> bool {
    match &blocks[used - 1..] {
        [
            Block::Line { line: last, .. },
            Block::Line { line, text },
            ..,
        ] => *line == last + 1 && addresses::candidates(text).any(|c| c.is_whole() && !c.in_uri),
        _ => false,
    }
}

/// Copies a block that is not part of a copied table. Tabs become spaces. If line breaks in the last
/// row of a table have made rows of their own, they become one row again.
fn without_breaks(block: &Block, vocabulary: &Vocabulary) -> Block {
    match block {
        Block::Line { line, text } => Block::Line {
            line: *line,
            text: text.replace('\t', " "),
        },
        Block::Heading { line, level, text } => Block::Heading {
            line: *line,
            level: *level,
            text: text.clone(),
        },
        Block::Table(rows) => {
            let joined = joined_row(rows, vocabulary);
            Block::Table(joined.unwrap_or_else(|| rows.clone()))
        }
    }
}

/// Joins the rows of a table if the only complete row is the last one, and the first cells together
/// name every region. Then the rows are one row with line breaks in its first cell.
fn joined_row(rows: &[Row], vocabulary: &Vocabulary) -> Option<Vec<Row>> {
    let [head, broken @ .., last] = rows else {
        return None;
    };
    let is_rest = |row: &Row| row.cells.iter().skip(1).all(String::is_empty);
    let is_complete = last.cells.iter().all(|cell| !cell.is_empty());
    if broken.is_empty() || !broken.iter().all(is_rest) || !is_complete {
        return None;
    }
    let names: Vec<&str> = rows[1..].iter().map(|row| row.cells[0].as_str()).collect();
    let mut regions: Vec<usize> = Vec::new();
    for name in &names {
        regions.extend(vocabulary.label(name)?.regions);
    }
    regions.sort_unstable();
    let is_every_region = regions.iter().copied().eq(0..vocabulary.region_count());
    is_every_region.then(|| {
        let mut cells = last.cells.clone();
        cells[0] = names.join("\n");
        let line = last.line;
        vec![head.clone(), Row { line, cells }]
    })
}
