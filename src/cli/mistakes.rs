//! Messages for mistakes that clap finds on the command line.

use std::error::Error;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::command_line::{CommandLine, Mistake};
use super::unknown_words::{unknown_command, value_without_option};
use super::variables::flag;
use crate::names::did_you_mean;

/// The default verb.
const MAIN_VERB: &str = "render";

/// Names that people try for an option. They are too different from the real name to be recognized as
/// typing errors.
const SYNONYMS: [(&str, &str); 6] = [
    ("--fmt", "--format"),
    ("--type", "--format"),
    ("--firewall", "--format"),
    ("--file", "--output"),
    ("--protocol", "--transport"),
    ("--chain", "--name"),
];

/// Converts an error of clap.
pub(super) fn mistake(error: &clap::Error, root: &Command, arguments: &[OsString]) -> Mistake {
    let line = CommandLine::new(root, arguments);
    single_hyphen(&line).unwrap_or_else(|| of_error(&line, error))
}

/// The message for a long option with only one hyphen. Clap interprets it as a short option with a value.
fn single_hyphen(line: &CommandLine) -> Option<Mistake> {
    let long = |word: &str| {
        let name = word.strip_prefix('-')?.split('=').next()?;
        let is_it = |arg: &&Arg| name.len() > 1 && arg.get_long() == Some(name);
        line.arguments().find(is_it).map(flag)
    };
    let (word, option) = line
        .words
        .iter()
        .find_map(|word| Some((word, long(word)?)))?;
    let message = format!("'{word}' needs two hyphens: {option}");
    Some(line.mistake(message))
}

fn of_error(line: &CommandLine, error: &clap::Error) -> Mistake {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        Some(ContextValue::Strings(texts)) => texts.first().map_or("", String::as_str),
        _ => "",
    };
    let arg = text(ContextKind::InvalidArg);
    let value = text(ContextKind::InvalidValue);
    let message = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            return unknown_command(line, text(ContextKind::InvalidSubcommand));
        }
        ErrorKind::UnknownArgument if arg.starts_with('-') => return unknown_option(line, arg),
        ErrorKind::UnknownArgument => match value_without_option(line, arg) {
            Some(mistake) => return mistake,
            None => extra_word(line, arg),
        },
        ErrorKind::InvalidValue if value.is_empty() => missing_value(line, arg),
        ErrorKind::InvalidValue => wrong_value(line, arg, value),
        ErrorKind::ValueValidation => refused_value(arg, value, error.source()),
        ErrorKind::TooManyValues => format!("{arg} does not accept a value; remove '{value}'"),
        ErrorKind::ArgumentConflict => {
            format!("{} is repeated; use it only once", name(arg))
        }
        ErrorKind::MissingRequiredArgument => missing_word(line, arg),
        ErrorKind::MissingSubcommand => missing_verb(line),
        ErrorKind::InvalidUtf8 => {
            "an argument or environment variable is not valid UTF-8; use UTF-8".to_owned()
        }
        _ => first_line(error),
    };
    line.mistake(message)
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

fn unknown_option(line: &CommandLine, option: &str) -> Mistake {
    let verb = match line.verbs.join(" ") {
        none if none.is_empty() => MAIN_VERB.to_owned(),
        verb => verb,
    };
    if verb == MAIN_VERB && option == "--json" {
        return Mistake {
            message: "--json is an option for reports and lists; for rules, use the format json"
                .to_owned(),
            advice: format!("try: {}", line.call(&["--format", "json"])),
        };
    }
    let message = option_of_others(option, &verb, line.root).unwrap_or_else(|| {
        let wanted = SYNONYMS.iter().find(|(tried, _)| *tried == option);
        let wanted = wanted.map_or(option, |(_, name)| name);
        let options = line.arguments().filter(|arg| !arg.is_positional());
        let options: Vec<String> = options.map(flag).collect();
        let suggestion = did_you_mean(wanted, options.iter().map(String::as_str));
        format!("unknown option '{option}'{suggestion}")
    });
    line.mistake(message)
}

