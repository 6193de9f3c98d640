//! The reports of `scan`: text, JSON that `docs/scan.schema.json` describes, SARIF, or annotations
//! for GitHub Actions.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::annotation::{Place, annotation};
use super::folded::Folded;
use super::json_pieces::around_elements;
use super::sarif::{self, Level, Region, SarifResult, SarifRule};
use crate::policy::address_or_cidr;
use crate::scan::{Classification, Finding};
use crate::terminal::{
    GREEN, RED, YELLOW, escape_hidden, escape_hidden_at_start, json_reported, painted,
};

/// The version of the JSON schema.
const VERSION: u32 = 2;

/// The form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text for people: a paragraph for each file, without repetitions. True means colored words.
    Text(bool),
    /// One line for each finding. True means colored words.
    Lines(bool),
    /// JSON for programs. It includes current addresses.
    Json,
    /// SARIF for code scanning.
    Sarif,
    /// Annotations for GitHub Actions.
    GitHub,
    /// Only counts. The caller writes the changes of each file.
    Diff,
}

/// A report on findings: a head, the parts of the files with separators between them, and an end.
/// Few findings are in memory at a time.
#[derive(Debug)]
pub struct Findings<'a> {
    pub shape: Shape,
    /// The classifications for which the exit status is 1.
    pub fails_on: &'a [Classification],
    /// True to include current addresses.
    pub list_current: bool,
    /// The networks that a file must contain, as a JSON value.
    pub expected: Value,
}

/// The number of files with findings, and the number of findings by classification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    files: usize,
    /// The number of files with findings that have no published address.
    without_twilios: usize,
    by_classification: [usize; Classification::ALL.len()],
}

impl Counts {
    pub fn add(&mut self, more: Counts) {
        self.files += more.files;
        self.without_twilios += more.without_twilios;
        for (all, more) in self
            .by_classification
            .iter_mut()
            .zip(more.by_classification)
        {
            *all += more;
        }
    }

    fn by_name(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let names = Classification::ALL.iter().map(|(_, name)| *name);
        names.zip(self.by_classification)
    }
}

