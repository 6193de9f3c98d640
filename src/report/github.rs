//! For GitHub Actions: a workflow command for each part
//! (docs.github.com, "Workflow commands for GitHub Actions", "Setting an error message").

use super::{GitHub, Judged, Report, Subject, Summary, Text, deployed, words};
use crate::policy::drift::{Belongs, Part};

impl Report for GitHub {
    fn head(&self, subject: &Subject, summary: Summary) -> String {
        Text { colored: false }.head(subject, summary)
    }

    fn file(&self, judged: &Judged, _first: bool) -> String {
        let drift = judged.drift;
        let mut commands: Vec<String> = Vec::new();
        let missing = drift.missing.iter().map(|part| ("missing", part));
        for (side, part) in missing.chain(drift.extra.iter().map(|part| ("extra", part))) {
            commands.push(error(
                judged,
                side,
                &message(part),
                part.blame.first().copied(),
            ));
        }
        for (direction, beyond) in &drift.beyond {
            let message = format!("{direction} {}", beyond.what);
            commands.push(error(judged, "extra", &message, Some(beyond.at)));
        }
        commands.concat()
    }

    fn end(&self) -> String {
        String::new()
    }
}

fn message(part: &Part) -> String {
    let packets = format!("{} {}", part.direction, words::packets(part));
    match &part.belongs {
        Belongs::Nothing => packets,
        belongs => format!("{packets} ({})", words::belongs(belongs)),
    }
}

fn error(judged: &Judged, side: &str, message: &str, at: Option<u32>) -> String {
    let mut properties = vec![format!("title={}", property(&format!("drift: {side}")))];
    if judged.file != "-" {
        properties.push(format!("file={}", property(&judged.file)));
        // A line without its file would be put to some other file.
        properties.extend(at.map(|at| format!("line={}", deployed(judged, at).0)));
    }
    format!(
        "::error {}::{}\n",
        properties.join(","),
        data(&format!("{}: {side}: {message}", judged.name()))
    )
}

/// As the runner unescapes what stands after the second colons.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// As the runner unescapes a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
