//! Divides the addresses of a text into the lists that they form.

mod line;

use std::collections::HashMap;
use std::ops::Range;

use self::line::without_comments;
pub(super) use self::line::{Line, is_in_comment};
use super::lines::Lines;
use crate::packets::Interval;

/// The maximum number of bytes between two elements of a list on the same line.
const LONGEST_SEPARATOR: usize = 256;

/// A set of addresses in a text.
pub(super) struct Element {
    pub place: Range<usize>,
    /// The addresses; `None` if they are invalid.
    pub span: Option<Interval>,
    /// True if other addresses begin within it.
    pub is_overlapped: bool,
    /// The index of its first line.
    pub row: usize,
    /// The index of its list.
    pub list: usize,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Each element is on a line of its own. The lines are equal, apart from the elements and the comments.
    Lines,
    /// Only separators and quotes are between the elements.
    Inline,
    /// An element that belongs to no list.
    Alone,
}

/// Elements of the same kind, in the order of the text.
pub(super) struct List {
    pub form: Form,
    /// The indices of the elements.
    pub members: Vec<usize>,
    /// The indices of the elements of its block.
    pub block: Range<usize>,
    /// True if any of its lines ends with a comma.
    pub has_comma: bool,
}

pub(super) struct Layout<'t> {
    pub text: &'t [u8],
    pub lines: &'t Lines<'t>,
    pub elements: Vec<Element>,
    pub lists: Vec<List>,
}

impl<'t> Layout<'t> {
    /// Divides the addresses at places of a text. The places are in the order of the text. Invalid addresses are `None`.
    pub(super) fn new(
        lines: &'t Lines<'t>,
        places: impl Iterator<Item = (Range<usize>, Option<Interval>)>,
    ) -> Self {
        let mut layout = Layout {
            text: lines.text(),
            lines,
            elements: elements(lines, places),
            lists: Vec::new(),
        };
        for block in layout.blocks() {
            layout.add_lists(&block);
        }
        layout
    }

    /// Returns the range of a line without its end of line.
    pub(super) fn row(&self, row: usize) -> Range<usize> {
        let start = self.lines.start(row);
        let whole = self.lines.whole(row);
        let whole = whole.strip_suffix(b"\r").unwrap_or(whole);
        start..start + whole.len()
    }

    /// Returns true if a command continues on the next line.
    pub(super) fn is_continued(&self, row: usize) -> bool {
        let line = self.text[self.row(row)].trim_ascii_end();
        matches!(line, [.., b'\\' | b'^' | b'`'])
    }

    /// Returns the line of an element that is alone on it.
    pub(super) fn line(&self, element: &Element) -> Line {
        Line::new(self.text, self.row(element.row), element.place.end)
    }

