//! Splits a row of a copied table into cells.

use std::collections::BTreeMap;

use crate::page::addresses;
use crate::page::label::{Label, Topic};
use crate::page::markup::{Block, Row};
use crate::page::ports;
use crate::page::vocabulary::Vocabulary;

/// The maximum size of a row.
const MAX_LINES: usize = 40;
const MAX_BYTES: usize = 2_000;

/// The maximum number of bytes in a cell of ports.
const MAX_PORTS_BYTES: usize = 80;

/// The maximum work for a page, in pieces of [`BYTES_PER_STEP`] bytes that are examined. A published
/// table needs a few hundred.
const MAX_STEPS: usize = 50_000;
const BYTES_PER_STEP: usize = 16;

/// The content of a cell, by the title of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Names of regions.
    Places,
    Protocol,
    /// `ANY`, for the user's addresses and ports.
    Any,
    Addresses,
    Ports,
}

/// Splits rows. It does a bounded amount of work for a page.
pub struct RowSplitter<'a> {
    vocabulary: &'a Vocabulary,
    steps: usize,
}

/// A way to split the text before a position into cells.
#[derive(Clone, Copy)]
struct Split {
    /// The number of ways. Only its being 1 or more matters, so it saturates.
    ways: u8,
    /// The start of the last cell, and the end of the cell before it.
    start: usize,
    before: usize,
}

/// Ends of cells by position.
type Ends = BTreeMap<usize, Split>;

impl<'a> RowSplitter<'a> {
    pub fn new(vocabulary: &'a Vocabulary) -> Self {
        RowSplitter {
            vocabulary,
            steps: MAX_STEPS,
        }
    }

    /// Returns the row at the start of the blocks, and its number of lines. The last cell can
    /// continue on the next lines up to an empty line. Returns `None` if the text is no row, or if
    /// there are several ways to split it.
    pub fn split(&mut self, blocks: &[Block], kinds: &[CellKind]) -> Option<(Row, usize)> {
        let (line, text) = row_text(blocks)?;
        let ends = self.ends_by_column(&text, kinds);
        if self.steps == 0 {
            // There may be more ways than those found.
            return None;
        }
        let is_line_end = |at: &usize| matches!(text.as_bytes().get(*at), None | Some(b'\n'));
        let mut complete = ends.last()?.keys().copied().filter(is_line_end);
        let first = complete.next()?;
        let paragraph = first + text[first..].find("\n\n").unwrap_or(text.len() - first);
        let end = complete.take_while(|at| *at <= paragraph).last();
        let end = end.unwrap_or(first);
        let cells = cells(&text, &ends, end)?;
        let lines = text[..end].split('\n').filter(|line| !line.is_empty());
        Some((Row { line, cells }, lines.count()))
    }

    /// Returns the possible ends of the cell in each column.
    fn ends_by_column(&mut self, text: &str, kinds: &[CellKind]) -> Vec<Ends> {
        let nothing = Split {
            ways: 1,
            start: 0,
            before: 0,
        };
        let mut before = Ends::from([(0, nothing)]);
        let mut all = Vec::with_capacity(kinds.len());
        for kind in kinds {
            let mut ends = Ends::new();
            for (at, split) in &before {
                let rest = text[*at..].trim_start();
                let start = text.len() - rest.len();
                for (length, ways) in self.lengths(rest, *kind) {
                    let ways = split.ways.saturating_mul(ways);
                    let new = Split {
                        ways: 0,
                        start,
                        before: *at,
                    };
                    let end = ends.entry(start + length).or_insert(new);
                    end.ways = end.ways.saturating_add(ways);
                }
            }
            all.push(ends.clone());
            before = ends;
        }
        all
    }

    /// Returns the possible lengths of a cell at the start of a text, each with the number of ways
    /// to read it.
    fn lengths(&mut self, text: &str, kind: CellKind) -> Vec<(usize, u8)> {
        match kind {
            CellKind::Any => words(text, &["ANY", "Any", "any"]),
            CellKind::Protocol => words(text, &["UDP/TCP", "TCP/UDP", "UDP", "TCP", "TLS"]),
            CellKind::Places => self.places(text),
            CellKind::Addresses => self.addresses(text),
            CellKind::Ports => self.ports(text),
        }
    }

    /// Returns false if the work for the page is used up.
    fn may_examine(&mut self, text: &str) -> bool {
        let steps = 1 + text.len() / BYTES_PER_STEP;
        self.steps = self.steps.saturating_sub(steps);
        self.steps > 0
    }

    /// Finds names of regions. They end at the end of a line or before the next cell, which starts
    /// with a digit, a protocol or `ANY`.
    fn places(&mut self, text: &str) -> Vec<(usize, u8)> {
        let mut lengths = Vec::new();
        let mut start = 0;
        for line in text.split('\n') {
            let names = line.split('\t').next().unwrap_or_default();
            let cuts = names.char_indices().map(|(cut, _)| cut);
            for cut in cuts.filter(|cut| starts_cell(&names[*cut..])) {
                let is_end = names[..cut].ends_with(|c: char| !c.is_whitespace());
                if is_end && self.may_examine(&names[..cut]) && self.names_places(&names[..cut]) {
                    lengths.push((start + cut, 1));
                }
            }
            if !self.may_examine(line) || !(line.is_empty() || self.names_places(names)) {
                break;
            }
            if !line.is_empty() {
                lengths.push((start + names.trim_end().len(), 1));
            }
            if names.len() < line.len() {
                break;
            }
            start += line.len() + 1;
        }
        lengths
    }

