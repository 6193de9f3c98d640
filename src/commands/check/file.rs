//! Compares one file with the expected rules.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::Result;

use super::candidates::{Expected, edition_sets};
use super::diagnosis::Search;
use super::explanation::{not_deployed, not_hooked};
use crate::cli::CheckArgs;
use crate::commands::data::DataInUse;
use crate::commands::input_errors::{InputMessage, reading_errors};
use crate::commands::selected::{Selected, select};
use crate::dataset::{Data, Edition, ReferenceData};
use crate::firewall::{DeployedUnit, Drift, PublishedNetwork};
use crate::format::capture::is_capture;
use crate::format::read::{Lines, MAX_ERRORS, ReadError, UnitQuery};
use crate::format::registry::{self, Recognized};
use crate::format::{self, Format, Unit};
use crate::input::{self, name_of};
use crate::limits::{Limit, Limits};
use crate::output::Spool;
use crate::policy::{Direction, Policy};
use crate::report::{CheckedFile, Diagnosis, Expectation, Report, Summary};
use crate::select::{DEFAULT_EDITION, Notice, Selection, known_networks};
use crate::terminal::escape_hidden_at_start;

/// The expected rules and the options, which are the same for all files.
pub(super) struct Check<'a> {
    data: &'a Data,
    format: &'static dyn Format,
    unit: Unit,
    selection: Selection,
    editions: Vec<Edition>,
    /// True for `--dataset`.
    is_own_list: bool,
    /// The part of the selection that the format can express.
    policy: Policy,
    reference_data: &'a ReferenceData,
    /// The editions that a diagnosis tries.
    edition_sets: OnceLock<Vec<Vec<Edition>>>,
    published: OnceLock<Vec<PublishedNetwork>>,
    repair: bool,
    /// True if empty input is a firewall without rules, and not an error.
    allows_empty: bool,
    limits: Limits,
    pub(super) notices: Vec<Notice>,
}

/// The result of checking one file.
pub(super) enum FileResult {
    Checked {
        counts: Box<Summary>,
        /// The part of the report about this file, at its start.
        part: Spool,
        repair: Option<String>,
        is_not_loaded: bool,
    },
    /// The file could not be checked.
    Refused(Vec<InputMessage>),
}

impl<'a> Check<'a> {
    pub(super) fn new(args: &CheckArgs, data: &'a DataInUse, limits: Limits) -> Result<Check<'a>> {
        let format = args.format()?;
        let unit = args.unit();
        let reference_data = data.data.reference_data()?;
        let Selected {
            editions,
            policy,
            mut notices,
        } = select(
            &args.selection,
            DEFAULT_EDITION,
            data,
            limits,
            reference_data,
        )?;
        registry::check_options(format, &unit)?;
        // Rules that this format cannot express cannot be deployed either.
        let part = format::supported(format, &policy, &unit)?;
        notices.extend(format::narrowing(format, &policy, &part).map(Notice::Note));
        let policy = part.into_owned();
        Ok(Check {
            data: &data.data,
            format,
            unit,
            selection: args.selection.selection(),
            editions,
            is_own_list: args.selection.published.is_own_list(),
            policy,
            reference_data,
            edition_sets: OnceLock::new(),
            published: OnceLock::new(),
            repair: args.print_repair,
            allows_empty: args.allow_empty,
            limits,
            notices,
        })
    }

    pub(super) fn expectation(&self) -> Expectation<'_> {
        Expectation {
            format: self.format.info().name,
            granularity: self.format.info().granularity,
            scope: &self.policy.scope,
        }
    }

    pub(super) fn check_file(&self, file: &Path, report: &dyn Report) -> FileResult {
        let (_turn, text) = match input::text_in_turn(file, self.limits, Limit::Input) {
            Ok(read) => read,
            Err(error) => return FileResult::Refused(vec![format!("{error:#}").into()]),
        };
        self.check_text(file, &text, report)
            .unwrap_or_else(FileResult::Refused)
    }

