//! For people: a first line that says it all, then each part with the lines that are to blame.

use super::{Judged, Report, Subject, Summary, Text, deployed, words};
use crate::policy::drift::{Belongs, Part};
use crate::policy::space::Side;
use crate::text::shown;

/// A file with more parts than this is shown in part, and says so.
const PARTS_LIMIT: usize = 1_000;

/// As many lines of a file as are shown for one part.
const BLAME_LIMIT: usize = 3;

impl Report for Text {
    fn head(&self, subject: &Subject, summary: Summary) -> String {
        let Summary {
            files,
            drifted,
            missing,
            extra,
        } = summary;
        let expected = expected(subject);
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

    fn file(&self, judged: &Judged, _first: bool) -> String {
        let drift = judged.drift;
        if drift.is_none() {
            return String::new();
        }
        let mut lines = vec![format!("\n{}", judged.name())];
        for (name, why) in &judged.empty {
            lines.push(format!(
                "  nothing is let through by {name}: {}",
                shown(why, &[])
            ));
        }
        if let Some(direction) = judged.unselected {
            lines.push(format!(
                "  {direction} is not selected, so nothing is expected there, and a load of the unit empties it"
            ));
        }
        let missing = drift.missing.iter().map(|part| (Side::Missing, part));
        let parts = missing.chain(drift.extra.iter().map(|part| (Side::Extra, part)));
        let mut parts = parts.take(PARTS_LIMIT).peekable();
        while let Some((side, part)) = parts.next() {
            lines.push(self.part(side, part));
            // Lines that are to blame for several parts in a row are shown once.
            if parts
                .peek()
                .is_none_or(|(_, next)| next.blame != part.blame)
            {
                blame(judged, part, &mut lines);
            }
        }
        let count = drift.missing.len() + drift.extra.len();
        if count > PARTS_LIMIT {
            lines.push(format!(
                "  {} more are not shown here; --report json has all",
                count - PARTS_LIMIT
            ));
        }
        for (direction, beyond) in &drift.beyond {
            lines.push(format!(
                "  {} {direction:<3} {}",
                self.bad("extra  "),
                shown(&beyond.what, &[])
            ));
            lines.push(blame_line(judged, beyond.at));
        }
        lines.join("\n") + "\n"
    }

    fn end(&self) -> String {
        String::new()
    }
}

impl Text {
    fn part(&self, side: Side, part: &Part) -> String {
        let word = match side {
            Side::Missing => "missing",
            Side::Extra => "extra  ",
        };
        let name = match &part.belongs {
            Belongs::Nothing => String::new(),
            belongs => format!(" ({})", words::belongs(belongs)),
        };
        let (word, direction) = (self.bad(word), part.direction);
        format!("  {word} {direction:<3} {}{name}", words::packets(part))
    }

    fn good(&self, word: &str) -> String {
        self.paint(word, "32")
    }

    fn bad(&self, word: &str) -> String {
        self.paint(word, "31")
    }

    fn paint(&self, word: &str, color: &str) -> String {
        if self.colored {
            format!("\u{1b}[1;{color}m{word}\u{1b}[0m")
        } else {
            word.to_owned()
        }
    }
}

fn blame(judged: &Judged, part: &Part, lines: &mut Vec<String>) {
    let shown = part.blame.iter().take(BLAME_LIMIT);
    lines.extend(shown.map(|at| blame_line(judged, *at)));
    if part.blame.len() > BLAME_LIMIT {
        let more = part.blame.len() - BLAME_LIMIT;
        lines.push(format!("      and {more} lines more"));
    }
}

fn blame_line(judged: &Judged, at: u32) -> String {
    let (line, text) = deployed(judged, at);
    format!("      line {line}: {}", shown(&text, &[]))
}

/// `what nftables needs for tokyo, edition regional`
fn expected(subject: &Subject) -> String {
    let scope = subject.scope;
    let list = |words: Vec<String>| words.join(", ");
    let regions = if scope.all_regions {
        "all regions".to_owned()
    } else {
        list(scope.regions.iter().map(ToString::to_string).collect())
    };
    let editions: Vec<String> = scope.editions.iter().map(|(n, _)| n.to_string()).collect();
    let directions: Vec<String> = scope.directions.iter().map(ToString::to_string).collect();
    let planes: Vec<String> = scope.planes.iter().map(ToString::to_string).collect();
    format!(
        "what {} needs for {regions}, edition {}, {} {}",
        subject.format,
        list(editions),
        planes.join(" and "),
        directions.join(" and "),
    )
}