/// The message for an option that only other verbs have. `None` if no verb has it.
pub(super) fn option_of_others(option: &str, verb: &str, root: &Command) -> Option<String> {
    let owners = verbs_with(option, root, "");
    let (last, first) = owners.split_last()?;
    let first = match first {
        [] => String::new(),
        verbs => format!("'{}' and ", verbs.join("', '")),
    };
    Some(format!(
        "{option} is an option of {first}'{last}', not of '{verb}'"
    ))
}

/// The verbs of a command that define the option themselves. `around` contains the names of the outer
/// verbs.
fn verbs_with(option: &str, command: &Command, around: &str) -> Vec<String> {
    let is_it = |arg: &Arg| {
        let short = arg.get_short().map(|short| format!("-{short}"));
        !arg.is_positional() && (flag(arg) == option || short.as_deref() == Some(option))
    };
    let mut verbs = Vec::new();
    for verb in command.get_subcommands() {
        let name = format!("{around}{}", verb.get_name());
        verbs.extend(verbs_with(option, verb, &format!("{name} ")));
        if verb.get_arguments().any(is_it) {
            verbs.push(name);
        }
    }
    verbs
}

fn extra_word(line: &CommandLine, word: &str) -> String {
    let command = line.verbs.join(" ");
    let names: Vec<String> = line.command.get_positionals().map(flag).collect();
    match &names[..] {
        [] => format!("'{command}' accepts no arguments; remove '{word}'"),
        [name] => format!("'{command}' accepts only one {name}; remove '{word}'"),
        names => format!(
            "'{command}' accepts only {} arguments; remove '{word}'",
            names.len()
        ),
    }
}

fn missing_word(line: &CommandLine, shown: &str) -> String {
    let command = line.verbs.join(" ");
    match &values(line, shown)[..] {
        [] => format!("'{command}' requires {}", plain(shown)),
        values => format!("'{command}' requires one of {}", values.join(", ")),
    }
}

fn missing_verb(line: &CommandLine) -> String {
    let verbs: Vec<&str> = line
        .command
        .get_subcommands()
        .map(Command::get_name)
        .collect();
    format!(
        "'{}' requires one of {}",
        line.verbs.join(" "),
        verbs.join(", ")
    )
}

fn missing_value(line: &CommandLine, shown: &str) -> String {
    let option = name(shown);
    match &values(line, shown)[..] {
        [] => format!("{option} requires a value, as in {}", plain(shown)),
        values => format!(
            "{option} requires a value; use one of {}",
            values.join(", ")
        ),
    }
}

fn wrong_value(line: &CommandLine, shown: &str, value: &str) -> String {
    let option = match name(shown) {
        option if option.starts_with('-') => format!("{option}: "),
        _ => String::new(),
    };
    let values = values(line, shown);
    let suggestion = did_you_mean(value, values.iter().map(String::as_str));
    let values = values.join(", ");
    format!("{option}'{value}' is not one of {values}{suggestion}")
}

/// The message for a value that its parser rejects, with the parser's reason.
fn refused_value(shown: &str, value: &str, reason: Option<&(dyn Error + 'static)>) -> String {
    match (name(shown), reason) {
        (option, Some(reason)) if option != shown => format!("{option}: {reason}"),
        (flag, _) => format!("{flag}: '{value}' is not a valid value; use yes or no"),
    }
}

/// The values that an argument accepts. Empty if it is not limited to a list of values.
///
/// `shown` is the argument as clap prints it, such as `--format <FORMAT>`.
fn values(line: &CommandLine, shown: &str) -> Vec<String> {
    let is_it = |arg: &&Arg| {
        let is_option = !arg.is_positional();
        is_option && flag(arg) == name(shown) || !is_option && arg.to_string() == shown
    };
    let argument = line.arguments().find(is_it);
    let values = argument.map(Arg::get_possible_values).unwrap_or_default();
    let visible = values.iter().filter(|value| !value.is_hide_set());
    visible.map(|value| value.get_name().to_owned()).collect()
}

/// Returns `--format` for `--format <FORMAT>`.
fn name(shown: &str) -> &str {
    shown.split(' ').next().unwrap_or_default()
}

/// Returns `--output FILE` for `--output <FILE>`.
fn plain(shown: &str) -> String {
    shown.replace(['<', '>', '[', ']'], "")
}
