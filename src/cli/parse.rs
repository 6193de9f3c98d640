//! Parses the program's arguments and environment into a [`Cli`], or a [`CliExit`].

use std::ffi::OsString;
use std::mem;

use clap::parser::ValueSource;
use clap::{Arg, Command, FromArgMatches};

use super::configuration::{Configuration, configuration};
use super::definitions::{Cli, ConfiguredCheck, Verb, command, render_command};
use super::exit::CliExit;
use super::mistakes::option_of_others;
use super::parsed::{Parsed, innermost};
use super::variables::{flag, our_variables, refuse_unknown_variables, without_environment};

/// Parses the arguments and the environment of this process.
pub fn parse() -> Result<Cli, CliExit> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match parse_render_alone(&arguments) {
        Some((cli, definitions)) => {
            // The process parses its arguments once, and frees all memory when it ends.
            mem::forget(definitions);
            Ok(cli)
        }
        None => parse_any(&arguments),
    }
}

/// Parses arguments, of which the first is the program's name, and the environment of this process.
pub fn parse_from(arguments: &[OsString]) -> Result<Cli, CliExit> {
    match parse_render_alone(arguments) {
        Some((cli, _)) => Ok(cli),
        None => parse_any(arguments),
    }
}

/// Parses the arguments of any verb.
fn parse_any(arguments: &[OsString]) -> Result<Cli, CliExit> {
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
        // Environment variables of `render` must not cause errors in other commands.
        let bare = without_environment(&command);
        let matches = bare
            .clone()
            .try_get_matches_from(arguments)
            .map_err(|error| CliExit::new(&error, &command, arguments))?;
        let parsed = Parsed::of(bare, arguments, matches);
        if !parsed.verbs.is_empty() {
            refuse_options_before(&command, &parsed)?;
            parsed.refuse_options_without_bundle()?;
            if !takes_selection(innermost(&command, &parsed.verbs)) {
                return Cli::from_arg_matches(&parsed.matches)
                    .map_err(|error| CliExit::new(&error, &command, arguments));
            }
            let parsed = parsed.without_excluded_variables()?;
            unknown_variable()?;
            return with_configuration_file(parsed);
        }
    }
    let parsed = Parsed::new(command.clone(), arguments)?;
    parsed.refuse_options_without_bundle()?;
    let parsed = parsed.without_excluded_variables()?;
    unknown_variable()?;
    with_configuration_file(parsed)
}

/// Applies the configuration file, if there is one.
fn with_configuration_file(parsed: Parsed) -> Result<Cli, CliExit> {
    match configuration(&parsed.matches).map_err(CliExit::configuration)? {
        Some(configuration) => configured(&parsed, &configuration),
        None => parsed.into_cli(),
    }
}

/// Applies a configuration file.
fn configured(parsed: &Parsed, configuration: &Configuration) -> Result<Cli, CliExit> {
    let (with_selection, used) = parsed.with_defaults(configuration.selection())?;
    let mut cli = with_selection.into_cli()?;
    if parsed.is_bare_check() {
        for (name, options) in configuration.checks() {
            let (check, _) = parsed.with_defaults(options)?;
            if let Some(Verb::Check(options)) = check.into_cli()?.command {
                let name = name.to_owned();
                cli.checks.push(ConfiguredCheck { name, options });
            }
        }
    } else if let Some(Verb::Check(options)) = &mut cli.command {
        options.file_of_unused_checks = configuration.file_of_checks();
    }
    cli.configuration_note = configuration.note(&used, cli.checks.len());
    Ok(cli)
}

/// Fast path: parses the options of `render` alone, because building the definitions of all verbs would take most of
/// its run time. Also returns these definitions. Returns `None` for other verbs, for every error, and if an environment
/// variable has the program's prefix.
fn parse_render_alone(arguments: &[OsString]) -> Option<(Cli, Command)> {
    if our_variables().next().is_some() {
        return None;
    }
    let arguments = &without_render_verb(arguments);
    let mut command = render_command();
    let matches = command.try_get_matches_from_mut(arguments).ok()?;
    let parsed = Parsed::of(command, arguments, matches);
    parsed.refuse_options_without_bundle().ok()?;
    let mut parsed = parsed.without_excluded_variables().ok()?;
    let Some(configuration) = configuration(&parsed.matches).ok()? else {
        let cli = Cli::from_arg_matches_mut(&mut parsed.matches).ok()?;
        return Some((cli, parsed.command));
    };
    // A definition that has parsed arguments cannot get other defaults.
    let parsed = Parsed::new(render_command(), arguments).ok()?;
    let cli = configured(&parsed, &configuration).ok()?;
    Some((cli, parsed.command))
}

/// Removes the verb `render`, which is the default.
fn without_render_verb(arguments: &[OsString]) -> Vec<OsString> {
    match arguments {
        [program, verb, rest @ ..] if verb == "render" => {
            std::iter::once(program).chain(rest).cloned().collect()
        }
        _ => arguments.to_vec(),
    }
}

/// Replaces the verb `help` by an option: `help check` becomes `check --help`.
fn without_help_verb(arguments: &[OsString]) -> Vec<OsString> {
    match arguments {
        [program, help, verbs @ ..] if help == "help" => {
            let program = std::iter::once(program).chain(verbs).cloned();
            program.chain(["--help".into()]).collect()
        }
        _ => arguments.to_vec(),
    }
}

/// Returns an error if an option of `render` precedes another verb.
fn refuse_options_before(command: &Command, parsed: &Parsed) -> Result<(), CliExit> {
    let Parsed {
        verbs,
        arguments,
        matches,
        ..
    } = parsed;
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
        let message = option_of_others(&flag(arg), &verbs.join(" "), command);
        CliExit::mistake(message.unwrap_or_default(), Vec::new(), command, arguments)
    })
}

/// True if the verb has options of a selection, so that a misspelled variable would change its result.
fn takes_selection(verb: &Command) -> bool {
    verb.get_arguments()
        .any(|arg| arg.get_id() == "region" || arg.get_id() == "edition")
}
