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
    #[command(flatten)]
    pub published: PublishedArgs,
    /// The findings that cause exit status 1
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
    /// The report format
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "REPORT",
        env = "TWILIO_SIP_ALLOW_REPORT",
        hide_env = true,
        help_heading = "Scan"
    )]
    report: FindingsReport,
    /// Same as --report json
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true, help_heading = "Scan",
        value_parser = BoolishValueParser::new()
    )]
    json: bool,
    /// Also list the addresses that are current (JSON always does)
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_LIST_CURRENT", hide_env = true, help_heading = "Scan",
        value_parser = BoolishValueParser::new()
    )]
    pub list_current: bool,
    #[command(flatten)]
    fix: FixArgs,
    /// Files and folders; "-" is stdin [default: the current folder]
    ///
    /// In a folder, files that .gitignore excludes and files that are not text are skipped.
    /// In a file, a line that contains "twilio-sip-allow: ignore" is skipped.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath, help_heading = "Scan")]
    files: Vec<PathBuf>,
}

#[derive(Args)]
struct FixArgs {
    /// Replace the addresses in the files by those in force
    ///
    /// Only addresses with one right replacement are changed. Everything else is left and reported.
    #[arg(long, help_heading = "Scan")]
    fix: bool,
    /// Print what --fix would change as a unified diff, instead of the report
    #[arg(long, help_heading = "Scan")]
    diff: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub enum FindingsReport {
    /// For people: a paragraph for each file
    #[default]
    Text,
    /// For editors: `FILE:LINE:COLUMN: VERDICT: ...`
    Lines,
    /// For programs: JSON with the schema docs/scan.schema.json
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// Annotations for GitHub Actions
    Github,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Everything except current addresses, addresses of other services, and hints
    Any,
    /// Nothing
    None,
    /// Published once, but no longer in force
    Superseded,
    /// Contains addresses that were never published
    Wider,
    /// Only a part of a media network
    Narrower,
    /// On no published list, but among Twilio addresses
    Unpublished,
    /// Addresses of another Twilio service, such as STUN/TURN, that SIP does not use (not included in "any")
    OtherService,
    /// A selected network is not in the file, although the file contains Twilio addresses
    Missing,
}

/// The action for addresses that have a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixMode {
    /// Report them.
    Report,
    /// Change the files.
    Fix,
    /// Print the changes.
    Diff,
}

impl ScanArgs {
    pub fn fix_mode(&self) -> FixMode {
        match (self.fix.fix, self.fix.diff) {
            (true, _) => FixMode::Fix,
            (_, true) => FixMode::Diff,
            _ => FixMode::Report,
        }
    }

    pub fn report(&self) -> FindingsReport {
        if self.json {
            FindingsReport::Json
        } else {
            self.report
        }
    }

    /// True if the command line names files or folders.
    pub fn names_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// The files and folders to scan, at least one. `-` is stdin.
    ///
    /// # Errors
    ///
    /// If a file is missing and has the name of a region or edition, or if stdin would be read twice.
    pub fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let files = match &self.files[..] {
            [] => vec![PathBuf::from(".")],
            some => some.to_vec(),
        };
        refuse_values(&files, &[KnownValue::Region, KnownValue::Edition])?;
        anyhow::ensure!(
            !(self.fix.fix && self.fix.diff),
            "--fix and --diff exclude each other; use only one of them"
        );
        anyhow::ensure!(
            !self.fix.fix || self.names_files(),
            "--fix needs the names of files or folders; '.' is the current folder"
        );
        anyhow::ensure!(
            !(self.fix.fix && files.iter().any(|file| is_stdin(file))),
            "--fix cannot change stdin; name the file, or use --diff"
        );
        let stdins = files.iter().filter(|file| is_stdin(file)).count()
            + usize::from(self.published.reads_stdin());
        anyhow::ensure!(
            stdins <= 1,
            "stdin can be read only once; use '-' only once"
        );
        Ok(files)
    }

    /// The classifications that cause exit status 1.
    pub fn fails_on(&self) -> anyhow::Result<Vec<Classification>> {
        let has = |wanted| self.fail_on.contains(&wanted);
        let alone = self.fail_on.len() == 1;
        anyhow::ensure!(
            alone || !(has(FailOn::None) || has(FailOn::Any)),
            "--fail-on accepts 'any' and 'none' only alone; remove the other values"
        );
        let named = [
            (FailOn::Superseded, Classification::Superseded),
            (FailOn::Wider, Classification::Wider),
            (FailOn::Narrower, Classification::Narrower),
            (FailOn::Unpublished, Classification::Unpublished),
            (FailOn::Missing, Classification::Missing),
            (FailOn::OtherService, Classification::OtherService),
        ];
        let in_any = has(FailOn::Any);
        let wanted = named
            .iter()
            .filter(|(name, _)| has(*name) || in_any && *name != FailOn::OtherService);
        Ok(wanted.map(|(_, classification)| *classification).collect())
    }
}
