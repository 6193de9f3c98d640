//! Reads both forms of a Junos configuration as edits of paths.
//!
//! Junos OS CLI User Guide, "Loading a Configuration from a File", "Displaying set Commands from the
//! Junos OS Configuration" and "Deactivating and Reactivating Statements and Identifiers".

use super::edit::{Edit, Editor};
use super::statements::Statements;
use super::terminal::{is_idle, one_device};
use super::tokens::{List, Token, Tokens};
use crate::format::read::lines::lines;
use crate::limits::Limits;
use crate::read_error::{ErrorCollector, ReadError};

/// Passes the statements of a text to an editor, in order. Returns all errors.
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
        let problem = "expected the output of 'show configuration', with or without '| display set', not JSON \
                       or XML";
        return Err(vec![ReadError::new(at, problem)]);
    }
    if first.split_ascii_whitespace().next().is_some_and(is_verb) {
        commands(text, limits, editor)
    } else {
        Statements::new(text, limits, editor).read()
    }
}

/// True if a text that begins with this word has one command on each line.
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

/// True for a command that only changes who may change a statement.
fn is_idle_verb(word: &str) -> bool {
    matches!(word, "protect" | "unprotect")
}

/// Reads one command on each line.
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
                return Err(format!(
                    "unexpected quotation mark in {word}; Junos prints only double quotation marks"
                ));
            }
            Token::Word(word) => list.word(word, path, limits)?,
            Token::ListStart => list.start()?,
            Token::ListEnd => list.end()?,
            _ => return Err("expected a command, without braces and semicolons".to_owned()),
        }
    }
    if path.is_empty() {
        return Err("expected a statement at the end of the line".to_owned());
    }
    list.each(path, |path| editor.edit(edit, path, at))
}
