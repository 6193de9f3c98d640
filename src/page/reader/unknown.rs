//! Lines that are not understood, and may change the meaning of the numbers below them.

use crate::page::error::PageError;

/// The lines with unknown words that matter for the next numbers.
#[derive(Default)]
pub struct UnknownLines {
    /// A line that may be a label.
    label: Option<UnknownLabel>,
    /// Such a line, in or after a list, that was followed by a known label.
    passed: Option<UnknownLabel>,
    /// A line of prose, with its number, since the last numbers of the current listing.
    remark: Option<(usize, String)>,
}

/// A line that looks like a label, with words that are not known.
struct UnknownLabel {
    line: usize,
    text: String,
    /// True in or after a list, false before one.
    in_list: bool,
    /// True if an error names it. One is enough.
    is_reported: bool,
}

impl UnknownLines {
    /// Remembers a line that may be a label.
    pub fn add_label(&mut self, line: usize, text: &str, in_list: bool) {
        // Of several in a list, the first shows where the problem starts.
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

    /// Continues after a known label. If `is_resolved`, an unknown label before it cannot matter for
    /// the numbers that follow.
    pub fn pass_known_label(&mut self, is_resolved: bool) {
        let passed = self.label.take_if(|label| label.in_list);
        self.passed = self.passed.take().or(passed);
        if is_resolved {
            self.label = None;
        }
        self.remark = None;
    }

    /// Refuses numbers, which `subject` names, if unknown lines make their meaning uncertain.
    /// Returns true if they are refused.
    pub fn refuse(&mut self, line: usize, subject: &str, errors: &mut Vec<PageError>) -> bool {
        // A line in a list, or after it, is not prose if the list continues with another label.
        if let Some(UnknownLabel { line, text, .. }) = self.passed.take() {
            let problem = format!("'{text}', in a list or behind it, is not understood");
            errors.push(PageError::at(line, problem));
        }
        if self.refuse_after_label(line, subject, errors) {
            return true;
        }
        let Some((at, text)) = self.remark.take() else {
            return false;
        };
        let problem =
            format!("{subject} stands behind '{text}' (line {at}), which is not understood");
        errors.push(PageError::at(line, problem));
        true
    }

    /// As [`refuse`](Self::refuse), but considers only an unknown label directly before.
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
                "{subject} stands below '{}' (line {}), which is not understood: it may be a region or a plane",
                label.text, label.line
            );
            errors.push(PageError::at(line, problem));
        }
        true
    }
}
