//! The lines of a text.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr_iter;

use super::comment;

/// Text further away from an address in its line is ignored, in bytes.
const LONGEST_LINE: usize = 256;

/// A text with the positions of its lines.
pub(super) struct Lines<'t> {
    text: &'t [u8],
    /// The start of each line. A text has fewer than 2^32 bytes, but it may have as many lines.
    starts: Vec<u32>,
}

impl<'t> Lines<'t> {
    /// Finds the lines of a text.
    pub(super) fn new(text: &'t [u8]) -> Self {
        let mut starts = Vec::with_capacity(memchr_iter(b'\n', text).count() + 1);
        starts.push(0);
        let ends = memchr_iter(b'\n', text);
        starts.extend(ends.map_while(|at| u32::try_from(at + 1).ok()));
        Lines { text, starts }
    }

    /// The whole text.
    pub(super) fn text(&self) -> &'t [u8] {
        self.text
    }

    /// The line of a place, counted from 0.
    pub(super) fn at(&self, place: usize) -> usize {
        self.starts
            .partition_point(|start| *start as usize <= place)
            - 1
    }

    /// The place where a line starts.
    pub(super) fn start(&self, line: usize) -> usize {
        self.starts[line] as usize
    }

    /// A line without its end.
    pub(super) fn whole(&self, line: usize) -> &'t [u8] {
        &self.text[self.start(line)..self.end(line)]
    }

    fn end(&self, line: usize) -> usize {
        let next = self.starts.get(line + 1);
        next.map_or(self.text.len(), |next| *next as usize - 1)
    }

    /// The first [`LONGEST_LINE`] bytes of a line.
    pub(super) fn beginning(&self, line: usize) -> &'t [u8] {
        let whole = self.whole(line);
        &whole[..whole.len().min(LONGEST_LINE)]
    }

    /// As [`Lines::beginning`], as text.
    pub(super) fn beginning_text(&self, line: usize) -> Cow<'t, str> {
        String::from_utf8_lossy(self.beginning(line))
    }

    /// The part of a line up to [`LONGEST_LINE`] bytes before and after some places in it. The last
    /// place may be beyond its end.
    pub(super) fn around(&self, places: Range<usize>) -> Range<usize> {
        let line = self.at(places.start);
        let first = places.start.saturating_sub(LONGEST_LINE);
        let last = places.end + LONGEST_LINE;
        first.max(self.start(line))..last.min(self.end(line))
    }

    /// The part of a line around a place.
    pub(super) fn near(&self, place: usize) -> &'t [u8] {
        &self.text[self.around(place..place)]
    }

    /// The part of a line before a place.
    pub(super) fn before(&self, place: usize) -> &'t [u8] {
        &self.text[self.around(place..place).start..place]
    }

    /// True if a line has only blanks.
    pub(super) fn is_blank(&self, line: usize) -> bool {
        self.beginning(line).trim_ascii().is_empty()
    }

    /// True if a line is a comment.
    pub(super) fn is_comment(&self, line: usize) -> bool {
        comment::is_comment(self.beginning(line))
    }
}
