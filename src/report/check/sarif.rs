//! The report of `check` as SARIF, for code scanning. Each check is a run.

use std::io::{self, Write};

use serde_json::json;

use super::checked_file::CheckedFile;
use super::interface::{Expectation, Report};
use super::messages::{self, Kind, Message};
use super::summary::Summary;
use crate::report::sarif::{self, Region, SarifResult, SarifRule};
use crate::terminal::json_reported;

pub struct Sarif {
    /// True if a diagnosis does not replace the parts.
    pub verbose: bool,
}

const RULES: [SarifRule; 4] = [
    SarifRule {
        id: "not-hooked",
        description: "Rules that no packet gets to",
    },
    SarifRule {
        id: "drift",
        description: "Rules that differ from the expected rules as a whole",
    },
    SarifRule {
        id: "missing",
        description: "Expected packets that the rules do not allow",
    },
    SarifRule {
        id: "extra",
        description: "Other packets that the rules allow",
    },
];

impl Report for Sarif {
    fn head(&self, _expectation: &Expectation, _summary: &Summary) -> String {
        sarif::members_around_results(&RULES).0
    }

    fn file(&self, file: &CheckedFile, to: &mut dyn Write) -> io::Result<()> {
        let mut separator = "";
        messages::each(file, self.verbose, &mut |message| {
            to.write_all(separator.as_bytes())?;
            separator = self.separator();
            to.write_all(result(file, &message).as_bytes())
        })
    }

    fn separator(&self) -> &'static str {
        ","
    }

    fn end(&self) -> String {
        sarif::members_around_results(&RULES).1
    }

    fn document_head(&self) -> String {
        sarif::around_runs().0 + "{"
    }

    fn document_end(&self) -> String {
        sarif::around_runs().1
    }

    fn checks_head(&self, _drifted: usize) -> String {
        sarif::around_runs().0
    }

    /// Code scanning takes the name as the category, which distinguishes the runs of a log.
    fn check_head(&self, name: &str, is_first: bool) -> String {
        let comma = if is_first { "" } else { "," };
        let id = json!(format!("{name}/")).to_string();
        format!(
            "{comma}\n{{\"automationDetails\":{{\"id\":{}}},",
            json_reported(&id)
        )
    }

    fn checks_end(&self, _drifted: usize, _total: usize) -> String {
        sarif::around_runs().1
    }
}

fn result(file: &CheckedFile, message: &Message) -> String {
    let result = SarifResult {
        rule: match message.kind {
            Kind::NotHooked => 0,
            Kind::Drift => 1,
            Kind::Missing => 2,
            Kind::Extra => 3,
        },
        level: message.level,
        message: &message.text,
        file: &file.file,
        region: Region {
            line: message.line,
            ..Region::default()
        },
        fix: &[],
    };
    sarif::result(&RULES, &result)
}
