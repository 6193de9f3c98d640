//! What `scan` tells: as text, as JSON of the shape of `docs/scan.schema.json`, as SARIF, or as
//! annotations of GitHub's.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::github::{Place, annotation};
use super::sarif;
use crate::scan::{Finding, Verdict};
use crate::text::{GREEN, RED, YELLOW, json_escaped, painted, shown};

/// Of the JSON's shape.
const VERSION: u32 = 1;

/// What was found in one file.
#[derive(Debug)]
pub struct FileFindings {
    /// As it was given, or as the folder that was given leads to it; `-` is stdin.
    pub file: String,
    /// In the order of the file.
    pub findings: Vec<Finding>,
}

/// What was found in all files.
#[derive(Debug)]
pub struct Findings<'a> {
    /// Those that have findings, by name.
    pub files: &'a [FileFindings],
    /// What gives status 1.
    pub fails_on: &'a [Verdict],
    /// Whether what is current is told.
    pub list_current: bool,
    /// What a file must hold, as a JSON value.
    pub expected: Value,
}

impl Findings<'_> {
    /// Whether a finding gives status 1.
    pub fn fails(&self, finding: &Finding) -> bool {
        self.fails_on.contains(&finding.verdict)
    }

    fn told(&self) -> impl Iterator<Item = (&str, &Finding)> {
        let all = self
            .files
            .iter()
            .flat_map(|file| file.findings.iter().map(|f| (&*file.file, f)));
        all.filter(|(_, finding)| self.list_current || finding.verdict != Verdict::Current)
    }

    /// For people: what is missing of several regions is told at once.
    fn lines(&self) -> Vec<(&str, Finding)> {
        let mut lines: Vec<(&str, Finding)> = Vec::new();
        for (file, finding) in self.told() {
            let before = lines.last_mut().filter(|(last, before)| {
                *last == file && before.missing_plane() == finding.missing_plane()
            });
            match (before, &finding.lacks) {
                (Some((_, before)), Some((_, region))) => {
                    before.explanation = format!("{}, {region}", before.explanation);
                    before.text = format!("{}, {}", before.text, finding.text);
                }
                _ => lines.push((file, finding.clone())),
            }
        }
        lines
    }

    fn counts(&self) -> Vec<(&'static str, usize)> {
        let of = |wanted| {
            let all = self.files.iter().flat_map(|file| &file.findings);
            all.filter(|finding| finding.verdict == wanted).count()
        };
        Verdict::ALL
            .iter()
            .map(|(verdict, name)| (*name, of(*verdict)))
            .collect()
    }

    /// For people: a line for each, and one that counts them.
    pub fn text(&self, colored: bool) -> String {
        let mut text = String::new();
        for (file, finding) in &self.lines() {
            let (file, finding) = (*file, finding);
            let name = finding.verdict.name();
            let verdict = match (colored, finding.verdict) {
                (false, _) => name.to_owned(),
                (true, Verdict::Current) => painted(name, GREEN),
                (true, _) if self.fails(finding) => painted(name, RED),
                (true, _) => painted(name, YELLOW),
            };
            let file = if file == "-" { "stdin" } else { file };
            let (file, message) = (shown(file, &[]), shown(&message(finding), &[]));
            text += &format!(
                "{file}:{}:{}: {verdict}: {message}\n",
                finding.line, finding.column
            );
        }
        let counts = self.counts();
        let counted: Vec<String> = counts
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| format!("{n} {name}"))
            .collect();
        let files = match self.files.len() {
            0 => return "no address of Twilio's was found\n".to_owned(),
            1 => "1 file with".to_owned(),
            more => format!("{more} files with"),
        };
        text + &format!("{files} addresses of Twilio's: {}\n", counted.join(", "))
    }

    /// For programs; what is current is told too.
    pub fn json(&self, to: &mut dyn Write) -> io::Result<()> {
        let findings = self.files.iter().flat_map(|file| {
            file.findings.iter().map(|finding| {
                json!({
                    "file": file.file,
                    "line": finding.line,
                    "column": finding.column,
                    "verdict": finding.verdict.name(),
                    "fails": self.fails(finding),
                    "text": finding.text,
                    "networks": finding.networks,
                    "explanation": finding.explanation,
                })
            })
        });
        let counts: serde_json::Map<String, Value> = self
            .counts()
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count.into()))
            .collect();
        let head = json!({
            "version": VERSION,
            "tool": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
            "expected": self.expected,
            "summary": {"files": self.files.len(), "findings": counts},
        });
        let head = json_escaped(head.to_string());
        let head = head.strip_suffix('}').unwrap_or(&head);
        write!(to, "{head},\"findings\":[")?;
        let mut separator = "\n";
        for finding in findings {
            write!(to, "{separator}{}", json_escaped(finding.to_string()))?;
            separator = ",\n";
        }
        to.write_all(b"\n]}\n")
    }

    /// For code scanning.
    pub fn sarif(&self, to: &mut dyn Write) -> io::Result<()> {
        let log = format!("{:#}\n", sarif::log());
        let (head, end) = log.split_once("\"results\": []").unwrap_or((&log, ""));
        write!(to, "{head}\"results\": [")?;
        let mut separator = "";
        for (file, finding) in self.told() {
            let result = sarif::result(file, finding, &message(finding), self.fails(finding));
            let result = json_escaped(format!("{result:#}"));
            write!(
                to,
                "{separator}\n        {}",
                result.replace('\n', "\n        ")
            )?;
            separator = ",";
        }
        let close = if separator.is_empty() {
            "]"
        } else {
            "\n      ]"
        };
        write!(to, "{close}{end}")
    }

    /// For GitHub Actions.
    pub fn github(&self) -> String {
        let commands = self.lines().into_iter().map(|(file, finding)| {
            let level = match finding.verdict {
                Verdict::Current => "notice",
                _ if self.fails(&finding) => "error",
                _ => "warning",
            };
            let place = Place {
                file,
                line: Some(finding.line),
                column: Some(finding.column),
            };
            annotation(
                level,
                &format!("Twilio: {}", finding.verdict.name()),
                place,
                &message(&finding),
            )
        });
        commands.collect()
    }
}

/// What is told of a finding beside its place and verdict.
fn message(finding: &Finding) -> String {
    match finding.verdict {
        Verdict::Missing => format!("{}: {}", finding.explanation, finding.text),
        _ => format!("{}: {}", finding.text, finding.explanation),
    }
}