impl Findings<'_> {
    /// Returns true if any finding causes exit status 1.
    pub fn any_fails(&self, counts: &Counts) -> bool {
        let found = Classification::ALL
            .iter()
            .zip(counts.by_classification)
            .filter(|(_, count)| *count > 0);
        found
            .into_iter()
            .any(|((classification, _), _)| self.fails_on.contains(classification))
    }

    /// Starts the part of a file, which is written to `to`. `file` is the path as the user gave it,
    /// or below the folder that the user gave; `-` means stdin.
    pub fn part<W: Write>(&self, file: String, to: W) -> FilePart<'_, W> {
        FilePart {
            report: self,
            file,
            to,
            counts: Counts {
                files: 1,
                without_twilios: 1,
                ..Counts::default()
            },
            held: None,
            folded: Folded::default(),
            is_empty: true,
        }
    }

    fn fails(&self, finding: &Finding) -> bool {
        self.fails_on.contains(&finding.classification)
    }

    fn shows(&self, finding: &Finding) -> bool {
        let is_good = matches!(
            finding.classification,
            Classification::Current | Classification::OtherService
        );
        match self.shape {
            Shape::Json => true,
            Shape::Diff => false,
            _ => self.list_current || !is_good,
        }
    }

    /// Returns the text before the parts.
    pub fn head(&self, counts: &Counts) -> String {
        match self.shape {
            Shape::Text(_) | Shape::Lines(_) | Shape::GitHub | Shape::Diff => String::new(),
            Shape::Json => {
                let findings = counts
                    .by_name()
                    .map(|(name, n)| (name.to_owned(), n.into()));
                let head = json!({
                    "version": VERSION,
                    "tool": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
                    "expected": self.expected,
                    "summary": {
                        "files": counts.files,
                        "findings": findings.collect::<serde_json::Map<String, Value>>(),
                    },
                    "findings": [],
                });
                let head = json_reported(&head.to_string()).into_owned();
                around_elements(&head, "findings").0.to_owned() + "\n"
            }
            Shape::Sarif => sarif_around().0,
        }
    }

    /// Returns the text between two findings, and between two nonempty parts.
    pub fn separator(&self) -> &'static str {
        match self.shape {
            Shape::Text(_) | Shape::Lines(_) | Shape::GitHub | Shape::Diff => "",
            Shape::Json => ",\n",
            Shape::Sarif => ",",
        }
    }

    /// Returns the text after the parts.
    pub fn end(&self, counts: &Counts, is_empty: bool) -> String {
        match (self.shape, is_empty) {
            (Shape::Text(_) | Shape::Lines(_), _) => summary(counts),
            (Shape::GitHub | Shape::Diff, _) => String::new(),
            (Shape::Json, true) => "]}\n".to_owned(),
            (Shape::Json, false) => "\n]}\n".to_owned(),
            (Shape::Sarif, true) => sarif_around().1,
            (Shape::Sarif, false) => format!("\n      {}", sarif_around().1),
        }
    }

    fn finding(&self, file: &str, finding: &Finding) -> String {
        match self.shape {
            Shape::Text(colored) | Shape::Lines(colored) => {
                line_at(file, finding, &self.with_word(finding, colored))
            }
            Shape::Json => json_reported(&self.value(file, finding).to_string()).into_owned(),
            Shape::Sarif => self.sarif_result(file, finding),
            Shape::GitHub => self.annotation(file, finding),
            Shape::Diff => String::new(),
        }
    }

    fn sarif_result(&self, file: &str, finding: &Finding) -> String {
        let rule = Classification::ALL
            .iter()
            .position(|(listed, _)| *listed == finding.classification);
        let result = SarifResult {
            rule: rule.unwrap_or_default(),
            level: match finding.classification {
                Classification::Current | Classification::OtherService => Level::None,
                Classification::Hint => Level::Note,
                _ if self.fails(finding) => Level::Error,
                _ => Level::Warning,
            },
            message: &message(finding),
            file,
            region: Region {
                line: Some(finding.line),
                column: Some(finding.column),
                length: finding.length,
            },
            fix: finding.fix.as_ref().map_or(&[], |fix| &fix.changes),
        };
        sarif::result(&sarif_rules(), &result)
    }

    /// Returns the classification and the message of a finding.
    fn with_word(&self, finding: &Finding, colored: bool) -> String {
        let name = finding.classification.name();
        let word = match (colored, finding.classification) {
            (false, _) => name.to_owned(),
            (
                true,
                Classification::Current | Classification::OtherService | Classification::Hint,
            ) => painted(name, GREEN),
            (true, _) if self.fails(finding) => painted(name, RED),
            (true, _) => painted(name, YELLOW),
        };
        format!("{word}: {}", escape_hidden(&message(finding)))
    }

    fn value(&self, file: &str, finding: &Finding) -> Value {
        json!({
            "file": file,
            "line": finding.line,
            "column": finding.column,
            "verdict": finding.classification.name(),
            "fails": self.fails(finding),
            "text": finding.text,
            "networks": finding.networks,
            "explanation": finding.meaning(),
            "replacement": {
                "signaling": finding.replacement.signaling,
                "media": finding.replacement.media,
            },
        })
    }

    fn annotation(&self, file: &str, finding: &Finding) -> String {
        let level = match finding.classification {
            Classification::Current | Classification::OtherService | Classification::Hint => {
                "notice"
            }
            _ if self.fails(finding) => "error",
            _ => "warning",
        };
        let place = Place {
            file,
            line: Some(finding.line),
            column: Some(finding.column),
        };
        let title = format!("Twilio: {}", finding.classification.name());
        annotation(level, &title, place, &message(finding))
    }
}

/// Returns the classification and the message of a finding.
pub fn verdict_and_message(finding: &Finding) -> String {
    let name = finding.classification.name();
    format!("{name}: {}", escape_hidden(&message(finding)))
}

