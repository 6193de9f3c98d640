use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum, ValueHint};

use super::format_parser::{FormatParser, USE_FORMAT};
use super::known_values::{KnownValue, refuse_values};
use super::selection::SelectionArgs;
use super::table::TableArg;
use crate::format::{Format, Unit, UnitName};
use crate::input::is_stdin;
use crate::output::Console;
use crate::report::{self, Report};
use crate::select::DEFAULT_EDITION;

/// The options of `check`.
#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The firewall, or the file format of the rules
    #[arg(
        short, long, value_name = "FORMAT", value_parser = FormatParser::READABLE,
        env = "TWILIO_SIP_ALLOW_FORMAT", hide_env = true, help_heading = "Check"
    )]
    format: Option<&'static dyn Format>,
    /// The name of the chain, list or group to check
    ///
    /// Use the same --name as when you generated the rules. If you check one direction only, you can
    /// also use a name from your firewall: a chain, an access list or its number, a security group or
    /// its ID.
    #[arg(
        long, value_name = "NAME", default_value_t, value_parser = UnitName::deployed,
        env = "TWILIO_SIP_ALLOW_NAME", hide_env = true, help_heading = "Check"
    )]
    name: UnitName,
    #[command(flatten, next_help_heading = "Check")]
    table: TableArg,
    #[command(flatten)]
    report: ReportArgs,
    /// Print rules that repair missing and extra packets, and move the report to stderr
    ///
    /// Prints the complete rules, as "render" does. For aws-sg, aws-prefix-list and livekit, prints only
    /// the changes. Prints no rules if the firewall is in sync. The rules do not contain the hooks: run the
    /// hook commands in the comments at the start of a rendered file.
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_PRINT_REPAIR", hide_env = true, help_heading = "Check",
        value_parser = BoolishValueParser::new()
    )]
    pub print_repair: bool,
    /// Treat empty input as a firewall without rules
    ///
    /// All rules are then reported as missing. Without this option, empty input is an error, because a
    /// failed command prints nothing either.
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_ALLOW_EMPTY", hide_env = true, help_heading = "Check",
        value_parser = BoolishValueParser::new()
    )]
    pub allow_empty: bool,
    /// The firewall's listing of its rules, or a file of rules; "-" is stdin [default: -]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Check")]
    files: Vec<PathBuf>,
    /// The configuration file whose checks do not run, because the command line has a file or a format.
    #[arg(skip)]
    pub(super) file_of_unused_checks: Option<PathBuf>,
}

/// The options for the report.
#[derive(Args)]
struct ReportArgs {
    /// The report format: text for people, JSON for programs, annotations for GitHub Actions, or SARIF for
    /// code scanning
    #[arg(
        id = "report",
        long = "report",
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "REPORT",
        env = "TWILIO_SIP_ALLOW_REPORT",
        hide_env = true,
        help_heading = "Check"
    )]
    form: ReportArg,
    /// Same as --report json
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true, help_heading = "Check",
        value_parser = BoolishValueParser::new()
    )]
    json: bool,
    /// List all missing and extra packets, even if a diagnosis explains them
    ///
    /// If one explanation accounts for the whole drift, the report usually contains only the explanation and
    /// the numbers of missing and extra packets. The JSON report always lists everything.
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_VERBOSE", hide_env = true, help_heading = "Check",
        value_parser = BoolishValueParser::new()
    )]
    verbose: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ReportArg {
    #[default]
    Text,
    Json,
    Github,
    Sarif,
}

impl CheckArgs {
    /// The format, or an error if there is no `--format`.
    pub fn format(&self) -> anyhow::Result<&'static dyn Format> {
        self.format.ok_or_else(|| match &self.file_of_unused_checks {
            None => anyhow::anyhow!(
                "no format is selected; {USE_FORMAT}, or list your checks in twilio-sip-allow.yaml"
            ),
            Some(file) => anyhow::anyhow!(
                "files are named, so the checks in {} are not used, but no format is selected; leave out the files, \
                 or {USE_FORMAT}",
                file.display()
            ),
        })
    }

    /// The unit of the firewall to check.
    pub fn unit(&self) -> Unit {
        Unit {
            name: self.name.clone(),
            table: self.table.name.clone(),
            ..Unit::default()
        }
    }

    pub fn report(&self, console: Console) -> Box<dyn Report> {
        let ReportArgs {
            form,
            json,
            verbose,
        } = self.report;
        match if json { ReportArg::Json } else { form } {
            ReportArg::Text => Box::new(report::Text {
                colored: if self.print_repair {
                    console.colors_stderr()
                } else {
                    console.colors_stdout()
                },
                verbose,
            }),
            ReportArg::Json => Box::new(report::Json),
            ReportArg::Github => Box::new(report::GitHub { verbose }),
            ReportArg::Sarif => Box::new(report::Sarif { verbose }),
        }
    }

    /// The files to check, at least one. `-` is stdin.
    ///
    /// # Errors
    ///
    /// If a file is missing and has the name of a format, region or edition, if stdin would be read
    /// twice, or if `--print-repair` lacks an edition or has several files.
    pub fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let options = [KnownValue::Format, KnownValue::Region, KnownValue::Edition];
        refuse_values(&self.files, &options)?;
        anyhow::ensure!(
            !self.print_repair || self.selection.published.named_source().is_some(),
            "--print-repair requires --edition or --dataset, because the default edition '{DEFAULT_EDITION}' \
             is superseded and would replace newer rules"
        );
        if self.files.is_empty() {
            anyhow::ensure!(
                !self.selection.published.reads_stdin(),
                "--dataset and the firewall's listing cannot both be read from stdin; use a file for one of them"
            );
            return Ok(vec![PathBuf::from("-")]);
        }
        let stdins = self.files.iter().filter(|file| is_stdin(file)).count()
            + usize::from(self.selection.published.reads_stdin());
        anyhow::ensure!(
            stdins <= 1,
            "stdin can be read only once; use '-' only once"
        );
        anyhow::ensure!(
            !self.print_repair || self.files.len() == 1,
            "--print-repair repairs one firewall at a time; name only one FILE"
        );
        Ok(self.files.clone())
    }
}