    /// Returns the text of an element.
    pub(super) fn written(&self, element: &Element) -> &'t [u8] {
        &self.text[element.place.clone()]
    }

    /// Returns the blocks: elements whose lines have only blank lines and comments between them.
    fn blocks(&self) -> Vec<Range<usize>> {
        let mut blocks: Vec<Range<usize>> = Vec::new();
        for (at, element) in self.elements.iter().enumerate() {
            let joins = at.checked_sub(1).is_some_and(|before| {
                let before = self.lines.at(self.elements[before].place.end - 1);
                let mut between = before + 1..element.row;
                between.all(|row| self.lines.is_blank(row) || self.lines.is_comment(row))
            });
            match blocks.last_mut().filter(|_| joins) {
                Some(block) => block.end = at + 1,
                None => blocks.push(at..at + 1),
            }
        }
        blocks
    }

    fn add_lists(&mut self, block: &Range<usize>) {
        let mut shapes: HashMap<[Vec<u8>; 2], usize> = HashMap::new();
        let mut at = block.start;
        while at < block.end {
            let mut end = at + 1;
            while end < block.end && self.is_separated(end - 1) {
                end += 1;
            }
            if self.is_inline(at..end) {
                self.add_list(Form::Inline, at..end, block);
            } else {
                for member in at..end {
                    self.add_line(member, block, &mut shapes);
                }
            }
            at = end;
        }
    }

    /// Returns true if elements with only separators between them are not on separate lines of their own.
    fn is_inline(&self, members: Range<usize>) -> bool {
        let all = &self.elements[members];
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return false;
        };
        if all.len() == 1 {
            return false;
        }
        // This test comes first, because a long line may contain many lists.
        if all.windows(2).any(|pair| pair[0].row == pair[1].row) {
            return true;
        }
        let before = &self.text[self.row(first.row).start..first.place.start];
        let line = self.line(last);
        let after = &self.text[last.place.end..line.core_end];
        let quotes = usize::from(self.quote(first).is_some());
        let is_more = |part: &[u8]| part.trim_ascii().len() > quotes;
        is_more(before) || is_more(after)
    }

    fn add_list(&mut self, form: Form, members: Range<usize>, block: &Range<usize>) {
        for member in members.clone() {
            self.elements[member].list = self.lists.len();
        }
        self.lists.push(List {
            form,
            members: members.collect(),
            block: block.clone(),
            has_comma: false,
        });
    }

    /// Adds an element to the list of lines with the same shape, if it is alone on its line.
    fn add_line(
        &mut self,
        member: usize,
        block: &Range<usize>,
        shapes: &mut HashMap<[Vec<u8>; 2], usize>,
    ) {
        let Some(line) = self.line_of_one(member) else {
            self.add_list(Form::Alone, member..member + 1, block);
            return;
        };
        let list = *shapes
            .entry(self.shape(member, &line))
            .or_insert(self.lists.len());
        if list == self.lists.len() {
            self.add_list(Form::Lines, member..member + 1, block);
        } else {
            self.elements[member].list = list;
            self.lists[list].members.push(member);
        }
        self.lists[list].has_comma |= line.comma.is_some();
    }

    /// Returns the line of an element; `None` if the element is not alone on one line.
    fn line_of_one(&self, member: usize) -> Option<Line> {
        let element = &self.elements[member];
        let is_neighbor = |other: Option<usize>| {
            let other = other.and_then(|other| self.elements.get(other));
            other.is_some_and(|other| {
                let last = self.lines.at(other.place.end - 1);
                (other.row..=last).contains(&element.row)
            })
        };
        let one_line = !self.written(element).contains(&b'\n');
        let alone = !is_neighbor(member.checked_sub(1)) && !is_neighbor(Some(member + 1));
        (one_line && alone).then(|| self.line(element))
    }

    /// Returns the text of a line before and after its element, without comments.
    pub(super) fn shape(&self, member: usize, line: &Line) -> [Vec<u8>; 2] {
        let place = &self.elements[member].place;
        let parts = [line.start..place.start, place.end..line.core_end];
        parts.map(|part| without_comments(&self.text[part]))
    }

    /// Returns true if only a separator is between an element and the next one.
    fn is_separated(&self, before: usize) -> bool {
        let between = self.between(before);
        if between.len() > LONGEST_SEPARATOR {
            return false;
        }
        let quote = self.quote(&self.elements[before]);
        if quote != self.quote(&self.elements[before + 1]) {
            return false;
        }
        let quotes = usize::from(quote.is_some());
        let Some(separator) = between.get(quotes..between.len().saturating_sub(quotes)) else {
            return false;
        };
        let count = |wanted: &[u8]| separator.iter().filter(|b| wanted.contains(b)).count();
        let (signs, breaks, blanks) = (count(b",;"), count(b"\n"), count(b" \t\r"));
        let continued = count(b"\\");
        let is_all = signs + breaks + blanks + continued == separator.len();
        // A semicolon at the start of a line begins a comment.
        let mut after_break = separator.iter().skip_while(|b| **b != b'\n');
        if after_break.any(|b| *b == b';') {
            return false;
        }
        let may_break = breaks == 0 || signs == 1 || continued == breaks;
        is_all && !separator.is_empty() && signs < 2 && continued <= breaks && may_break
    }

    /// Returns the text between an element and the next one.
    pub(super) fn between(&self, before: usize) -> &'t [u8] {
        &self.text[self.elements[before].place.end..self.elements[before + 1].place.start]
    }

    /// Returns the quote around an element, if any.
    pub(super) fn quote(&self, element: &Element) -> Option<u8> {
        let before = self.text[..element.place.start].last()?;
        let after = self.text.get(element.place.end)?;
        (before == after && matches!(before, b'"' | b'\'' | b'`')).then_some(*before)
    }

    /// Returns the place of an element with the quotes around it, if any.
    pub(super) fn with_quotes(&self, element: &Element) -> Range<usize> {
        let quotes = usize::from(self.quote(element).is_some());
        element.place.start - quotes..element.place.end + quotes
    }

    /// Returns the word before an element in lower case, such as `match` in `match=192.0.2.0/24` or `-s`.
    pub(super) fn word_before(&self, element: &Element) -> String {
        let before = self.lines.before(element.place.start);
        let signs = |b: &u8| b" \t\"'=:>([{,".contains(b);
        let end = before.len() - before.iter().rev().take_while(|b| signs(b)).count();
        let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let start = end - before[..end].iter().rev().take_while(|b| name(b)).count();
        String::from_utf8_lossy(&before[start..end]).to_ascii_lowercase()
    }

    /// Returns the index of the element that begins at a position, or of the last one before it.
    pub(super) fn element_at(&self, at: usize) -> Option<usize> {
        let after = self
            .elements
            .partition_point(|element| element.place.start <= at);
        after.checked_sub(1)
    }

    /// Returns the text after an element, up to the end of its line.
    pub(super) fn after(&self, element: &Element) -> &'t [u8] {
        let place = &element.place;
        let end = self.lines.around(place.end - 1..place.end).end;
        &self.text[place.end..end.max(place.end)]
    }

    /// Returns true if brackets on the same line are around an element and its quotes.
    pub(super) fn is_bracketed(&self, element: &Element) -> bool {
        let place = self.with_quotes(element);
        let is_blank = |b: &&u8| matches!(b, b' ' | b'\t');
        let before = self.text[..place.start].iter();
        let after = self.text[place.end..].iter();
        matches!(
            (
                before.rev().find(|b| !is_blank(b)),
                { after }.find(|b| !is_blank(b))
            ),
            (Some(b'['), Some(b']')) | (Some(b'{'), Some(b'}'))
        )
    }
}

/// Returns an element for each place that does not overlap the one before it.
fn elements(
    lines: &Lines,
    places: impl Iterator<Item = (Range<usize>, Option<Interval>)>,
) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    for (place, span) in places {
        match elements.last_mut() {
            Some(before) if place.start < before.place.end => before.is_overlapped = true,
            _ => elements.push(Element {
                row: lines.at(place.start),
                place,
                span,
                is_overlapped: false,
                list: 0,
            }),
        }
    }
    elements
}
