//! The report of `check` for programs. `docs/check.schema.json` describes it. An incompatible
//! change must increase [`VERSION`].

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::{Map, Value, json};

use super::checked_file::CheckedFile;
use super::diagnosis::{Diagnosis, DiagnosisKind};
use super::interface::{Expectation, Report};
use super::summary::Summary;
use super::words;
use crate::firewall::{Attribution, Part, Unhooked, Unmeasured};
use crate::packets::Dimension;
use crate::policy::{ALL_REGIONS, Direction, Plane};
use crate::report::json_pieces::around_elements;
use crate::terminal::json_reported;

/// The version of the schema.
const VERSION: u32 = 3;

/// The maximum number of source lines for each part.
const LINES_LISTED: usize = 16;

/// The maximum number of lines to cache. Each takes at most about a kilobyte.
const LINES_KEPT: usize = 10_000;

pub struct Json;

impl Report for Json {
    fn head(&self, expectation: &Expectation, summary: &Summary) -> String {
        let scope = expectation.scope;
        let editions = scope
            .editions
            .iter()
            .map(|edition| edition.name.to_string());
        let status = scope
            .editions
            .iter()
            .map(|edition| (edition.name.to_string(), edition.status.clone().into()));
        let head = json!({
            "version": VERSION,
            "tool": tool(),
            "format": expectation.format,
            "expected": {
                "editions": editions.collect::<Vec<_>>(),
                "status": status.collect::<Map<String, Value>>(),
                "regions": scope.regions,
                "directions": scope.directions,
                "planes": scope.planes,
                "transports": scope.transports,
            },
            "verdict": verdict(summary.drifted == 0),
            "summary": {
                "files": summary.files,
                "drifted": summary.drifted,
                "missing": summary.missing,
                "extra": summary.extra,
                "not_hooked": summary.unhooked,
            },
            "files": [],
        });
        let head = json_reported(&head.to_string()).into_owned();
        around_elements(&head, "files").0.to_owned()
    }

    fn file(&self, file: &CheckedFile, to: &mut dyn Write) -> io::Result<()> {
        let drift = file.drift;
        let lines = DeployedLines::new(file);
        let report = FileReport {
            file: &file.file,
            units: &file.units,
            verdict: verdict(drift.is_none()),
            diagnosis: file.diagnosis.map(DiagnosisReport::new),
            empty_units: file.empty.iter().map(|(name, _)| *name).collect(),
            missing: Parts(&lines, &drift.missing),
            extra: Parts(&lines, &drift.extra),
            unmeasured: UnmeasuredList(&lines, &drift.unmeasured),
            not_hooked: UnhookedList(&lines, &drift.unhooked),
        };
        to.write_all(b"\n")?;
        let mut serializer = serde_json::Serializer::with_formatter(to, EscapeHidden);
        Ok(report.serialize(&mut serializer)?)
    }

    fn separator(&self) -> &'static str {
        ","
    }

    fn end(&self) -> String {
        "\n]}\n".to_owned()
    }

    fn checks_head(&self, drifted: usize) -> String {
        let head = json!({
            "version": VERSION,
            "tool": tool(),
            "verdict": verdict(drifted == 0),
            "checks": [],
        });
        around_elements(&head.to_string(), "checks").0.to_owned()
    }

    fn check_head(&self, name: &str, is_first: bool) -> String {
        let comma = if is_first { "" } else { "}," };
        let name = json!(name).to_string();
        format!("{comma}\n{{\"name\":{},\"report\":", json_reported(&name))
    }

    fn checks_end(&self, _drifted: usize, _total: usize) -> String {
        "}\n]}\n".to_owned()
    }
}

/// Formats JSON on one line with hidden characters escaped.
struct EscapeHidden;

impl Formatter for EscapeHidden {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(json_reported(fragment).as_bytes())
    }
}

fn tool() -> serde_json::Value {
    json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")})
}

fn verdict(in_sync: bool) -> &'static str {
    if in_sync { "in sync" } else { "drift" }
}

/// The report of one file. Its lists are serialized one element at a time, because they may be
/// long.
#[derive(Serialize)]
struct FileReport<'a> {
    file: &'a str,
    units: &'a [&'a str],
    verdict: &'static str,
    diagnosis: Option<DiagnosisReport<'a>>,
    empty_units: Vec<&'a str>,
    missing: Parts<'a>,
    extra: Parts<'a>,
    unmeasured: UnmeasuredList<'a>,
    not_hooked: UnhookedList<'a>,
}

#[derive(Serialize)]
struct DiagnosisReport<'a> {
    kind: DiagnosisKind,
    text: &'a str,
    /// The values by the names of the options.
    options: BTreeMap<&'static str, Option<&'a str>>,
}

impl<'a> DiagnosisReport<'a> {
    fn new(diagnosis: &'a Diagnosis) -> Self {
        let options = diagnosis.options.iter();
        DiagnosisReport {
            kind: diagnosis.kind,
            text: &diagnosis.text,
            options: options
                .map(|option| (option.name, option.value.as_deref()))
                .collect(),
        }
    }
}

struct Parts<'a>(&'a DeployedLines<'a>, &'a [Part]);

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Parts(lines, parts) = self;
        serializer.collect_seq(parts.iter().map(|part| PartReport::new(lines, part)))
    }
}

struct UnmeasuredList<'a>(&'a DeployedLines<'a>, &'a [(Direction, Unmeasured)]);

