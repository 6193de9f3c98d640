//! The arguments as text and the command that they name, for error messages.

use std::ffi::OsString;

use clap::{Arg, Command};

/// A mistake on the command line.
pub(super) struct Mistake {
    /// The mistake, on one line.
    pub(super) message: String,
    /// The advice for the user, on one line.
    pub(super) advice: String,
}

/// The arguments as text, and the command that they name.
pub(super) struct CommandLine<'a> {
    pub(super) root: &'a Command,
    /// The last command that the arguments name.
    pub(super) command: &'a Command,
    /// The names of that command and of the commands around it, without the program.
    pub(super) verbs: Vec<&'a str>,
    pub(super) words: Vec<String>,
}

impl<'a> CommandLine<'a> {
    /// Reads arguments, of which the first is the program's name.
    pub(super) fn new(root: &'a Command, arguments: &[OsString]) -> Self {
        let words = arguments.iter().skip(1);
        let mut line = CommandLine {
            root,
            command: root,
            verbs: Vec::new(),
            words: words.map(|word| word.to_string_lossy().into()).collect(),
        };
        let mut is_value = false;
        for at in 0..line.words.len() {
            let word = &line.words[at];
            if std::mem::take(&mut is_value) {
                continue;
            }
            if word.starts_with('-') {
                is_value = matches!(line.option(word), Some((_, None)));
            } else if let Some(verb) = line.command.find_subcommand(word) {
                line.command = verb;
                line.verbs.push(verb.get_name());
            } else {
                break;
            }
        }
        line
    }

    /// A mistake with the advice to read the help of the command.
    pub(super) fn mistake(&self, message: String) -> Mistake {
        let advice = format!("for help: {}", self.call(&["--help"]));
        Mistake { message, advice }
    }

    /// A shell command with the program, the named command, and more words.
    pub(super) fn call(&self, words: &[&str]) -> String {
        let words = self.verbs.iter().chain(words);
        words.fold(self.root.get_name().to_owned(), |call, word| {
            format!("{call} {}", quoted(word))
        })
    }

    /// The arguments of the command, including global options.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &'a Arg> + use<'a> {
        let is_root = self.verbs.is_empty();
        let of_root = self.root.get_arguments();
        let global = of_root.filter(move |arg| !is_root && arg.is_global_set());
        self.command.get_arguments().chain(global)
    }

    /// The option with a value that the word names, and its value. The value is `None` if it is the next
    /// word.
    fn option<'w>(&self, word: &'w str) -> Option<(&'a Arg, Option<&'w str>)> {
        let find = |is_it: &dyn Fn(&Arg) -> bool| self.arguments().find(|arg| is_it(arg));
        let takes_value = |arg: &Arg| arg.get_action().takes_values();
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let option = find(&|arg| arg.get_long() == Some(name));
            return option
                .filter(|arg| takes_value(arg))
                .map(|arg| (arg, value));
        }
        let shorts = word.strip_prefix('-')?;
        for (at, short) in shorts.char_indices() {
            let option = find(&|arg| arg.get_short() == Some(short))?;
            if takes_value(option) {
                let value = &shorts[at + short.len_utf8()..];
                return Some((option, (!value.is_empty()).then_some(value)));
            }
        }
        None
    }

    /// The values of the option on the command line.
    pub(super) fn values_of(&self, option: &Arg) -> Vec<&str> {
        let mut values = Vec::new();
        let mut words = self.words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            if let Some((named, value)) = self.option(word) {
                let value = value.or_else(|| words.next());
                values.extend(value.filter(|_| named.get_id() == option.get_id()));
            }
        }
        values
    }
}

/// Quotes a word for a shell, if necessary.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_=+:,./@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
