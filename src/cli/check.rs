//! The options of `check`.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum, ValueHint};

use super::format_parser::{ASK_FOR_FORMAT, FormatParser};
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
    /// The packets that the firewall must let through.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The firewall's language
    #[arg(
        short, long, value_name = "FORMAT", value_parser = FormatParser::READABLE,
        env = "TWILIO_SIP_ALLOW_FORMAT", hide_env = true, help_heading = "Check"
    )]
    format: Option<&'static dyn Format>,
    /// The name of the chain, list or group to check
    ///
    /// The --name that it was rendered with. With one direction it can also be a name of your own, as
    /// in the firewall: a chain, an access list or its number, a security group or its id.
    #[arg(
        long, value_name = "NAME", default_value_t, value_parser = UnitName::deployed,
        env = "TWILIO_SIP_ALLOW_NAME", hide_env = true, help_heading = "Check"
    )]
    name: UnitName,
    #[command(flatten, next_help_heading = "Check")]
    table: TableArg,
    /// The report: for people, for programs, or annotations for GitHub Actions
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "SHAPE",
        env = "TWILIO_SIP_ALLOW_REPORT",
        hide_env = true,
        help_heading = "Check"
    )]
    report: ReportArg,
    /// Short for --report json
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true, help_heading = "Check",
        value_parser = BoolishValueParser::new()
    )]
    json: bool,
    /// With drift, print the rules that fix it; the report goes to stderr
    ///
    /// All rules, as without "check". With aws-sg and aws-prefix-list, the calls that make exactly the
    /// difference. Nothing is printed if there is no drift.
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_PRINT_REPAIR", hide_env = true, help_heading = "Check",
        value_parser = BoolishValueParser::new()
    )]
    pub print_repair: bool,
    /// An empty input means that the firewall has no rules yet
    ///
    /// All rules are then reported as missing. Without this option an empty input is an error,
    /// because a command that failed prints nothing either.
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_ALLOW_EMPTY", hide_env = true, help_heading = "Check",
        value_parser = BoolishValueParser::new()
    )]
    pub allow_empty: bool,
    /// A listing of the firewall, or a file of rules; "-" is stdin [default: -]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Check")]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ReportArg {
    #[default]
    Text,
    Json,
    Github,
}

impl CheckArgs {
    /// The firewall's language.
    pub fn format(&self) -> anyhow::Result<&'static dyn Format> {
        self.format.ok_or_else(|| {
            anyhow::anyhow!("{ASK_FOR_FORMAT}, or list the checks in twilio-sip-allow.yaml")
        })
    }

    /// The unit of the firewall to check.
    pub fn unit(&self) -> Unit {
        Unit {
            name: self.name.clone(),
            table: self.table.name.clone(),
        }
    }

    /// The shape of the report.
    pub fn report(&self, console: Console) -> Box<dyn Report> {
        let report = if self.json {
            ReportArg::Json
        } else {
            self.report
        };
        match report {
            ReportArg::Text => Box::new(report::Text {
                colored: if self.print_repair {
                    console.colors_stderr()
                } else {
                    console.colors_stdout()
                },
            }),
            ReportArg::Json => Box::new(report::Json),
            ReportArg::Github => Box::new(report::GitHub),
        }
    }

    /// The files to check; at least one.
    pub fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let options = [KnownValue::Format, KnownValue::Region, KnownValue::Edition];
        refuse_values(&self.files, &options)?;
        anyhow::ensure!(
            !self.print_repair || self.selection.published.named_source().is_some(),
            "--print-repair needs --edition or --dataset: the default edition, {DEFAULT_EDITION}, is \
             superseded, and must not replace a newer one unasked"
        );
        if self.files.is_empty() {
            anyhow::ensure!(
                !self.selection.published.reads_stdin(),
                "--dataset and what the firewall prints cannot both be read from stdin; give one of them as a file"
            );
            return Ok(vec![PathBuf::from("-")]);
        }
        let stdins = self.files.iter().filter(|file| is_stdin(file)).count()
            + usize::from(self.selection.published.reads_stdin());
        anyhow::ensure!(
            stdins <= 1,
            "stdin can be read only once; give '-' only once"
        );
        anyhow::ensure!(
            !self.print_repair || self.files.len() == 1,
            "--print-repair mends one firewall at a time; give one FILE"
        );
        Ok(self.files.clone())
    }
}
