use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::after_help::sections;
use super::selection::{DATASET_DETAILS, PublishedArgs, Source};
use super::suggested_values::SuggestedValues;
use crate::dataset::{self, Connection, Date};
use crate::select::CURRENT;

const DIFF_EXAMPLES: &str = "  twilio-sip-allow dataset diff page.html
  twilio-sip-allow dataset diff old-page.html new-page.html
  twilio-sip-allow dataset diff global our-list.yaml
  curl -sSf https://www.twilio.com/docs/sip-trunking/ip-addresses.md | twilio-sip-allow dataset diff -";

#[derive(Subcommand)]
pub enum DatasetVerb {
    /// Print a list as YAML or JSON
    #[command(after_help = sections("the list was printed", "", ""))]
    Show(ShowArgs),
    /// Compare an edition with a page that Twilio published, or compare two lists
    ///
    /// The page can be plain text, Markdown or HTML, in English or Japanese. With two arguments, each can be
    /// a page, a dataset or the name of an edition, and the old list comes first. The report lists added and
    /// removed networks and changed ports, by region and by plane (signaling or media). It also names any
    /// other edition that equals the page. It is an error if a part of the page cannot be interpreted.
    /// "list editions --long" prints the addresses of Twilio's pages; .md at the end asks for Markdown.
    #[command(
        mut_arg("edition", |arg| arg
            .help("The edition to compare with [default: current]")
            .long_help(None)),
        mut_arg("dataset", |arg| arg
            .help("Compare with your own list instead of an edition")
            .long_help(format!("Compare with your own list instead of an edition\n\n{DATASET_DETAILS}"))),
        mut_arg("region", |arg| arg
            .help("Compare only these regions; the page must list them [default: those of the edition]")
            .long_help(None)),
        mut_arg("plane", |arg| arg.help("Compare only signaling, only media, or both")),
        override_usage = "twilio-sip-allow dataset diff [OPTIONS] [PAGE]\n       twilio-sip-allow dataset diff [OPTIONS] OLD NEW",
        after_help = sections("the page equals the edition", "the page differs from the edition", DIFF_EXAMPLES),
    )]
    Diff(DiffArgs),
    /// Convert a page that Twilio published into a dataset for --dataset
    #[command(after_help = sections("the dataset was printed", "", ""))]
    Import(ImportArgs),
    /// Verify the signature of a bundle for --data, and show what the bundle contains
    ///
    /// The signature is in FILE.minisig. A bundle that this command accepts is accepted by --data too: its
    /// signature matches, its content is valid, and it is not older than the data in the program.
    #[command(after_help = sections("the bundle can be used", "", ""))]
    Verify(VerifyBundleArgs),
    /// Print the data in use as a bundle for --data, without a signature
    #[command(after_help = sections("the bundle was printed", "", ""))]
    Bundle,
}

#[derive(Args)]
pub struct VerifyBundleArgs {
    /// The file of the bundle
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

#[derive(Args)]
pub struct ShowArgs {
    /// The published list to print
    ///
    /// "current" is the list for the public internet that is in force.
    #[arg(
        short, long, value_name = "NAME", env = "TWILIO_SIP_ALLOW_EDITION", hide_env = true,
        value_parser = SuggestedValues::EDITIONS, value_delimiter = ',', default_value = CURRENT
    )]
    edition: Vec<String>,
    /// Validate and print your own list instead of an edition
    #[arg(
        long, value_name = "FILE", env = "TWILIO_SIP_ALLOW_DATASET", hide_env = true,
        value_hint = ValueHint::FilePath
    )]
    dataset: Option<PathBuf>,
    /// Print JSON instead of YAML
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
}

impl ShowArgs {
    pub fn source(&self) -> Source {
        match &self.dataset {
            Some(file) => Source::File(file.clone()),
            None => Source::Editions(self.edition.clone()),
        }
    }
}

#[derive(Args)]
pub struct DiffArgs {
    #[command(flatten)]
    pub published: PublishedArgs,
    /// Compare with the edition that is most similar to the page
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_ANY_EDITION", hide_env = true, help_heading = "Comparison",
        value_parser = BoolishValueParser::new()
    )]
    pub any_edition: bool,
    /// Print JSON
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true, help_heading = "Comparison",
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
    /// The file of the page; "-" is stdin. Before NEW: the old list
    ///
    /// A page, a dataset as for --dataset, or the name of an edition.
    #[arg(value_name = "PAGE", default_value = "-", value_hint = ValueHint::FilePath, help_heading = "Comparison")]
    page: PathBuf,
    /// The new list, to compare with the first one: a page, a dataset, or the name of an edition
    #[arg(value_name = "NEW", value_hint = ValueHint::FilePath, help_heading = "Comparison")]
    new: Option<PathBuf>,
}

impl DiffArgs {
    /// Returns the old list, if the user named two lists, and the new list or the page.
    pub fn lists(&self) -> (Option<&Path>, &Path) {
        match &self.new {
            Some(new) => (Some(&self.page), new),
            None => (None, &self.page),
        }
    }
}

#[derive(Args)]
pub struct ImportArgs {
    /// The name of the dataset, in lower-case letters, digits and hyphens
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_NAME", hide_env = true, default_value = "imported",
        value_parser = dataset::name
    )]
    pub name: Arc<str>,
    /// A title of one line [default: "Imported from" and the name of the page]
    #[arg(long, env = "TWILIO_SIP_ALLOW_TITLE", hide_env = true, value_parser = dataset::visible_line)]
    pub title: Option<String>,
    /// The source of the page, such as its URL [default: the name of the file]
    #[arg(long, env = "TWILIO_SIP_ALLOW_SOURCE", hide_env = true, value_parser = dataset::visible_line)]
    pub source: Option<String>,
    /// The day on which the page was saved, as YEAR-MONTH-DAY
    #[arg(long, env = "TWILIO_SIP_ALLOW_RETRIEVED", hide_env = true)]
    pub retrieved: Option<Date>,
    /// The first day that the list is in force, as YEAR-MONTH-DAY
    #[arg(long, env = "TWILIO_SIP_ALLOW_DATE", hide_env = true)]
    pub date: Option<Date>,
    /// The network that the list is for [default: as in the most similar edition]
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        env = "TWILIO_SIP_ALLOW_CONNECTION",
        hide_env = true
    )]
    connection: Option<ConnectionArg>,
    /// Import only these regions; the page must list them [default: all]
    #[arg(
        short, long, value_name = "NAME", value_delimiter = ',', env = "TWILIO_SIP_ALLOW_REGION",
        hide_env = true, hide_possible_values = true, value_parser = SuggestedValues::REGIONS
    )]
    pub region: Vec<String>,
    /// The file of the page; "-" is stdin
    #[arg(value_name = "PAGE", default_value = "-", value_hint = ValueHint::FilePath)]
    pub page: PathBuf,
}

impl ImportArgs {
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
