//! The two forms that Junos prints a configuration in, to edits of paths of words.
//!
//! Junos OS CLI User Guide, "Loading a Configuration from a File", "Displaying set Commands from the
//! Junos OS Configuration" and "Deactivating and Reactivating Statements and Identifiers".

use super::statements::Statements;
use super::tokens::{List, Token, Tokens};
use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::read::lines::lines;
use crate::limits::Limits;

/// What is done to the statement of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Set,
    Delete,
    Deactivate,
    Activate,
    /// Junos has the statement and does not use it.
    Ignore,
}

/// Takes each edit with the words of its path and its place, or says what is wrong with it.
pub(super) trait Editor<'a> {
    fn edit(&mut self, edit: Edit, path: &[&'a str], at: u32) -> Result<(), String>;
}

/// Tells an editor what a text sets, in order; or what is wrong with it.
pub(super) fn read<'a>(
    text: &'a str,
    limits: Limits,
    editor: &mut impl Editor<'a>,
) -> Result<(), Vec<ReadError>> {
    let mut all = lines(text).map_err(|error| vec![error])?;
    let Some((at, first)) = all.find(|(_, line)| !is_idle(line)) else {
        return Ok(());
    };
    one_device(text).map_err(|error| vec![error])?;
    let first = first.trim_ascii_start();
    if first.starts_with(['{', '<']) {
        let problem = "expected what show configuration prints, with '| display set' or without, \
                       not JSON or XML";
        return Err(vec![ReadError::new(at, problem)]);
    }
    if first.split_ascii_whitespace().next().is_some_and(is_verb) {
        commands(text, limits, editor)
    } else {
        Statements::new(text, limits, editor).read()
    }
}

/// Whether a line says nothing in either form, outside of blocks.
pub(super) fn is_idle(line: &str) -> bool {
    let line = line.trim_ascii();
    line.is_empty() || line.starts_with('#') || is_of_terminal(line)
}

/// What a terminal shows beside a listing: `user@router> show configuration`, `[edit]`, which of two
/// routing engines it is, such as `{master:0}`, or both, such as `{primary:node0}[edit]`.
fn is_of_terminal(line: &str) -> bool {
    let line = line.trim_ascii();
    let (prompt, command) = line.split_once(' ').unwrap_or((line, ""));
    let command = command.strip_prefix("run ").unwrap_or(command);
    let shows = matches!(command, "" | "show") || command.starts_with("show ");
    let before_edit = line.strip_suffix("[edit]").unwrap_or(line);
    let role = before_edit
        .strip_prefix('{')
        .and_then(|l| l.strip_suffix('}'));
    let is_word = |role: &str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b':';
        !role.is_empty() && role.bytes().all(known)
    };
    (prompt.contains('@') && prompt.ends_with(['>', '#']) && shows)
        || line == "[edit]"
        || role.is_some_and(is_word)
}

/// Refuses prompts of several devices, wherever they stand.
fn one_device(text: &str) -> Result<(), ReadError> {
    let mut known = None;
    for (at, line) in lines(text)? {
        let line = line.trim_ascii();
        let prompt = line.split(' ').next().unwrap_or_default();
        if !prompt.contains('@') || !is_of_terminal(line) {
            continue;
        }
        shows_all(line).map_err(|problem| ReadError::new(at, problem))?;
        let name = prompt.trim_end_matches(['>', '#']);
        if known.replace(name).is_some_and(|known| known != name) {
            return Err(ReadError::new(at, SEVERAL_DEVICES));
        }
    }
    Ok(())
}

/// Refuses a command at a prompt that leaves lines out, or prints another configuration.
fn shows_all(line: &str) -> Result<(), String> {
    const WHOLE: [&str; 8] = [
        "display set",
        "display inheritance",
        "display inheritance brief",
        "display inheritance no-comments",
        "display inheritance terse",
        "display omit",
        "display rfc5952",
        "no-more",
    ];
    let mut parts = line.split('|').map(str::trim_ascii);
    let command = parts.next().unwrap_or_default();
    let words = command.split_ascii_whitespace();
    // What follows the prompt and `show` or `run show`.
    let shown: Vec<&str> = words
        .skip(1)
        .skip_while(|word| *word == "run")
        .skip(1)
        .collect();
    let is_configuration = shown.first() == Some(&"configuration");
    let prints_other = shown.iter().any(|word| match *word {
        "rollback" | "rescue" | "revision" | "ephemeral-configuration" => true,
        "configuration" => !is_configuration,
        _ => false,
    });
    if prints_other || parts.any(|pipe| !WHOLE.contains(&pipe)) {
        return Err(
            "this command prints a part of the configuration, or another one; give what 'show configuration' prints"
                .to_owned(),
        );
    }
    Ok(())
}

pub(super) const SEVERAL_DEVICES: &str = "the text has configurations of several devices; give the configuration of one device at a time";

/// Whether a text that begins with this word has a command a line, understood or not.
fn is_verb(word: &str) -> bool {
    let others = [
        "insert", "rename", "copy", "edit", "top", "up", "annotate", "replace", "wildcard",
    ];
    verb(word).is_some() || is_idle_verb(word) || others.contains(&word)
}

fn verb(word: &str) -> Option<Edit> {
    Some(match word {
        "set" => Edit::Set,
        "delete" => Edit::Delete,
        "deactivate" => Edit::Deactivate,
        "activate" => Edit::Activate,
        _ => return None,
    })
}

/// Whether a command changes who may change a statement, and nothing else.
fn is_idle_verb(word: &str) -> bool {
    matches!(word, "protect" | "unprotect")
}

/// Reads a command a line.
fn commands<'a>(
    text: &'a str,
    limits: Limits,
    editor: &mut impl Editor<'a>,
) -> Result<(), Vec<ReadError>> {
    let mut errors = ErrorCollector::default();
    let mut path = Vec::new();
    for (at, line) in lines(text).map_err(|error| vec![error])? {
        if is_idle(line) {
            continue;
        }
        path.clear();
        let done = command(line, at, limits, &mut path, editor);
        errors.extend(done.err().map(|problem| ReadError::new(at, problem)));
        if errors.is_full() {
            break;
        }
    }
    errors.finish(())
}

fn command<'a>(
    line: &'a str,
    at: u32,
    limits: Limits,
    path: &mut Vec<&'a str>,
    editor: &mut impl Editor<'a>,
) -> Result<(), String> {
    let mut tokens = Tokens::of(line);
    let edit = match tokens.next()? {
        Some((_, Token::Word(word))) if is_idle_verb(word) => return Ok(()),
        Some((_, Token::Word(word))) => verb(word),
        _ => None,
    };
    let edit = edit.ok_or("expected set, delete, deactivate, activate or protect")?;
    let mut list = List::default();
    while let Some((_, token)) = tokens.next()? {
        match token {
            Token::Word(word) if word.starts_with('\'') => {
                return Err(format!("Junos prints no such quotes as those of {word}"));
            }
            Token::Word(word) => list.word(word, path, limits)?,
            Token::ListStart => list.start()?,
            Token::ListEnd => list.end()?,
            _ => return Err("expected a command, without braces and semicolons".to_owned()),
        }
    }
    if path.is_empty() {
        return Err("it ends where a statement is expected".to_owned());
    }
    list.each(path, |path| editor.edit(edit, path, at))
}
