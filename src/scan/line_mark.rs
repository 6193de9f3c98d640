//! Recognizes lines that mention Twilio, and directives that exclude a line from the scan.

use memchr::memchr2_iter;

/// The spellings of the directive that excludes a line from the scan.
const IGNORE: [&str; 2] = ["twilio-sip-allow: ignore", "twilio-sip-allow:ignore"];

/// Returns true if a text contains `twilio` in any case, except in an ignore directive.
pub fn mentions_twilio(text: &[u8]) -> bool {
    // The letter `w` is rarer than the letters around it.
    let rest = b"twilio";
    memchr2_iter(b'w', b'W', text).any(|at| {
        let start = at.wrapping_sub(1);
        let word = text.get(start..start.wrapping_add(rest.len()));
        word.is_some_and(|word| word.eq_ignore_ascii_case(rest)) && !is_directive(&text[start..])
    })
}

/// Returns true if a line has an ignore directive.
pub(super) fn has_directive(line: &[u8]) -> bool {
    memchr2_iter(b't', b'T', line).any(|at| is_directive(&line[at..]))
}

fn is_directive(text: &[u8]) -> bool {
    IGNORE.iter().any(|words| {
        text.len() >= words.len() && text[..words.len()].eq_ignore_ascii_case(words.as_bytes())
    })
}

/// The mark of a whole line. An ignore directive takes precedence over a mention of Twilio.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LineMark {
    None,
    /// The line mentions Twilio.
    Twilio,
    /// The line has an ignore directive.
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
