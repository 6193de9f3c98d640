//! Finds the column titles of a copied table.

use super::row::CellKind;
use crate::page::columns::{Column, Columns};
use crate::page::label::Topic;
use crate::page::markup::Block;
use crate::page::vocabulary::{Vocabulary, letters_of};

/// The column titles of published tables. They are recognized even without marks between them.
const PUBLISHED: &[&str] = &[
    "Secure Media (ICE/STUN/SRTP) Edge Locations",
    "Protocol",
    "Source IP",
    "Source Port",
    "Destination IP Ranges",
    "Destination Port Range",
    "Region",
    "Edge location",
    "Signaling IPs",
    "Signaling ports",
    "Media IPs",
    "Media ports",
    "セキュアメディア (ICE/STUN/SRTP) エッジロケーション",
    "プロトコル",
    "送信元IP",
    "送信元ポート",
    "宛先IP範囲",
    "宛先ポート範囲",
];

/// The maximum number of columns.
const MAX_COLUMNS: usize = 12;

/// The minimum number of columns of a table without tabs.
const MIN_COLUMNS: usize = 3;

/// The published column titles in the form of [`letters_of`].
pub struct PublishedTitles(Vec<(String, &'static str)>);

impl PublishedTitles {
    pub fn new() -> Self {
        let titles = PUBLISHED.iter();
        PublishedTitles(titles.filter_map(|t| Some((letters_of(t)?, *t))).collect())
    }

    /// Returns the published titles at the start of the blocks, and the number of lines.
    fn at(&self, blocks: &[Block]) -> Option<(Vec<String>, usize)> {
        let mut cells: Vec<String> = Vec::new();
        let mut lines = 0;
        for text in blocks.iter().map_while(Block::line_text).take(MAX_COLUMNS) {
            let Some(titles) = self.split(text) else {
                break;
            };
            cells.extend(titles);
            lines += 1;
        }
        (lines > 0 && cells.len() <= MAX_COLUMNS).then_some((cells, lines))
    }

    /// Splits a line into published titles; `None` if it contains anything else. No published title
    /// starts with another one, so there is at most one way.
    pub fn split(&self, text: &str) -> Option<Vec<String>> {
        let letters = letters_of(text)?;
        let mut rest = letters.as_str();
        let mut titles = Vec::new();
        while !rest.is_empty() {
            let next = self.0.iter().find_map(|(letters, title)| {
                let rest = rest.strip_prefix(letters.as_str())?;
                Some((title, rest))
            });
            let (title, after) = next?;
            titles.push((*title).to_owned());
            rest = after;
        }
        (!titles.is_empty()).then_some(titles)
    }
}

/// The column titles of a copied table.
pub struct Titles {
    pub cells: Vec<String>,
    /// The number of lines that the titles occupy.
    pub lines: usize,
    columns: Columns,
}

impl Titles {
    /// Returns the titles at the start of the blocks.
    pub fn find(
        blocks: &[Block],
        published: &PublishedTitles,
        vocabulary: &Vocabulary,
    ) -> Option<Titles> {
        let tabbed = || {
            let cells = blocks.first()?.line_text()?.split('\t');
            let cells: Vec<String> = cells.map(|cell| cell.trim().to_owned()).collect();
            let titles = Titles::new(cells, 1, vocabulary);
            (2..=MAX_COLUMNS)
                .contains(&titles.cells.len())
                .then_some(titles)
                .filter(|titles| titles.columns.has_addresses())
        };
        let untabbed = || {
            let is_table = |titles: &Titles| {
                let columns = &titles.columns;
                titles.cells.len() >= MIN_COLUMNS
                    && columns.regions.is_some()
                    && columns.has_addresses()
                    && columns.has_ports()
            };
            let (cells, lines) = published.at(blocks)?;
            Some(Titles::new(cells, lines, vocabulary)).filter(is_table)
        };
        let is_known = |titles: &Titles| titles.columns.unknown().is_none();
        tabbed().or_else(untabbed).filter(is_known)
    }

    fn new(cells: Vec<String>, lines: usize, vocabulary: &Vocabulary) -> Titles {
        Titles {
            columns: Columns::of(&cells, vocabulary),
            cells,
            lines,
        }
    }

    /// Returns true if the line can be nothing else than column titles.
    pub fn are_certain(&self) -> bool {
        self.lines == 1 && self.cells.len() > MIN_COLUMNS && self.columns.regions.is_some()
    }

    /// Returns the kind of the cells in each column.
    pub fn kinds(&self, vocabulary: &Vocabulary) -> Vec<CellKind> {
        let columns = self.cells.iter().enumerate();
        columns
            .map(|(at, title)| match self.columns.kind(at) {
                Column::Addresses(_) => CellKind::Addresses,
                Column::Ports(_) => CellKind::Ports,
                _ if self.columns.protocol == Some(at) => CellKind::Protocol,
                _ => match vocabulary.label(title) {
                    Some(label) if label.has(Topic::OwnSide) => CellKind::Any,
                    _ => CellKind::Places,
                },
            })
            .collect()
    }
}
