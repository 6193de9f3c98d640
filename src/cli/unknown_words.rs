//! Advice for words in the place of a command, such as a region without `--region`.

use std::path::Path;

use clap::{Arg, Command};

use super::command_line::{CommandLine, Mistake, quoted};
use super::known_values::KnownValue;
use super::variables::flag;
use crate::explain::Question;
use crate::names::did_you_mean;

/// The message for a word in the place of a command.
pub(super) fn unknown_command(line: &CommandLine, word: &str) -> Mistake {
    let of_program = || incomplete_call(line, word).filter(|_| line.verbs.is_empty());
    let known = value_without_option(line, word).or_else(of_program);
    known.unwrap_or_else(|| {
        let verbs: Vec<&str> = line
            .command
            .get_subcommands()
            .map(Command::get_name)
            .collect();
        let suggestion = did_you_mean(word, verbs.iter().copied());
        let words: Vec<&str> = line.verbs.iter().copied().chain([word]).collect();
        let message = format!(
            "unknown command '{}'{suggestion}; use one of {}",
            words.join(" "),
            verbs.join(", ")
        );
        line.mistake(message)
    })
}

/// The message for a value without its option. `None` if no option of the command accepts the word.
pub(super) fn value_without_option(line: &CommandLine, word: &str) -> Option<Mistake> {
    let option = option_of(line, word)?;
    let flag = flag(option);
    let noun = match option.get_id().as_str() {
        "format" => "a format".to_owned(),
        "region" => "a region".to_owned(),
        "edition" => "an edition".to_owned(),
        _ => format!("a value of {flag}"),
    };
    let mut values = line.values_of(option);
    let message = if line.verbs.is_empty() {
        format!("'{word}' is {noun}, not a command")
    } else {
        format!("'{word}' is {noun}; it must follow {flag}")
    };
    if values.is_empty() {
        return Some(Mistake {
            message,
            advice: format!("try: {}", line.call(&[&flag, word])),
        });
    }
    if option.get_value_delimiter().is_none() {
        let message = format!("{flag} accepts only one value; remove '{word}'");
        return Some(line.mistake(message));
    }
    let is_further = |word: &&str| option_of(line, word).is_some_and(|other| other == option);
    let words = line.words.iter().map(String::as_str);
    let further = words.skip_while(|other| *other != word);
    values.extend(further.take_while(is_further));
    Some(Mistake {
        message: format!("{message}; separate several values with commas"),
        advice: format!("try: {flag} {}", quoted(&values.join(","))),
    })
}

/// The option of the command that accepts the word as a value.
fn option_of<'a>(line: &CommandLine<'a>, word: &str) -> Option<&'a Arg> {
    let arguments = line.command.get_arguments();
    let mut options = arguments.filter(|arg| !arg.is_positional());
    match KnownValue::of(word).map(KnownValue::option) {
        Some(option) => options.find(|arg| arg.get_id() == option),
        None => options.find(|arg| !arg.is_global_set() && has_value(arg, word)),
    }
}

fn has_value(arg: &Arg, word: &str) -> bool {
    let values = arg.get_possible_values();
    values.iter().any(|value| value.matches(word, true))
}

/// The message for a word that is a part of a call: `regions` is a part of `list regions`.
fn incomplete_call(line: &CommandLine, word: &str) -> Option<Mistake> {
    let call = if word == "help" || word == "version" {
        line.call(&[&format!("--{word}")])
    } else if word.parse::<Question>().is_ok() {
        line.call(&["explain", word])
    } else if let Some(verb) = verb_with(line.root, word) {
        line.call(&[verb, word])
    } else if Path::new(word).is_dir() {
        line.call(&["scan", word])
    } else if Path::new(word).exists() {
        let format = line
            .root
            .get_arguments()
            .find(|arg| arg.get_id() == "format")?;
        let format = line.values_of(format).first().copied().unwrap_or("FORMAT");
        line.call(&["check", "--format", format, word])
    } else {
        return None;
    };
    Some(Mistake {
        message: format!("'{word}' is not a command"),
        advice: format!("try: {call}"),
    })
}

/// The verb that accepts the word as its own verb or as its argument.
fn verb_with<'a>(root: &'a Command, word: &str) -> Option<&'a str> {
    let takes = |verb: &&Command| {
        verb.find_subcommand(word).is_some()
            || verb.get_positionals().any(|arg| has_value(arg, word))
    };
    root.get_subcommands().find(takes).map(Command::get_name)
}
