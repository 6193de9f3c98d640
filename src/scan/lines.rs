//! Splits a text into lines.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr_iter;

use super::comment;

/// The maximum distance in bytes between an address and other text on its line that matters for it.
const LONGEST_LINE: usize = 256;

/// A text with the positions of its lines.
pub(super) struct Lines<'t> {
    text: &'t [u8],
    /// The start of each line, as 32 bits: a text has fewer than 2^32 bytes, but may have as many
    /// lines.
    starts: Vec<u32>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        let mut starts = Vec::with_capacity(memchr_iter(b'\n', text).count() + 1);
        starts.push(0);
        let ends = memchr_iter(b'\n', text);
        starts.extend(ends.map_while(|at| u32::try_from(at + 1).ok()));
        Lines { text, starts }
    }

    pub(super) fn text(&self) -> &'t [u8] {
        self.text
    }

    /// Returns the number of lines.
    pub(super) fn count(&self) -> usize {
        self.starts.len()
    }

    /// Returns the line of a position, starting at 0.
    pub(super) fn at(&self, place: usize) -> usize {
        self.starts
            .partition_point(|start| *start as usize <= place)
            - 1
    }

    /// Returns the position of the start of a line.
    pub(super) fn start(&self, line: usize) -> usize {
        self.starts[line] as usize
    }

    /// Returns a line without its line feed.
    pub(super) fn whole(&self, line: usize) -> &'t [u8] {
        &self.text[self.start(line)..self.end(line)]
    }

    fn end(&self, line: usize) -> usize {
        let next = self.starts.get(line + 1);
        next.map_or(self.text.len(), |next| *next as usize - 1)
    }

    /// Returns the first [`LONGEST_LINE`] bytes of a line.
    pub(super) fn beginning(&self, line: usize) -> &'t [u8] {
        let whole = self.whole(line);
        &whole[..whole.len().min(LONGEST_LINE)]
    }

    /// Does the same as [`Lines::beginning`], and returns text.
    pub(super) fn beginning_text(&self, line: usize) -> Cow<'t, str> {
        String::from_utf8_lossy(self.beginning(line))
    }

    /// Returns a range that starts and ends [`LONGEST_LINE`] bytes before and after `places`, but
    /// within their line. The end of `places` may be beyond the line.
    pub(super) fn around(&self, places: Range<usize>) -> Range<usize> {
        let line = self.at(places.start);
        let first = places.start.saturating_sub(LONGEST_LINE);
        let last = places.end + LONGEST_LINE;
        first.max(self.start(line))..last.min(self.end(line))
    }

    /// Returns the part of a line around a position.
    pub(super) fn near(&self, place: usize) -> &'t [u8] {
        &self.text[self.around(place..place)]
    }

    /// Returns the part of a line before a position.
    pub(super) fn before(&self, place: usize) -> &'t [u8] {
        &self.text[self.around(place..place).start..place]
    }

    /// Returns true if a line consists of blanks.
    pub(super) fn is_blank(&self, line: usize) -> bool {
        self.beginning(line).trim_ascii().is_empty()
    }

    pub(super) fn is_comment(&self, line: usize) -> bool {
        comment::is_comment(self.beginning(line))
    }
}
