//! The report of `check` for GitHub Actions: one annotation for each part, or one for a
//! diagnosis.

use std::io::{self, Write};

use super::checked_file::CheckedFile;
use super::interface::{Expectation, MAX_PARTS, Report, hidden_parts_note};
use super::summary::Summary;
use super::text::{Text, check_head, checks_end};
use super::words;
use crate::packets::Side;
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
        let drift = file.drift;
        for unhooked in drift.unhooked_reasons() {
            let place = place(file, unhooked.at);
            let message = format!("{}: not hooked: {}", file.name, unhooked.reason);
            to.write_all(annotation("error", "drift: not hooked", place, &message).as_bytes())?;
        }
        if let Some(diagnosis) = file.diagnosis {
            let counts = Summary::of(drift, &[]);
            let Summary { missing, extra, .. } = counts;
            let text = &diagnosis.text;
            let message = format!("{}: {text} ({missing} missing, {extra} extra)", file.name);
            to.write_all(annotation("error", "drift", place(file, None), &message).as_bytes())?;
            if !self.verbose {
                return Ok(());
            }
        }
        for (side, part) in drift.parts().take(MAX_PARTS) {
            let message = format!("{} {}", part.direction, words::part(part));
            let command = error(file, side, &message, part.source_lines.first().copied());
            to.write_all(command.as_bytes())?;
        }
        for (direction, unmeasured) in drift.unmeasured.iter().take(MAX_PARTS) {
            let message = format!("{direction} {}", unmeasured.what);
            let command = error(file, Side::Extra, &message, Some(unmeasured.at));
            to.write_all(command.as_bytes())?;
        }
        // GitHub shows far fewer annotations for each step.
        let hidden = [
            drift.missing.len() + drift.extra.len(),
            drift.unmeasured.len(),
        ];
        let hidden: usize = hidden
            .map(|count| count.saturating_sub(MAX_PARTS))
            .iter()
            .sum();
        if let Some(more) = hidden_parts_note(hidden) {
            let message = format!("{}: {more}", file.name);
            let notice = annotation("notice", "drift", place(file, None), &message);
            to.write_all(notice.as_bytes())?;
        }
        Ok(())
    }

    fn check_head(&self, name: &str, is_first: bool) -> String {
        check_head(name, is_first)
    }

    fn checks_end(&self, drifted: usize, total: usize) -> String {
        checks_end(drifted, total)
    }
}

fn error(file: &CheckedFile, side: Side, message: &str, at: Option<u32>) -> String {
    let message = format!("{}: {side}: {message}", file.name);
    annotation(
        "error",
        &format!("drift: {side}"),
        place(file, at),
        &message,
    )
}

fn place<'a>(file: &'a CheckedFile, at: Option<u32>) -> Place<'a> {
    Place {
        file: &file.file,
        line: at.map(|at| file.lines.number(at)),
        column: None,
    }
}
