//! Parses the program's arguments and environment into a [`Cli`], or a [`CliExit`].

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, FromArgMatches};

use super::definitions::{Cli, command, render_command};
use super::exit::CliExit;
use super::variables::{
    flag, ignoring_variable_of, our_variables, refuse_unknown_variables, variables_in_use,
    without_environment,
};

/// Options that exclude each other, by their ids. An option on the command line has precedence over
/// the variable of the other one.
const MUTUALLY_EXCLUSIVE: [(&str, &str); 6] = [
    ("template", "format"),
    ("template", "table"),
    ("dataset", "edition"),
    ("any_edition", "edition"),
    ("any_edition", "dataset"),
    ("json", "report"),
];

/// Reads the program's arguments and environment.
pub fn parse() -> Result<Cli, CliExit> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    parse_from(&arguments)
}

/// Reads arguments, of which the first is the program's name, and the environment.
pub fn parse_from(arguments: &[OsString]) -> Result<Cli, CliExit> {
    if let Some(cli) = parse_render_alone(arguments) {
        return Ok(cli);
    }
    let arguments = &without_help_verb(arguments);
    let command = command();
    let unknown_variable = || {
        refuse_unknown_variables(&command)
            .map_err(|message| CliExit::mistake(message, Vec::new(), &command, arguments))
    };
    let is_verb = |word: &OsString| {
        command
            .get_subcommands()
            .any(|verb| word == verb.get_name())
    };
    if arguments.iter().any(is_verb) {
        // The variables of options for rendering must not hinder other commands.
        let bare = without_environment(&command);
        let matches = bare
            .clone()
            .try_get_matches_from(arguments)
            .map_err(|error| CliExit::new(&error, &command, arguments))?;
        let verbs = verbs(&matches);
        if !verbs.is_empty() {
            refuse_options_before(&command, &matches, &verbs, arguments)?;
            if !takes_selection(innermost(&command, &verbs)) {
                return Cli::from_arg_matches(&matches)
                    .map_err(|error| CliExit::new(&error, &command, arguments));
            }
            let cli = resolve_env_conflicts(&bare, &verbs, arguments, &matches)?;
            unknown_variable()?;
            return Ok(cli);
        }
    }
    let cli = parse_command(&command, &[], arguments)?;
    unknown_variable()?;
    Ok(cli)
}

/// Fast path: parses the options of rendering alone, because building the definitions of every verb
/// takes most of the time of a render. Returns `None` for anything else, and for every error.
fn parse_render_alone(arguments: &[OsString]) -> Option<Cli> {
    if our_variables().next().is_some() {
        return None;
    }
    let command = render_command();
    let arguments = &without_render_verb(arguments);
    let matches = command.clone().try_get_matches_from(arguments).ok()?;
    resolve_env_conflicts(&command, &[], arguments, &matches).ok()
}

/// The arguments without the verb `render`, which is also the default.
fn without_render_verb(arguments: &[OsString]) -> Vec<OsString> {
    match arguments {
        [program, verb, rest @ ..] if verb == "render" => {
            std::iter::once(program).chain(rest).cloned().collect()
        }
        _ => arguments.to_vec(),
    }
}

/// The arguments with `--help` for the verb `help`: `help check` is `check --help`.
fn without_help_verb(arguments: &[OsString]) -> Vec<OsString> {
    match arguments {
        [program, help, verbs @ ..] if help == "help" => {
            let program = std::iter::once(program).chain(verbs).cloned();
            program.chain(["--help".into()]).collect()
        }
        _ => arguments.to_vec(),
    }
}

/// The verb that was given, and the verb within it.
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

