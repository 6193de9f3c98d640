//! The options of `dataset`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::after_help::sections;
use super::selection::{PublishedArgs, Source};
use super::suggested_values::SuggestedValues;
use crate::dataset::{self, Connection, Date};
use crate::select::CURRENT;

const DIFF_EXAMPLES: &str = "  twilio-sip-allow dataset diff page.html
  curl -s \"$PAGE.md\" | twilio-sip-allow dataset diff -";

/// The commands of `dataset`.
#[derive(Subcommand)]
pub enum DatasetVerb {
    /// Print a list as YAML or JSON
    #[command(after_help = sections("the list is printed", "", ""))]
    Show(ShowArgs),
    /// Compare a page that Twilio published with an edition
    ///
    /// The page is plain text, Markdown or HTML, in English or Japanese. The report names each network
    /// that was added or removed, and each port that changed, by region and plane. It also says whether
    /// the page equals another edition. If a part of the page cannot be read, that is an error.
    #[command(
        mut_arg("edition", |arg| arg
            .help("The edition to compare with [default: current]")
            .long_help(None)),
        mut_arg("dataset", |arg| arg.help("Your own list to compare with")),
        mut_arg("region", |arg| arg
            .help("Compare these regions only; the page must list them [default: all of the edition]")
            .long_help(None)),
        mut_arg("plane", |arg| arg.help("Compare this plane only")),
        after_help = sections("the page equals the edition", "a difference", DIFF_EXAMPLES),
    )]
    Diff(DiffArgs),
    /// Print a page as a dataset for --dataset
    #[command(after_help = sections("the dataset is printed", "", ""))]
    Import(ImportArgs),
}

/// The options of `dataset show`.
#[derive(Args)]
pub struct ShowArgs {
    /// The published list; "current" is the one in force
    #[arg(
        short, long, value_name = "NAME", env = "TWILIO_SIP_ALLOW_EDITION", hide_env = true,
        value_parser = SuggestedValues::EDITIONS, value_delimiter = ',', default_value = CURRENT
    )]
    edition: Vec<String>,
    /// Your own list instead, checked
    #[arg(
        long, value_name = "FILE", env = "TWILIO_SIP_ALLOW_DATASET", hide_env = true,
        value_hint = ValueHint::FilePath
    )]
    dataset: Option<PathBuf>,
    /// As JSON, not YAML
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
}

impl ShowArgs {
    /// The list to print.
    pub fn source(&self) -> Source {
        match &self.dataset {
            Some(file) => Source::File(file.clone()),
            None => Source::Editions(self.edition.clone()),
        }
    }
}

/// The options of `dataset diff`.
#[derive(Args)]
pub struct DiffArgs {
    /// The networks to compare with.
    #[command(flatten)]
    pub published: PublishedArgs,
    /// Compare with the edition that the page differs from least
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_ANY_EDITION", hide_env = true, help_heading = "Comparison",
        value_parser = BoolishValueParser::new()
    )]
    pub any_edition: bool,
    /// As JSON
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true, help_heading = "Comparison",
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
    /// The page; "-" is stdin
    #[arg(value_name = "PAGE", default_value = "-", value_hint = ValueHint::FilePath, help_heading = "Comparison")]
    pub page: PathBuf,
}

/// The options of `dataset import`.
#[derive(Args)]
pub struct ImportArgs {
    /// The dataset's name: lower-case letters, digits and hyphens
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_NAME", hide_env = true, default_value = "imported",
        value_parser = dataset::name
    )]
    pub name: Arc<str>,
    /// One line on what it is [default: what page it was imported from]
    #[arg(long, env = "TWILIO_SIP_ALLOW_TITLE", hide_env = true, value_parser = dataset::visible_line)]
    pub title: Option<String>,
    /// Where the page comes from, such as its address [default: the file]
    #[arg(long, env = "TWILIO_SIP_ALLOW_SOURCE", hide_env = true, value_parser = dataset::visible_line)]
    pub source: Option<String>,
    /// The first day that the list holds, YEAR-MONTH-DAY
    #[arg(long, env = "TWILIO_SIP_ALLOW_DATE", hide_env = true)]
    pub date: Option<Date>,
    /// The network that it is for [default: that of the edition that it looks like most]
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        env = "TWILIO_SIP_ALLOW_CONNECTION",
        hide_env = true
    )]
    connection: Option<ConnectionArg>,
    /// Import these regions only [default: all, which the page must list]
    #[arg(
        short, long, value_name = "NAME", value_delimiter = ',', env = "TWILIO_SIP_ALLOW_REGION",
        hide_env = true, hide_possible_values = true, value_parser = SuggestedValues::REGIONS
    )]
    pub region: Vec<String>,
    /// The page; "-" is stdin
    #[arg(value_name = "PAGE", default_value = "-", value_hint = ValueHint::FilePath)]
    pub page: PathBuf,
}

impl ImportArgs {
    /// The network that the dataset is for, if the user names it.
    pub fn connection(&self) -> Option<Connection> {
        self.connection.map(|connection| match connection {
            ConnectionArg::Public => Connection::Public,
            ConnectionArg::Interconnect => Connection::Interconnect,
        })
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum ConnectionArg {
    /// The public internet
    Public,
    /// Twilio Interconnect
    Interconnect,
}
