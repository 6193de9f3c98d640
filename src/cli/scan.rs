//! The options of `scan`.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum, ValueHint};

use super::known_values::{KnownValue, refuse_values};
use super::selection::PublishedArgs;
use crate::input::is_stdin;
use crate::scan::Classification;

/// The options of `scan`.
#[derive(Args)]
pub struct ScanArgs {
    /// The networks that a file must contain.
    #[command(flatten)]
    pub published: PublishedArgs,
    /// What gives status 1
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        value_name = "VERDICT",
        value_delimiter = ',',
        default_value = "any",
        env = "TWILIO_SIP_ALLOW_FAIL_ON",
        hide_env = true,
        help_heading = "Scan"
    )]
    fail_on: Vec<FailOn>,
    /// For people, for programs, for code scanning, or for annotations in GitHub Actions
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "SHAPE",
        env = "TWILIO_SIP_ALLOW_REPORT",
        hide_env = true,
        help_heading = "Scan"
    )]
    report: FindingsReport,
    /// Short for --report json
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true, help_heading = "Scan",
        value_parser = BoolishValueParser::new()
    )]
    json: bool,
    /// Tell what is current too (json always does)
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_LIST_CURRENT", hide_env = true, help_heading = "Scan",
        value_parser = BoolishValueParser::new()
    )]
    pub list_current: bool,
    /// Files and folders; "-" is stdin [default: the current folder]
    ///
    /// In a folder, what .gitignore leaves out is left out, and so are files that are not text.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, help_heading = "Scan")]
    files: Vec<PathBuf>,
}

/// The form of a report on findings.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum FindingsReport {
    /// `FILE:LINE:COLUMN: VERDICT: ...`
    #[default]
    Text,
    /// Of the shape of docs/scan.schema.json
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Workflow commands
    Github,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Everything but what is current
    Any,
    /// Nothing
    None,
    /// Published, but no longer in force
    Superseded,
    /// More than was ever published
    Wider,
    /// A part of a media network
    Narrower,
    /// In no edition, where Twilio's addresses stand
    Unpublished,
    /// Selected, and not in a file that has Twilio addresses
    Missing,
}

impl ScanArgs {
    /// The form of the report.
    pub fn report(&self) -> FindingsReport {
        if self.json {
            FindingsReport::Json
        } else {
            self.report
        }
    }

    /// True if the user names files or folders.
    pub fn names_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// The files and folders; at least one.
    pub fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let files = match &self.files[..] {
            [] => vec![PathBuf::from(".")],
            some => some.to_vec(),
        };
        refuse_values(&files, &[KnownValue::Region, KnownValue::Edition])?;
        let stdins = files.iter().filter(|file| is_stdin(file)).count()
            + usize::from(self.published.reads_stdin());
        anyhow::ensure!(
            stdins <= 1,
            "stdin can be read only once; give '-' only once"
        );
        Ok(files)
    }

    /// The classifications that give status 1.
    pub fn fails_on(&self) -> anyhow::Result<Vec<Classification>> {
        let has = |wanted| self.fail_on.contains(&wanted);
        let alone = self.fail_on.len() == 1;
        anyhow::ensure!(
            alone || !(has(FailOn::None) || has(FailOn::Any)),
            "--fail-on none and --fail-on any go with no other verdict"
        );
        let named = [
            (FailOn::Superseded, Classification::Superseded),
            (FailOn::Wider, Classification::Wider),
            (FailOn::Narrower, Classification::Narrower),
            (FailOn::Unpublished, Classification::Unpublished),
            (FailOn::Missing, Classification::Missing),
        ];
        let wanted = named
            .iter()
            .filter(|(name, _)| has(FailOn::Any) || has(*name));
        Ok(wanted.map(|(_, classification)| *classification).collect())
    }
}
