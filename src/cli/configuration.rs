//! The configuration file, with the default selection of a project and the checks of its firewalls.

mod document;
mod find;
mod options;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;

use self::document::{Check, Document, Settings};
use super::exclusions::excluded_by;
use crate::input::{self, is_stdin};
use crate::limits::{Limit, Limits};
use crate::yaml;

pub(super) struct Configuration {
    file: PathBuf,
    selection: Settings,
    checks: Vec<Check>,
}

/// Options by their long names, with their values.
pub(super) type Defaults = Vec<(&'static str, Vec<OsString>)>;

/// Reads the configuration file: the one that `--config` names, or else the one that [`find::find`] finds.
/// `None` with `--no-config`. If one of the two options is on the command line, the environment variable
/// of the other is ignored.
pub(super) fn configuration(matches: &ArgMatches) -> Result<Option<Configuration>, String> {
    let any_name = matches.contains_id("data");
    let given = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    let file = matches.get_one::<PathBuf>("config");
    match (matches.get_flag("no_config"), file) {
        (false, None) => {
            let found = find::find()?;
            found
                .map(|(path, file)| Configuration::of_open_file(path, file, any_name))
                .transpose()
        }
        (false, Some(file)) => Configuration::read(file, any_name).map(Some),
        (true, None) => Ok(None),
        (true, Some(file)) if given("config") && !given("no_config") => {
            Configuration::read(file, any_name).map(Some)
        }
        (true, _) if given("no_config") && !given("config") => Ok(None),
        (true, _) => {
            Err("--config and --no-config cannot be used together; remove one of them".to_owned())
        }
    }
}

impl Configuration {
    /// Reads a file. With `any_name`, regions and editions can have any name.
    fn read(file: &Path, any_name: bool) -> Result<Configuration, String> {
        if is_stdin(file) {
            return Err("--config cannot be read from stdin; give the name of a file".to_owned());
        }
        if !file.exists() {
            return Err(format!(
                "there is no configuration file '{}'; name an existing file",
                file.display()
            ));
        }
        let text = input::text(file, Limits::default(), Limit::List);
        Configuration::parse(file.to_owned(), text, any_name)
    }

    fn of_open_file(path: PathBuf, file: File, any_name: bool) -> Result<Configuration, String> {
        let text = input::text_of_open_file(file, &path, Limits::default(), Limit::List);
        Configuration::parse(path, text, any_name)
    }

    fn parse(
        file: PathBuf,
        text: anyhow::Result<String>,
        any_name: bool,
    ) -> Result<Configuration, String> {
        let text = text.map_err(|error| format!("{error:#}"))?;
        if any_name {
            Configuration::parse_document::<true>(file, &text)
        } else {
            Configuration::parse_document::<false>(file, &text)
        }
    }

    fn parse_document<const ANY_NAME: bool>(
        file: PathBuf,
        text: &str,
    ) -> Result<Configuration, String> {
        let document: Option<Document<ANY_NAME>> =
            yaml::parse(text).map_err(|error| format!("{}{error}", file.display()))?;
        let Document { selection, checks } = document.unwrap_or_default();
        Ok(Configuration {
            file,
            selection,
            checks,
        })
    }

    /// A note about the options and the number of checks that come from the file. Empty if there are
    /// none.
    pub fn note(&self, options: &[&str], checks: usize) -> String {
        let file = self.file.display();
        match (checks, options) {
            (0, []) => String::new(),
            (0, options) => format!("{file} sets {}", options.join(", ")),
            (1, _) => format!("running the check in {file}"),
            (count, _) => format!("running the {count} checks in {file}"),
        }
    }

    /// The default selection.
    pub fn selection(&self) -> Defaults {
        self.located(&self.selection.0)
    }

    /// The configuration file, if it contains checks.
    pub fn file_of_checks(&self) -> Option<PathBuf> {
        (!self.checks.is_empty()).then(|| self.file.clone())
    }

    /// The checks, each with its name and its options.
    pub fn checks(&self) -> impl Iterator<Item = (&str, Defaults)> {
        let checks = self.checks.iter();
        checks.map(|check| (check.name.as_str(), self.options_of(check)))
    }

    fn options_of(&self, check: &Check) -> Defaults {
        let own = &check.selection;
        let is_excluded = |option| excluded_by(option).any(|other| own.has(other));
        let shared = self.selection.0.iter();
        let shared = shared.filter(|(option, _)| !own.has(option) && !is_excluded(option));
        let mut options: Vec<_> = shared.chain(&own.0).cloned().collect();
        options.push(("format", check.format.clone()));
        options.push(("files", check.files.clone()));
        for (option, values) in [("name", &check.unit), ("table", &check.table)] {
            if !values.is_empty() {
                options.push((option, values.clone()));
            }
        }
        self.located(&options)
    }

    /// Resolves file names, which are relative to the folder of the configuration file.
    fn located(&self, options: &[(&'static str, Vec<String>)]) -> Defaults {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let located = |option: &str, value: &String| match option {
            "dataset" | "files" => folder.join(value).into_os_string(),
            _ => value.into(),
        };
        let options = options.iter();
        options
            .map(|(option, values)| {
                let values = values.iter().map(|value| located(option, value));
                (*option, values.collect())
            })
            .collect()
    }
}
