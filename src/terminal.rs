//! Makes text safe for terminals, logs and JSON documents.

use std::borrow::Cow;

use serde::Serialize;

/// The code points without a visible glyph: property `Default_Ignorable_Code_Point` in
/// `DerivedCoreProperties.txt`, Unicode 14.0.0. They include the bidirectional controls.
const DEFAULT_IGNORABLE: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Returns true if a character is invisible or changes how the text around it appears: control
/// characters, line and paragraph separators, default-ignorable characters, interlinear annotation
/// marks, and the blank Braille pattern.
///
/// Unicode Technical Report 36, section 2.3, and Technical Standard 39 explain the risk.
pub fn is_hidden(c: char) -> bool {
    if c < '\u{ad}' {
        return c.is_control();
    }
    let after = DEFAULT_IGNORABLE.partition_point(|(_, last)| *last < c);
    let ignorable = DEFAULT_IGNORABLE.get(after);
    ignorable.is_some_and(|(first, _)| *first <= c)
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{fff9}'..='\u{fffb}'
        )
}

/// Returns the JSON text with hidden characters as `\uXXXX`, or as two of these beyond the Basic
/// Multilingual Plane (RFC 8259, section 7).
///
/// Hidden characters occur only inside strings, except for line ends between tokens.
pub fn json_escaped(json: &str) -> Cow<'_, str> {
    let is_plain = |b: &u8| matches!(b, b'\n' | b' '..=b'~');
    if json.as_bytes().iter().all(is_plain) {
        return json.into();
    }
    let mut escaped = String::with_capacity(json.len() + json.len() / 8);
    let mut done = 0;
    for (at, raw) in json.match_indices(|c: char| is_hidden(c) && c != '\n') {
        escaped.push_str(&json[done..at]);
        escaped.extend(raw.encode_utf16().map(|unit| format!("\\u{unit:04x}")));
        done = at + raw.len();
    }
    (escaped + &json[done..]).into()
}

/// Returns an indented JSON document with hidden characters escaped and a newline at the end.
pub fn json_document(value: &impl Serialize) -> serde_json::Result<String> {
    let mut document = serde_json::to_string_pretty(value)?;
    document.push('\n');
    match json_escaped(&document) {
        Cow::Borrowed(_) => Ok(document),
        Cow::Owned(escaped) => Ok(escaped),
    }
}

/// Does the same as [`json_escaped`] for a report that may end up in a log; see
/// [`without_commands`].
pub fn json_reported(json: &str) -> Cow<'_, str> {
    let is_plain = |b: &u8| matches!(b, b'\n' | b' '..=b'~') && *b != b'#';
    if json.as_bytes().iter().all(is_plain) {
        return json.into();
    }
    without_commands(json_escaped(json), "\\u0023")
}

/// Returns the text on one line, with hidden characters escaped and without commands to log
/// processors (see [`without_commands`]).
pub fn escape_hidden(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            result.extend(c.escape_default());
        } else {
            result.push(c);
        }
    }
    without_commands(result.into(), SPELLED_SIGN).into_owned()
}

/// Does the same as [`escape_hidden`] for a text at the start of a line. GitHub's runner interprets
/// a line that starts with `::name`, even after blanks, as a command.
pub fn escape_hidden_at_start(text: &str) -> String {
    let text = escape_hidden(text);
    if text.trim_start().starts_with("::") {
        text.replacen(':', "\\u{3a}", 1)
    } else {
        text
    }
}

/// The escaped form of `#`; see [`without_commands`].
pub const SPELLED_SIGN: &str = "\\u{23}";

/// Replaces the second `#` of `##[name]` and `##name[` by `sign`. These are commands anywhere in a
/// line of a log: to GitHub's runner (`ActionCommand.cs`), to Azure Pipelines (`##vso[`), and to
/// other services (`##teamcity[`).
pub fn without_commands<'t>(text: Cow<'t, str>, sign: &str) -> Cow<'t, str> {
    let is_command = |at: &usize| {
        let behind = text[at + 1..].strip_prefix('#');
        let is_letter = |c: char| c.is_ascii_alphabetic();
        behind.is_some_and(|name| name.trim_start_matches(is_letter).starts_with('['))
    };
    let signs = text.match_indices('#').map(|(at, _)| at);
    let commands: Vec<usize> = signs.filter(is_command).collect();
    if commands.is_empty() {
        return text;
    }
    let mut result = String::with_capacity(text.len() + commands.len() * sign.len());
    let mut done = 0;
    for at in commands {
        result += &text[done..=at];
        result += sign;
        done = at + 2;
    }
    (result + &text[done..]).into()
}

