//! Markdown tables that are also readable in a terminal, and the notation of their numbers.

use std::fmt;
use std::time::Duration;

/// A table with a header. The first column contains text, all others contain numbers.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes a table from a header whose cells are separated by `|`.
    pub fn new(head: &str) -> Table {
        Table {
            rows: vec![head.split('|').map(|cell| cell.trim().to_owned()).collect()],
        }
    }

    /// Adds a row. Missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<String> = cells.into_iter().collect();
        cells.resize(self.rows[0].len(), String::new());
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.rows[0].len()).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(f, "| {cell:width$} |")?;
                } else {
                    write!(f, " {cell:>width$} |")?;
                }
            }
            writeln!(f)?;
            if number == 0 {
                write!(f, "|{}|", "-".repeat(widths[0] + 2))?;
                for width in &widths[1..] {
                    write!(f, "{}:|", "-".repeat(width + 1))?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// Formats milliseconds with at least three digits.
pub fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    match millis {
        ..10.0 => format!("{millis:.2}"),
        10.0..100.0 => format!("{millis:.1}"),
        _ => format!("{millis:.0}"),
    }
}

/// Formats the ratio of two times or numbers.
pub fn ratio(one: impl Figure, other: impl Figure) -> String {
    format!("{:.2}", one.value() / other.value())
}

/// Formats memory in MB (10^6 bytes).
pub fn kib(kib: u64) -> String {
    format!("{:.1}", kib.value() * 1.024e-3)
}

/// Formats a number with thousands separators; `None` becomes a dash.
pub fn count(number: impl Into<Option<u64>>) -> String {
    let Some(number) = number.into() else {
        return "–".to_owned();
    };
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A value for a ratio.
pub trait Figure {
    /// The value in any unit. Both values of a ratio must have the same unit.
    fn value(self) -> f64;
}

impl Figure for Duration {
    fn value(self) -> f64 {
        self.as_secs_f64()
    }
}

impl Figure for u64 {
    #[allow(clippy::cast_precision_loss, reason = "a figure of a table")]
    fn value(self) -> f64 {
        self as f64
    }
}
