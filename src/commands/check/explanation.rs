//! Puts a diagnosis into words.

use super::candidates::{Candidate, Expected};
use crate::dataset::{Connection, Edition};
use crate::firewall::DeployedUnit;
use crate::format::Format;
use crate::report::{ChangedOption, Diagnosis, DiagnosisKind};

/// Explains that none of the units is deployed. `reasons` has the name and the reason of each unit.
/// `have_other_name` is true if the units may exist by other names.
pub(super) fn not_deployed(reasons: &[(&str, &str)], have_other_name: bool) -> Diagnosis {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, reason) in reasons {
        let name = format!("'{name}'");
        match groups.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) if !names.contains(&name) => names.push(name),
            Some(_) => {}
            None => groups.push((reason, vec![name])),
        }
    }
    let groups = groups.into_iter();
    let groups = groups.map(|(reason, names)| format!("in {}: {reason}", names.join(" or ")));
    let places: Vec<String> = groups.collect();
    let places = places.join("; ");
    let advice = if have_other_name {
        "load the rules, or use --name if they have another name"
    } else {
        "load the rules"
    };
    Diagnosis {
        kind: DiagnosisKind::NotDeployed,
        text: format!("no rules are deployed {places}; {advice}"),
        options: Vec::new(),
    }
}

/// Explains that the rules are complete, but that no packet gets to them.
pub(super) fn not_hooked(format: &dyn Format) -> Diagnosis {
    let effect = format.parser().map_or("", |parser| parser.if_not_hooked());
    Diagnosis {
        kind: DiagnosisKind::NotHooked,
        text: format!("the rules are complete, {effect}"),
        options: Vec::new(),
    }
}

/// Explains that the units contain the rules of other options.
pub(super) fn other_options(
    expected: &Expected,
    candidate: Candidate,
    units: &[DeployedUnit],
) -> Diagnosis {
    let options = candidate.changed;
    let editions = candidate.editions;
    let (kind, text) = match &options[..] {
        [only] => {
            let kind = kind(only);
            let (old, new) = (expected.selection, &candidate.selection);
            let text = match (kind, editions) {
                (DiagnosisKind::OtherEdition, [edition]) => {
                    other_edition(edition, expected.editions)
                }
                (DiagnosisKind::OtherDirection, _) => {
                    let reason = |direction: &str| missing_unit(direction, units);
                    other_value(only, &old.directions, &new.directions, reason)
                }
                (DiagnosisKind::OtherPlane, _) => {
                    other_value(only, &old.planes, &new.planes, |_| String::new())
                }
                _ => several(&options, editions),
            };
            (kind, text)
        }
        _ => (DiagnosisKind::OtherOptions, several(&options, editions)),
    };
    Diagnosis {
        kind,
        text,
        options,
    }
}

fn kind(option: &ChangedOption) -> DiagnosisKind {
    match option.name {
        "edition" => DiagnosisKind::OtherEdition,
        "region" => DiagnosisKind::OtherRegions,
        "plane" => DiagnosisKind::OtherPlane,
        "direction" => DiagnosisKind::OtherDirection,
        "transport" => DiagnosisKind::OtherTransport,
        _ => DiagnosisKind::OtherPorts,
    }
}

fn other_edition(deployed: &Edition, expected: &[Edition]) -> String {
    let name = &deployed.name;
    let is_superseded = |edition: &Edition| edition.superseded.is_some();
    let advice = if is_superseded(deployed) && !expected.iter().any(is_superseded) {
        "load the rules".to_owned()
    } else if !is_superseded(deployed) && expected.iter().all(is_superseded) {
        format!("use --edition {name}")
    } else {
        format!("use --edition {name}, or load the rules")
    };
    let is_same_connection = expected
        .iter()
        .any(|edition| edition.connection == deployed.connection);
    let status = match (&deployed.superseded, deployed.connection) {
        (Some(end), _) => format!("superseded on {} by '{}'", end.date, end.by),
        (None, _) if is_same_connection => deployed.status(),
        (None, Connection::Public) => "for the public internet".to_owned(),
        (None, Connection::Interconnect) => "for Twilio Interconnect".to_owned(),
    };
    format!("the rules are those of edition '{name}', {status}; {advice}")
}

/// Explains that a direction or a plane is missing, or is deployed in addition.
fn other_value<T: ToString + PartialEq>(
    option: &ChangedOption,
    expected: &[T],
    deployed: &[T],
    reason: impl Fn(&str) -> String,
) -> String {
    let not_in = |these: &[T], others: &[T]| -> Option<String> {
        let other = these.iter().find(|value| !others.contains(value));
        other.map(ToString::to_string)
    };
    let name = option.name;
    let advice = format!("use {}, or load the rules", spelled(option));
    match (not_in(expected, deployed), not_in(deployed, expected)) {
        (Some(missing), None) => {
            let reason = reason(&missing);
            format!("the rules for {name} '{missing}' are missing{reason}; {advice}")
        }
        (None, Some(extra)) => {
            let given = expected
                .first()
                .map_or_else(String::new, ToString::to_string);
            format!(
                "there are rules for {name} '{extra}', but --{name} {given} leaves them out; {advice}"
            )
        }
        _ => several(std::slice::from_ref(option), &[]),
    }
}

/// Returns the reason why the unit of a direction is missing, if there is a reason.
fn missing_unit(direction: &str, units: &[DeployedUnit]) -> String {
    let mut own = units
        .iter()
        .filter(|unit| unit.direction.to_string() == direction);
    let unit = own
        .next()
        .and_then(|unit| Some((&unit.name, unit.absent.as_ref()?)));
    unit.map_or_else(String::new, |(name, reason)| {
        format!(" in '{name}': {reason}")
    })
}

fn several(options: &[ChangedOption], editions: &[Edition]) -> String {
    let (new, removed): (Vec<_>, Vec<_>) =
        options.iter().partition(|option| option.value.is_some());
    let list = |options: Vec<&ChangedOption>| -> String {
        options
            .into_iter()
            .map(spelled)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let what = match (new.is_empty(), removed.is_empty()) {
        (true, _) => format!("the same options without {}", list(removed)),
        (_, true) => list(new),
        _ => format!("{}, without {}", list(new), list(removed)),
    };
    let changes_edition = options.iter().any(|option| option.name == "edition");
    let end = editions
        .iter()
        .filter(|_| changes_edition)
        .find_map(|edition| {
            let end = edition.superseded.as_ref()?;
            Some(format!(
                " (edition '{}' was superseded on {} by '{}')",
                edition.name, end.date, end.by
            ))
        });
    format!(
        "the rules are those of {what}{}; use these options, or load the rules",
        end.unwrap_or_default()
    )
}

fn spelled(option: &ChangedOption) -> String {
    match &option.value {
        Some(value) => format!("--{} {value}", option.name),
        None => format!("--{}", option.name),
    }
}