/// Colors of the terminal, as parameters of SGR (ECMA-48, section 8.3.117).
pub const GREEN: &str = "32";
pub const RED: &str = "31";
pub const YELLOW: &str = "33";
pub const CYAN: &str = "36";

/// Returns the word in bold and in the given color.
pub fn painted(word: &str, color: &str) -> String {
    format!("\u{1b}[1;{color}m{word}\u{1b}[0m")
}

/// Shortens a text to `limit` characters. Three dots mark the cut.
pub fn clip(text: String, limit: usize) -> String {
    if text.len() <= limit || text.chars().count() <= limit {
        return text;
    }
    let end = text.char_indices().nth(limit - 3);
    let kept = end.map_or(&*text, |(at, _)| &text[..at]);
    // Many clipped texts may be kept, so this allocates only as many bytes as needed.
    [kept, "..."].concat()
}

/// Removes the middle of a long message, which may quote an input.
pub fn shortened(text: &str) -> Cow<'_, str> {
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
    fn escapes_hidden_characters() {
        assert_eq!(
            escape_hidden("a\n\u{1b}[31m\u{202e}東京"),
            "a\\n\\u{1b}[31m\\u{202e}東京"
        );
    }

    #[test]
    fn text_contains_no_command_to_a_log_processor() {
        for (text, spelled) in [
            ("a ##[stop-commands]pwn", "a #\\u{23}[stop-commands]pwn"),
            ("###[x]##[y]", "##\\u{23}[x]#\\u{23}[y]"),
            ("##vso[task.setvariable]", "#\\u{23}vso[task.setvariable]"),
            ("## x [y] #[z] ## [z] ##", "## x [y] #[z] ## [z] ##"),
            ("::stop-commands::pwn", "::stop-commands::pwn"),
        ] {
            assert_eq!(escape_hidden(text), spelled);
            let json = serde_json::json!([text]);
            let reported = json_reported(&json.to_string()).into_owned();
            assert_eq!(
                reported,
                json.to_string()
                    .replace("##[", "#\\u0023[")
                    .replace("##v", "#\\u0023v")
            );
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&reported).unwrap(),
                json
            );
        }
        for (text, spelled) in [
            ("::error::x", "\\u{3a}:error::x"),
            (" \u{3000}::error::x", " \u{3000}\\u{3a}:error::x"),
            ("a::b", "a::b"),
            (":a", ":a"),
        ] {
            assert_eq!(escape_hidden_at_start(text), spelled);
        }
    }

    #[test]
    fn escapes_hidden_characters_in_json() {
        let text = "a\u{7f}\u{9b}\u{202e}\u{2028}\u{feff}\u{e0041}\u{1b}東é";
        let json = serde_json::json!({"key": [text]});
        for plain in [json.to_string(), format!("{json:#}")] {
            let escaped = json_escaped(&plain);
            let string = r#""a\u007f\u009b\u202e\u2028\ufeff\udb40\udc41\u001b東é""#;
            assert!(escaped.contains(string), "{escaped}");
            assert_eq!(escaped.lines().count(), plain.lines().count());
            let read: serde_json::Value = serde_json::from_str(&escaped).unwrap();
            assert_eq!(read, json);
        }
    }

    /// Perl also has this property from the Unicode Character Database.
    #[test]
    fn every_default_ignorable_character_is_hidden_and_no_letter_is() {
        let script = r"for my $c (0..0xd7ff, 0xe000..0x10ffff) {
            my $t = chr $c;
            my $hidden = $t =~ /\p{Default_Ignorable_Code_Point}|\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}/;
            printf qq{%x %d %d\n}, $c, $hidden ? 1 : 0, $t =~ /[\p{L}\p{N}\p{P}\p{Sm}\p{Sc}]/ ? 1 : 0;
        }";
        let Ok(perl) = std::process::Command::new("perl")
            .args(["-e", script])
            .output()
        else {
            println!("SKIPPED: perl is not installed, so no other source has the property");
            return;
        };
        let printed = String::from_utf8(perl.stdout).unwrap();
        assert_eq!(
            printed.lines().count(),
            0x0011_0000 - 0x800,
            "{:?}",
            perl.stderr
        );
        for line in printed.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let code = u32::from_str_radix(words[0], 16).unwrap();
            let c = char::from_u32(code).unwrap();
            assert!(words[1] == "0" || is_hidden(c), "{code:x} is hidden");
            // The Hangul fillers are letters without a glyph.
            assert!(
                words[1] == "1" || words[2] == "0" || !is_hidden(c),
                "{code:x} is visible"
            );
        }
        let ranges = DEFAULT_IGNORABLE.windows(2);
        assert!(ranges.into_iter().all(|pair| pair[0].1 < pair[1].0));
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
