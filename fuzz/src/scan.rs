//! Any file.

use std::io::{self, Write};
use std::sync::LazyLock;

use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::policy::space::normalized;
use twilio_sip_allow::policy::{ALL_REGIONS, Plane};
use twilio_sip_allow::report::{FileFindings, Findings};
use twilio_sip_allow::scan::{Expected, Judge, Verdict};

use crate::{ATLAS, CATALOG, EDITIONS, assert_clean, json};

static JUDGE: LazyLock<Judge> = LazyLock::new(|| {
    let global = EDITIONS.iter().find(|e| &*e.name == "global").unwrap();
    let published = global.published(&ATLAS);
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
    Judge::new(&CATALOG, expected.into(), &ATLAS, Limits::default())
});

pub fn try_out(data: &[u8]) {
    let Ok(findings) = JUDGE.judge(data) else {
        return;
    };
    let lines = data.split(|byte| *byte == b'\n').count();
    for finding in &findings {
        assert!((1..=lines).contains(&finding.line), "{finding:?}");
        assert!(finding.column >= 1, "{finding:?}");
        assert!(!finding.text.is_empty(), "{finding:?}");
    }
    let files = [FileFindings {
        file: "a file".to_owned(),
        findings,
    }];
    for list_current in [false, true] {
        let findings = Findings {
            files: &files,
            fails_on: &[Verdict::Superseded, Verdict::Wider],
            list_current,
            expected: serde_json::Value::Null,
        };
        assert_clean(&findings.text(false));
        let annotations = findings.github();
        assert_clean(&annotations);
        assert!(
            annotations.lines().all(|line| line.starts_with("::")),
            "{annotations}"
        );
        json(&written(|to| findings.json(to)));
        json(&written(|to| findings.sarif(to)));
    }
}

/// What a report writes.
fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut to = Vec::new();
    write(&mut to).expect("memory takes all");
    String::from_utf8(to).expect("reports are text")
}
