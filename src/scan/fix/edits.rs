//! Writes other networks instead of addresses.

use std::ops::Range;

use ipnet::Ipv4Net;

use super::decision::{Decision, Edit};
use super::needed::Need;
use super::writable::{Separator, rewritten, separator};
use crate::scan::layout::{Element, Form, Layout, Line, List};

/// The maximum number of bytes that edits insert, in addition to as many bytes as the text has.
const MOST_INSERTED: usize = 64 << 10;

/// Returns the decision about each finding.
/// `found` has the finding of each element.
pub(super) fn decisions(
    layout: &Layout,
    needs: Vec<Need>,
    found: &[Option<usize>],
    findings: usize,
) -> Vec<Decision> {
    let mut writer = Writer {
        layout,
        needs,
        deletes_before: vec![false; layout.elements.len()],
    };
    writer.leave_uneven_ends();
    for list in layout.lists.iter().filter(|list| list.form == Form::Inline) {
        writer.find_separators(&list.members);
    }
    let mut decisions = vec![Decision::Unaffected; findings];
    let mut inserted = 0;
    for (at, need) in writer.needs.iter().enumerate() {
        let Some(finding) = found[at] else {
            continue;
        };
        decisions[finding] = match need {
            Need::Keep => continue,
            Need::Leave(reason) => Decision::Left(reason.clone()),
            Need::Networks { new, wanted } => writer.decision(at, new, wanted),
        };
        if let Decision::Fixed { edits, .. } = &decisions[finding] {
            inserted += edits.iter().map(|edit| edit.text.len()).sum::<usize>();
        }
        if inserted > layout.text.len() + MOST_INSERTED {
            return vec![Decision::Left("the file would become too long".to_owned()); findings];
        }
    }
    decisions
}

struct Writer<'a> {
    layout: &'a Layout<'a>,
    needs: Vec<Need>,
    /// For each element of an inline list, true if it is deleted with the separator before it. The others are deleted
    /// with the separator after them.
    deletes_before: Vec<bool>,
}

