//! Text that shows what it says.

/// Whether a character does not show, or turns what stands beside it: control characters, and
/// what Unicode Technical Report 36, section 2.3, and Technical Standard 39 warn of.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// The text with hidden characters spelled out, but for those in `kept`.
pub fn shown(text: &str, kept: &[char]) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) && !kept.contains(&c) {
            result.extend(c.escape_default());
        } else {
            result.push(c);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_spelled_out() {
        assert_eq!(
            shown("a\n\u{1b}[31m\u{202e}東京", &[]),
            "a\\n\\u{1b}[31m\\u{202e}東京"
        );
        assert_eq!(shown("a\nb\t", &['\n']), "a\nb\\t");
    }
}
