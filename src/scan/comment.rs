//! Recognizes comments, and settings that describe other settings.

use crate::character_class::LETTERS;
use std::sync::LazyLock;

use super::words::{Finders, finders};

/// Names of fields that describe the next fields.
const DESCRIPTIONS: [&str; 7] = [
    "description",
    "comment",
    "remark",
    "name",
    "label",
    "title",
    "note",
];

/// Returns true if a line is a comment. The first line of a script (`#!`) is not one.
pub(super) fn is_comment(line: &[u8]) -> bool {
    const STARTS: [&[u8]; 11] = [
        b"#", b";", b"//", b"--", b"!", b"/*", b"*", b"<!--", b"remark", b"rem ", b"REM ",
    ];
    let line = line.trim_ascii_start();
    STARTS.iter().any(|start| line.starts_with(start)) && !line.starts_with(b"#!")
}

/// Returns true if a line sets a value. Such a line does not describe the next one, unless its name
/// means a description or it opens a block.
pub(super) fn is_setting(line: &str) -> bool {
    let line = line.trim();
    let value = line
        .split_once(['=', ':'])
        .map_or("", |(_, value)| value.trim());
    let opens = value.is_empty() || value.ends_with(['[', '{', '(', ':']);
    let name = line
        .split(['=', ':'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let describes = DESCRIPTIONS.iter().any(|word| name.contains(word));
    !opens && !describes || line.ends_with("{}") || line.ends_with("[]")
}

/// Returns the comment at the end of a line, or in one of its attributes.
pub(super) fn comment_within(line: &str) -> Option<&str> {
    static SIGNS: Finders =
        LazyLock::new(|| finders(&[" #", "\t#", "//", " ;", " -- ", "/*", "<!--"]));
    static ATTRIBUTES: Finders =
        LazyLock::new(|| finders(&["comment", "description", "remark", "descr", "note"]));
    let figures = line.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let ending = SIGNS.iter().filter_map(|sign| {
        let at = sign
            .find_iter(line.as_bytes())
            .find(|at| *at > figures && !line[..*at].ends_with(':'))?;
        Some(&line[at + sign.needle().len()..])
    });
    let lower = line.to_ascii_lowercase();
    let attribute = ATTRIBUTES.iter().filter_map(|name| {
        let at = name.find(lower.as_bytes())? + name.needle().len();
        let rest = line
            .get(at..)?
            .trim_start_matches(['"', '\'', ' ', '=', ':']);
        Some(rest.split(['"', '\'', '}']).next().unwrap_or(rest))
    });
    ending
        .chain(attribute)
        .find(|comment| comment.chars().any(|c| LETTERS.contains(c)))
}
