//! The report of `check` for GitHub Actions: one annotation for each part, or one for a
//! diagnosis.

use std::io::{self, Write};

use super::checked_file::CheckedFile;
use super::interface::{Expectation, Report};
use super::messages::{self, Kind};
use super::summary::Summary;
use super::text::{Text, check_head, checks_end};
use crate::report::annotation::{Place, annotation};

/// Workflow commands that annotate the lines of a file.
pub struct GitHub {
    /// True if a diagnosis does not replace the parts.
    pub verbose: bool,
}

impl Report for GitHub {
    fn head(&self, expectation: &Expectation, summary: &Summary) -> String {
        Text {
            colored: false,
            verbose: self.verbose,
        }
        .head(expectation, summary)
    }

    fn file(&self, file: &CheckedFile, to: &mut dyn Write) -> io::Result<()> {
        messages::each(file, self.verbose, &mut |message| {
            let place = Place {
                file: &file.file,
                line: message.line,
                column: None,
            };
            let level = message.level.of_annotation();
            let annotation = annotation(level, title(message.kind), place, &message.text);
            to.write_all(annotation.as_bytes())
        })
    }

    fn check_head(&self, name: &str, is_first: bool) -> String {
        check_head(name, is_first)
    }

    fn checks_end(&self, drifted: usize, total: usize) -> String {
        checks_end(drifted, total)
    }
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::NotHooked => "drift: not hooked",
        Kind::Drift => "drift",
        Kind::Missing => "drift: missing",
        Kind::Extra => "drift: extra",
    }
}
