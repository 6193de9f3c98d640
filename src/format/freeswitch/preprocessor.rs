//! Directives that FreeSWITCH carries out before it parses the XML (`switch_xml.c`, `preprocess`).
//!
//! FreeSWITCH does so line by line, even within comments.

use crate::format::read::lines::place;
use crate::read_error::ReadError;

/// Tells the user how to get a configuration without directives and variables.
pub(super) const HOW: &str =
    "provide the output of fs_cli -x 'xml_locate configuration configuration name acl.conf'";

/// The start of a global variable.
pub(super) const VARIABLE: &str = "$${";

/// FreeSWITCH splits longer lines (`switch_fp_read_dline`).
const LINE_LIMIT: usize = 1_000_000;

/// FreeSWITCH ignores lines with any of these.
const IGNORED: [&str; 3] = ["<include>", "</include>", "<?"];

/// A line with this word, in any case, is not part of the XML.
pub(super) const DIRECTIVE: &str = "x-pre-process";

/// A directive in the form of a comment. FreeSWITCH removes it, even if it has several lines.
const COMMENT: &str = "<!--#";
const COMMENT_END: &str = "-->";

/// Commands that only set a variable.
const SETTING: [&str; 4] = ["set", "exec-set", "stun-set", "env-set"];

/// Commands that add text.
const INCLUDING: [&str; 2] = ["include", "exec"];

/// A text after this step. All offsets stay the same.
#[derive(Default)]
pub(super) struct Preprocessed {
    pub text: String,
    pub includes: Vec<Include>,
    /// The places of variables in the text.
    pub variables: Vec<u32>,
    /// The place of a comment with a directive that is not closed yet.
    comment: Option<usize>,
}

/// A directive that includes other text.
pub(super) struct Include {
    pub at: u32,
    /// The place where FreeSWITCH inserts the text.
    pub end: u32,
}

pub(super) fn preprocess(text: &str) -> Result<Preprocessed, ReadError> {
    let mut done = Preprocessed::default();
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        let problem = "the line contains a null character; remove it";
        return Err(ReadError::new(place(at), problem));
    }
    let without_mark = text.trim_start_matches('\u{feff}');
    done.blank(&text[..text.len() - without_mark.len()]);
    for line in without_mark.split_inclusive(['\n', '\r']) {
        done.line(line)?;
    }
    match done.comment {
        Some(at) => Err(ReadError::new(
            place(at),
            "this comment is not closed; if the input was cut off, provide the complete input",
        )),
        None => Ok(done),
    }
}

impl Preprocessed {
    fn line(&mut self, line: &str) -> Result<(), ReadError> {
        let at = place(self.text.len());
        let error = |problem: String| Err(ReadError::new(at, problem));
        if line.len() > LINE_LIMIT {
            return error(format!(
                "the line is longer than {LINE_LIMIT} bytes, and FreeSWITCH may read its end as another line; \
                 add line breaks"
            ));
        }
        let has_variable = line.contains(VARIABLE);
        if let Some(ignored) = IGNORED.iter().find(|ignored| line.contains(**ignored)) {
            if has_variable {
                // FreeSWITCH looks only at the text before the first variable.
                return error(format!(
                    "FreeSWITCH may ignore the line, because it contains '{ignored}' and a variable; {HOW}"
                ));
            }
            self.blank(line);
            return Ok(());
        }
        let mut rest = line;
        if self.comment.is_some() {
            let Some(end) = line.find(COMMENT_END) else {
                self.blank(line);
                return Ok(());
            };
            if has_variable {
                return error(format!(
                    "the line ends a comment and contains a variable, whose value is not in the input; {HOW}"
                ));
            }
            self.comment = None;
            let (comment, after) = line.split_at(end + COMMENT_END.len());
            self.blank(comment);
            rest = after;
        }
        if let Some(found) = find_ignoring_case(rest, DIRECTIVE) {
            return self.directive(rest, found);
        }
        match rest.find(COMMENT) {
            Some(_) if has_variable => error(format!(
                "the line contains '{COMMENT}' and a variable, whose value is not in the input; {HOW}"
            )),
            Some(found) => {
                self.comment(rest, found);
                Ok(())
            }
            None => {
                self.keep(rest);
                Ok(())
            }
        }
    }

