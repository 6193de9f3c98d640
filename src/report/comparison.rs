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

/// One of the two lists in a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The name of the file; `None` for an edition of this program.
    pub file: Option<&'a str>,
    /// The edition or the dataset; `None` for a page.
    pub edition: Option<&'a Edition>,
}

/// The result of comparing two lists, in most cases a page with an edition.
#[derive(Debug)]
pub struct Comparison<'a> {
    pub new: Compared<'a>,
    pub old: Compared<'a>,
    /// True if the edition was selected automatically, because it is the most similar one.
    pub chosen: bool,
    /// Ordered by region and plane.
    pub changes: &'a [Change],
    /// Other editions that are equal to the new list.
    pub equal: &'a [Edition],
    /// The number of Twilio regions.
    pub regions: usize,
    /// The compared part of the lists; `None` means everything.
    pub part: Option<String>,
}

/// A change with all regions to which it applies.
struct ChangeRow<'a> {
    change: &'static str,
    plane: Plane,
    details: String,
    regions: Vec<&'a Arc<str>>,
    /// Line numbers of the new list, if it is a page.
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
        let (new, old) = (self.new.name(), self.old.edition_or_name());
        let part = self.part.as_ref();
        let part = part.map_or_else(String::new, |part| format!(" in {part}"));
        if rows.is_empty() {
            return format!("same{part}: {new} equals {old}\n");
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
            "different{part}: {new} compared with {old}{chosen}: {}, {}, {}\n",
            count("added"),
            count("removed"),
            count("changed")
        )
    }

    /// Returns a line with the editions that are equal to the new list; empty if there are none.
    fn equal_editions(&self) -> String {
        let words: Vec<String> = self.equal.iter().map(with_status).collect();
        let new = match self.new.edition {
            Some(_) => self.new.name(),
            None => "the page".to_owned(),
        };
        match &words[..] {
            [] => String::new(),
            [one] => format!("{new} equals edition {one}\n"),
            several => format!("{new} equals editions {}\n", several.join(", ")),
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
            "page": self.new.id(),
            "edition": self.old.edition.map_or_else(|| self.old.id(), |edition| &edition.name),
            "status": self.old.edition.map(Edition::status),
            "verdict": if self.changes.is_empty() { "same" } else { "different" },
            "equal_editions": self.equal.iter().map(|edition| &edition.name).collect::<Vec<_>>(),
            "changes": self.changes.iter().map(change_json).collect::<Vec<_>>(),
        });
        json_reported(&format!("{value:#}\n")).into_owned()
    }
}

impl<'a> Compared<'a> {
    /// Returns the name of the file or edition.
    fn id(&self) -> &'a str {
        let edition = self.edition.map(|edition| &*edition.name);
        self.file.or(edition).unwrap_or_default()
    }

    /// Returns the name of the file, or else the edition with its status.
    fn name(&self) -> String {
        match (self.file, self.edition) {
            (None, Some(edition)) => format!("edition {}", with_status(edition)),
            _ => escape_hidden(self.id()),
        }
    }

    /// Returns the edition or dataset with its status, or else the name of the page.
    fn edition_or_name(&self) -> String {
        match self.edition {
            Some(edition) => format!("edition {}", with_status(edition)),
            None => self.name(),
        }
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
            old,
            new,
            ..
        } => {
            let transport = transport.map_or_else(String::new, |t| format!(" of {t}"));
            format!("ports{transport} {old} -> {new}")
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
        ChangeKind::Added { network, .. } | ChangeKind::Removed { network } => {
            json!({"network": network})
        }
        ChangeKind::Ports {
            transport,
            old,
            new,
            ..
        } => json!({"transport": transport, "edition_ports": old, "page_ports": new}),
    };
    let line = change.kind.line().map(|line| json!({"line": line}));
    if let Value::Object(value) = &mut value {
        for more in [Some(more), line].into_iter().flatten() {
            if let Value::Object(more) = more {
                value.extend(more);
            }
        }
    }
    value
}