/// Returns a line with the file, the place and the message of a finding.
fn line_at(file: &str, finding: &Finding, message: &str) -> String {
    let file = shown_name(file);
    let Finding { line, column, .. } = finding;
    format!("{file}:{line}:{column}: {message}\n")
}

/// Returns the message about a finding that was fixed.
fn fixed(finding: &Finding, colored: bool) -> String {
    let word = if colored {
        painted("fixed", GREEN)
    } else {
        "fixed".to_owned()
    };
    let message = format!("{}: {}", finding.text, replaced_by(finding));
    format!("{word}: {}", escape_hidden(&message))
}

/// Returns how a finding was fixed.
fn replaced_by(finding: &Finding) -> String {
    match finding.fix.as_ref().map(|fix| &fix.written[..]) {
        None | Some([]) => "removed, because its list needs no other address".to_owned(),
        Some(written) => {
            let written: Vec<String> = written.iter().copied().map(address_or_cidr).collect();
            format!("replaced by {}", written.join(", "))
        }
    }
}

/// Returns the name of a file for people.
fn shown_name(file: &str) -> String {
    escape_hidden_at_start(if file == "-" { "stdin" } else { file })
}

/// Returns the last line of the report for people.
fn summary(counts: &Counts) -> String {
    let counted = counts.by_name().filter(|(_, n)| *n > 0);
    let (missing, hint) = (Classification::Missing.name(), Classification::Hint.name());
    let with_twilios = counts.files - counts.without_twilios;
    let all = if with_twilios == 1 { "the" } else { "every" };
    let counted = counted.map(|(name, n)| match name {
        name if name == missing => format!("{n} {name} (selected, but not in {all} file)"),
        name if name == hint && n > 1 => format!("{n} {name}s"),
        name => format!("{n} {name}"),
    });
    let counted = counted.collect::<Vec<_>>().join(", ");
    let files = |n| {
        if n == 1 {
            "1 file".to_owned()
        } else {
            format!("{n} files")
        }
    };
    match (with_twilios, counts.without_twilios) {
        (0, 0) => "no Twilio addresses found\n".to_owned(),
        (0, others) => format!(
            "no Twilio addresses found, but {counted} in {}\n",
            files(others)
        ),
        (some, 0) => format!("{} with Twilio addresses: {counted}\n", files(some)),
        (some, others) => format!(
            "{} with Twilio addresses, and {} without: {counted}\n",
            files(some),
            files(others)
        ),
    }
}

/// Returns the parts of a SARIF log before and after its results.
fn sarif_around() -> (String, String) {
    sarif::around_results(&sarif_rules())
}

fn sarif_rules() -> [SarifRule; Classification::ALL.len()] {
    Classification::ALL.map(|(classification, id)| SarifRule {
        id,
        description: description(classification),
    })
}

fn description(classification: Classification) -> &'static str {
    match classification {
        Classification::Current => "Addresses that Twilio publishes",
        Classification::OtherService => "Addresses that Twilio uses for other services than SIP",
        Classification::Narrower => "Only a part of a Twilio network",
        Classification::Superseded => "Addresses that Twilio published but no longer uses",
        Classification::Wider => "More addresses than Twilio ever published",
        Classification::Unpublished => {
            "An address that Twilio never published, most likely mistyped"
        }
        Classification::Hint => "A use of addresses that Twilio advises against",
        Classification::Missing => "Twilio addresses that are missing from the file",
    }
}

pub struct FilePart<'a, W> {
    report: &'a Findings<'a>,
    file: String,
    to: W,
    counts: Counts,
    /// A finding that may be merged with the next one.
    held: Option<Finding>,
    /// The findings of the text report that are not written yet.
    folded: Folded,
    is_empty: bool,
}

