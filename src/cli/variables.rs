//! The environment variables that set options.

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::names::did_you_mean;

const PREFIX: &str = "TWILIO_SIP_ALLOW_";

/// The names of all environment variables that have this program's prefix.
pub(super) fn our_variables() -> impl Iterator<Item = String> {
    let names = std::env::vars_os().map(|(name, _)| name);
    let ours = names.filter(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
    ours.map(|name| name.to_string_lossy().into_owned())
}

pub(super) fn ignoring_variable_of(
    command: Command,
    verbs: &[String],
    id: &'static str,
) -> Command {
    match verbs {
        [verb, inner @ ..] => {
            command.mut_subcommand(verb, |verb| ignoring_variable_of(verb, inner, id))
        }
        [] => command.mut_arg(id, |arg| arg.env(Resettable::Reset)),
    }
}

/// Returns the command with environment variables for the global options only.
pub(super) fn without_environment(command: &Command) -> Command {
    let keep = |arg: Arg| {
        if arg.is_global_set() {
            arg
        } else {
            arg.env(Resettable::Reset)
        }
    };
    command.clone().mut_args(keep)
}

pub(super) fn variables_in_use(command: &Command, matches: &ArgMatches) -> Vec<String> {
    let from_variable = |arg: &&Arg| {
        let source = matches.value_source(arg.get_id().as_str());
        source == Some(ValueSource::EnvVariable) && !arg.is_global_set()
    };
    let args = command.get_arguments().filter(from_variable);
    args.filter_map(variable_of).collect()
}

pub(super) fn variable_of(arg: &Arg) -> Option<String> {
    Some(arg.get_env()?.to_string_lossy().into_owned())
}

/// Returns an error if a variable has this program's prefix but belongs to no option. A misspelled
/// variable would leave its option unset, and the rules would allow more than the user intended.
pub(super) fn refuse_unknown_variables(command: &Command) -> Result<(), String> {
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
            Err(format!("unknown environment variable '{name}'{suggestion}"))
        }
    }
}

/// The arguments of the command and of all its verbs.
pub(super) fn all_arguments(command: &Command) -> Box<dyn Iterator<Item = &Arg> + '_> {
    let verbs = command.get_subcommands().flat_map(all_arguments);
    Box::new(command.get_arguments().chain(verbs))
}

/// Returns the command and its verbs without environment variables.
pub(super) fn without_variables(command: Command) -> Command {
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

/// The option as users write it, such as `--region`, or the name of an argument, such as `NEW`.
pub(super) fn flag(arg: &Arg) -> String {
    match arg.get_value_names() {
        Some([name, ..]) if arg.is_positional() => name.to_string(),
        _ => format!("--{}", arg.get_long().unwrap_or_default()),
    }
}

/// A note that names the variables. Empty if there are none.
pub(super) fn environment_note(variables: &[String]) -> String {
    if variables.is_empty() {
        String::new()
    } else {
        format!("note: set in the environment: {}\n", variables.join(", "))
    }
}
