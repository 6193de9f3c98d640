//! Arguments that clap has parsed. Values from the command line take precedence over environment
//! variables, and these over the configuration file.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, FromArgMatches};

use super::configuration::Defaults;
use super::definitions::Cli;
use super::exclusions::{MUTUALLY_EXCLUSIVE, excluded_by};
use super::exit::CliExit;
use super::variables::{flag, ignoring_variable_of, variables_in_use};

/// The options about the bundle of `--data`.
const OF_BUNDLES: [&str; 2] = ["data_key", "data_allow_older"];

pub(super) struct Parsed<'a> {
    pub command: Command,
    /// The verb on the command line and the verb below it, such as `dataset` and `diff`.
    pub verbs: Vec<String>,
    pub arguments: &'a [OsString],
    pub matches: ArgMatches,
}

impl<'a> Parsed<'a> {
    pub fn new(command: Command, arguments: &'a [OsString]) -> Result<Parsed<'a>, CliExit> {
        let matches = command
            .clone()
            .try_get_matches_from(arguments)
            .map_err(|error| CliExit::new(&error, &command, arguments))?;
        Ok(Parsed::of(command, arguments, matches))
    }

    pub fn of(command: Command, arguments: &'a [OsString], matches: ArgMatches) -> Parsed<'a> {
        Parsed {
            command,
            verbs: verbs(&matches),
            arguments,
            matches,
        }
    }

    /// Parses again without the environment variables of options that an option on the command line
    /// excludes. It is an error if both options are on the command line, or both are set by variables.
    pub fn without_excluded_variables(self) -> Result<Parsed<'a>, CliExit> {
        for (one, other) in MUTUALLY_EXCLUSIVE {
            let ignored = match (self.source(one), self.source(other)) {
                (None, _) | (_, None) => continue,
                _ if agree(self.own_matches(), one, other) => continue,
                (Some(ValueSource::EnvVariable), Some(ValueSource::CommandLine)) => one,
                (Some(ValueSource::CommandLine), Some(ValueSource::EnvVariable)) => other,
                _ => return Err(self.exclusion(one, other)),
            };
            let command = ignoring_variable_of(self.command, &self.verbs, ignored);
            let parsed = Parsed::new(command, self.arguments)?;
            return parsed.without_excluded_variables();
        }
        Ok(self)
    }

    /// Returns an error if an option on the command line has no effect because there is no bundle. Variables are often set
    /// for all commands of a machine, so they cause no error.
    pub fn refuse_options_without_bundle(&self) -> Result<(), CliExit> {
        if self.source("data").is_some() || self.verbs == ["dataset", "verify"] {
            return Ok(());
        }
        let mut options = OF_BUNDLES.into_iter();
        let unused = options.find(|id| self.source(id) == Some(ValueSource::CommandLine));
        let Some(id) = unused else { return Ok(()) };
        let option = flag_of(&self.command, id);
        let message = format!(
            "{option} has no effect without a bundle; name the bundle with --data FILE, or leave {option} out"
        );
        Err(CliExit::mistake(
            message,
            Vec::new(),
            &self.command,
            self.arguments,
        ))
    }

    /// Parses again with the given defaults for options that are neither set nor excluded by another option. Also
    /// returns these options.
    pub fn with_defaults(
        &self,
        mut defaults: Defaults,
    ) -> Result<(Parsed<'a>, Vec<&'static str>), CliExit> {
        let is_given = |option: &str| self.source(&id_of(option)).is_some();
        let is_excluded =
            |option: &str| excluded_by(option).any(|other| self.source(other).is_some());
        let known = self.own_command().get_arguments();
        let known: Vec<&str> = known.map(|arg| arg.get_id().as_str()).collect();
        defaults.retain(|(option, _)| {
            known.contains(&&*id_of(option)) && !is_given(option) && !is_excluded(option)
        });
        let used = defaults.iter().map(|(option, _)| *option).collect();
        let command = with_defaults(self.command.clone(), &self.verbs, &defaults);
        let parsed = Parsed::new(command, self.arguments)?;
        Ok((parsed, used))
    }

    /// True for `check` without a file or a format.
    pub fn is_bare_check(&self) -> bool {
        let is_given = |id| self.source(id).is_some();
        self.verbs == ["check"] && !is_given("files") && !is_given("format")
    }

    fn exclusion(&self, one: &str, other: &str) -> CliExit {
        let names = [one, other].map(|id| flag_of(self.own_command(), id));
        let message = format!(
            "{} and {} cannot be used together; remove one of them",
            names[0], names[1]
        );
        let variables = variables_in_use(self.own_command(), self.own_matches());
        CliExit::mistake(message, variables, &self.command, self.arguments)
    }

    /// The source of the option's value: the command line or the environment. `None` for a default value, and for a
    /// flag that is off.
    fn source(&self, id: &str) -> Option<ValueSource> {
        let matches = self.own_matches();
        let mut present = matches.ids();
        let source = present
            .find(|present| *present == id)
            .and_then(|_| matches.value_source(id))?;
        let is_off = matches!(matches.try_get_one(id), Ok(Some(false)));
        (source != ValueSource::DefaultValue && !is_off).then_some(source)
    }

    fn own_command(&self) -> &Command {
        innermost(&self.command, &self.verbs)
    }

    fn own_matches(&self) -> &ArgMatches {
        self.verbs.iter().fold(&self.matches, |matches, verb| {
            matches.subcommand_matches(verb).unwrap_or(matches)
        })
    }

    pub fn into_cli(mut self) -> Result<Cli, CliExit> {
        let from_environment = variables_in_use(self.own_command(), self.own_matches());
        let mut cli = Cli::from_arg_matches_mut(&mut self.matches)
            .map_err(|error| CliExit::new(&error, &self.command, self.arguments))?;
        cli.from_environment = from_environment;
        Ok(cli)
    }
}

/// The verb on the command line and the verb below it.
fn verbs(matches: &ArgMatches) -> Vec<String> {
    let mut verbs = Vec::new();
    let mut next = matches.subcommand();
    while let Some((verb, matches)) = next {
        verbs.push(verb.to_owned());
        next = matches.subcommand();
    }
    verbs
}

fn id_of(option: &str) -> String {
    option.replace('-', "_")
}

fn with_defaults(command: Command, verbs: &[String], defaults: &Defaults) -> Command {
    if let [verb, inner @ ..] = verbs {
        return command.mut_subcommand(verb, |verb| with_defaults(verb, inner, defaults));
    }
    command.mut_args(|arg| {
        let mut defaults = defaults.iter();
        match defaults.find(|(option, _)| arg.get_id() == &*id_of(option)) {
            Some((_, values)) => arg.default_values(values.clone()),
            None => arg,
        }
    })
}

/// The definition of the last of the verbs.
pub(super) fn innermost<'a>(command: &'a Command, verbs: &[String]) -> &'a Command {
    verbs.iter().fold(command, |command, verb| {
        command.find_subcommand(verb).unwrap_or(command)
    })
}

/// True if the flag is on and all values of the option equal its name, as in `--json --report json`.
fn agree(matches: &ArgMatches, flag: &str, option: &str) -> bool {
    let is_flag = matches!(matches.try_get_one(flag), Ok(Some(true)));
    let mut values = matches.get_raw(option).into_iter().flatten();
    is_flag && values.all(|value| value.eq_ignore_ascii_case(flag))
}

fn flag_of(command: &Command, id: &str) -> String {
    let arg = command.get_arguments().find(|arg| arg.get_id() == id);
    arg.map(flag).unwrap_or_default()
}
