//! Divides a capture into the outputs of its commands.
//!
//! A marker line before each output names the command, its result, and the number of lines of the output. So a comment
//! of a rule that contains a marker line has no effect.

use super::outputs::{Gap, Output, Outputs, Part};
use crate::format::read::lines::place;
use crate::read_error::ReadError;

const MARK: &str = "===== twilio-sip-allow ";
const END_OF_MARK: &str = " =====";

/// The version of the form of captures.
const VERSION: &str = "1";

/// The maximum number of lines before the first marker. A login script may print them.
const LINES_BEFORE: usize = 50;

const CUT_OFF: &str = "so it is incomplete; provide the whole output of the collector";

/// Reads a capture; `None` if the text is not one.
pub(super) fn read(text: &str) -> Result<Option<Outputs<'_>>, ReadError> {
    let Some(start) = start(text) else {
        return Ok(None);
    };
    let mut reader = CaptureReader { text, at: start };
    let mut outputs = Outputs::none();
    let mut last = None;
    while let Some(header) = reader.header(last)? {
        reader.section(header, &mut outputs)?;
        last = Some(header.output);
    }
    match outputs.first_not_given() {
        None => Ok(Some(outputs)),
        Some(output) => Err(ReadError::new(
            place(start),
            format_args!("the capture has no section '{}', {CUT_OFF}", output.name()),
        )),
    }
}

/// Returns the place of the first marker line.
pub(super) fn start(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n').take(LINES_BEFORE) {
        if marked(line).is_some() {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Returns the text of a marker line.
fn marked(line: &str) -> Option<&str> {
    let inside = line.trim_end_matches(['\r', '\n']).strip_prefix(MARK)?;
    inside.strip_suffix(END_OF_MARK)
}

/// A marker line before an output.
#[derive(Clone, Copy)]
struct Header<'a> {
    at: usize,
    output: Output,
    result: &'a str,
    lines: usize,
}

struct CaptureReader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> CaptureReader<'a> {
    /// Reads a marker line; `None` at the end of the capture. `last` is the output before the line.
    fn header(&mut self, last: Option<Output>) -> Result<Option<Header<'a>>, ReadError> {
        let at = self.at;
        let refuse = |problem: String| Err(ReadError::new(place(at), problem));
        let line = self.line().unwrap_or_default();
        let after = last.map_or_else(String::new, |last| {
            format!(" after the section '{}'", last.name())
        });
        let Some(inside) = marked(line) else {
            return refuse(if line.is_empty() {
                format!("the capture ends{after}, {CUT_OFF}")
            } else if self.at == self.text.len() && MARK.starts_with(first_bytes(line)) {
                format!("the capture ends within a marker line, {CUT_OFF}")
            } else {
                format!(
                    "expected a marker line of the collector{after}; lines were added or removed, so provide the \
                     output of the collector unchanged"
                )
            });
        };
        let Some((VERSION, section)) = inside.split_once(": ") else {
            return refuse(format!(
                "this program reads captures of version {VERSION}; use the collector that 'twilio-sip-allow verify \
                 --print-collector linux' prints"
            ));
        };
        if section == "end" {
            return self.end().map(|()| None);
        }
        match header(section) {
            Some((output, result, lines)) => Ok(Some(Header {
                at,
                output,
                result,
                lines,
            })),
            None => refuse(
                "this is no marker line of the collector; provide its output unchanged".to_owned(),
            ),
        }
    }

    /// Reads the lines of an output.
    fn section(&mut self, header: Header<'a>, outputs: &mut Outputs<'a>) -> Result<(), ReadError> {
        let name = header.output.name();
        let start = self.at;
        for _ in 0..header.lines {
            if self.line().is_none_or(|line| !line.ends_with('\n')) {
                let problem = format!("the capture ends within the section '{name}', {CUT_OFF}");
                return Err(ReadError::new(place(header.at), problem));
            }
        }
        let text = &self.text[start..self.at];
        let found = match header.result {
            "missing" => Err(Gap::NotInstalled),
            "no tables" => Err(Gap::NoTables),
            "status 0" => Ok(Part { at: start, text }),
            failed => {
                let status = failed.strip_prefix("status ");
                let status = status.and_then(|status| status.parse().ok());
                let status = status.ok_or_else(|| {
                    let problem = format!("the section '{name}' has the unknown result '{failed}'");
                    ReadError::new(place(header.at), problem)
                })?;
                Err(Gap::Failed {
                    status,
                    messages: text,
                })
            }
        };
        if outputs.add(header.output, found) {
            return Ok(());
        }
        let problem =
            format!("the section '{name}' appears twice; provide one file for each machine");
        Err(ReadError::new(place(header.at), problem))
    }

    /// Checks that nothing follows the end of the capture.
    fn end(&self) -> Result<(), ReadError> {
        let rest = &self.text[self.at..];
        let inner = rest.trim_start();
        if inner.is_empty() {
            return Ok(());
        }
        let problem = if inner.starts_with(MARK) {
            "another capture starts here; provide one file for each machine"
        } else {
            "the capture ends before this line; remove the text after its end"
        };
        let at = self.text.len() - inner.len();
        Err(ReadError::new(place(at), problem))
    }

    /// Returns the next line with its newline; `None` at the end of the text.
    fn line(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest.as_bytes());
        let line = &rest[..end.map_or(rest.len(), |newline| newline + 1)];
        self.at += line.len();
        Some(line)
    }
}

/// Returns the part of a line that is not longer than a marker.
fn first_bytes(line: &str) -> &str {
    line.get(..MARK.len()).unwrap_or(line)
}

/// Reads `NAME: RESULT, lines N`.
fn header(section: &str) -> Option<(Output, &str, usize)> {
    let (name, result) = section.split_once(": ")?;
    let (result, lines) = result.rsplit_once(", lines ")?;
    Some((Output::of_name(name)?, result, lines.parse().ok()?))
}
