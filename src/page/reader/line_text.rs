//! Splits and classifies the text of a line.

use crate::page::addresses::{self, AddressCandidate};
use crate::page::label::Label;
use crate::page::vocabulary::Vocabulary;

/// The maximum number of characters of a label. A longer line is prose.
const MAX_LABEL_CHARS: usize = 60;

/// The text before and after the addresses in a line that lists them.
pub struct AddressLine<'t> {
    pub label: Option<Label>,
    pub note: &'t str,
}

impl<'t> AddressLine<'t> {
    /// Returns `None` if there is other text between the addresses, or text before them that is not
    /// a label.
    pub fn parse(
        text: &'t str,
        candidates: &[AddressCandidate],
        vocabulary: &Vocabulary,
    ) -> Option<Self> {
        let first = candidates.first()?;
        let before = text[..first.at].trim();
        let label = match before {
            "" => None,
            _ if !before.contains(char::is_alphanumeric) => return None,
            _ => Some(vocabulary.label(before).filter(Label::is_of_twilio)?),
        };
        let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '、' | '，');
        let mut end = first.at;
        for candidate in candidates {
            if !text[end..candidate.at].chars().all(is_separator) {
                return None;
            }
            end = candidate.end();
        }
        Some(AddressLine {
            label,
            note: text[end..].trim(),
        })
    }
}

/// Returns true if a note says that the addresses of a network follow.
pub fn announces_addresses(note: &str) -> bool {
    let note = note.to_lowercase();
    ["below", "translate", "individual", "以下", "個別", "内訳"]
        .iter()
        .any(|word| note.contains(word))
}

/// Returns true for prose: a long text, or one that ends like a sentence.
pub fn is_sentence(text: &str) -> bool {
    text.ends_with(['.', '。', '!', '?']) || text.chars().count() > MAX_LABEL_CHARS
}

/// The labels of buttons and icons around headings, boxes and code blocks. Such a label has no meaning
/// for the text around it.
const BUTTONS: &[&str] = &[
    "copy code block",
    "report code block",
    "copy output",
    "positive feedbacknegative feedback",
    "expand image",
    "(information)",
    "info",
    "(warning)",
    "warning",
];

/// Returns true for the label of a button or an icon, and for the name of a heading's anchor, such as
/// `global-media page anchor`. They are in text that was copied from a browser.
pub fn is_button(text: &str) -> bool {
    let is_anchor = |text: &str| {
        let name = text.strip_suffix(" page anchor");
        name.is_some_and(|name| !name.contains(char::is_whitespace))
    };
    BUTTONS.iter().any(|label| text.eq_ignore_ascii_case(label)) || is_anchor(text)
}

/// Returns true for a code fence.
pub fn is_code_fence(text: &str) -> bool {
    text.starts_with("```")
}

/// Returns the number of a line that contains only a short number, such as the line number of a code
/// block.
pub fn line_number(text: &str) -> Option<usize> {
    let is_number = text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// Splits a line of a code block into its line number and its text; `None` if the text is neither an
/// address nor ports.
pub fn numbered(text: &str) -> Option<(usize, &str)> {
    let (number, rest) = text.split_once(' ')?;
    let is_number = number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit());
    let starts_with_address = || {
        addresses::candidates(rest)
            .next()
            .is_some_and(|c| c.at == 0)
    };
    let starts_with_ports = || ["Port", "ポート"].iter().any(|word| rest.starts_with(word));
    if is_number && (starts_with_address() || starts_with_ports()) {
        Some((number.parse().ok()?, rest))
    } else {
        None
    }
}

/// Removes the bullet at the start of a line.
pub fn without_bullet(text: &str) -> &str {
    const BULLETS: &str = "•·・◦▪‣●○■→✓✔✅";
    let text = text.trim();
    match text.strip_prefix(|c: char| BULLETS.contains(c)) {
        Some(rest) => rest.trim_start(),
        None => ["- ", "* ", "– ", "+ "]
            .iter()
            .find_map(|mark| text.strip_prefix(mark))
            .unwrap_or(text),
    }
}

/// Returns true for an IPv6 address, or four short numbers separated by punctuation, as in a
/// damaged IPv4 address.
pub fn resembles_address(text: &str) -> bool {
    let is_mark = |c: char| c.is_whitespace() || ".,:·。~'*[]".contains(c);
    let is_short_number =
        |part: &str| part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit() || b == b'x');
    let hex_groups = text.split(|c: char| !c.is_ascii_hexdigit());
    let hex_groups = hex_groups.filter(|group| !group.is_empty()).count();
    let is_v6 = text.contains("::") || text.matches(':').count() >= 4;
    let parts: Vec<&str> = text
        .split(is_mark)
        .filter(|part| !part.is_empty())
        .collect();
    let has_numbers = parts
        .windows(4)
        .any(|four| four.iter().all(|part| is_short_number(part)));
    (is_v6 && hex_groups >= 2) || has_numbers
}

/// Returns true if a text contains the name of a transport.
pub fn names_transport(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["udp", "tcp", "tls"].iter().any(|name| text.contains(name))
}
