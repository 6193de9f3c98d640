//! Directives that FreeSWITCH carries out before it parses the XML (`switch_xml.c`, `preprocess`).
//!
//! FreeSWITCH does so line by line, even within comments.

use std::borrow::Cow;

use crate::format::read::error::ReadError;
use crate::format::read::lines::place;

/// A text after this step. All offsets stay the same.
pub(super) struct Preprocessed<'t> {
    pub text: Cow<'t, str>,
    /// The places of directives that include other text.
    pub includes: Vec<u32>,
}

/// FreeSWITCH splits longer lines (`switch_fp_read_dline`).
const LINE_LIMIT: usize = 1_000_000;

/// FreeSWITCH ignores lines with any of these.
const IGNORED: [&str; 3] = ["<include>", "</include>", "<?"];

const DIRECTIVE: &str = "x-pre-process";

/// A directive in the form of a comment.
const COMMENT: &str = "<!--#";

pub(super) fn preprocess(text: &str) -> Result<Preprocessed<'_>, ReadError> {
    let mut done = Preprocessed {
        text: Cow::Borrowed(text),
        includes: Vec::new(),
    };
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        if line.len() > LINE_LIMIT {
            let problem = format!(
                "the line is longer than {LINE_LIMIT} bytes, and FreeSWITCH may read its end as another line; \
                 add line breaks"
            );
            return Err(ReadError::new(place(at), problem));
        }
        let tag = line.trim();
        let is_only_tag = tag == IGNORED[0] || tag == IGNORED[1];
        if IGNORED.iter().any(|ignored| line.contains(ignored)) {
            // The tags of an included file also make it valid XML.
            if !is_only_tag {
                done.remove(at, line);
            }
        } else if let Some(found) = find_ignoring_case(line, DIRECTIVE) {
            if line[..found].ends_with('<') && may_include(&line[found..]) {
                done.includes.push(place(at + found - 1));
            }
            done.remove(at, line);
        } else if let Some(found) = line.find(COMMENT) {
            let name = line[found + COMMENT.len()..]
                .split_ascii_whitespace()
                .next();
            if name.is_some_and(may_include) {
                done.includes.push(place(at + found));
            }
        }
        at += line.len();
    }
    Ok(done)
}

impl Preprocessed<'_> {
    /// Replaces a line with blanks.
    fn remove(&mut self, at: usize, line: &str) {
        let end = line.trim_end_matches(['\n', '\r']).len();
        let blanks = " ".repeat(end);
        self.text.to_mut().replace_range(at..at + end, &blanks);
    }
}

/// True if a directive may include other text: it has the command `include` or `exec`.
fn may_include(directive: &str) -> bool {
    let directive = directive.to_ascii_lowercase();
    // `exec-set` and others only set a variable.
    let others = directive.contains("exec-set");
    directive.contains("include") || directive.contains("exec") && !others
}

/// Returns the offset of a word in lower case.
fn find_ignoring_case(line: &str, word: &str) -> Option<usize> {
    let is_here = |start: &usize| {
        let found = line.as_bytes().get(*start..start + word.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
    };
    let first = memchr::memchr2_iter(b'x', b'X', line.as_bytes());
    first.into_iter().find(is_here)
}
