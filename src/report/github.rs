//! For GitHub Actions: a workflow command for each part
//! (docs.github.com, "Workflow commands for GitHub Actions", "Setting an error message").

use super::{GitHub, Judged, Report, Subject, Summary, Text, deployed, words};
use crate::policy::space::Side;

impl Report for GitHub {
    fn head(&self, subject: &Subject, summary: Summary) -> String {
        Text { colored: false }.head(subject, summary)
    }

    fn file(&self, judged: &Judged) -> String {
        let mut commands: Vec<String> = Vec::new();
        for (side, part) in judged.drift.parts() {
            let message = format!("{} {}", part.direction, words::part(part));
            commands.push(error(judged, side, &message, part.blame.first().copied()));
        }
        for (direction, beyond) in &judged.drift.beyond {
            let message = format!("{direction} {}", beyond.what);
            commands.push(error(judged, Side::Extra, &message, Some(beyond.at)));
        }
        commands.concat()
    }
}

fn error(judged: &Judged, side: Side, message: &str, at: Option<u32>) -> String {
    let mut properties = vec![format!("title={}", property(&format!("drift: {side}")))];
    if judged.file != "-" {
        properties.push(format!("file={}", property(&judged.file)));
        // A line without its file would be put to some other file.
        properties.extend(at.map(|at| format!("line={}", deployed(judged, at).0)));
    }
    format!(
        "::error {}::{}\n",
        properties.join(","),
        data(&format!("{}: {side}: {message}", judged.name))
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