impl Serialize for UnmeasuredList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let UnmeasuredList(lines, all) = self;
        serializer.collect_seq(all.iter().map(|(direction, unmeasured)| UnmeasuredReport {
            direction: *direction,
            what: &unmeasured.what,
            deployed: Deployed::new(lines, std::slice::from_ref(&unmeasured.at)),
        }))
    }
}

struct UnhookedList<'a>(&'a DeployedLines<'a>, &'a [(Direction, Unhooked)]);

impl Serialize for UnhookedList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let UnhookedList(lines, all) = self;
        serializer.collect_seq(all.iter().map(|(direction, unhooked)| UnhookedReport {
            direction: *direction,
            reason: &unhooked.reason,
            deployed: Deployed::new(lines, unhooked.at.as_slice()),
        }))
    }
}

#[derive(Serialize)]
struct UnhookedReport<'a> {
    direction: Direction,
    reason: &'a str,
    deployed: Deployed<'a>,
}

#[derive(Serialize)]
struct UnmeasuredReport<'a> {
    direction: Direction,
    what: &'a str,
    deployed: Deployed<'a>,
}

#[derive(Serialize)]
struct PartReport<'a> {
    direction: Direction,
    protocols: Set,
    remote: Side,
    local: Side,
    sometimes: bool,
    tcp_flags: Option<Vec<String>>,
    states: Option<Vec<&'static str>>,
    attribution: Vec<Place<'a>>,
    deployed: Deployed<'a>,
}

impl<'a> PartReport<'a> {
    fn new(lines: &'a DeployedLines<'a>, part: &'a Part) -> Self {
        let (is_all_but, names) = words::protocol_names(part.packets.header.protocols);
        let values = |field| {
            let named = words::named(&part.packets, field);
            Set::new(named.is_all_but, named.names, Some(named.more))
        };
        let side = |addresses, ports| Side {
            addresses: values(addresses),
            ports: values(ports),
        };
        PartReport {
            direction: part.direction,
            protocols: Set::new(is_all_but, names, None),
            remote: side(Dimension::Remote, Dimension::RemotePort),
            local: side(Dimension::Local, Dimension::LocalPort),
            sometimes: !part.condition.is_true(),
            tcp_flags: words::flags(&part.packets),
            states: words::states(&part.packets),
            attribution: attribution(&part.attribution),
            deployed: Deployed::new(lines, &part.source_lines),
        }
    }
}

#[derive(Serialize)]
struct Side {
    addresses: Set,
    ports: Set,
}

/// A set, either by its members or by the values that it does not contain.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Names {
    Only(Vec<String>),
    AllBut(Vec<String>),
}

#[derive(Serialize)]
struct Set {
    #[serde(flatten)]
    names: Names,
    /// The number of names that are not listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
}

impl Set {
    fn new(is_all_but: bool, names: Vec<String>, more: Option<usize>) -> Self {
        let names = if is_all_but {
            Names::AllBut(names)
        } else {
            Names::Only(names)
        };
        Set { names, more }
    }
}

/// A published network that packets belong to.
#[derive(Serialize)]
struct Place<'a> {
    plane: Plane,
    region: &'a str,
    editions: &'a [Arc<str>],
    own_ports: bool,
}

fn attribution(attribution: &Attribution) -> Vec<Place<'_>> {
    match attribution {
        Attribution::Rule {
            plane,
            region,
            editions,
            ..
        } => vec![Place {
            plane: *plane,
            region,
            editions,
            own_ports: true,
        }],
        Attribution::Published(places) => places
            .iter()
            .map(|place| Place {
                plane: place.plane,
                region: place.region.as_deref().unwrap_or(ALL_REGIONS),
                editions: &place.editions,
                own_ports: place.own_ports,
            })
            .collect(),
        Attribution::Nothing => Vec::new(),
    }
}

/// The first source lines, and the number of the rest.
#[derive(Serialize)]
struct Deployed<'a> {
    lines: Listed<'a>,
    more: usize,
}

impl<'a> Deployed<'a> {
    fn new(lines: &'a DeployedLines<'a>, places: &'a [u32]) -> Self {
        let (listed, more) = places.split_at(places.len().min(LINES_LISTED));
        Deployed {
            lines: Listed(lines, listed),
            more: more.len(),
        }
    }
}

struct Listed<'a>(&'a DeployedLines<'a>, &'a [u32]);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Listed(lines, places) = self;
        let mut listed = serializer.serialize_seq(Some(places.len()))?;
        for at in *places {
            listed.serialize_element(&*lines.at(*at))?;
        }
        listed.end()
    }
}

/// A cache of the lines that parts refer to. Many parts may refer to the same line, and extracting
/// a rule from JSON takes longer than printing it.
struct DeployedLines<'a> {
    file: &'a CheckedFile<'a>,
    known: RefCell<HashMap<u32, Rc<Line>>>,
}

impl<'a> DeployedLines<'a> {
    fn new(file: &'a CheckedFile<'a>) -> Self {
        DeployedLines {
            file,
            known: RefCell::default(),
        }
    }

    fn at(&self, at: u32) -> Rc<Line> {
        let mut known = self.known.borrow_mut();
        if let Some(line) = known.get(&at) {
            return Rc::clone(line);
        }
        if known.len() == LINES_KEPT {
            known.clear();
        }
        let (line, text) = self.file.source_line(at);
        let line = Rc::new(Line { line, text });
        known.insert(at, Rc::clone(&line));
        line
    }
}

#[derive(Serialize)]
struct Line {
    line: usize,
    text: String,
}
