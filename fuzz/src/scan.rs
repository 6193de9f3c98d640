//! Fuzzes the scan of any file.

use std::sync::LazyLock;

use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::normalized;
use twilio_sip_allow::policy::{ALL_REGIONS, Plane};
use twilio_sip_allow::report::{Findings, Shape};
use twilio_sip_allow::scan::{Classification, Expected, Finding, NamedText, Scanner};

use crate::{CATALOG, EDITIONS, REFERENCE_DATA, assert_clean, json};

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let global = EDITIONS.iter().find(|e| &*e.name == "global").unwrap();
    let published = global.published(&REFERENCE_DATA);
    let expected = [
        (Plane::Signaling, "tokyo"),
        (Plane::Signaling, "sydney"),
        (Plane::Media, ALL_REGIONS),
    ];
    let expected = expected.map(|(plane, region)| {
        let of_region = published
            .iter()
            .filter(|(own, of, _)| *own == plane && of.map_or(ALL_REGIONS, |of| &of.id) == region);
        Expected {
            plane,
            region: region.to_owned(),
            networks: normalized(of_region.map(|(_, _, network)| (*network).into()).collect()),
        }
    });
    Scanner::new(
        &CATALOG,
        expected.into(),
        &REFERENCE_DATA,
        Limits::default(),
    )
});

pub fn try_out(data: &[u8]) {
    let mut findings = Vec::new();
    let text = NamedText {
        name: "a file",
        bytes: data,
    };
    let done = SCANNER.scan(text, &mut |finding| {
        findings.push(finding);
        Ok(())
    });
    if done.is_err() {
        return;
    }
    let lines = data.split(|byte| *byte == b'\n').count();
    for finding in &findings {
        assert!((1..=lines).contains(&finding.line), "{finding:?}");
        assert!(finding.column >= 1, "{finding:?}");
        assert!(!finding.text.is_empty(), "{finding:?}");
    }
    for list_current in [false, true] {
        let report = |shape| written(shape, list_current, &findings);
        assert_clean(&report(Shape::Text(false)));
        let annotations = report(Shape::GitHub);
        assert_clean(&annotations);
        assert!(
            annotations.lines().all(|line| line.starts_with("::")),
            "{annotations}"
        );
        json(&report(Shape::Json));
        json(&report(Shape::Sarif));
    }
}

/// Returns the report on one file.
fn written(shape: Shape, list_current: bool, findings: &[Finding]) -> String {
    let report = Findings {
        shape,
        fails_on: &[Classification::Superseded, Classification::Wider],
        list_current,
        expected: serde_json::Value::Null,
    };
    let mut part = report.part("a file".to_owned(), Vec::new());
    for finding in findings {
        part.add(finding.clone()).expect("memory never fails");
    }
    let (_, counts, text) = part.finish().expect("memory never fails");
    let text = String::from_utf8(text).expect("reports are text");
    let end = report.end(&counts, text.is_empty());
    format!("{}{text}{end}", report.head(&counts))
}
