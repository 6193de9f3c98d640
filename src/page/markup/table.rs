//! Builds a table whose cells may span several columns and rows.

use super::block::Row;

/// The maximum number of columns or rows of a cell. No cell in a list of addresses spans more.
const MAX_SPAN: usize = 100;

/// The memory of a cell without its text, in bytes.
const EMPTY_CELL: usize = 32;

/// A table while it is being read.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    row: Option<OpenRow>,
    cell: Option<Cell>,
    /// For each column: how many more rows the cell above covers, and the text of that cell.
    from_above: Vec<(usize, String)>,
}

#[derive(Default)]
pub struct OpenRow {
    pub line: usize,
    pub cells: Vec<Cell>,
}

pub struct Cell {
    pub text: String,
    pub columns: usize,
    rows: usize,
}

impl OpenRow {
    /// Returns the bytes for copies of cells that span several columns and rows.
    pub fn repeated_bytes(&self) -> usize {
        let repeated = |c: &Cell| (c.text.len() + EMPTY_CELL) * (c.columns * c.rows - 1);
        self.cells.iter().map(repeated).sum()
    }
}

impl Table {
    pub fn is_in_row(&self) -> bool {
        self.row.is_some()
    }

    pub fn start_row(&mut self, line: usize) {
        self.row = Some(OpenRow {
            line,
            cells: Vec::new(),
        });
    }

    pub fn end_row(&mut self) -> Option<OpenRow> {
        self.row.take()
    }

    /// Ends a group of rows. A cell of one group does not extend into the next group.
    pub fn end_row_group(&mut self) {
        self.from_above.clear();
    }

    pub fn start_cell(&mut self, columns: usize, rows: usize) {
        self.cell = Some(Cell {
            text: String::new(),
            columns: columns.clamp(1, MAX_SPAN),
            rows: rows.clamp(1, MAX_SPAN),
        });
    }

    /// Returns the text of the current cell.
    pub fn cell_text(&mut self) -> Option<&mut String> {
        self.cell.as_mut().map(|cell| &mut cell.text)
    }

    pub fn end_cell(&mut self) {
        if let (Some(cell), Some(row)) = (self.cell.take(), &mut self.row) {
            row.cells.push(cell);
        }
    }

    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    /// Adds a row. Its cells go into the columns that the cells above do not cover.
    pub fn push_row(&mut self, OpenRow { line, cells }: OpenRow) {
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
