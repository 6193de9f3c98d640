//! The report of `check` for people: the result on the first line, then each part with its source
//! lines.

use std::io::{self, Write};

use super::checked_file::CheckedFile;
use super::diagnosis::Diagnosis;
use super::interface::{Expectation, MAX_PARTS, Report, hidden_parts_note};
use super::summary::Summary;
use super::words;
use crate::firewall::Part;
use crate::packets::Side;
use crate::policy::{ALL_REGIONS, Direction, Granularity};
use crate::terminal::{GREEN, RED, escape_hidden, escape_hidden_at_start, painted};

/// The maximum number of source lines for each part.
const MAX_SOURCE_LINES: usize = 3;

pub struct Text {
    /// True if the words of the result are colored.
    pub colored: bool,
    /// True if a diagnosis does not hide the parts.
    pub verbose: bool,
}

impl Report for Text {
    fn head(&self, expectation: &Expectation, summary: &Summary) -> String {
        let Summary {
            files,
            drifted,
            missing,
            extra,
            unhooked,
            ..
        } = summary;
        let expected = format!("{} ({})", expected(expectation), summary.units());
        let not_hooked = match unhooked {
            0 => String::new(),
            count => format!("{count} not hooked, "),
        };
        let counts = format!("{not_hooked}{missing} missing, {extra} extra");
        match (files, drifted) {
            (1, 0) => format!("{}: exactly {expected}\n", self.good("in sync")),
            (_, 0) => format!(
                "{}: {files} files, each exactly {expected}\n",
                self.good("in sync")
            ),
            (1, _) => format!(
                "{}: {counts}, compared with {expected}\n",
                self.bad("drift")
            ),
            _ => format!(
                "{}: {drifted} of {files} files, {counts}, compared with {expected}\n",
                self.bad("drift")
            ),
        }
    }

    fn file(&self, file: &CheckedFile, to: &mut dyn Write) -> io::Result<()> {
        let drift = file.drift;
        if drift.is_none() {
            return Ok(());
        }
        writeln!(to, "\n{}", file.name)?;
        if let Some(diagnosis) = file.diagnosis {
            writeln!(to, "  diagnosis: {}", escape_hidden(&diagnosis.text))?;
        }
        for unhooked in drift.unhooked_reasons() {
            let reason = escape_hidden(&unhooked.reason);
            writeln!(to, "  {}: {reason}", self.bad("not hooked"))?;
            if let Some(at) = unhooked.at {
                writeln!(to, "{}", source_line(file, at))?;
            }
        }
        if file.diagnosis.is_none() || self.verbose {
            for (name, why) in &file.empty {
                let (name, why) = (escape_hidden(name), escape_hidden(why));
                writeln!(to, "  {name} accepts nothing: {why}")?;
            }
        }
        let explains = |diagnosis: &Diagnosis| diagnosis.changes("direction");
        let is_explained = file.diagnosis.is_some_and(explains);
        if let Some(direction) = file.unselected.filter(|_| !is_explained) {
            writeln!(
                to,
                "  direction '{direction}' is not selected: no rules are expected there, and loading the rules would remove the existing ones"
            )?;
        }
        if drift.has_same_packets() {
            return Ok(());
        }
        if file.diagnosis.is_some() && !self.verbose {
            let (missing, extra) = (drift.missing.len(), drift.extra.len());
            writeln!(
                to,
                "  {missing} missing, {extra} extra; --verbose lists them"
            )?;
        } else {
            self.parts(file, to)?;
        }
        for (direction, unmeasured) in drift.unmeasured.iter().take(MAX_PARTS) {
            let what = escape_hidden(&unmeasured.what);
            writeln!(to, "{}", self.line(Side::Extra, *direction, &what))?;
            writeln!(to, "{}", source_line(file, unmeasured.at))?;
        }
        write_hidden_parts(drift.unmeasured.len(), to)
    }

    fn check_head(&self, name: &str, is_first: bool) -> String {
        check_head(name, is_first)
    }

    fn checks_end(&self, drifted: usize, total: usize) -> String {
        checks_end(drifted, total)
    }
}

