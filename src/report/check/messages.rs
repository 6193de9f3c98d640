//! One message for each part of a drift, or one for a diagnosis, for reports that place messages in files.

use std::io;

use super::checked_file::CheckedFile;
use super::interface::{MAX_PARTS, hidden_parts_note};
use super::summary::Summary;
use super::words;
use crate::packets::Side;
use crate::report::sarif::Level;

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    NotHooked,
    /// About the whole drift.
    Drift,
    Missing,
    Extra,
}

pub(super) struct Message {
    pub kind: Kind,
    pub level: Level,
    /// The line that is responsible, from 1.
    pub line: Option<usize>,
    pub text: String,
}

/// Passes the messages of a file to `write`. A diagnosis replaces the parts unless `verbose` is true.
pub(super) fn each(
    file: &CheckedFile,
    verbose: bool,
    write: &mut dyn FnMut(Message) -> io::Result<()>,
) -> io::Result<()> {
    let drift = file.drift;
    let mut error = |kind, at: Option<u32>, text: String| {
        write(Message {
            kind,
            level: Level::Error,
            line: at.map(|at| file.lines.number(at)),
            text: format!("{}: {text}", file.name),
        })
    };
    for unhooked in drift.unhooked_reasons() {
        let text = format!("not hooked: {}", unhooked.reason);
        error(Kind::NotHooked, unhooked.at, text)?;
    }
    if let Some(diagnosis) = file.diagnosis {
        let Summary { missing, extra, .. } = Summary::of(drift, &[]);
        let text = format!("{} ({missing} missing, {extra} extra)", diagnosis.text);
        error(Kind::Drift, None, text)?;
        if !verbose {
            return Ok(());
        }
    }
    for (side, part) in drift.parts().take(MAX_PARTS) {
        let text = format!("{side}: {} {}", part.direction, words::part(part));
        error(of_side(side), part.source_lines.first().copied(), text)?;
    }
    for (direction, unmeasured) in drift.unmeasured.iter().take(MAX_PARTS) {
        let text = format!("{}: {direction} {}", Side::Extra, unmeasured.what);
        error(Kind::Extra, Some(unmeasured.at), text)?;
    }
    let lists = [
        drift.missing.len() + drift.extra.len(),
        drift.unmeasured.len(),
    ];
    let hidden = lists.map(|length| length.saturating_sub(MAX_PARTS));
    match hidden_parts_note(hidden.iter().sum()) {
        Some(more) => write(Message {
            kind: Kind::Drift,
            level: Level::Note,
            line: None,
            text: format!("{}: {more}", file.name),
        }),
        None => Ok(()),
    }
}

fn of_side(side: Side) -> Kind {
    match side {
        Side::Missing => Kind::Missing,
        Side::Extra => Kind::Extra,
    }
}