impl<W: Write> FilePart<'_, W> {
    /// Writes a finding. Reports for people merge missing networks of the same plane in several regions into one finding.
    pub fn add(&mut self, finding: Finding) -> io::Result<()> {
        if self.merges(&finding) {
            return Ok(());
        }
        self.count(finding.classification);
        if !self.report.shows(&finding) {
            return Ok(());
        }
        if matches!(self.report.shape, Shape::Json | Shape::Sarif) {
            return self.write(&finding);
        }
        match self.held.replace(finding) {
            Some(before) => self.write(&before),
            None => Ok(()),
        }
    }

    /// Adds a finding that was fixed, after all others. Only the reports for people show it.
    pub fn add_fixed(&mut self, finding: &Finding) -> io::Result<()> {
        if let Some(last) = self.held.take() {
            self.write(&last)?;
        }
        match self.report.shape {
            Shape::Text(colored) => self.fold(finding, &fixed(finding, colored)),
            Shape::Lines(colored) => {
                let line = line_at(&self.file, finding, &fixed(finding, colored));
                self.to.write_all(line.as_bytes())
            }
            _ => Ok(()),
        }
    }

    /// Adds the changes of the file.
    pub fn add_diff(&mut self, diff: &[u8]) -> io::Result<()> {
        self.to.write_all(diff)
    }

    fn count(&mut self, found: Classification) {
        let counts = Classification::ALL
            .iter()
            .zip(&mut self.counts.by_classification);
        for ((classification, _), count) in counts {
            *count += usize::from(*classification == found);
        }
        if !matches!(found, Classification::Unpublished | Classification::Hint) {
            self.counts.without_twilios = 0;
        }
    }

    /// Merges missing networks with those before them, if they are of the same plane. Returns false if they are not.
    fn merges(&mut self, finding: &Finding) -> bool {
        let held = self.held.as_mut();
        let held = held.filter(|held| held.missing_plane() == finding.missing_plane());
        let (Some(held), Some((_, region))) = (held, &finding.missing) else {
            return false;
        };
        held.explanation = format!("{}, {region}", held.explanation);
        held.text = format!("{}, {}", held.text, finding.text);
        true
    }

    fn write(&mut self, finding: &Finding) -> io::Result<()> {
        if let Shape::Text(colored) = self.report.shape {
            return self.fold(finding, &self.report.with_word(finding, colored));
        }
        if !self.is_empty {
            self.to.write_all(self.report.separator().as_bytes())?;
        }
        self.is_empty = false;
        let finding = self.report.finding(&self.file, finding);
        self.to.write_all(finding.as_bytes())
    }

    /// Adds a message to those of the text report, or to an equal one.
    fn fold(&mut self, finding: &Finding, message: &str) -> io::Result<()> {
        let place = format!("{}:{}", finding.line, finding.column);
        self.folded.add(finding.line, &place, message);
        if self.folded.is_full() {
            self.write_folded()
        } else {
            Ok(())
        }
    }

    /// Writes the findings of the text report, after the name of the file if they are the first ones.
    fn write_folded(&mut self) -> io::Result<()> {
        if self.is_empty {
            writeln!(self.to, "{}", shown_name(&self.file))?;
        }
        self.is_empty = false;
        self.to.write_all(self.folded.take().as_bytes())
    }

    /// Returns the file, its counts and the writer after the last finding.
    pub fn finish(mut self) -> io::Result<(String, Counts, W)> {
        if let Some(last) = self.held.take() {
            self.write(&last)?;
        }
        if matches!(self.report.shape, Shape::Text(_)) {
            if !self.folded.is_empty() {
                self.write_folded()?;
            }
            if !self.is_empty {
                // A blank line follows each paragraph.
                self.to.write_all(b"\n")?;
            }
        }
        Ok((self.file, self.counts, self.to))
    }
}

/// Returns the message of a finding, without its place and classification.
fn message(finding: &Finding) -> String {
    match finding.classification {
        Classification::Missing => format!("{}: {}", finding.meaning(), finding.text),
        _ => format!("{}: {}", finding.text, finding.meaning()),
    }
}
