//! For people: a first line that says it all, then each part with the lines that cause it.

use std::io::{self, Write};

use super::{Judged, PARTS_LIMIT, Report, Subject, Summary, Text, deployed, more_parts, words};
use crate::firewall::Part;
use crate::packets::Side;
use crate::policy::Granularity;
use crate::policy::{ALL_REGIONS, Direction};
use crate::terminal::{GREEN, RED, escape_hidden, painted};

/// As many lines of a file as are shown for one part.
const BLAME_LIMIT: usize = 3;

impl Report for Text {
    fn head(&self, subject: &Subject, summary: &Summary) -> String {
        let Summary {
            files,
            drifted,
            missing,
            extra,
            ..
        } = summary;
        let expected = format!("{} ({})", expected(subject), summary.units());
        let counts = format!("{missing} missing, {extra} extra");
        match (files, drifted) {
            (1, 0) => format!("{}: exactly {expected}\n", self.good("in sync")),
            (_, 0) => format!(
                "{}: {files} files, each exactly {expected}\n",
                self.good("in sync")
            ),
            (1, _) => format!("{}: {counts}, against {expected}\n", self.bad("drift")),
            _ => format!(
                "{}: {drifted} of {files} files, {counts}, against {expected}\n",
                self.bad("drift")
            ),
        }
    }

    fn file(&self, judged: &Judged, to: &mut dyn Write) -> io::Result<()> {
        let drift = judged.drift;
        if drift.is_none() {
            return Ok(());
        }
        writeln!(to, "\n{}", judged.name)?;
        for (name, why) in &judged.empty {
            let (name, why) = (escape_hidden(name), escape_hidden(why));
            writeln!(to, "  nothing is let through by {name}: {why}")?;
        }
        if let Some(direction) = judged.unselected {
            writeln!(
                to,
                "  {direction} is not selected, so nothing is expected there, and a load of the unit empties it"
            )?;
        }
        let mut parts = drift.parts().take(PARTS_LIMIT).peekable();
        while let Some((side, part)) = parts.next() {
            writeln!(
                to,
                "{}",
                self.line(side, part.direction, &words::part(part))
            )?;
            // Lines that cause several parts in a row are shown once.
            if parts
                .peek()
                .is_none_or(|(_, next)| next.source_lines != part.source_lines)
            {
                source_lines(judged, part, to)?;
            }
        }
        more(drift.missing.len() + drift.extra.len(), to)?;
        for (direction, unmeasured) in drift.unmeasured.iter().take(PARTS_LIMIT) {
            let what = escape_hidden(&unmeasured.what);
            writeln!(to, "{}", self.line(Side::Extra, *direction, &what))?;
            writeln!(to, "{}", blame_line(judged, unmeasured.at))?;
        }
        more(drift.unmeasured.len(), to)
    }
}

impl Text {
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

/// Says how many of so many parts are not shown.
fn more(count: usize, to: &mut dyn Write) -> io::Result<()> {
    match more_parts(count.saturating_sub(PARTS_LIMIT)) {
        Some(more) => writeln!(to, "  {more}"),
        None => Ok(()),
    }
}

fn source_lines(judged: &Judged, part: &Part, to: &mut dyn Write) -> io::Result<()> {
    for at in part.source_lines.iter().take(BLAME_LIMIT) {
        writeln!(to, "{}", blame_line(judged, *at))?;
    }
    if part.source_lines.len() > BLAME_LIMIT {
        let more = part.source_lines.len() - BLAME_LIMIT;
        writeln!(to, "      and {more} lines more")?;
    }
    Ok(())
}

fn blame_line(judged: &Judged, at: u32) -> String {
    let (line, text) = deployed(judged, at);
    format!("      line {line}: {}", escape_hidden(&text))
}

/// `what nftables needs for tokyo, edition regional`, or the addresses alone of that
fn expected(subject: &Subject) -> String {
    let scope = subject.scope;
    let list = |words: Vec<String>| words.join(", ");
    let regions = if scope.all_regions {
        ALL_REGIONS.to_owned()
    } else {
        list(scope.regions.iter().map(ToString::to_string).collect())
    };
    let editions = scope
        .editions
        .iter()
        .map(|edition| edition.name.to_string());
    let directions: Vec<String> = scope.directions.iter().map(ToString::to_string).collect();
    let planes: Vec<String> = scope.planes.iter().map(ToString::to_string).collect();
    let what = match subject.granularity {
        Granularity::RemoteAddress => "the addresses that",
        Granularity::Packet | Granularity::NewConnection => "what",
    };
    format!(
        "{what} {} needs for {regions}, edition {}, {} {}",
        subject.format,
        list(editions.collect()),
        planes.join(" and "),
        directions.join(" and "),
    )
}
