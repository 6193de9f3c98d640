//! AWS prefix lists, CloudFormation templates, and Terraform files and states: the exact drift, or an error with a
//! reason.

use crate::common;

use std::net::Ipv4Addr;

use crate::common::judge::{BOTH, dialect, everything, policy, units};
use serde_json::{Value, json};
use twilio_sip_allow::firewall::{Drift, Part};
use twilio_sip_allow::format::read::UnitQuery;
use twilio_sip_allow::format::{self, Unit, UnitName};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::Dimension;
use twilio_sip_allow::policy::{Direction, Plane, Policy};
use twilio_sip_allow::select::Selection;

mod cloudformation;
mod prefix_list;
mod terraform;

/// A format, the expected policy and the name of the unit.
struct Expected {
    format: &'static str,
    policy: Policy,
    name: &'static str,
}

impl Expected {
    fn new(format: &'static str, regions: &str, directions: &[Direction]) -> Expected {
        let planes = match format {
            "aws-prefix-list" => vec![Plane::Signaling],
            _ => Plane::ALL.to_vec(),
        };
        let selection = Selection {
            regions: regions.split_whitespace().map(str::to_owned).collect(),
            directions: directions.to_vec(),
            planes,
            ..everything()
        };
        Expected {
            format,
            policy: policy(&["regional"], &selection).unwrap(),
            name: "twilio-sip",
        }
    }

    fn unit(&self) -> Unit {
        Unit {
            name: UnitName::deployed(self.name).unwrap(),
            table: None,
            ..Unit::default()
        }
    }

    fn text(&self) -> String {
        format::render(dialect(self.format), &self.policy, &self.unit()).unwrap()
    }

    fn value(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// The rendered text with an edit of the form `PATH = JSON`.
    fn edited(&self, edit: &str) -> String {
        let mut value = self.value();
        set(&mut value, edit);
        format!("{value:#}\n")
    }

    /// The drift, or the errors, each with its line number, its problem and the text.
    fn check(&self, text: &str) -> Result<Drift, Vec<String>> {
        let directions = &self.policy.scope.directions;
        let units = units(self.format, text, self.name, directions)?;
        let format = dialect(self.format);
        Ok(format::compare(format, &self.policy, &units, Limits::default(), || &[]).unwrap())
    }

    fn differences(&self, text: &str) -> Vec<String> {
        let drift = self.check(text);
        differences(&drift.unwrap_or_else(|errors| panic!("{errors:#?}\n{text}")))
    }

    fn refused(&self, text: &str) -> String {
        match self.check(text) {
            Ok(drift) => panic!("not refused: {:?}\n{text}", differences(&drift)),
            Err(errors) => errors.join("\n"),
        }
    }

    fn repair(&self, text: &str) -> Result<String, String> {
        let (format, unit) = (dialect(self.format), self.unit());
        let wanted = UnitQuery {
            unit: &unit,
            directions: &self.policy.scope.directions,
            limits: Limits::default(),
        };
        let units = format::parse(format, text, wanted).unwrap();
        let repair = format::repair(format, &self.policy, text, wanted, &units);
        repair.map_err(|error| error.to_string())
    }
}

/// Replaces or adds the value at a path.
fn set(value: &mut Value, edit: &str) {
    let (path, new) = edit.split_once(" = ").unwrap();
    let new = serde_json::from_str(new).unwrap();
    if let Some(place) = value.pointer_mut(path.trim()) {
        *place = new;
        return;
    }
    let (object, key) = path.trim().rsplit_once('/').unwrap();
    let object = value.pointer_mut(object).and_then(Value::as_object_mut);
    let added = object.map(|object| object.insert(key.to_owned(), new));
    added.unwrap_or_else(|| panic!("{edit}"));
}

/// The differences, one line each.
fn differences(drift: &Drift) -> Vec<String> {
    let part = |side: &'static str| {
        move |part: &Part| {
            let span = |field| part.packets.set(field).hull();
            let remote = span(Dimension::Remote);
            let (first, last) = (Ipv4Addr::from(remote.first), Ipv4Addr::from(remote.last));
            let ports = span(match part.direction {
                Direction::In => Dimension::LocalPort,
                Direction::Out => Dimension::RemotePort,
            });
            let protocols: Vec<_> = part.packets.header.protocols.numbers().collect();
            let protocols = match protocols[..] {
                [one] => one.to_string(),
                _ => "several".to_owned(),
            };
            let sometimes = if part.condition.is_true() {
                ""
            } else {
                " sometimes"
            };
            let direction = part.direction;
            let ports = format!("{}-{}", ports.first, ports.last);
            format!("{side} {direction} {protocols} {first}-{last} {ports}{sometimes}")
        }
    };
    let missing = drift.missing.iter().map(part("missing"));
    let extra = drift.extra.iter().map(part("extra"));
    let unmeasured = drift.unmeasured.iter();
    let unmeasured =
        unmeasured.map(|(direction, found)| format!("beyond {direction} {}", found.what));
    missing.chain(extra).chain(unmeasured).collect()
}

/// The rows of a table, split at `=>`.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| {
        let (before, after) = line.split_once("=>").unwrap();
        (before.trim(), after.trim())
    })
}

/// Values take memory before any of them is interpreted: a text of 30 MB can contain 15 million of them.
#[test]
fn limits_the_number_of_json_values() {
    for (format, start, value, end) in [
        ("aws-prefix-list", "{\"Entries\":[", "0", "]}"),
        (
            "aws-sg",
            "{\"IpPermissions\":[",
            "{}",
            "],\"IpPermissionsEgress\":[]}",
        ),
        ("aws-sg", "{\"GroupId\":\"sg-1\",", "\"\":0", "}"),
        ("terraform", "{\"resource\":{", "\"a\":{}", "}}"),
        (
            "terraform",
            "{\"format_version\":\"1.0\",\"values\":{\"root_module\":{\"child_modules\":[",
            "{}",
            "]}}}",
        ),
        ("cloudformation", "{\"Resources\":{", "\"a\":{}", "}}"),
        (
            "cloudformation",
            "{\"TemplateBody\":\"{\\\"Resources\\\":[",
            "0",
            "]}\"}",
        ),
    ] {
        let unit = Unit::default();
        let wanted = UnitQuery {
            unit: &unit,
            directions: &BOTH[..1],
            limits: Limits::default().with(&["work=4000".parse().unwrap()]),
        };
        let exceeded =
            "it takes more than 4000 steps to evaluate; raise the limit with --limit work=NUMBER";
        let is_exceeded = |count: usize| {
            let text = format!("{start}{}{end}\n", vec![value; count].join(","));
            let errors = format::parse(dialect(format), &text, wanted).err();
            errors.is_some_and(|errors| errors[0].problem().contains(exceeded))
        };
        assert!(!is_exceeded(99) && is_exceeded(102), "{format} {start}");
    }
}
