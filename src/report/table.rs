/// Formats rows as text. Each column is as wide as its widest cell. The last column is not padded,
/// so double-width characters belong there.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Formats a table with a heading and indentation.
pub fn section(heading: &str, rows: &[Vec<String>]) -> String {
    let table = table(rows);
    let lines: Vec<&str> = [heading].into_iter().chain(table.lines()).collect();
    format!("\n{}\n", lines.join("\n  "))
}