    fn check_text(
        &self,
        file: &Path,
        text: &str,
        report: &dyn Report,
    ) -> Result<FileResult, Vec<InputMessage>> {
        let name = name_of(file);
        let query = self.query();
        let text = self.listing(&name, text)?;
        let units = format::parse(self.format, text, query)
            .map_err(|errors| self.refusal(&name, text, &errors))?;
        let units = format::selected(self.format, &self.policy, units);
        let is_not_loaded = self.is_not_loaded(&units);
        if is_not_loaded {
            if let Some(message) = self.other_language(&name, text) {
                return Err(vec![message.into()]);
            }
        }
        let drift = format::compare(self.format, &self.policy, &units, self.limits, || {
            self.published()
        })
        .map_err(|error| vec![format!("{name}: {error}").into()])?;
        let diagnosis = if drift.is_none() {
            None
        } else {
            self.diagnosis(&units, &drift, is_not_loaded)
        };
        let repair = if self.repair && !drift.is_none() {
            let repair = format::repair(self.format, &self.policy, text, query, &units);
            Some(repair.map_err(|error| vec![format!("{name}: {error}").into()])?)
        } else {
            None
        };
        let checked = CheckedFile {
            file: file.to_string_lossy(),
            name: escape_hidden_at_start(&name),
            text,
            excerpt: format::excerpt(self.format),
            lines: if drift.is_none() {
                Lines::default()
            } else {
                Lines::of(text)
            },
            drift: &drift,
            units: unit_names(&units),
            empty: self.empty(&units),
            unselected: self.unselected(&units),
            diagnosis: diagnosis.as_ref(),
        };
        let mut part = Spool::part(self.limits);
        report
            .file(&checked, &mut part)
            .map_err(|error| vec![error.to_string().into()])?;
        Ok(FileResult::Checked {
            counts: Box::new(Summary::of(&drift, &checked.units)),
            part,
            repair,
            is_not_loaded,
        })
    }

    /// Returns one explanation for the whole drift of the units, if there is one.
    fn diagnosis(
        &self,
        units: &[DeployedUnit],
        drift: &Drift,
        is_not_loaded: bool,
    ) -> Option<Diagnosis> {
        if is_not_loaded {
            let are_absent = units.iter().any(|unit| unit.absent.is_some());
            return Some(not_deployed(&self.empty(units), are_absent));
        }
        if drift.has_same_packets() {
            return Some(not_hooked(self.format));
        }
        let search = Search {
            format: self.format,
            unit: &self.unit,
            expected: Expected {
                selection: &self.selection,
                editions: &self.editions,
                is_own_list: self.is_own_list,
                scope: &self.policy.scope,
                reference_data: self.reference_data,
            },
            limits: self.limits,
        };
        search.diagnosis(units, || {
            self.edition_sets.get_or_init(|| edition_sets(self.data))
        })
    }