/// Returns the name of a check for the line of its result, after an empty line between two reports.
pub(super) fn check_head(name: &str, is_first: bool) -> String {
    let space = if is_first { "" } else { "\n" };
    format!("{space}{}: ", escape_hidden_at_start(name))
}

/// Returns a line with the number of checks in sync and with drift.
pub(super) fn checks_end(drifted: usize, total: usize) -> String {
    let checks = if total == 1 { "check" } else { "checks" };
    let in_sync = total - drifted;
    format!("\n{total} {checks}: {in_sync} in sync, {drifted} drifted\n")
}

impl Text {
    /// Writes the parts, each with its source lines.
    fn parts(&self, file: &CheckedFile, to: &mut dyn Write) -> io::Result<()> {
        let drift = file.drift;
        let mut parts = drift.parts().take(MAX_PARTS).peekable();
        while let Some((side, part)) = parts.next() {
            writeln!(
                to,
                "{}",
                self.line(side, part.direction, &words::part(part))
            )?;
            // If consecutive parts have the same source lines, these are shown only once.
            if parts
                .peek()
                .is_none_or(|(_, next)| next.source_lines != part.source_lines)
            {
                source_lines(file, part, to)?;
            }
        }
        write_hidden_parts(drift.missing.len() + drift.extra.len(), to)
    }

    fn line(&self, side: Side, direction: Direction, what: &str) -> String {
        let side = self.bad(&format!("{side:<7}"));
        format!("  {side} {direction:<3} {what}")
    }

    fn good(&self, word: &str) -> String {
        self.paint(word, GREEN)
    }

    fn bad(&self, word: &str) -> String {
        self.paint(word, RED)
    }

    fn paint(&self, word: &str, color: &str) -> String {
        if self.colored {
            painted(word, color)
        } else {
            word.to_owned()
        }
    }
}

/// Writes how many of `count` parts are not shown, if any.
fn write_hidden_parts(count: usize, to: &mut dyn Write) -> io::Result<()> {
    match hidden_parts_note(count.saturating_sub(MAX_PARTS)) {
        Some(more) => writeln!(to, "  {more}"),
        None => Ok(()),
    }
}

fn source_lines(file: &CheckedFile, part: &Part, to: &mut dyn Write) -> io::Result<()> {
    for at in part.source_lines.iter().take(MAX_SOURCE_LINES) {
        writeln!(to, "{}", source_line(file, *at))?;
    }
    if part.source_lines.len() > MAX_SOURCE_LINES {
        let more = part.source_lines.len() - MAX_SOURCE_LINES;
        writeln!(to, "      and {more} more lines")?;
    }
    Ok(())
}

fn source_line(file: &CheckedFile, at: u32) -> String {
    let (line, text) = file.source_line(at);
    let text = escape_hidden(&text);
    let colon = if text.is_empty() { "" } else { ": " };
    format!("      line {line}{colon}{text}")
}

/// Describes the expected rules, as in `the nftables rules for tokyo, edition global, signaling and
/// media in and out`. The status follows the name of a superseded edition.
fn expected(expectation: &Expectation) -> String {
    let scope = expectation.scope;
    let list = |words: Vec<String>| words.join(", ");
    let regions = if scope.all_regions {
        ALL_REGIONS.to_owned()
    } else {
        list(scope.regions.iter().map(ToString::to_string).collect())
    };
    let editions = scope.editions.iter().map(|edition| {
        if edition.is_superseded {
            format!("{} ({})", edition.name, edition.status)
        } else {
            edition.name.to_string()
        }
    });
    let directions: Vec<String> = scope.directions.iter().map(ToString::to_string).collect();
    let planes: Vec<String> = scope.planes.iter().map(ToString::to_string).collect();
    let what = match expectation.granularity {
        Granularity::RemoteAddress => "addresses",
        Granularity::Packet | Granularity::NewConnection => "rules",
    };
    format!(
        "the {} {what} for {regions}, edition {}, {} {}",
        expectation.format,
        list(editions.collect()),
        planes.join(" and "),
        directions.join(" and "),
    )
}
