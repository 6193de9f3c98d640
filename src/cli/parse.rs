//! From the program's arguments and environment to a [`Cli`], or to what clap has to say instead.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, FromArgMatches};

use super::{Cli, command, main_job};
use crate::names::did_you_mean;
use crate::outcome::Outcome;
use crate::output;

/// Options that exclude each other, by their ids. One on the command line goes before the other's
/// variable.
const CLASHES: [(&str, &str); 3] = [
    ("template", "format"),
    ("template", "table"),
    ("dataset", "edition"),
];

const PREFIX: &str = "TWILIO_SIP_ALLOW_";

/// Reads the program's arguments and environment.
pub fn parse() -> Result<Cli, Told> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    parse_from(&arguments)
}

/// Reads arguments, of which the first is the program's name, and the environment.
pub fn parse_from(arguments: &[OsString]) -> Result<Cli, Told> {
    if let Some(cli) = main_job_alone(arguments) {
        return Ok(cli);
    }
    let command = command();
    let is_verb = |word: &OsString| {
        command
            .get_subcommands()
            .any(|verb| word == verb.get_name())
    };
    if arguments.iter().any(is_verb) {
        // The variables of options for rendering must not hinder other jobs.
        let bare = without_environment(&command);
        let matches = bare
            .clone()
            .try_get_matches_from(arguments)
            .map_err(|error| Told::with_variables(error, &command, arguments))?;
        let verbs = verbs(&matches);
        if !verbs.is_empty() {
            refuse_options_before(&command, &matches, &verbs)?;
            if !takes_selection(innermost(&command, &verbs)) {
                return Ok(Cli::from_arg_matches(&matches)?);
            }
            let unknown_variable = refuse_unknown_variables(&command);
            let cli = settled(&bare, &verbs, arguments, &matches)?;
            return unknown_variable.map(|()| cli);
        }
    }
    let unknown_variable = refuse_unknown_variables(&command);
    let cli = parse_job(&command, &[], arguments)?;
    unknown_variable.map(|()| cli)
}

/// The main job, where nothing but its options is there and all is right: its definitions are made
/// in a fraction of the time that those of all verbs take, which is most of a render's.
fn main_job_alone(arguments: &[OsString]) -> Option<Cli> {
    if our_variables().next().is_some() {
        return None;
    }
    let command = main_job();
    let matches = command.clone().try_get_matches_from(arguments).ok()?;
    settled(&command, &[], arguments, &matches).ok()
}

/// The names of the variables that are set for this program.
fn our_variables() -> impl Iterator<Item = String> {
    let set = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    set.filter(|name| name.starts_with(PREFIX))
}

/// The verb, and the verb within that verb, that were given.
fn verbs(matches: &ArgMatches) -> Vec<String> {
    let mut verbs = Vec::new();
    let mut next = matches.subcommand();
    while let Some((verb, matches)) = next {
        verbs.push(verb.to_owned());
        next = matches.subcommand();
    }
    verbs
}

fn innermost<'a>(command: &'a Command, verbs: &[String]) -> &'a Command {
    verbs.iter().fold(command, |command, verb| {
        command.find_subcommand(verb).unwrap_or(command)
    })
}

/// Options of the main job have no meaning for a verb; those that the verb has too go after it.
fn refuse_options_before(
    command: &Command,
    matches: &ArgMatches,
    verbs: &[String],
) -> Result<(), Told> {
    let own = innermost(command, verbs);
    for arg in command.get_arguments().filter(|arg| !arg.is_global_set()) {
        if matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine) {
            let (option, verb) = (shown(arg), verbs.join(" "));
            let has_it = own
                .get_arguments()
                .any(|other| other.get_id() == arg.get_id());
            let advice = if has_it {
                format!("{option} belongs after '{verb}'")
            } else {
                format!("{option} has no meaning for '{verb}'; leave one of them out")
            };
            return Err(clash(command, advice));
        }
    }
    Ok(())
}

/// Whether a verb has options of a selection, so that a misspelt variable would change what it
/// does.
fn takes_selection(verb: &Command) -> bool {
    verb.get_arguments()
        .any(|arg| arg.get_id() == "region" || arg.get_id() == "edition")
}

/// Parses the options of the main job, or of a verb.
fn parse_job(command: &Command, verbs: &[String], arguments: &[OsString]) -> Result<Cli, Told> {
    let matches = command
        .clone()
        .try_get_matches_from(arguments)
        .map_err(|error| Told::with_variables(error, command, arguments))?;
    settled(command, verbs, arguments, &matches)
}

/// Lets an option on the command line go before the variable of one that it excludes.
fn settled(
    command: &Command,
    verbs: &[String],
    arguments: &[OsString],
    matches: &ArgMatches,
) -> Result<Cli, Told> {
    let own_matches = verbs.iter().fold(matches, |matches, verb| {
        matches.subcommand_matches(verb).unwrap_or(matches)
    });
    let own_command = innermost(command, verbs);
    let source = |id: &str| {
        let known = own_command.get_arguments().any(|arg| arg.get_id() == id);
        let source = known.then(|| own_matches.value_source(id)).flatten();
        source.filter(|source| *source != ValueSource::DefaultValue)
    };
    for (one, other) in CLASHES {
        match (source(one), source(other)) {
            (None, _) | (_, None) => {}
            (Some(ValueSource::EnvVariable), Some(ValueSource::CommandLine)) => {
                let command = ignoring_variable_of(command.clone(), verbs, one);
                return parse_job(&command, verbs, arguments);
            }
            (Some(ValueSource::CommandLine), Some(ValueSource::EnvVariable)) => {
                let command = ignoring_variable_of(command.clone(), verbs, other);
                return parse_job(&command, verbs, arguments);
            }
            _ => {
                let names = [one, other].map(|id| option_named(own_command, id));
                let message = format!("{} and {} cannot be used together", names[0], names[1]);
                let variables = variables_in_use(own_command, own_matches);
                return Err(Told {
                    variables,
                    ..clash(command, message)
                });
            }
        }
    }
    let from_environment = variables_in_use(own_command, own_matches);
    let mut cli = Cli::from_arg_matches(matches)?;
    cli.from_environment = from_environment;
    Ok(cli)
}

