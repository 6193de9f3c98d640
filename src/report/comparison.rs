//! The report of `dataset diff`: text, or JSON that `docs/diff.schema.json` describes.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::dataset::Edition;
use crate::page::difference::{Change, ChangeKind};
use crate::policy::{ALL_REGIONS, Plane, address_or_cidr};
use crate::terminal::{escape_hidden, json_reported};

/// The version of the JSON schema.
const VERSION: u32 = 1;

/// The result of comparing a page with an edition.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The name of the page for messages.
    pub page: String,
    /// The edition with which the page was compared.
    pub edition: &'a Edition,
    /// True if the edition was selected automatically, because it is the most similar one.
    pub chosen: bool,
    /// Ordered by region and plane.
    pub changes: &'a [Change],
    /// Other editions that are equal to the page.
    pub equal: &'a [Edition],
    /// The number of Twilio regions.
    pub regions: usize,
    /// The compared part of the page; `None` means the whole page.
    pub part: Option<String>,
}

/// A change with all regions to which it applies.
struct ChangeRow<'a> {
    change: &'static str,
    plane: Plane,
    details: String,
    regions: Vec<&'a Arc<str>>,
    /// Line numbers of the page.
    lines: Vec<usize>,
}

impl Comparison<'_> {
    /// Returns the report for people: a summary, a line about equal editions, and a line for each
    /// change with all regions to which it applies.
    pub fn text(&self) -> String {
        let rows = self.rows();
        let mut text = self.summary(&rows);
        text += &self.equal_editions();
        for row in &rows {
            text += &self.row_text(row);
        }
        text
    }

    fn summary(&self, rows: &[ChangeRow]) -> String {
        let page = escape_hidden(&self.page);
        let edition = format!("edition {}", with_status(self.edition));
        let part = self.part.as_ref();
        let part = part.map_or_else(String::new, |part| format!(" in {part}"));
        if rows.is_empty() {
            return format!("same{part}: {page} equals {edition}\n");
        }
        let chosen = if self.chosen {
            ", the most similar edition"
        } else {
            ""
        };
        let count = |change| {
            let count = rows.iter().filter(|row| row.change == change).count();
            format!("{count} {change}")
        };
        format!(
            "different{part}: {page} compared with {edition}{chosen}: {}, {}, {}\n",
            count("added"),
            count("removed"),
            count("changed")
        )
    }

    /// Returns a line with the editions that are equal to the page; empty if there are none.
    fn equal_editions(&self) -> String {
        let words: Vec<String> = self.equal.iter().map(with_status).collect();
        match &words[..] {
            [] => String::new(),
            [one] => format!("the page equals edition {one}\n"),
            several => format!("the page equals editions {}\n", several.join(", ")),
        }
    }

    fn row_text(&self, row: &ChangeRow) -> String {
        let regions = if row.regions.len() == self.regions {
            ALL_REGIONS.to_owned()
        } else {
            let ids: Vec<&str> = row.regions.iter().map(|region| &***region).collect();
            ids.join(", ")
        };
        let lines = match &row.lines[..] {
            [] => String::new(),
            [line] => format!(" (line {line})"),
            [first, .., last] => format!(" (lines {first} to {last})"),
        };
        format!(
            "  {:8} {} of {regions}: {}{lines}\n",
            row.change, row.plane, row.details
        )
    }

    /// Merges changes that differ only in region and line.
    fn rows(&self) -> Vec<ChangeRow<'_>> {
        let mut rows: Vec<ChangeRow> = Vec::new();
        let mut positions = HashMap::new();
        for Change {
            region,
            plane,
            kind,
        } in self.changes
        {
            let (change, details) = (name(kind), details(kind));
            let key = (*plane, change, details.clone());
            let at = *positions.entry(key).or_insert(rows.len());
            if at == rows.len() {
                rows.push(ChangeRow {
                    change,
                    plane: *plane,
                    details,
                    regions: Vec::new(),
                    lines: Vec::new(),
                });
            }
            rows[at].regions.push(region);
            rows[at].lines.extend(kind.line());
            rows[at].lines.dedup();
        }
        rows
    }

    /// Returns the report for programs.
    pub fn json(&self) -> String {
        let value = json!({
            "version": VERSION,
            "page": self.page,
            "edition": self.edition.name,
            "status": self.edition.status(),
            "verdict": if self.changes.is_empty() { "same" } else { "different" },
            "equal_editions": self.equal.iter().map(|edition| &edition.name).collect::<Vec<_>>(),
            "changes": self.changes.iter().map(change_json).collect::<Vec<_>>(),
        });
        json_reported(&format!("{value:#}\n")).into_owned()
    }
}

/// Returns text such as `regional (superseded on 2024-02-21 by global)`.
fn with_status(edition: &Edition) -> String {
    format!("{} ({})", edition.name, edition.status())
}

fn name(kind: &ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added { .. } => "added",
        ChangeKind::Removed { .. } => "removed",
        ChangeKind::Ports { .. } => "changed",
    }
}

fn details(kind: &ChangeKind) -> String {
    match kind {
        ChangeKind::Added { network, .. } | ChangeKind::Removed { network } => {
            address_or_cidr(*network)
        }
        ChangeKind::Ports {
            transport,
            edition,
            page,
            ..
        } => {
            let transport = transport.map_or_else(String::new, |t| format!(" of {t}"));
            format!("ports{transport} {edition} -> {page}")
        }
    }
}

fn change_json(change: &Change) -> Value {
    let mut value = json!({
        "change": name(&change.kind),
        "region": change.region,
        "plane": change.plane,
    });
    let more = match &change.kind {
        ChangeKind::Added { network, line } => json!({"network": network, "line": line}),
        ChangeKind::Removed { network } => json!({"network": network}),
        ChangeKind::Ports {
            transport,
            edition,
            page,
            line,
        } => {
            json!({"transport": transport, "edition_ports": edition, "page_ports": page, "line": line})
        }
    };
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}
