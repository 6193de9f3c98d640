//! Names with many spellings.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// The maximum number of similar names in an error.
const NEAREST: usize = 3;

/// The maximum length of a name that is compared with others, in characters and in bytes.
const LONGEST: usize = 64;
const LONGEST_BYTES: usize = 4 * LONGEST;

/// The maximum cost of a search for similar names. Each normalized byte and each compared pair of
/// characters costs 1. Each name costs [`PER_NAME`] in addition.
const STEPS: usize = 2_000_000;
const PER_NAME: usize = 16;

/// The minimum length of a text to search for inside names.
const SHORTEST_PART: usize = 3;

/// Normalizes a name so that all of its spellings become equal. Case, accents, spaces, hyphens,
/// underscores, and the width of Japanese characters make no difference.
pub fn normalize_name(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for character in name.chars() {
        normalize_character(character, |part| folded.push(part));
    }
    folded
}

/// True if [`normalize_name`] returns `wanted` for the name. Reads the name only up to the first difference.
pub fn is_spelling(name: &str, wanted: &str) -> bool {
    is_spelling_without(&[], name, wanted)
}

/// Does the same as [`is_spelling`], but skips characters of the normalized name.
pub fn is_spelling_without(skipped: &[char], name: &str, wanted: &str) -> bool {
    let mut rest = wanted.chars();
    let mut is_equal = true;
    for character in name.chars() {
        normalize_character(character, |part| {
            if !skipped.contains(&part) {
                is_equal &= rest.next() == Some(part);
            }
        });
        if !is_equal {
            return false;
        }
    }
    rest.next().is_none()
}

/// Does the same as [`normalize_name`], but returns `None` as soon as the result has more than
/// `limit` bytes. Some characters expand to a whole phrase.
pub fn normalize_within(name: &str, limit: usize) -> Option<String> {
    let mut folded = String::with_capacity(name.len());
    for character in name.chars() {
        normalize_character(character, |part| folded.push(part));
        if folded.len() > limit {
            return None;
        }
    }
    Some(folded)
}

/// Calls `add` with each character that remains of a character.
fn normalize_character(character: char, mut add: impl FnMut(char)) {
    let joins = |c: char| c.is_whitespace() || matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}');
    if character.is_ascii() {
        if !joins(character) {
            add(character.to_ascii_lowercase());
        }
        return;
    }
    // The order of combining marks does not matter, because they are dropped.
    decompose_compatible(character, |part| {
        if part.is_ascii() && !joins(part) {
            add(part.to_ascii_lowercase());
        } else if !is_combining_mark(part) && !joins(part) {
            part.to_lowercase().for_each(&mut add);
        }
    });
}

/// Returns the known names that the user may have meant, the most similar first. `name` may be a
/// typing error for them or a part of them.
///
/// The known names may come from an input of any size. The search skips long names and ends after
/// [`STEPS`] steps, so it takes only milliseconds.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let Some(wanted) = normalize_short(name) else {
        return Vec::new();
    };
    let length = wanted.chars().count();
    let tolerance = (length / 3).max(1);
    let mut steps = 0;
    let mut near = Vec::new();
    for known in known {
        steps += PER_NAME + known.len().min(LONGEST_BYTES);
        if steps > STEPS {
            break;
        }
        let Some(folded) = normalize_short(known) else {
            continue;
        };
        let is_part = length >= SHORTEST_PART && folded.contains(&wanted);
        let other = folded.chars().count();
        let distance = if length.abs_diff(other) <= tolerance {
            steps += length * other;
            strsim::damerau_levenshtein(&wanted, &folded)
        } else {
            usize::MAX
        };
        let distance = if is_part {
            distance.min(tolerance)
        } else {
            distance
        };
        if distance <= tolerance {
            near.push((distance, folded, known));
        }
    }
    // The known names may be in the random order of a hash table.
    near.sort_by(|(a, one, _), (b, other, _)| (a, one).cmp(&(b, other)));
    let mut nearest: Vec<(String, &str)> = Vec::new();
    for (_, folded, known) in near {
        if nearest.iter().all(|(shown, _)| *shown != folded) {
            nearest.push((folded, known));
        }
        if nearest.len() == NEAREST {
            break;
        }
    }
    nearest.into_iter().map(|(_, known)| known).collect()
}