fn clash(command: &Command, message: String) -> Told {
    command
        .clone()
        .error(ErrorKind::ArgumentConflict, message)
        .into()
}

fn shown(arg: &Arg) -> String {
    format!("--{}", arg.get_long().unwrap_or_default())
}

fn option_named(command: &Command, id: &str) -> String {
    let arg = command.get_arguments().find(|arg| arg.get_id() == id);
    arg.map(shown).unwrap_or_default()
}

fn ignoring_variable_of(command: Command, verbs: &[String], id: &'static str) -> Command {
    match verbs {
        [verb, inner @ ..] => {
            command.mut_subcommand(verb, |verb| ignoring_variable_of(verb, inner, id))
        }
        [] => command.mut_arg(id, |arg| arg.env(Resettable::Reset)),
    }
}

/// With the variables of `--quiet` and `--color` alone, which hold for every job.
fn without_environment(command: &Command) -> Command {
    let keep = |arg: Arg| {
        if arg.is_global_set() {
            arg
        } else {
            arg.env(Resettable::Reset)
        }
    };
    command.clone().mut_args(keep)
}

fn variables_in_use(command: &Command, matches: &ArgMatches) -> Vec<String> {
    let from_variable = |arg: &&Arg| {
        let source = matches.value_source(arg.get_id().as_str());
        source == Some(ValueSource::EnvVariable) && !arg.is_global_set()
    };
    let args = command.get_arguments().filter(from_variable);
    args.filter_map(variable_of).collect()
}

fn variable_of(arg: &Arg) -> Option<String> {
    Some(arg.get_env()?.to_string_lossy().into_owned())
}

/// A misspelt variable would leave its option unset, and allow more than was meant.
fn refuse_unknown_variables(command: &Command) -> Result<(), Told> {
    let set: Vec<String> = our_variables().collect();
    if set.is_empty() {
        return Ok(());
    }
    let known: Vec<String> = all_arguments(command).filter_map(variable_of).collect();
    match set.iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let ends = known.iter().filter_map(|known| known.strip_prefix(PREFIX));
            let suggestion = did_you_mean(name.trim_start_matches(PREFIX), ends);
            let message =
                format!("{name}, set in the environment, is the variable of no option{suggestion}");
            let error = command.clone().error(ErrorKind::UnknownArgument, message);
            Err(error.into())
        }
    }
}

/// Those of the verbs too.
fn all_arguments(command: &Command) -> Box<dyn Iterator<Item = &Arg> + '_> {
    let verbs = command.get_subcommands().flat_map(all_arguments);
    Box::new(command.get_arguments().chain(verbs))
}

/// The same command, and its verbs, without variables.
fn without_variables(command: Command) -> Command {
    let mut bare = command.mut_args(|arg| arg.env(Resettable::Reset));
    let verbs: Vec<String> = bare
        .get_subcommands()
        .map(|v| v.get_name().to_owned())
        .collect();
    for verb in verbs {
        bare = bare.mut_subcommand(verb, without_variables);
    }
    bare
}

/// What clap has to tell instead of a command line: help, the version, or a mistake.
pub struct Told {
    error: clap::Error,
    /// The variables that the mistake comes from, which clap does not name.
    variables: Vec<String>,
}

impl From<clap::Error> for Told {
    fn from(error: clap::Error) -> Self {
        Told {
            error,
            variables: Vec::new(),
        }
    }
}

impl Told {
    /// Names the variable of the option in question, when the command line alone is not at fault.
    fn with_variables(error: clap::Error, command: &Command, arguments: &[OsString]) -> Self {
        let bare = without_variables(command.clone()).try_get_matches_from(arguments);
        let same = |other: clap::Error| other.to_string() == error.to_string();
        let option = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(option)) if !bare.is_err_and(same) => option,
            _ => return error.into(),
        };
        let option = option.split(' ').next().unwrap_or_default();
        let arg = all_arguments(command).find(|arg| shown(arg) == option);
        let variables = arg.and_then(variable_of).into_iter().collect();
        Told { error, variables }
    }

    /// What is printed.
    pub fn text(&self) -> String {
        format!(
            "{}{}",
            self.error.render(),
            environment_note(&self.variables)
        )
    }

    /// Prints it where it belongs.
    pub fn print(&self) -> anyhow::Result<Outcome> {
        if self.error.use_stderr() {
            output::print_note(&self.text());
            return Ok(Outcome::Failed);
        }
        output::write_stdout(&self.text())?;
        Ok(Outcome::Done)
    }
}

pub(super) fn environment_note(variables: &[String]) -> String {
    if variables.is_empty() {
        String::new()
    } else {
        format!("note: set in the environment: {}\n", variables.join(", "))
    }
}