    fn query(&self) -> UnitQuery<'_> {
        UnitQuery {
            unit: &self.unit,
            directions: &self.policy.scope.directions,
            limits: self.limits,
        }
    }

    /// Returns the text, or for an empty text the listing of a firewall without rules.
    ///
    /// # Errors
    ///
    /// If the text is the output of the collector, or if it is empty and `--allow-empty` is not given.
    fn listing<'t>(&self, name: &str, text: &'t str) -> Result<&'t str, Vec<InputMessage>> {
        let Some(parser) = self.format.parser() else {
            return Ok(text);
        };
        let listing = parser.listing();
        if is_capture(text) {
            let message = format!(
                "{name} is the output of the collector; 'check' compares the output of '{}' alone, and 'verify' reads \
                 this file",
                listing.command
            );
            return Err(vec![message.into()]);
        }
        if !text.trim().is_empty() {
            return Ok(text);
        }
        if self.allows_empty {
            return Ok(listing.without_rules);
        }
        let message = format!(
            "{name} is empty: '{}' failed, or no rules are loaded yet (--allow-empty accepts this); {}",
            listing.command,
            self.how_to_load()
        );
        Err(vec![message.into()])
    }

    /// The steps to load the rules, for messages.
    fn how_to_load(&self) -> String {
        format!(
            "to load the rules, save the output of the same options without 'check' as FILE, then run: {}",
            self.format.load_command(&self.unit)
        )
    }

    /// A notice if some files contain none of the expected rules.
    pub(super) fn not_loaded_notice(&self, not_loaded: usize, files: usize) -> Option<String> {
        if not_loaded == 0 {
            return None;
        }
        let has_names = self.format.info().has_name();
        let (rules, unless) = if has_names {
            let rules = format!("no rules named '{}'", self.unit.name);
            (rules, "unless the input has them under another name: ")
        } else {
            ("none of the expected rules".to_owned(), "")
        };
        let how = self.how_to_load();
        Some(match files {
            // The diagnosis in the report says that the rules are missing.
            1 => format!("{unless}{how}"),
            _ => format!("{not_loaded} of {files} files have {rules}; {unless}{how}"),
        })
    }

    /// The messages for a text that cannot be parsed. If the text is in another format, the message says
    /// only that.
    fn refusal(&self, name: &str, text: &str, errors: &[ReadError]) -> Vec<InputMessage> {
        if let Some(message) = self.other_language(name, text) {
            return vec![message.into()];
        }
        let mut messages = reading_errors(name, text, errors, format::excerpt(self.format));
        if errors.len() >= MAX_ERRORS {
            messages.push(format!("{name}: stopped after {MAX_ERRORS} errors").into());
        }
        messages
    }

    /// The message for a text in another format. `None` if the format is not recognized.
    fn other_language(&self, name: &str, text: &str) -> Option<String> {
        let own = self.format.info().name;
        let command = self.format.parser()?.listing().command;
        Some(match registry::recognize(self.format, text)? {
            Recognized::Format(other) if other.parser().is_some() => {
                let other = other.info().name;
                format!("{name}: expected {own} format, but found {other}; use --format {other}")
            }
            Recognized::Format(other) => format!(
                "{name}: expected {own} format, but found {} output of this program, which 'check' cannot \
                 read; provide the output of '{command}'",
                other.info().name
            ),
            Recognized::Other(kind) => {
                format!(
                    "{name}: expected {own} format, but found {kind}; provide the output of '{command}'"
                )
            }
        })
    }

    fn published(&self) -> &[PublishedNetwork] {
        // Tests ensure that the embedded editions are valid. Without them, packets have no attribution.
        self.published
            .get_or_init(|| known_networks(self.data, self.reference_data).unwrap_or_default())
    }

    fn expects(&self, unit: &DeployedUnit) -> bool {
        !format::expected(self.format, &self.policy, unit).is_empty()
    }

    /// The units that have no rules but should, each with the reason.
    fn empty<'u>(&self, units: &'u [DeployedUnit]) -> Vec<(&'u str, &'u str)> {
        let is_empty =
            |unit: &&DeployedUnit| unit.steps.is_empty() && is_missing(unit) && self.expects(unit);
        let reason = |unit: &'u DeployedUnit| unit.absent.as_deref().unwrap_or("it is empty");
        let empty = units.iter().filter(is_empty);
        let mut empty: Vec<_> = empty
            .map(|unit| (unit.name.as_str(), reason(unit)))
            .collect();
        empty.dedup();
        empty
    }

    /// True if rules are expected, but every unit is absent or empty.
    fn is_not_loaded(&self, units: &[DeployedUnit]) -> bool {
        units.iter().all(is_missing) && units.iter().any(|unit| self.expects(unit))
    }

    /// A direction that has rules although it was not selected.
    fn unselected(&self, units: &[DeployedUnit]) -> Option<Direction> {
        let selected = &self.policy.scope.directions;
        let has_rules =
            |unit: &&DeployedUnit| !selected.contains(&unit.direction) && !unit.steps.is_empty();
        units.iter().find(has_rules).map(|unit| unit.direction)
    }
}

/// True if a unit is absent, or contains neither rules that can be compared nor others.
fn is_missing(unit: &DeployedUnit) -> bool {
    let is_empty = unit.steps.is_empty() && unit.unmeasured.is_empty();
    unit.absent.is_some() || is_empty
}

/// The names of the units, without duplicates.
fn unit_names(units: &[DeployedUnit]) -> Vec<&str> {
    let mut names = Vec::new();
    for unit in units {
        if !names.contains(&unit.name.as_str()) {
            names.push(unit.name.as_str());
        }
    }
    names
}
