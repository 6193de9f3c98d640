//! Text that shows what it says, and names that people spell in many ways.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How many near names an error shows.
const NEAREST: usize = 3;

/// The fewest letters that are worth looking for inside names.
const SHORTEST_PART: usize = 3;

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

/// Colours of the terminal (ECMA-48, 8.3.117, SGR).
pub const GREEN: &str = "32";
/// See [`GREEN`].
pub const RED: &str = "31";
/// See [`GREEN`].
pub const YELLOW: &str = "33";

/// A word in bold and in colour.
pub fn painted(word: &str, color: &str) -> String {
    format!("\u{1b}[1;{color}m{word}\u{1b}[0m")
}

/// Two spellings of one name fold to the same text: case, accents, spaces, hyphens and
/// underscores make no difference, nor do full-width and half-width letters.
pub fn fold(name: &str) -> String {
    let joins = |c: &char| c.is_whitespace() || matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}');
    name.nfkd()
        .filter(|c| !is_combining_mark(*c) && !joins(c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Those of the known names that may be meant: which a slip of the keyboard could have turned into
/// `name`, or of which it is a part; nearest first.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = fold(name);
    let length = wanted.chars().count();
    let tolerance = (length / 3).max(1);
    let mut near: Vec<(usize, &str)> = known
        .map(|known| {
            let folded = fold(known);
            let part = length >= SHORTEST_PART && folded.contains(&wanted);
            let slips = strsim::damerau_levenshtein(&wanted, &folded);
            (if part { slips.min(tolerance) } else { slips }, known)
        })
        .filter(|(distance, _)| *distance <= tolerance)
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    let mut names: Vec<&str> = Vec::new();
    for (_, known) in near {
        if !names.iter().any(|name| fold(name) == fold(known)) {
            names.push(known);
        }
    }
    names.truncate(NEAREST);
    names
}

/// The nearest names as a question to put into an error, empty when none is near.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = nearest(name, known);
    if near.is_empty() {
        String::new()
    } else {
        format!(" (did you mean {}?)", near.join(" or "))
    }
}

/// At most `limit` characters, with dots where some were cut.
pub fn clip(text: String, limit: usize) -> String {
    if text.len() <= limit || text.chars().count() <= limit {
        return text;
    }
    let kept: String = text.chars().take(limit - 3).collect();
    kept + "..."
}

/// A message without its middle where it is long: it may cite an input.
pub fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    const START: usize = 1_500;
    const END: usize = 500;
    let end = text.char_indices().rev().nth(END - 1);
    match (text.char_indices().nth(START), end) {
        (Some((start, _)), Some((end, _))) if start < end => {
            format!("{} ... {}", &text[..start], &text[end..]).into()
        }
        _ => text.into(),
    }
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

    #[test]
    fn spellings_fold_to_one() {
        for spelling in [
            "São Paulo",
            "sao_paulo",
            "SAO-PAULO",
            "sa\u{303}o paulo",
            "Ｓａｏ　Ｐａｕｌｏ",
        ] {
            assert_eq!(fold(spelling), "saopaulo", "{spelling}");
        }
        assert_eq!(fold("ﾄｳｷｮｳ"), fold("トウキョウ"));
    }

    #[test]
    fn slips_and_parts_of_names_are_near() {
        let known = || ["asia-pacific", "tokyo", "tokyo-ix", "Tokyo", "us1", "us2"].into_iter();
        for (name, question) in [
            ("tokio", " (did you mean tokyo?)"),
            ("tokyo-jx", " (did you mean tokyo-ix or tokyo?)"),
            ("asia", " (did you mean asia-pacific?)"),
            ("us3", " (did you mean us1 or us2?)"),
            ("as", ""),
            ("osaka", ""),
            ("", ""),
        ] {
            assert_eq!(did_you_mean(name, known()), question, "{name}");
        }
    }

    #[test]
    fn a_clipped_text_keeps_the_limit() {
        assert_eq!(clip("tokyo".to_owned(), 5), "tokyo");
        assert_eq!(clip("tokyo, sydney".to_owned(), 8), "tokyo...");
    }

    #[test]
    fn a_long_message_keeps_its_start_and_its_end() {
        let words = "é".repeat(1_500) + &"z".repeat(500);
        assert_eq!(shortened(&words), words);
        let long = "é".repeat(1_500) + "yy" + &"z".repeat(500);
        let short = "é".repeat(1_500) + " ... " + &"z".repeat(500);
        assert_eq!(shortened(&long), short);
    }
}