    /// Reads the rest of a line with a directive at `found`. FreeSWITCH ignores the rest, and a directive that
    /// does not follow `<`.
    fn directive(&mut self, line: &str, found: usize) -> Result<(), ReadError> {
        let start = self.text.len();
        let inside = &line[found..];
        let command = line[..found].ends_with('<').then(|| command(inside));
        let decisive = match &command {
            None => found + DIRECTIVE.len(),
            Some(None) => line.len(),
            Some(Some(command)) => found + command.end,
        };
        if line[..decisive].contains(VARIABLE) {
            let problem = format!(
                "the directive depends on a variable, whose value is not in the input; {HOW}"
            );
            return Err(ReadError::new(place(start), problem));
        }
        if let Some(Some(command)) = command {
            let word = &inside[command];
            if is_any(&INCLUDING, word) {
                self.includes.push(Include {
                    at: place(start + found - 1),
                    end: place(start + line.trim_end().len()),
                });
            } else if !is_any(&SETTING, word) {
                let problem = format!("unknown command '{word}' of X-PRE-PROCESS; {HOW}");
                return Err(ReadError::new(place(start + found - 1), problem));
            }
        }
        self.blank(line);
        Ok(())
    }

    /// Reads the rest of a line with a directive in a comment at `found`. Other words start an ordinary comment.
    fn comment(&mut self, line: &str, found: usize) {
        let start = self.text.len();
        let inside = &line[found + COMMENT.len()..];
        let end = inside.find(COMMENT_END);
        let words = inside[..end.unwrap_or(inside.len())].split_once(' ');
        if words.is_some_and(|(word, _)| is_any(&INCLUDING, word)) {
            self.includes.push(Include {
                at: place(start + found),
                end: place(start + line.trim_end().len()),
            });
        }
        let end = end.map_or(line.len(), |end| {
            found + COMMENT.len() + end + COMMENT_END.len()
        });
        if !line[found..end].ends_with(COMMENT_END) {
            self.comment = Some(start + found);
        }
        self.keep(&line[..found]);
        self.blank(&line[found..end]);
        self.keep(&line[end..]);
    }

    fn keep(&mut self, text: &str) {
        let start = self.text.len();
        let variables = text.match_indices(VARIABLE);
        let variables = variables.map(|(at, _)| place(start + at));
        self.variables.extend(variables);
        self.text.push_str(text);
    }

    /// Replaces a part of a line with blanks.
    fn blank(&mut self, part: &str) {
        let (blanks, ending) = part.split_at(part.trim_end_matches(['\n', '\r']).len());
        self.text.push_str(&" ".repeat(blanks.len()));
        self.text.push_str(ending);
    }
}

/// Finds the command of a directive as FreeSWITCH does.
fn command(directive: &str) -> Option<std::ops::Range<usize>> {
    let end = directive.find("/>").unwrap_or(directive.len());
    let text = &directive[..end];
    let mut start = find_ignoring_case(text, "cmd")?;
    for mark in ['=', '"'] {
        start += text[start..].find(mark)? + 1;
    }
    let length = text[start..].find('"')?;
    Some(start..start + length)
}

fn is_any(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Returns the offset of an ASCII word in lower case.
pub(super) fn find_ignoring_case(line: &str, word: &str) -> Option<usize> {
    let first = word.bytes().next()?;
    let is_here = |start: &usize| {
        let found = line.as_bytes().get(*start..start + word.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
    };
    let starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), line.as_bytes());
    starts.into_iter().find(is_here)
}
