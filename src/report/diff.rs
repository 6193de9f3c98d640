//! Unified diffs, as `patch` and `git apply` read them.

use std::ops::Range;

use memchr::memchr_iter;

use crate::scan::{Edit, edited};
use crate::terminal::escape_hidden;

/// The number of unchanged lines before and after a change.
const CONTEXT: usize = 3;

/// Consecutive lines of a text, and the lines that replace them.
struct Change {
    /// The lines, starting at 0.
    lines: Range<usize>,
    new: Vec<u8>,
}

/// Returns the diff between a file and the result of edits, which must be in the order of the text.
pub fn unified_diff(file: &str, text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let lines = Lines::new(text);
    let changes = changes(&lines, edits);
    let name = escape_hidden(file);
    let name = name.trim_start_matches('/');
    let mut diff = format!("--- a/{name}\n+++ b/{name}\n").into_bytes();
    let (mut old, mut new) = (0, 0);
    let near = |one: &Change, next: &Change| next.lines.start - one.lines.end <= 2 * CONTEXT;
    for hunk in changes.chunk_by(near) {
        let counts = add_hunk(&lines, hunk, |start| start + new - old, &mut diff);
        old += counts.0;
        new += counts.1;
    }
    diff
}

/// Adds a hunk, and returns the numbers of its lines in the old and the new text. `shifted` returns the line of the new
/// text for a line of the old one before the hunk.
fn add_hunk(
    lines: &Lines,
    hunk: &[Change],
    shifted: impl Fn(usize) -> usize,
    diff: &mut Vec<u8>,
) -> (usize, usize) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
        return (0, 0);
    };
    let start = first.lines.start.saturating_sub(CONTEXT);
    let end = (last.lines.end + CONTEXT).min(lines.count());
    let mut body = Vec::new();
    let mut at = start;
    let mut new = 0;
    for change in hunk {
        new += add_lines(lines.range(at..change.lines.start), b' ', &mut body);
        add_lines(lines.range(change.lines.clone()), b'-', &mut body);
        new += add_lines(&change.new, b'+', &mut body);
        at = change.lines.end;
    }
    new += add_lines(lines.range(at..end), b' ', &mut body);
    let old = end - start;
    let places = [place(start, old), place(shifted(start), new)];
    let head = format!("@@ -{} +{} @@\n", places[0], places[1]);
    diff.extend_from_slice(head.as_bytes());
    diff.append(&mut body);
    (old, new)
}

/// Returns the first line and the number of lines in a hunk. The first line of an empty part is the one before it.
fn place(start: usize, count: usize) -> String {
    format!("{},{count}", if count == 0 { start } else { start + 1 })
}

/// Adds each line with a sign, and returns the number of lines.
fn add_lines(text: &[u8], sign: u8, to: &mut Vec<u8>) -> usize {
    let mut count = 0;
    for line in text.split_inclusive(|b| *b == b'\n') {
        to.push(sign);
        to.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            to.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
        count += 1;
    }
    count
}

/// Returns the changed lines, in the order of the text.
fn changes(lines: &Lines, edits: &[Edit]) -> Vec<Change> {
    let ranges: Vec<Range<usize>> = edits.iter().map(|edit| lines.touched(edit)).collect();
    let mut changes: Vec<Change> = Vec::new();
    let mut at = 0;
    while at < edits.len() {
        let mut all = ranges[at].clone();
        let mut end = at + 1;
        while end < edits.len() && ranges[end].start <= all.end {
            all.end = all.end.max(ranges[end].end);
            end += 1;
        }
        let bytes = lines.bytes(&all);
        let own = edits[at..end].iter().map(|edit| Edit {
            place: edit.place.start - bytes.start..edit.place.end - bytes.start,
            text: edit.text.clone(),
        });
        let own: Vec<Edit> = own.collect();
        changes.push(Change {
            new: edited(&lines.text[bytes], &own),
            lines: all,
        });
        at = end;
    }
    changes
}

struct Lines<'t> {
    text: &'t [u8],
    /// The start of each line, and the end of the text.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t [u8]) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr_iter(b'\n', text).map(|at| at + 1));
        if starts.last() != Some(&text.len()) {
            starts.push(text.len());
        }
        Lines { text, starts }
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn bytes(&self, lines: &Range<usize>) -> Range<usize> {
        self.starts[lines.start]..self.starts[lines.end]
    }

    fn range(&self, lines: Range<usize>) -> &'t [u8] {
        &self.text[self.bytes(&lines)]
    }

    /// Returns the lines that an edit changes.
    fn touched(&self, edit: &Edit) -> Range<usize> {
        let line = |at: usize| self.starts.partition_point(|start| *start <= at) - 1;
        let first = line(edit.place.start);
        let removes_lines = edit.text.is_empty() && self.starts[first] == edit.place.start;
        let last = self.starts.binary_search(&edit.place.end);
        match last {
            Ok(end) if removes_lines || end == self.count() => first..end,
            _ => first..line(edit.place.end) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(text: &str, edits: &[(Range<usize>, &str)]) -> String {
        let edits = edits.iter().map(|(place, text)| Edit {
            place: place.clone(),
            text: text.as_bytes().to_vec(),
        });
        let edits: Vec<Edit> = edits.collect();
        String::from_utf8(unified_diff("f", text.as_bytes(), &edits)).unwrap()
    }

    #[test]
    fn a_diff_has_hunks_with_three_lines_of_context() {
        let text = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm";
        assert_eq!(
            diff(text, &[(0..2, ""), (20..21, "K\nK")]),
            "--- a/f\n+++ b/f\n@@ -1,4 +1,3 @@\n-a\n b\n c\n d\n\
             @@ -8,6 +7,7 @@\n h\n i\n j\n-k\n+K\n+K\n l\n m\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn a_diff_shows_a_last_line_without_line_feed() {
        assert_eq!(
            diff("a\nb", &[(1..3, "")]),
            "--- a/f\n+++ b/f\n@@ -1,2 +1,1 @@\n-a\n-b\n\\ No newline at end of file\n\
             +a\n\\ No newline at end of file\n"
        );
    }
}
