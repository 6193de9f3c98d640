//! Checks of a whole text, before any of its tables is read.

use crate::format::nftables::token::{Token, Tokens, end_of_line, end_of_quotation};
use crate::format::nftables::words::is_listed;
use crate::format::read::error::ReadError;
use crate::format::read::lines::place;

/// True if a text begins as `nft list` begins its output.
///
/// Such a text contains no commands, and each chain once. It may contain comments that imitate
/// other parts of a listing, because nft prints comments without escapes.
pub(super) fn is_listing(text: &str) -> bool {
    let mut rest = text.trim_start();
    while rest.starts_with("# Warning: table ") {
        rest = rest[end_of_line(rest, 0)..].trim_start();
    }
    let head = rest[..end_of_line(rest, 0)].split(" #").next();
    head.is_some_and(|head| head.starts_with("table ") && head.trim_end().ends_with('{'))
}

/// True if a statement of a chain is a comment of a listing.
pub(super) fn is_hidden_part(statement: &str) -> bool {
    statement.starts_with('#')
}

/// True if a rule of a listing contains a text in quotes, other than its comment, that may end at
/// a later quotation mark than it seems to.
pub(super) fn is_ambiguous(rule: &str) -> bool {
    // There must be two quoted texts.
    if memchr::memchr_iter(b'"', rule.as_bytes()).nth(2).is_none() {
        return false;
    }
    let mut tokens = Tokens::new(rule);
    let (mut word, mut is_open) = ("", false);
    loop {
        match tokens.next() {
            Ok(Token::End) | Err(_) => return false,
            Ok(Token::Quoted(_)) if is_open => return true,
            Ok(Token::Quoted(_)) => is_open = !word.is_empty() && !is_listed(HARMLESS, word),
            Ok(Token::Word(next)) => word = next,
            Ok(_) => word = "",
        }
    }
}

/// Words before texts in which nothing can be hidden: names of at most 15 bytes, and times. What
/// follows a comment is checked by itself.
const HARMLESS: &str = "
    iif iifname iifkind oif oifname oifkind ibrname obrname sdif sdifname helper time hour day comment
";

/// Refuses a text that nft may read in another way than this program, and a listing that nft may
/// have printed for other rules.
///
/// It covers all tables, because a quotation mark in one of them can change where another starts.
pub(super) fn check(text: &str) -> Result<(), ReadError> {
    let listing = is_listing(text);
    let bytes = text.as_bytes();
    let (mut at, mut last) = (0, 0);
    while let Some(found) = memchr::memchr3(b'"', b'#', b'\\', &bytes[at..]) {
        at += found;
        let end = match bytes[at] {
            b'"' => check_string(text, last, at)?,
            b'#' => {
                let end = end_of_line(text, at);
                if listing {
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

const USE_JSON: &str = "nft prints comments without escapes, so this text can be read in two ways; give what 'nft -j list ruleset' prints";

/// Checks the string that starts at `at`, where the text from `last` on is not quoted, and returns
/// the place after it.
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
            "the text includes another file, whose content is not known; give what 'nft list ruleset' prints"
                .to_owned(),
        );
    }
    if string.contains(['\n', '\r']) {
        return refuse(format!("a quoted text spans lines: {USE_JSON}"));
    }
    if before.ends_with("comment") {
        if string.is_empty() {
            return refuse(format!("a comment is empty: {USE_JSON}"));
        }
        if !may_follow_comment(&text[end..]) {
            return refuse(format!(
                "something follows a comment that nft does not print there: {USE_JSON}"
            ));
        }
    }
    Ok(end)
}

/// True if a comment can be followed by this in what nft prints or accepts.
fn may_follow_comment(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t']);
    let words = ["timeout ", "expires ", "counter ", "\\\n"];
    rest.is_empty()
        || rest.starts_with(['\n', '\r', ';', '}', ',', ':', '#'])
        || words.iter().any(|word| rest.starts_with(word))
}

/// Refuses a `#` that hides the closing quotation mark of a comment. nft prints a space, a comma
/// or nothing after that mark.
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

/// Refuses a line of a comment after a line that a backslash continues: it ends the statement in
/// nft 1.0.6, and not in nft 1.1.
fn check_continuation(text: &str, at: usize) -> Result<(), ReadError> {
    let next = text[at + 1..].strip_prefix('\n');
    let comment = next.is_some_and(|next| next.trim_start_matches([' ', '\t']).starts_with('#'));
    if comment {
        return Err(ReadError::new(
            place(at),
            "versions of nft differ in whether a comment line ends a line that '\\' continues; remove the comment line",
        ));
    }
    Ok(())
}
