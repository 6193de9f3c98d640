//! For programs. The shape is that of `docs/check.schema.json`; a change that breaks it raises
//! [`VERSION`].

use serde::Serialize;
use serde_json::json;

use super::{Json, Judged, Report, Subject, Summary, deployed, words};
use crate::policy::ALL_REGIONS;
use crate::policy::drift::{Belongs, Part};
use crate::policy::space::Field;

/// Of the shape.
const VERSION: u32 = 1;

impl Report for Json {
    fn head(&self, subject: &Subject, summary: Summary) -> String {
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
        let text = head.to_string();
        format!("{},\"files\":[", text.strip_suffix('}').unwrap_or(&text))
    }

    fn file(&self, judged: &Judged) -> String {
        let drift = judged.drift;
        let parts = |parts: &[Part]| parts.iter().map(|p| part(judged, p)).collect::<Vec<_>>();
        let unmeasured = drift.beyond.iter().map(|(direction, beyond)| {
            json!({
                "direction": direction,
                "what": beyond.what,
                "deployed": [place(judged, beyond.at)],
            })
        });
        let file = json!({
            "file": judged.file,
            "verdict": verdict(drift.is_none()),
            "empty_units": judged.empty.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "missing": parts(&drift.missing),
            "extra": parts(&drift.extra),
            "unmeasured": unmeasured.collect::<Vec<_>>(),
        });
        format!("\n{file}")
    }

    fn separator(&self) -> &'static str {
        ","
    }

    fn end(&self) -> &'static str {
        "\n]}\n"
    }
}

fn verdict(in_sync: bool) -> &'static str {
    if in_sync { "in sync" } else { "drift" }
}

#[derive(Serialize)]
struct Place {
    line: usize,
    text: String,
}

fn place(judged: &Judged, at: u32) -> Place {
    let (line, text) = deployed(judged, at);
    Place { line, text }
}

fn part(judged: &Judged, part: &Part) -> serde_json::Value {
    let span = |field| part.packets.span(field);
    let (but, names) = words::protocol_names(part.packets.kind.protocols);
    let places = part.blame.iter().map(|at| place(judged, *at));
    json!({
        "direction": part.direction,
        "protocols": {if but { "all_but" } else { "only" }: names},
        "remote": {
            "addresses": words::addresses(span(Field::Remote)),
            "ports": words::ports(span(Field::RemotePort)),
        },
        "local": {
            "addresses": words::addresses(span(Field::Local)),
            "ports": words::ports(span(Field::LocalPort)),
        },
        "sometimes": part.sometimes,
        "tcp_flags": words::flags(&part.packets),
        "states": words::states(&part.packets),
        "belongs_to": belongs_to(&part.belongs),
        "deployed": places.collect::<Vec<_>>(),
    })
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
