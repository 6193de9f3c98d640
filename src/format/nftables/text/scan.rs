//! Checks of the whole text before its tables are read.

use crate::format::nftables::token::{Token, Tokens, end_of_line, end_of_quotation};
use crate::format::nftables::words::is_listed;
use crate::format::read::lines::place;
use crate::read_error::ReadError;

/// True if a text begins like the output of `nft list`.
///
/// A listing contains no commands, and each chain only once. Its comments may imitate other parts of a
/// listing, because nft prints comments without escapes.
pub(super) fn is_listing(text: &str) -> bool {
    let mut rest = text.trim_start();
    while rest.starts_with("# Warning: table ") {
        rest = rest[end_of_line(rest, 0)..].trim_start();
    }
    let head = rest[..end_of_line(rest, 0)].split(" #").next();
    head.is_some_and(|head| head.starts_with("table ") && head.trim_end().ends_with('{'))
}

/// True if a statement of a chain is a `#` comment, which may hide a part of a rule in a listing.
pub(super) fn is_hidden_part(statement: &str) -> bool {
    statement.starts_with('#')
}

/// Returns the part of a rule of a listing before a quoted text that may end at a later quotation mark than it
/// seems to. `None` if there is no such text. The comment of the rule does not count.
pub(super) fn before_ambiguity(rule: &str) -> Option<&str> {
    // Only a rule with at least two quoted texts can be ambiguous.
    memchr::memchr_iter(b'"', rule.as_bytes()).nth(2)?;
    let mut tokens = Tokens::new(rule);
    let (mut word, mut before) = ("", None);
    loop {
        let start = tokens.at;
        match tokens.next() {
            Ok(Token::End) | Err(_) => return None,
            Ok(Token::Quoted(_)) if before.is_some() => return before,
            Ok(Token::Quoted(_)) => {
                let is_open = !word.is_empty() && !is_listed(HARMLESS, word);
                before = is_open.then_some(&rule[..start]);
            }
            Ok(Token::Word(next)) => word = next,
            Ok(_) => word = "",
        }
    }
}

/// Words before quoted texts that cannot hide anything: names of at most 15 bytes, and times. The text
/// after a comment is checked separately.
const HARMLESS: &str = "
    iif iifname iifkind oif oifname oifkind ibrname obrname sdif sdifname helper time hour day comment
";

/// Rejects a text that nft may read differently from this program, and a listing that nft may have
/// printed for other rules.
///
/// It checks all tables, because a quotation mark in one table can change where another one starts. If
/// `may_hide_parts` is true, comments of a listing may be parts of rules with any text.
pub(super) fn check(text: &str, may_hide_parts: bool) -> Result<(), ReadError> {
    let listing = is_listing(text);
    let bytes = text.as_bytes();
    let (mut at, mut last) = (0, 0);
    while let Some(found) = memchr::memchr3(b'"', b'#', b'\\', &bytes[at..]) {
        at += found;
        let end = match bytes[at] {
            b'"' => check_string(text, last, at)?,
            b'#' => {
                let end = end_of_line(text, at);
                if listing && !(may_hide_parts && is_outside_of_strings(text, at)) {
                    check_comment(text, at, end)?;
                }
                end
            }
            _ => {
                check_continuation(text, at)?;
                at += 1;
                continue;
            }
        };
        (at, last) = (end, end);
    }
    Ok(())
}

const USE_JSON: &str = "nft does not escape comments, so this input has two possible meanings; provide the output of 'nft -j list ruleset'";

/// Checks the quoted string that starts at `at`, and returns the place after it. The text between `last`
/// and `at` is not quoted.
fn check_string(text: &str, last: usize, at: usize) -> Result<usize, ReadError> {
    let refuse = |problem: String| Err(ReadError::new(place(at), problem));
    let end = match end_of_quotation(text, at) {
        Ok(end) => end,
        Err(problem) => return refuse(problem),
    };
    let string = &text[at + 1..end - 1];
    let before = text[last..at].trim_end_matches([' ', '\t', '\r', '\n', '\\']);
    if before.ends_with("include") {
        return refuse(
            "the included file is not part of the input; provide the output of 'nft list ruleset'"
                .to_owned(),
        );
    }
    if string.contains(['\n', '\r']) {
        return refuse(format!("a quoted text contains a line break: {USE_JSON}"));
    }
    if before.ends_with("comment") {
        if string.is_empty() {
            return refuse(format!("a comment is empty: {USE_JSON}"));
        }
        if !may_follow_comment(&text[end..]) {
            return refuse(format!(
                "nft never prints this text after a comment: {USE_JSON}"
            ));
        }
    }
    Ok(end)
}

/// True if nft prints or accepts this text after a comment.
fn may_follow_comment(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t']);
    let words = ["timeout ", "expires ", "counter ", "\\\n"];
    rest.is_empty()
        || rest.starts_with(['\n', '\r', ';', '}', ',', ':', '#'])
        || words.iter().any(|word| rest.starts_with(word))
}

/// Rejects a `#` that hides the closing quotation mark of a comment. After that mark, nft prints a space,
/// a comma or nothing.
fn check_comment(text: &str, start: usize, end: usize) -> Result<(), ReadError> {
    let comment = text[start..end].trim_end_matches('\r');
    let closes = |(mark, _): (usize, &str)| {
        let after = comment[mark + 1..].chars().next();
        matches!(after, None | Some(' ' | '\t' | ','))
    };
    if comment.match_indices('"').any(closes) {
        let problem = format!("a quotation mark follows '#': {USE_JSON}");
        return Err(ReadError::new(place(start), problem));
    }
    Ok(())
}

/// True if no quoted text begins on the line before this place. No quoted text of an accepted input contains a line
/// break.
fn is_outside_of_strings(text: &str, at: usize) -> bool {
    let start = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |end| end + 1);
    !text[start..at].contains('"')
}

/// Rejects a comment line after a line that a backslash continues: it ends the statement in nft 1.0.6, but
/// not in nft 1.1.
fn check_continuation(text: &str, at: usize) -> Result<(), ReadError> {
    let next = text[at + 1..].strip_prefix('\n');
    let comment = next.is_some_and(|next| next.trim_start_matches([' ', '\t']).starts_with('#'));
    if comment {
        return Err(ReadError::new(
            place(at),
            "the meaning of a comment line after '\\' depends on the version of nft; remove the comment line",
        ));
    }
    Ok(())
}