    /// Returns true for one or several names of regions, or a word such as `roaming`.
    fn names_places(&self, text: &str) -> bool {
        let is_place = |label: &Label| {
            let is_other = |topic| label.has(topic);
            label.planes.is_empty()
                && label.transports.is_empty()
                && ![Topic::Ports, Topic::Addresses, Topic::OwnSide]
                    .into_iter()
                    .any(is_other)
        };
        text.trim().starts_with(char::is_alphanumeric)
            && text
                .split([',', ';', '、'])
                .all(|part| self.vocabulary.label(part).is_some_and(|l| is_place(&l)))
    }

    /// Finds one or several addresses and networks. A digit may belong to an address, to its prefix
    /// length or to the text after it, so there can be several ways.
    fn addresses(&mut self, text: &str) -> Vec<(usize, u8)> {
        let mut ends: BTreeMap<usize, u8> = BTreeMap::new();
        // The positions where an address can start, with the number of ways to get there.
        let mut starts: BTreeMap<usize, u8> = BTreeMap::from([(0, 1)]);
        while let Some((start, ways)) = starts.pop_first() {
            for length in network_lengths(&text[start..]) {
                if !self.may_examine("") {
                    return Vec::new();
                }
                let end = start + length;
                let is_separator = |c: char| c == ' ' || c == '\n' || c == ',' || c == ';';
                let next = text.len() - text[end..].trim_start_matches(is_separator).len();
                for (map, at) in [(&mut ends, end), (&mut starts, next)] {
                    let count = map.entry(at).or_default();
                    *count = count.saturating_add(ways);
                }
            }
        }
        ends.into_iter().collect()
    }

    fn ports(&mut self, text: &str) -> Vec<(usize, u8)> {
        let end_of_line = text.find(['\n', '\t']).unwrap_or(text.len());
        let boundaries = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends = boundaries.take_while(|end| *end <= end_of_line.min(MAX_PORTS_BYTES));
        let mut lengths = Vec::new();
        for end in ends {
            let cell = &text[..end];
            let is_whole = cell.starts_with(|c: char| c.is_ascii_alphanumeric())
                && cell.ends_with(|c: char| c.is_alphanumeric() || c == ')');
            if is_whole && self.may_examine(cell) && ports::parse(cell).is_ok() {
                lengths.push((end, 1));
            }
        }
        lengths
    }
}

/// Returns the lines at the start of the blocks, with an empty line where the page has empty lines,
/// and the number of the first line.
fn row_text(blocks: &[Block]) -> Option<(usize, String)> {
    let mut joined = String::new();
    let mut lines = blocks.iter().map_while(|block| match block {
        Block::Line { line, text } => Some((*line, text.as_str())),
        _ => None,
    });
    let (first, text) = lines.next()?;
    joined.push_str(text);
    let mut previous = first;
    for (line, text) in lines.take(MAX_LINES) {
        if joined.len() + text.len() > MAX_BYTES {
            break;
        }
        joined.push_str(if line > previous + 1 { "\n\n" } else { "\n" });
        joined.push_str(text);
        previous = line;
    }
    (joined.len() <= MAX_BYTES).then_some((first, joined))
}

/// Returns the cells of the only way to split the text up to `end`; `None` if there are several.
fn cells(text: &str, ends: &[Ends], end: usize) -> Option<Vec<String>> {
    let mut cells = Vec::with_capacity(ends.len());
    let mut end = end;
    for of_column in ends.iter().rev() {
        let split = of_column.get(&end).filter(|split| split.ways == 1)?;
        cells.push(text[split.start..end].to_owned());
        end = split.before;
    }
    cells.reverse();
    Some(cells)
}

/// Returns the lengths of the words that start a text.
fn words(text: &str, words: &[&str]) -> Vec<(usize, u8)> {
    let found = words.iter().filter(|word| text.starts_with(**word));
    found.map(|word| (word.len(), 1)).collect()
}

/// Returns true if a cell other than the name of a region can start here.
fn starts_cell(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(|c: char| c.is_ascii_digit())
        || ["ANY", "Any", "any", "UDP", "TCP", "TLS"]
            .iter()
            .any(|word| text.starts_with(word))
}

/// Returns the possible lengths of a network at the start of a text.
fn network_lengths(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let digits = |at: usize| {
        bytes[at..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut last = 0;
    for _ in 0..3 {
        last += digits(last);
        if bytes.get(last) != Some(&b'.') {
            return Vec::new();
        }
        last += 1;
    }
    let mut lengths = Vec::new();
    for octet in 1..=digits(last).min(3) {
        let end = last + octet;
        lengths.push(end);
        if bytes.get(end) == Some(&b'/') {
            let prefix = digits(end + 1).min(2);
            lengths.extend((1..=prefix).map(|length| end + 1 + length));
        }
    }
    lengths.retain(|length| addresses::network(&text[..*length]).is_ok());
    lengths
}
