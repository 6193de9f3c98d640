//! Answers questions about the line of an address.

use std::ops::Range;
use std::sync::LazyLock;

use super::Context;
use crate::scan::comment::comment_within;
use crate::scan::evidence::{denies, is_outgoing};
use crate::scan::hints::is_target;
use crate::scan::line_kind;
use crate::scan::line_mark::LineMark;
use crate::scan::ports::{has_media_port, has_only_other_ports, has_only_web_ports, has_sip_port};
use crate::scan::version::{follows_version, is_version};
use crate::scan::words::{Finders, finders, has_any};

/// More words in lines that do not allow an address, in the form of [`normalize_words`](crate::scan::words::normalize_words).
static NEGATIONS: Finders = LazyLock::new(|| {
    finders(&[
        " block ",
        " forbid ",
        " disallow ",
        " refuse ",
        " never ",
        " not ",
        " don ",
        " no ",
        " replaces ",
    ])
});

/// Words in lines where a network does not refer to Twilio if it is wider than any network of an
/// allowlist.
static OTHERWISE: Finders = LazyLock::new(|| {
    finders(&[
        " log ",
        " return ",
        " route ",
        " bind ",
        " egress ",
        " all but ",
    ])
});

impl Context<'_> {
    /// Returns true if a network that is much larger than the published ones refers to Twilio. This
    /// is so if its line or list mentions Twilio and the line does not deny it.
    pub fn is_meant(&self, place: &Range<usize>, is_wide: bool) -> bool {
        let row = self.row(place.start);
        let speaks = row.is_some_and(|row| row.mark == LineMark::Twilio || row.topics.twilio);
        speaks && !self.denies(place.start, is_wide)
    }

    /// Returns true if a line denies something, or, for a wide network, is about something other than access. Returns true
    /// if the address at the place is negated.
    fn denies(&self, at: usize, is_wide: bool) -> bool {
        if self.lines.text()[..at].ends_with(b"!") {
            return true;
        }
        let near = String::from_utf8_lossy(self.lines.near(at));
        let comment = comment_within(&near).unwrap_or_default();
        let line = self.words_of(near.strip_suffix(comment).unwrap_or(&near));
        denies(&line) || has_any(&line, &NEGATIONS) || is_wide && has_any(&line, &OTHERWISE)
    }

    /// Returns true if a line lets in packets from a network of all addresses.
    pub fn lets_in(&self, place: &Range<usize>) -> bool {
        !self.denies(place.start, true) && !is_outgoing(&self.near_words(place.start))
    }

    /// Returns true if the line of a place names a port of SIP.
    pub fn has_sip_port(&self, at: usize) -> bool {
        has_sip_port(self.lines.near(at))
    }

    /// Returns true if the line of a place names a port of media.
    pub fn has_media_port(&self, at: usize) -> bool {
        has_media_port(self.lines.near(at))
    }

    /// Returns true if the line of a place names ports of HTTP, and none of SIP or RTP.
    pub fn has_only_web_ports(&self, at: usize) -> bool {
        has_only_web_ports(self.lines.near(at))
    }

    /// Returns true if calls are sent to the address at a place.
    pub fn is_target(&self, at: usize) -> bool {
        is_target(self.lines.before(at))
    }

    /// Returns true if a line is about an address of the user or a neighbor, or the address is part of a web address.
    pub fn is_own(&self, at: usize) -> bool {
        line_kind::is_own(&self.near_words(at)) || self.lines.before(at).ends_with(b"://")
    }

    /// Returns true if the line of a place is prose.
    pub fn is_sentence(&self, at: usize) -> bool {
        line_kind::is_sentence(&self.near_words(at))
    }

    /// Returns true if the line of a place is part of a SIP or SDP message.
    pub fn is_trace(&self, at: usize) -> bool {
        line_kind::is_trace(self.lines.near(at))
    }

    /// Returns true if the line of a place names ports, and none of them is used by SIP or RTP.
    pub fn has_only_other_ports(&self, at: usize) -> bool {
        has_only_other_ports(self.lines.near(at))
    }

    /// Returns true if a line refers to a set of addresses named after Twilio, as in nftables and
    /// pf.
    pub fn names_a_set(&self, at: usize) -> bool {
        let near = String::from_utf8_lossy(self.lines.near(at)).to_ascii_lowercase();
        near.contains("@twilio") || near.contains("<twilio")
    }

    /// Returns true if the line of a place is from a log.
    pub fn is_log(&self, at: usize) -> bool {
        line_kind::is_log(self.lines.near(at))
    }

    /// Returns true if the line of a place does not configure anything: it reports, prints or searches for addresses, or is
    /// commented out.
    pub fn only_mentions(&self, place: &Range<usize>) -> bool {
        let line = self.lines.near(place.start);
        let before = self.lines.before(place.start);
        let end = self.lines.around(place.end - 1..place.end).end;
        let after = &self.lines.text()[place.end..end.max(place.end)];
        line_kind::is_report(line)
            || line_kind::is_output(line)
            || line_kind::is_commented_out(before)
            || line_kind::is_search(before, after)
    }

    /// Returns true if the word `version` or `ver` precedes a place.
    pub fn is_called_version(&self, place: &Range<usize>) -> bool {
        follows_version(self.lines.before(place.start))
    }

    /// Returns true if a place looks like a version number.
    pub fn is_version(&self, place: &Range<usize>) -> bool {
        is_version(
            self.lines.before(place.start),
            &self.lines.text()[place.end..],
        )
    }
}
