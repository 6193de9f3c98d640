//! What `dataset diff` tells: as text, or as JSON of the shape of `docs/diff.schema.json`.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::dataset::Edition;
use crate::page::difference::{Change, Kind};
use crate::policy::{ALL_REGIONS, Plane, address_or_cidr};
use crate::terminal::{escape_hidden, json_reported};

/// Of the JSON's shape.
const VERSION: u32 = 1;

/// A page beside an edition.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The page's name for people.
    pub page: String,
    /// What it was compared with.
    pub edition: &'a Edition,
    /// Whether that is the edition that the page looks like most, rather than one that was named.
    pub chosen: bool,
    /// By region and plane.
    pub changes: &'a [Change],
    /// How many regions there are.
    pub regions: usize,
    /// What was compared, unless it was all of the page.
    pub part: Option<String>,
}

impl Comparison<'_> {
    /// For people: a first line that says it all, then a line for each change, told once for all
    /// regions that have it.
    pub fn text(&self) -> String {
        let edition = format!("edition {}, {}", self.edition.name, self.edition.standing());
        let chosen = if self.chosen {
            ", which it looks like most"
        } else {
            ""
        };
        let page = escape_hidden(&self.page);
        if self.changes.is_empty() {
            return match &self.part {
                Some(part) => format!("same in {part}: {page} as {edition}\n"),
                None => format!("same: {page} is {edition}\n"),
            };
        }
        let all = self.told_once();
        let count = |word| {
            format!(
                "{} {word}",
                all.iter().filter(|told| told.word == word).count()
            )
        };
        let part = self
            .part
            .as_ref()
            .map_or_else(String::new, |part| format!(" in {part}"));
        let mut text = format!(
            "different{part}: {page} against {edition}{chosen}: {}, {}, {}\n",
            count("added"),
            count("removed"),
            count("changed")
        );
        for told in all {
            let names: Vec<&str> = told.regions.iter().map(|region| &***region).collect();
            let of = if names.len() == self.regions {
                ALL_REGIONS.to_owned()
            } else {
                names.join(", ")
            };
            let place = match &told.lines[..] {
                [] => String::new(),
                [line] => format!(" (line {line})"),
                [first, .., last] => format!(" (lines {first} to {last})"),
            };
            text += &format!(
                "  {:8} {} of {of}: {}{place}\n",
                told.word, told.plane, told.details
            );
        }
        text
    }

    /// Changes that are the same but for region and line.
    fn told_once(&self) -> Vec<Told<'_>> {
        let mut all: Vec<Told> = Vec::new();
        let mut places = HashMap::new();
        for Change {
            region,
            plane,
            kind,
        } in self.changes
        {
            let (word, details) = (kind.word(), kind.details());
            let key = (*plane, word, details.clone());
            let at = *places.entry(key).or_insert(all.len());
            if at == all.len() {
                all.push(Told {
                    word,
                    plane: *plane,
                    details,
                    regions: Vec::new(),
                    lines: Vec::new(),
                });
            }
            all[at].regions.push(region);
            all[at].lines.extend(kind.line());
            all[at].lines.dedup();
        }
        all
    }

    /// For programs.
    pub fn json(&self) -> String {
        let value = json!({
            "version": VERSION,
            "page": self.page,
            "edition": self.edition.name,
            "standing": self.edition.standing(),
            "verdict": if self.changes.is_empty() { "same" } else { "different" },
            "changes": self.changes.iter().map(change).collect::<Vec<_>>(),
        });
        json_reported(&format!("{value:#}\n")).into_owned()
    }
}

/// A line of the text.
struct Told<'a> {
    word: &'static str,
    plane: Plane,
    details: String,
    regions: Vec<&'a Arc<str>>,
    lines: Vec<usize>,
}

impl Kind {
    fn line(&self) -> Option<usize> {
        match self {
            Kind::Added { line, .. } | Kind::Ports { line, .. } => Some(*line),
            Kind::Removed { .. } => None,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Kind::Added { .. } => "added",
            Kind::Removed { .. } => "removed",
            Kind::Ports { .. } => "changed",
        }
    }

    fn details(&self) -> String {
        match self {
            Kind::Added { network, .. } | Kind::Removed { network } => address_or_cidr(*network),
            Kind::Ports {
                transport,
                edition,
                page,
                ..
            } => {
                let of = transport.map_or_else(String::new, |t| format!(" of {t}"));
                format!("ports{of} {edition} -> {page}")
            }
        }
    }
}

fn change(change: &Change) -> Value {
    let mut value = json!({
        "change": change.kind.word(),
        "region": change.region,
        "plane": change.plane,
    });
    let more = match &change.kind {
        Kind::Added { network, line } => json!({"network": network, "line": line}),
        Kind::Removed { network } => json!({"network": network}),
        Kind::Ports {
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