/// Normalizes a name; `None` if the name is too long to compare.
fn normalize_short(name: &str) -> Option<String> {
    let folded = (name.len() <= LONGEST_BYTES).then(|| normalize_name(name))?;
    (folded.chars().count() <= LONGEST).then_some(folded)
}

/// Returns the most similar names as a question for an error message; empty if there are none.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = nearest(name, known);
    if near.is_empty() {
        String::new()
    } else {
        format!(" (did you mean {}?)", near.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizing_within_a_limit_ends_above_it() {
        let ligature = "\u{fdfa}";
        let folded = normalize_name(ligature);
        assert_eq!(
            normalize_within(ligature, folded.len()),
            Some(folded.clone())
        );
        assert_eq!(normalize_within(ligature, folded.len() - 1), None);
        assert_eq!(normalize_within("Às-1", 3), Some("as1".to_owned()));
    }

    #[test]
    fn spellings_of_one_name_normalize_to_one_text() {
        for spelling in [
            "São Paulo",
            "sao_paulo",
            "SAO-PAULO",
            "sa\u{303}o paulo",
            "Ｓａｏ　Ｐａｕｌｏ",
        ] {
            assert_eq!(normalize_name(spelling), "saopaulo", "{spelling}");
        }
        assert_eq!(normalize_name("ﾄｳｷｮｳ"), normalize_name("トウキョウ"));
    }

    #[test]
    fn a_spelling_normalizes_to_exactly_the_wanted_text() {
        let skipped = ['(', ')', '、'];
        for (name, wanted, is_equal) in [
            ("São Paulo", "saopaulo", true),
            ("Sao Paul", "saopaulo", false),
            ("Sao Paulo 2", "saopaulo", false),
            ("Sao Pablo", "saopaulo", false),
            ("(Sao、Paulo)", "saopaulo", true),
            ("()", "", true),
            ("", "s", false),
            ("\u{fb01}", "fi", true),
        ] {
            assert_eq!(
                is_spelling_without(&skipped, name, wanted),
                is_equal,
                "{name}"
            );
        }
        assert!(is_spelling("US-West", "uswest"));
        assert!(!is_spelling("(US)", "us"));
    }

    #[test]
    fn typing_errors_and_parts_of_names_are_similar() {
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
    fn finds_similar_names_among_thousands() {
        let names: Vec<String> = (0..5_000).map(|n| format!("TWILIO-SIP-IN-{n}")).collect();
        let known = || names.iter().map(String::as_str).chain(["TWILIO-SIP-OUT"]);
        assert_eq!(
            did_you_mean("TWILIO-SIP-UOT", known()),
            " (did you mean TWILIO-SIP-OUT or TWILIO-SIP-IN-0 or TWILIO-SIP-IN-1?)"
        );
    }

    #[test]
    fn suggests_spellings_of_one_name_once() {
        let names = ["sao-paulo", "SAO_PAULO", "São Paulo", "sao-paulo-ix"];
        let repeated = std::iter::repeat_n(names, 1_000).flatten();
        assert_eq!(
            did_you_mean("saopualo", repeated),
            " (did you mean sao-paulo?)"
        );
    }

    #[test]
    fn the_search_for_similar_names_ends_after_a_bounded_number_of_steps() {
        for length in [2, 14, 60, 63, 64, 255] {
            let name = "a".repeat(length);
            let other = "b".repeat(length);
            let mut asked = 0_usize;
            let endless = std::iter::repeat_with(|| {
                asked += 1;
                &*other
            });
            let most = STEPS / PER_NAME;
            assert_eq!(
                did_you_mean(
                    &name,
                    endless.take(if length > LONGEST { 1 } else { 2 * most })
                ),
                ""
            );
            assert!(asked <= most, "{length}: {asked}");
        }
    }

    #[test]
    fn does_not_compare_long_names() {
        let long = "a".repeat(LONGEST + 1);
        let longest = "a".repeat(LONGEST);
        let huge = "a".repeat(30_000_000);
        let wide = "\u{fdfa}".repeat(60);
        let known = || [&*huge, &*long, &*wide, &*longest].into_iter();
        assert_eq!(nearest(&longest[1..], known()), [&longest]);
        assert_eq!(nearest(&long, known()), [""; 0]);
        assert_eq!(nearest(&huge, known()), [""; 0]);
        assert_eq!(nearest(&wide, known()), [""; 0]);
    }
}
