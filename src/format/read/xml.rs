//! Reads XML within limits.

use roxmltree::{Document, Error, Node, ParsingOptions};

use crate::format::read::lines::place;
use crate::limits::{Limit, Limits};
use crate::read_error::ReadError;

/// The documents of one program.
pub(in crate::format) struct Dialect {
    pub program: &'static str,
    /// The kind of document, with an article.
    pub document: &'static str,
    /// A sentence that describes the expected input.
    pub expected: &'static str,
    /// The maximum number of attributes of an element.
    pub max_attributes: usize,
}

impl Dialect {
    /// Returns an error if an element has too many attributes.
    pub fn check_count(&self, attributes: usize) -> Result<(), String> {
        if attributes > self.max_attributes {
            return Err(format!(
                "an element has more than {} attributes, which no element of {} has",
                self.max_attributes, self.program
            ));
        }
        Ok(())
    }
}

/// Parses XML. A document type definition is rejected, so there are no entities and no other files.
pub(in crate::format) fn document<'t>(
    text: &'t str,
    limits: Limits,
    dialect: &Dialect,
) -> Result<Document<'t>, ReadError> {
    // The tree needs memory for each tag and attribute, so count them before parsing.
    let tags = text.bytes().filter(|byte| *byte == b'<').count();
    let attributes = text.bytes().filter(|byte| *byte == b'=').count();
    let rules = tags.max(attributes) / MARKS_OF_RULE;
    let fits = limits.check(Limit::Rules, rules);
    fits.map_err(|exceeded| ReadError::new(0, exceeded))?;
    check_tags(text, dialect)?;
    Document::parse_with_options(text, ParsingOptions::default())
        .map_err(|error| syntax_error(text, &error, dialect))
}

fn syntax_error(text: &str, error: &Error, dialect: &Dialect) -> ReadError {
    let position = error.pos();
    let reason = match error {
        Error::DtdDetected => {
            let problem = format!(
                "the document type definition is not allowed in {}; remove it",
                dialect.document
            );
            return ReadError::new(line_start(text, position.row), problem);
        }
        Error::UnexpectedCloseTag(open, close, _) if close == WHOLE => {
            format!("the element '{open}' is not closed")
        }
        Error::UnexpectedCloseTag(open, close, _) if open == WHOLE => {
            format!("the tag </{close}> closes no element")
        }
        _ => error.to_string(),
    };
    // The element around a text shifts the columns of the first line.
    let is_shifted = position.row == 1 && text.starts_with(&format!("<{WHOLE}>"));
    let column = format!(" at {position}");
    let short = reason.strip_suffix(&column).filter(|_| is_shifted);
    let problem = format!(
        "the input is not valid XML: {}; if the input was cut off, provide the complete input",
        short.unwrap_or(&reason)
    );
    ReadError::new(line_start(text, position.row), problem)
}

/// The element around a text that may have several roots.
const WHOLE: &str = "whole-input";

/// The length of the text that [`whole`] adds at the start.
const SHIFT: usize = WHOLE.len() + 2;

/// Puts one element around a text that may have several roots.
pub(in crate::format) fn whole(text: &str) -> String {
    format!("<{WHOLE}>{text}</{WHOLE}>")
}

/// Converts an offset in a text from [`whole`] into an offset in the original text.
pub(in crate::format) fn unshifted(at: usize) -> u32 {
    place(at.saturating_sub(SHIFT))
}

/// The number of `<` or `=` in the shortest rule.
const MARKS_OF_RULE: usize = 2;

/// The start and the end of markup that has no attributes.
const WITHOUT_ATTRIBUTES: [(&str, &str); 3] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];

const NO_END: &str = "the input is not valid XML: this tag or comment is not closed; if the input was cut off, provide the complete input";

/// Rejects tags for which the XML parser needs quadratic time: it compares each attribute of a tag with all
/// others, and copies the namespaces of an element to each element inside.
fn check_tags(text: &str, dialect: &Dialect) -> Result<(), ReadError> {
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let rest = &text[start..];
        let mut skipped = WITHOUT_ATTRIBUTES.iter();
        let length = match skipped.find(|(mark, _)| rest.starts_with(mark)) {
            // Search after the mark: `<!-->` starts a comment and does not end it.
            Some((mark, end)) => rest[mark.len()..].find(end).map(|at| mark.len() + at),
            None => check_tag(rest, dialect).map_err(|what| ReadError::new(place(start), what))?,
        };
        // The rest cannot be checked, so the XML parser must not see it.
        let length = length.ok_or_else(|| ReadError::new(place(start), NO_END))?;
        at = start + length;
    }
    Ok(())
}

/// The length of the tag that a text starts with; `None` if the tag is not closed.
fn check_tag(text: &str, dialect: &Dialect) -> Result<Option<usize>, String> {
    let mut at = 0;
    let mut attributes = 0;
    loop {
        let Some(found) = text[at..].find(['"', '\'', '>']) else {
            return Ok(None);
        };
        let end = at + found;
        let mut words = text[at..end].split_ascii_whitespace();
        if words.any(|word| word.starts_with("xmlns")) {
            let Dialect {
                program, expected, ..
            } = dialect;
            return Err(format!("{program} does not support namespaces; {expected}"));
        }
        let mark = &text[end..=end];
        if mark == ">" {
            return Ok(Some(end));
        }
        attributes += 1;
        dialect.check_count(attributes)?;
        let Some(value) = text[end + 1..].find(mark) else {
            return Ok(None);
        };
        at = end + 1 + value + 1;
    }
}

/// The place of a line. `row` counts from 1.
fn line_start(text: &str, row: u32) -> u32 {
    let before = text
        .split_inclusive('\n')
        .take(row.saturating_sub(1) as usize);
    place(before.map(str::len).sum())
}

/// True for an element, false for a comment or white space. Other text is an error.
pub(in crate::format) fn is_element(node: Node) -> Result<bool, String> {
    match node.text() {
        _ if node.is_element() => Ok(true),
        _ if node.is_comment() => Ok(false),
        Some(text) if text.trim().is_empty() => Ok(false),
        _ => Err("expected an element, not text".to_owned()),
    }
}

pub(in crate::format) fn position(node: Node) -> u32 {
    place(node.range().start)
}
