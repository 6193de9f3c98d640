//! Remembers lines with unknown words, which may change the meaning of the numbers below them.

use crate::page::error::PageError;

/// The lines with unknown words that may matter for the next numbers.
#[derive(Default)]
pub struct UnknownLines {
    /// A line that may be a label.
    label: Option<UnknownLabel>,
    /// An unknown label in or after a list, which a known label followed.
    passed: Option<UnknownLabel>,
    /// The line number and text of prose after the last numbers of the current listing.
    remark: Option<(usize, String)>,
}

/// A line that looks like a label, but has unknown words.
struct UnknownLabel {
    line: usize,
    text: String,
    /// True in or after a list, false before it.
    in_list: bool,
    /// True if an error has named the label. One error is enough.
    is_reported: bool,
}

impl UnknownLines {
    /// Remembers a line that may be a label.
    pub fn add_label(&mut self, line: usize, text: &str, in_list: bool) {
        // In a list, the first unknown label shows where the problem starts.
        if self.label.as_ref().is_some_and(|label| label.in_list) {
            return;
        }
        self.label = Some(UnknownLabel {
            line,
            text: text.to_owned(),
            in_list,
            is_reported: false,
        });
    }

    /// Remembers a line of prose after the numbers of a listing.
    pub fn add_remark(&mut self, line: usize, text: &str) {
        self.remark = Some((line, text.to_owned()));
    }

    /// Continues after a known label. If `is_resolved`, an earlier unknown label cannot matter for
    /// the numbers that follow.
    pub fn pass_known_label(&mut self, is_resolved: bool) {
        let passed = self.label.take_if(|label| label.in_list);
        self.passed = self.passed.take().or(passed);
        if is_resolved {
            self.label = None;
        }
        self.remark = None;
    }

    /// Reports errors about unknown lines that may change the meaning of numbers. `subject` names
    /// the numbers. Returns true if the meaning of these numbers is uncertain.
    pub fn refuse(&mut self, line: usize, subject: &str, errors: &mut Vec<PageError>) -> bool {
        // If a known label follows, an unknown line in or after a list was a label too, not prose.
        if let Some(UnknownLabel { line, text, .. }) = self.passed.take() {
            let problem = format!("cannot interpret '{text}' in or after a list");
            errors.push(PageError::at(line, problem));
        }
        if self.refuse_after_label(line, subject, errors) {
            return true;
        }
        let Some((at, text)) = self.remark.take() else {
            return false;
        };
        let problem =
            format!("{subject} follows '{text}' (line {at}), which cannot be interpreted");
        errors.push(PageError::at(line, problem));
        true
    }

    /// Does the same as [`refuse`](Self::refuse), but only for an unknown label above the numbers.
    /// Reports each label only once.
    pub fn refuse_after_label(
        &mut self,
        line: usize,
        subject: &str,
        errors: &mut Vec<PageError>,
    ) -> bool {
        let Some(label) = &mut self.label else {
            return false;
        };
        if !std::mem::replace(&mut label.is_reported, true) {
            let problem = format!(
                "{subject} is below '{}' (line {}), which cannot be interpreted: it may be a region or a plane",
                label.text, label.line
            );
            errors.push(PageError::at(line, problem));
        }
        true
    }
}
