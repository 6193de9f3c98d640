//! For programs. The shape is that of `docs/check.schema.json`; a change that breaks it raises
//! [`VERSION`].

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::{Value, json};

use super::{Json, Judged, Report, Subject, Summary, deployed, words};
use crate::policy::drift::{Belongs, Beyond, Part};
use crate::policy::space::Field;
use crate::policy::{ALL_REGIONS, Direction};
use crate::text::json_reported;

/// Of the shape.
const VERSION: u32 = 2;

/// As many deployed lines of one part as are listed.
const LINES_LISTED: usize = 16;

impl Report for Json {
    fn head(&self, subject: &Subject, summary: &Summary) -> String {
        let scope = subject.scope;
        let editions = scope
            .editions
            .iter()
            .map(|edition| edition.name.to_string());
        let head = json!({
            "version": VERSION,
            "tool": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
            "format": subject.format,
            "expected": {
                "editions": editions.collect::<Vec<_>>(),
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
            },
        });
        // The files come before the brace that closes the object.
        let head = head.to_string();
        let text = json_reported(&head);
        format!("{},\"files\":[", text.strip_suffix('}').unwrap_or(&text))
    }

    fn file(&self, judged: &Judged, to: &mut dyn Write) -> io::Result<()> {
        let drift = judged.drift;
        let report = FileReport {
            file: &judged.file,
            units: &judged.units,
            verdict: verdict(drift.is_none()),
            empty_units: judged.empty.iter().map(|(name, _)| *name).collect(),
            missing: Parts(judged, &drift.missing),
            extra: Parts(judged, &drift.extra),
            unmeasured: Unmeasured(judged, &drift.beyond),
        };
        to.write_all(b"\n")?;
        let mut serializer = serde_json::Serializer::with_formatter(to, EscapeHidden);
        Ok(report.serialize(&mut serializer)?)
    }

    fn separator(&self) -> &'static str {
        ","
    }

    fn end(&self) -> &'static str {
        "\n]}\n"
    }
}

/// JSON on one line, with hidden characters escaped.
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

fn verdict(in_sync: bool) -> &'static str {
    if in_sync { "in sync" } else { "drift" }
}

/// One file of a report. Its lists are written part by part, since there may be many.
#[derive(Serialize)]
struct FileReport<'a> {
    file: &'a str,
    units: &'a [&'a str],
    verdict: &'static str,
    empty_units: Vec<&'a str>,
    missing: Parts<'a>,
    extra: Parts<'a>,
    unmeasured: Unmeasured<'a>,
}

struct Parts<'a>(&'a Judged<'a>, &'a [Part]);

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Parts(judged, parts) = self;
        serializer.collect_seq(parts.iter().map(|part| self::part(judged, part)))
    }
}

struct Unmeasured<'a>(&'a Judged<'a>, &'a [(Direction, Beyond)]);

impl Serialize for Unmeasured<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Unmeasured(judged, all) = self;
        serializer.collect_seq(all.iter().map(|(direction, beyond)| {
            json!({
                "direction": direction,
                "what": beyond.what,
                "deployed": deployed_lines(judged, &[beyond.at]),
            })
        }))
    }
}

/// The first of the lines, and how many more there are.
fn deployed_lines(judged: &Judged, blame: &[u32]) -> Value {
    let lines = blame.iter().take(LINES_LISTED).map(|at| {
        let (line, text) = deployed(judged, *at);
        json!({"line": line, "text": text})
    });
    json!({
        "lines": lines.collect::<Vec<_>>(),
        "more": blame.len().saturating_sub(LINES_LISTED),
    })
}

fn part(judged: &Judged, part: &Part) -> Value {
    let (all_but, names) = words::protocol_names(part.packets.kind.protocols);
    let values = |field| {
        let named = words::named(&part.packets, field);
        let key = all_but_or_only(named.is_all_but);
        json!({key: named.names, "more": named.more})
    };
    json!({
        "direction": part.direction,
        "protocols": {all_but_or_only(all_but): names},
        "remote": {
            "addresses": values(Field::Remote),
            "ports": values(Field::RemotePort),
        },
        "local": {
            "addresses": values(Field::Local),
            "ports": values(Field::LocalPort),
        },
        "sometimes": part.sometimes,
        "tcp_flags": words::flags(&part.packets),
        "states": words::states(&part.packets),
        "belongs_to": belongs_to(&part.belongs),
        "deployed": deployed_lines(judged, &part.blame),
    })
}

fn all_but_or_only(is_all_but: bool) -> &'static str {
    if is_all_but { "all_but" } else { "only" }
}

/// The rows of what Twilio publishes that the packets are of.
fn belongs_to(belongs: &Belongs) -> Vec<serde_json::Value> {
    match belongs {
        Belongs::Rule {
            plane,
            region,
            editions,
            ..
        } => vec![json!({
            "plane": plane,
            "region": region,
            "editions": editions,
            "own_ports": true,
        })],
        Belongs::Published(places) => places
            .iter()
            .map(|place| {
                json!({
                    "plane": place.plane,
                    "region": place.region.as_deref().unwrap_or(ALL_REGIONS),
                    "editions": place.editions,
                    "own_ports": place.own_ports,
                })
            })
            .collect(),
        Belongs::Nothing => Vec::new(),
    }
}
