//! SARIF, the Static Analysis Results Interchange Format, version 2.1.0 (OASIS, 2020-03-27).

use serde_json::{Value, json};

use crate::scan::{Classification, Finding};

/// Returns a log of one run without results.
pub fn log() -> Value {
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Classification::ALL.map(|(classification, name)| rule(classification, name)),
            }},
            "columnKind": "unicodeCodePoints",
            "results": [],
        }],
    })
}

fn rule(classification: Classification, name: &str) -> Value {
    json!({
        "id": name,
        "shortDescription": {"text": description(classification)},
    })
}

fn description(classification: Classification) -> &'static str {
    match classification {
        Classification::Current => "Addresses that Twilio publishes",
        Classification::Narrower => "Only a part of a Twilio network",
        Classification::Superseded => "Addresses that Twilio published but no longer uses",
        Classification::Wider => "More addresses than Twilio ever published",
        Classification::Unpublished => {
            "An address that Twilio never published, most likely mistyped"
        }
        Classification::Missing => "Twilio addresses that are missing from the file",
    }
}

/// Returns one result. `fails` is true if the finding causes exit status 1.
pub fn result(file: &str, finding: &Finding, message: &str, fails: bool) -> Value {
    let (kind, level) = match finding.classification {
        Classification::Current => ("pass", "none"),
        _ if fails => ("fail", "error"),
        _ => ("fail", "warning"),
    };
    let mut region = json!({"startLine": finding.line, "startColumn": finding.column});
    if finding.length > 0 {
        region["endColumn"] = (finding.column + finding.length).into();
    }
    json!({
        "ruleId": finding.classification.name(),
        "ruleIndex": Classification::ALL.iter().position(|(listed, _)| *listed == finding.classification),
        "kind": kind,
        "level": level,
        "message": {"text": message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(file)},
            "region": region,
        }}],
    })
}

/// Returns a path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let path = if path == "-" { "stdin" } else { path };
    let mut uri = if path.starts_with('/') {
        "file://".to_owned()
    } else {
        String::new()
    };
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