/// Refuses options of rendering before a verb. If the verb has the same option, it belongs after it.
fn refuse_options_before(
    command: &Command,
    matches: &ArgMatches,
    verbs: &[String],
    arguments: &[OsString],
) -> Result<(), CliExit> {
    let is_given = |arg: &&Arg| {
        let source = matches.value_source(arg.get_id().as_str());
        !arg.is_global_set() && source == Some(ValueSource::CommandLine)
    };
    let Some(arg) = command.get_arguments().find(is_given) else {
        return Ok(());
    };
    let own = innermost(command, verbs);
    let is_same = |other: &Arg| other.get_id() == arg.get_id();
    Err(if own.get_arguments().any(is_same) {
        CliExit::option_before_verb(arg, command, arguments)
    } else {
        let (option, verb) = (flag(arg), verbs.join(" "));
        let message = format!("{option} has no meaning for '{verb}'; leave one of them out");
        CliExit::mistake(message, Vec::new(), command, arguments)
    })
}

/// True if a verb has options of a selection, so that a misspelt variable would change its result.
fn takes_selection(verb: &Command) -> bool {
    verb.get_arguments()
        .any(|arg| arg.get_id() == "region" || arg.get_id() == "edition")
}

/// Parses the options of rendering, or of a verb.
fn parse_command(
    command: &Command,
    verbs: &[String],
    arguments: &[OsString],
) -> Result<Cli, CliExit> {
    let matches = command
        .clone()
        .try_get_matches_from(arguments)
        .map_err(|error| CliExit::new(&error, command, arguments))?;
    resolve_env_conflicts(command, verbs, arguments, &matches)
}

/// Builds the [`Cli`]. An option on the command line has precedence over the variable of an option
/// that it excludes.
fn resolve_env_conflicts(
    command: &Command,
    verbs: &[String],
    arguments: &[OsString],
    matches: &ArgMatches,
) -> Result<Cli, CliExit> {
    let own_matches = verbs.iter().fold(matches, |matches, verb| {
        matches.subcommand_matches(verb).unwrap_or(matches)
    });
    let own_command = innermost(command, verbs);
    let source = |id: &str| {
        let known = own_command.get_arguments().any(|arg| arg.get_id() == id);
        let source = known.then(|| own_matches.value_source(id)).flatten();
        let is_off = || matches!(own_matches.try_get_one(id), Ok(Some(false)));
        source.filter(|source| *source != ValueSource::DefaultValue && !is_off())
    };
    for (one, other) in MUTUALLY_EXCLUSIVE {
        match (source(one), source(other)) {
            (None, _) | (_, None) => {}
            _ if agree(own_matches, one, other) => {}
            (Some(ValueSource::EnvVariable), Some(ValueSource::CommandLine)) => {
                let command = ignoring_variable_of(command.clone(), verbs, one);
                return parse_command(&command, verbs, arguments);
            }
            (Some(ValueSource::CommandLine), Some(ValueSource::EnvVariable)) => {
                let command = ignoring_variable_of(command.clone(), verbs, other);
                return parse_command(&command, verbs, arguments);
            }
            _ => {
                let names = [one, other].map(|id| flag_of(own_command, id));
                let message = format!("{} and {} cannot be used together", names[0], names[1]);
                let variables = variables_in_use(own_command, own_matches);
                return Err(CliExit::mistake(message, variables, command, arguments));
            }
        }
    }
    let from_environment = variables_in_use(own_command, own_matches);
    let mut cli =
        Cli::from_arg_matches(matches).map_err(|error| CliExit::new(&error, command, arguments))?;
    cli.from_environment = from_environment;
    Ok(cli)
}

/// True if the option has the name of the flag as its value, as in `--json --report json`.
fn agree(matches: &ArgMatches, flag: &str, option: &str) -> bool {
    let is_flag = matches!(matches.try_get_one(flag), Ok(Some(true)));
    let mut values = matches.get_raw(option).into_iter().flatten();
    is_flag && values.all(|value| value.eq_ignore_ascii_case(flag))
}

fn flag_of(command: &Command, id: &str) -> String {
    let arg = command.get_arguments().find(|arg| arg.get_id() == id);
    arg.map(flag).unwrap_or_default()
}
