//! SARIF, the Static Analysis Results Interchange Format, version 2.1.0 (OASIS, 2020-03-27).

use std::path::Path;

use serde_json::{Value, json};

use super::json_pieces::{after_opening_brace, around_elements};
use crate::scan::Change;
use crate::terminal::json_reported;

/// A kind of result.
pub struct SarifRule {
    pub id: &'static str,
    pub description: &'static str,
}

/// A result.
pub struct SarifResult<'a> {
    /// The index of its rule.
    pub rule: usize,
    pub level: Level,
    pub message: &'a str,
    /// The file as the user named it; `-` means stdin.
    pub file: &'a str,
    pub region: Region,
    /// The changes of the file that fix the problem; empty if there is no fix.
    pub fix: &'a [Change],
}

/// The weight of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The result is good.
    None,
    Note,
    Warning,
    Error,
}

impl Level {
    /// Returns the level of an annotation in GitHub Actions.
    pub fn of_annotation(self) -> &'static str {
        match self {
            Level::None | Level::Note => "notice",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// A part of a file. Lines and columns start at 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Region {
    /// `None` means the whole file.
    pub line: Option<usize>,
    pub column: Option<usize>,
    /// The length in characters; 0 means the rest of the line.
    pub length: usize,
}

/// Returns the text of a log of one run before and after its results.
pub fn around_results(rules: &[SarifRule]) -> (String, String) {
    let log = format!("{:#}\n", log(&json!([run(rules)])));
    let (head, end) = around_elements(&log, "results");
    (head.to_owned(), end.to_owned())
}

/// Returns the text of a log before and after its runs.
pub fn around_runs() -> (String, String) {
    let log = format!("{}\n", log(&json!([])));
    let (head, end) = around_elements(&log, "runs");
    (head.to_owned(), end.to_owned())
}

/// Returns the text of a run before and after its results, without the opening brace.
pub fn members_around_results(rules: &[SarifRule]) -> (String, String) {
    let run = run(rules).to_string();
    let (head, end) = around_elements(&run, "results");
    (after_opening_brace(head).to_owned(), end.to_owned())
}

fn log(runs: &Value) -> Value {
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    })
}

/// Returns a run without results.
fn run(rules: &[SarifRule]) -> Value {
    json!({
        "tool": {"driver": {
            "name": env!("CARGO_PKG_NAME"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules.iter().map(rule).collect::<Vec<_>>(),
        }},
        "columnKind": "unicodeCodePoints",
        "results": [],
    })
}

fn rule(rule: &SarifRule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.description},
    })
}

/// Returns one result as an element of the log.
pub fn result(rules: &[SarifRule], result: &SarifResult) -> String {
    let (kind, level) = match result.level {
        Level::None => ("pass", "none"),
        Level::Note => ("fail", "note"),
        Level::Warning => ("fail", "warning"),
        Level::Error => ("fail", "error"),
    };
    let mut place = json!({"artifactLocation": {"uri": uri(result.file)}});
    if let Some(line) = result.region.line {
        place["region"] = region(line, result.region);
    }
    let mut value = json!({
        "ruleId": rules.get(result.rule).map(|rule| rule.id),
        "ruleIndex": result.rule,
        "kind": kind,
        "level": level,
        "message": {"text": result.message},
        "locations": [{"physicalLocation": place}],
    });
    if !result.fix.is_empty() {
        value["fixes"] = json!([fix(result)]);
    }
    let result = format!("{value:#}");
    let result = json_reported(&result);
    format!("\n        {}", result.replace('\n', "\n        "))
}

fn fix(result: &SarifResult) -> Value {
    let replacements = result.fix.iter().map(|change| {
        let Change { start, end, text } = change;
        json!({
            "deletedRegion": {
                "startLine": start.0, "startColumn": start.1,
                "endLine": end.0, "endColumn": end.1,
            },
            "insertedContent": {"text": text},
        })
    });
    json!({
        "description": {"text": "Write the addresses in force"},
        "artifactChanges": [{
            "artifactLocation": {"uri": uri(result.file)},
            "replacements": replacements.collect::<Vec<_>>(),
        }],
    })
}

fn region(line: usize, region: Region) -> Value {
    let mut value = json!({"startLine": line});
    if let Some(column) = region.column {
        value["startColumn"] = column.into();
        if region.length > 0 {
            value["endColumn"] = (column + region.length).into();
        }
    }
    value
}

/// Returns a path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let path = if path == "-" { "stdin" } else { path };
    let start = if path.starts_with('/') {
        "file://"
    } else if Path::new(path).is_absolute() {
        // A path with a drive of Windows.
        "file:///"
    } else {
        ""
    };
    let mut uri = start.to_owned();
    for byte in path.bytes() {
        let plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~');
        if plain {
            uri.push(byte.into());
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
