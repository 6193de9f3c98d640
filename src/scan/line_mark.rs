//! Lines that mention Twilio, and lines that a directive excludes from the scan.

use memchr::memchr2_iter;

/// The directives that exclude a line from the scan.
const IGNORE: [&str; 2] = ["twilio-sip-allow: ignore", "twilio-sip-allow:ignore"];

/// True if a text contains `Twilio` in letters of any case, other than in an ignore directive.
pub fn mentions_twilio(text: &[u8]) -> bool {
    // A `w` is rarer than the letters around it.
    let rest = b"twilio";
    memchr2_iter(b'w', b'W', text).any(|at| {
        let start = at.wrapping_sub(1);
        let word = text.get(start..start.wrapping_add(rest.len()));
        word.is_some_and(|word| word.eq_ignore_ascii_case(rest)) && !is_directive(&text[start..])
    })
}

/// True if a line has an ignore directive.
pub(super) fn has_directive(line: &[u8]) -> bool {
    memchr2_iter(b't', b'T', line).any(|at| is_directive(&line[at..]))
}

fn is_directive(text: &[u8]) -> bool {
    IGNORE.iter().any(|words| {
        text.len() >= words.len() && text[..words.len()].eq_ignore_ascii_case(words.as_bytes())
    })
}

/// The mark that a whole line has: an ignore directive first, then a mention of Twilio.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LineMark {
    None,
    /// A mention of Twilio.
    Twilio,
    /// An ignore directive.
    Ignore,
}

impl LineMark {
    pub(super) fn of(line: &[u8]) -> LineMark {
        if has_directive(line) {
            LineMark::Ignore
        } else if mentions_twilio(line) {
            LineMark::Twilio
        } else {
            LineMark::None
        }
    }
}