impl Writer<'_> {
    fn is_deleted(&self, at: usize) -> bool {
        self.needs[at].removes()
    }

    /// Leaves the first line of a statement, and the last line of a list if the line before it would end with a comma,
    /// if they must be deleted.
    fn leave_uneven_ends(&mut self) {
        for at in 0..self.needs.len() {
            if self.is_deleted(at) && self.starts_statement(at) {
                let reason = "a statement begins on its line: remove it yourself";
                self.needs[at] = Need::Leave(reason.to_owned());
            }
            if self.is_deleted(at) && self.ends_list(at) && self.comma_before(at).is_none() {
                self.needs[at] = Need::Leave("the line before it is not understood".to_owned());
            }
        }
    }

    /// Returns true if an element is on the line on which a statement of SQL begins.
    fn starts_statement(&self, at: usize) -> bool {
        let line = self.layout.line(&self.layout.elements[at]);
        self.list(at).form == Form::Lines && line.start > line.whole.start
    }

    fn list(&self, at: usize) -> &List {
        &self.layout.lists[self.layout.elements[at].list]
    }

    /// Returns true if an element is on the last line of a list with commas.
    fn ends_list(&self, at: usize) -> bool {
        let element = &self.layout.elements[at];
        self.list(at).form == Form::Lines
            && self.layout.line(element).comma.is_none()
            && separator(self.layout, element) == Some(Separator::Comma)
    }

    /// Returns the position of the comma on the last line before an element that is not deleted.
    fn comma_before(&self, at: usize) -> Option<usize> {
        let block = self.list(at).block.start;
        for before in (block..at).rev() {
            let element = &self.layout.elements[before];
            if self.list(before).form != Form::Lines {
                return None;
            }
            let comma = self.layout.line(element).comma?;
            if !self.is_deleted(before) {
                return Some(comma);
            }
        }
        None
    }

    fn decision(&self, at: usize, new: &[Ipv4Net], wanted: &[Ipv4Net]) -> Decision {
        let element = &self.layout.elements[at];
        let all = new.iter().copied();
        let written = all.filter_map(|network| rewritten(self.layout, element, network));
        let written: Vec<String> = written.collect();
        Decision::Fixed {
            edits: self.edits(at, &written),
            written: new.to_vec(),
            wanted: wanted.to_vec(),
        }
    }

    fn edits(&self, at: usize, written: &[String]) -> Vec<Edit> {
        let element = &self.layout.elements[at];
        match (self.list(at).form, written) {
            (Form::Lines, []) => self.without_line(at),
            (Form::Inline, []) => vec![deletion(self.without_item(at))],
            (Form::Lines, [_, _, ..]) if !self.layout.is_bracketed(element) => {
                vec![self.repeated_line(element, written)]
            }
            _ => vec![Edit {
                place: element.place.clone(),
                text: written.join(&self.item_separator(at)).into_bytes(),
            }],
        }
    }

    /// Deletes the line of an element. If the line ends a list, its semicolon, if any, replaces the comma before it.
    fn without_line(&self, at: usize) -> Vec<Edit> {
        let layout = self.layout;
        let element = &layout.elements[at];
        let Range { start, end } = layout.row(element.row);
        let after = end_of_line(layout.text, end);
        let line = if after > end {
            start..after
        } else {
            start_of_end(layout.text, start)..end
        };
        let comma = self.ends_list(at).then(|| self.comma_before(at)).flatten();
        let semicolon = layout.line(element).semicolon;
        let comma = comma.map(|comma| Edit {
            place: comma..comma + 1,
            text: semicolon.map_or(Vec::new(), |_| b";".to_vec()),
        });
        comma.into_iter().chain([deletion(line)]).collect()
    }

    /// Decides which separators are deleted, so that the lines of an inline list stay as they are.
    fn find_separators(&mut self, members: &[usize]) {
        let last = members.iter().rfind(|at| !self.is_deleted(**at));
        let last = last.copied().unwrap_or_default();
        let is_same_line = |at: &usize, _: &usize| !self.layout.between(*at).contains(&b'\n');
        let lines: Vec<&[usize]> = members.chunk_by(is_same_line).collect();
        for line in lines {
            let tail = line.iter().rev().take_while(|at| self.is_deleted(**at));
            let tail = tail.count();
            for at in &line[line.len() - tail..] {
                self.deletes_before[*at] = tail < line.len() || *at > last;
            }
        }
    }

    /// Returns an element of an inline list with the separator before or after it.
    fn without_item(&self, at: usize) -> Range<usize> {
        let place = |at: usize| self.layout.with_quotes(&self.layout.elements[at]);
        if self.deletes_before[at] {
            place(at - 1).end..place(at).end
        } else {
            place(at).start..place(at + 1).start
        }
    }

    /// Returns the text between two elements on a line, such as `", "` with the quotes.
    fn item_separator(&self, at: usize) -> String {
        let layout = self.layout;
        let element = &layout.elements[at];
        let members = &self.list(at).members;
        let quote = layout
            .quote(element)
            .map_or(String::new(), |quote| char::from(quote).to_string());
        let before = members.first().is_some_and(|first| *first < at);
        let after = members.last().is_some_and(|last| *last > at);
        let before = before.then(|| layout.between(at - 1));
        let after = after.then(|| layout.between(at));
        let separators = [before, after].into_iter().flatten();
        // A list with one element on each line keeps this form.
        let shortest = separators.min_by_key(|separator| separator.contains(&b'\n'));
        let shortest = shortest.and_then(|shortest| std::str::from_utf8(shortest).ok());
        shortest.map_or(format!("{quote}, {quote}"), str::to_owned)
    }

    /// Writes the line of an element once for each of its new spellings.
    fn repeated_line(&self, element: &Element, written: &[String]) -> Edit {
        let text = self.layout.text;
        let line = self.layout.line(element);
        let before = &text[line.start..element.place.start];
        let after = self.ending(element, &line);
        let end = line_ending(text, &line);
        let mut new = Vec::new();
        for (number, spelling) in written.iter().enumerate() {
            if number > 0 {
                new.extend_from_slice(&after);
                new.extend_from_slice(end);
                new.extend_from_slice(before);
            }
            new.extend_from_slice(spelling.as_bytes());
        }
        Edit {
            place: element.place.clone(),
            text: new,
        }
    }

    /// Returns the text after an element if another line of the list follows.
    fn ending(&self, element: &Element, line: &Line) -> Vec<u8> {
        let text = self.layout.text;
        let needs_comma =
            line.comma.is_none() && separator(self.layout, element) == Some(Separator::Comma);
        let comma: &[u8] = if needs_comma { b"," } else { b"" };
        let core = &text[element.place.end..line.core_end];
        let rest = line.semicolon.map_or(line.core_end, |at| at + 1);
        [core, comma, &text[rest..line.whole.end]].concat()
    }
}

fn deletion(place: Range<usize>) -> Edit {
    Edit {
        place,
        text: Vec::new(),
    }
}

/// Returns the position after the end of line at a position.
fn end_of_line(text: &[u8], at: usize) -> usize {
    match &text[at..] {
        [b'\r', b'\n', ..] => at + 2,
        [b'\n', ..] => at + 1,
        _ => at,
    }
}

/// Returns the position of the end of line before a position.
fn start_of_end(text: &[u8], at: usize) -> usize {
    match &text[..at] {
        [.., b'\r', b'\n'] => at - 2,
        [.., b'\n'] => at - 1,
        _ => at,
    }
}

/// Returns the end of line of a line, or of the line before it.
fn line_ending(text: &[u8], line: &Line) -> &'static [u8] {
    let after = &text[line.whole.end..];
    let before = &text[..line.whole.start];
    if after.starts_with(b"\r\n") || after.is_empty() && before.ends_with(b"\r\n") {
        b"\r\n"
    } else {
        b"\n"
    }
}
