//! The command line's definitions, and their turning into the plain options of the core.

mod dataset;
mod explain;
mod parse;
mod scan;
mod selection;

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{BoolishValueParser, PossibleValue, StringValueParser, TypedValueParser};
use clap::{Args, Command, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};

use crate::format::registry::{self, FORMATS};
use crate::format::{Format, FormatError, Unit, UnitName};
use crate::input::is_stdin;
use crate::limits::{Bound, Limits};
use crate::output::{Color, Console, Destination};
use crate::report::{self, Report};
use crate::select::DEFAULT_EDITION;

pub use dataset::{DatasetVerb, DiffArgs, ImportArgs, ShowArgs};
pub use explain::ExplainArgs;
pub use parse::{Told, parse, parse_from};
pub use scan::{FindingsReport, ScanArgs};
pub use selection::{PublishedArgs, SelectionArgs, Source};

const EXAMPLES: &str = "  twilio-sip-allow --edition current --format nftables | ssh pbx nft -f -
  twilio-sip-allow --edition regional,global --format iptables --output twilio.rules
  twilio-sip-allow --edition current --direction in --format aws-sg > ingress.json
  ssh pbx nft list ruleset | twilio-sip-allow check --edition current --format nftables";

const CHECK_EXAMPLES: &str =
    "  ssh pbx nft list ruleset | twilio-sip-allow check --edition current --format nftables
  iptables-save | twilio-sip-allow check --edition current --region tokyo --format iptables --report json
  twilio-sip-allow check --edition current --direction in --format aws-sg --name sg-0a1b2c3d groups.json
  nft list ruleset | twilio-sip-allow check --edition current --format nftables --print-repair | nft -f -";

const EXPLAIN_EXAMPLES: &str = "  twilio-sip-allow explain 54.65.63.193 168.86.128.0/18
  twilio-sip-allow explain --region tokyo 54.65.63.193:5060/udp
  awk '{print $3}' refused.log | sort -u | twilio-sip-allow explain --json";

const SCAN_EXAMPLES: &str = "  twilio-sip-allow scan .
  twilio-sip-allow scan --fail-on superseded,unpublished --report github terraform/
  ssh pbx cat /etc/asterisk/pjsip.conf | twilio-sip-allow scan --plane signaling -";

const EXIT_STATUS: &str =
    "  0  done; of check: in sync; of dataset diff: the same; of scan: nothing to tell
  1  of check: drift; of dataset diff: a difference; of scan: what --fail-on names
  2  wrong use, bad input, or anything that failed: nothing is printed on stdout
     and no file is touched";

const ENVIRONMENT: &str =
    "  Every option can come from a variable: TWILIO_SIP_ALLOW_REGION for --region,
  TWILIO_SIP_ALLOW_LOCAL_SIP_PORT for --local-sip-port, and so on; an option on the
  command line goes before its variable. NO_COLOR turns colour off.";

/// Firewall rules that let Twilio's SIP calls through, exactly
///
/// Say which of Twilio's regions you use and which firewall you have, and get the rules that let
/// Twilio's SIP signaling and RTP media through, and nothing else. The rules come from lists of
/// networks that Twilio published (editions), which are part of the program.
#[derive(Parser)]
#[command(
    version,
    disable_help_subcommand = true,
    after_help = format!("Examples:\n{EXAMPLES}\n\nExit status:\n{EXIT_STATUS}"),
    after_long_help = format!(
        "Examples:\n{EXAMPLES}\n\nExit status:\n{EXIT_STATUS}\n\nEnvironment:\n{ENVIRONMENT}"
    ),
)]
pub struct Cli {
    #[command(flatten)]
    everywhere: Everywhere,
    /// The main job, which has no verb.
    #[command(flatten)]
    pub render: RenderArgs,
    /// Another job.
    #[command(subcommand)]
    pub command: Option<Verb>,
    /// The variables that options for rendering come from.
    #[arg(skip)]
    from_environment: Vec<String>,
}

/// The other jobs.
#[derive(Subcommand)]
pub enum Verb {
    /// Compare a deployed firewall with what is expected
    ///
    /// Reads what the firewall prints, or a file of rules, and says exactly which packets are
    /// missing and which are let through besides. Order, splitting, names and comments make no
    /// difference where they mean the same. What is not understood is refused.
    #[command(after_long_help = format!("Examples:\n{CHECK_EXAMPLES}\n\nExit status:\n{EXIT_STATUS}"))]
    Check(Box<CheckArgs>),
    /// Print a list of networks; compare a published page with it, or import the page
    #[command(subcommand)]
    Dataset(DatasetVerb),
    /// Say what addresses are to Twilio, and whether they are allowed
    ///
    /// For each: region, plane and ports, in which editions, since or until when, and by which rules
    /// of the selection it is allowed. Here the edition in force is the default, not the superseded
    /// one.
    #[command(
        mut_arg("edition", |arg| arg.help("Published lists, united [default: current]").long_help(None)),
        after_help = format!("Examples:\n{EXPLAIN_EXAMPLES}"),
    )]
    Explain(Box<ExplainArgs>),
    /// Find Twilio's addresses in any text, and judge them
    ///
    /// Looks for addresses, networks and ranges in files of any kind, and says which of them are
    /// current, superseded, wider or narrower than published, or most likely mistyped, and what is
    /// missing. Here the edition in force is the default, not the superseded one.
    #[command(
        mut_arg("edition", |arg| arg.help("What a file must hold: lists, united [default: current]").long_help(None)),
        mut_arg("dataset", |arg| arg.help("Your own list instead; it counts as in force")),
        mut_arg("region", |arg| arg.help("The regions that a file must hold [default: all]").long_help(None)),
        mut_arg("plane", |arg| arg.help("The plane that a file must hold")),
        after_help = format!("Examples:\n{SCAN_EXAMPLES}"),
    )]
    Scan(ScanArgs),
    /// Print the regions, formats or editions that there are
    List(ListArgs),
    /// Print a script that completes this program's options in a shell
    Completions(CompletionsArgs),
    /// Print the manual page, in roff
    Man,
}

#[derive(Args)]
struct Everywhere {
    /// Print no notices
    #[arg(
        short, long, global = true, env = "TWILIO_SIP_ALLOW_QUIET", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    quiet: bool,
    /// Colour the words for people
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        env = "TWILIO_SIP_ALLOW_COLOR",
        hide_env = true
    )]
    color: ColorArg,
    /// Take an input that costs more: "rules=1000000"
    ///
    /// An input above a limit is refused by the limit's name. They are: "input" (32M), the bytes of
    /// a listing, of a text to scan or of addresses to explain; "list" (2M), the bytes of a dataset,
    /// a page or a template; "rules" (200000), those of a unit with what jumps multiply; "boxes"
    /// (200000), the combinations of addresses and ports in a rule, or in what differs; "addresses"
    /// (200000), those to scan or explain; "depth" (64), of jumps; "work" (50000000), the steps of a
    /// comparison; and "output" (64M), the bytes of a report or of a template's text. K, M and G may
    /// follow a number: 1K is 1024. Several stand with commas between, or the option is repeated;
    /// what is given here replaces all of the variable's.
    #[arg(
        long,
        global = true,
        value_name = "NAME=NUMBER",
        value_delimiter = ',',
        env = "TWILIO_SIP_ALLOW_LIMIT",
        hide_env = true,
        hide_short_help = true
    )]
    limit: Vec<Bound>,
}

/// What rendering needs.
#[derive(Args)]
pub struct RenderArgs {
    /// What is to be allowed.
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// The firewall's language
    #[arg(
        short, long, value_name = "FORMAT", value_parser = FormatParser::ALL,
        env = "TWILIO_SIP_ALLOW_FORMAT", hide_env = true
    )]
    format: Option<&'static dyn Format>,
    /// Your own template instead of a format
    ///
    /// A Jinja template with the context that templates/README.md describes; "-" is stdin.
    #[arg(
        long, value_name = "FILE", env = "TWILIO_SIP_ALLOW_TEMPLATE", hide_env = true, value_hint = ValueHint::FilePath
    )]
    template: Option<PathBuf>,
    /// The file to write, replaced in one step; "-" is stdout
    #[arg(
        short, long, value_name = "FILE", default_value = "-", env = "TWILIO_SIP_ALLOW_OUTPUT",
        hide_env = true, value_hint = ValueHint::FilePath
    )]
    output: PathBuf,
    /// The name of what the output makes in the firewall
    ///
    /// Each format spells it its own way: `twilio_sip_in`, `TWILIO-SIP-IN`. A load replaces what has
    /// the same name; give a second set of rules a name of its own.
    #[arg(
        long,
        value_name = "NAME",
        default_value_t,
        env = "TWILIO_SIP_ALLOW_NAME",
        hide_env = true
    )]
    name: UnitName,
    /// nftables: the family and name of your table [default: inet filter]
    #[arg(
        long,
        value_name = "TABLE",
        env = "TWILIO_SIP_ALLOW_TABLE",
        hide_env = true
    )]
    table: Option<String>,
}

/// What `check` needs.
#[derive(Args)]
pub struct CheckArgs {
    /// What is expected.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The firewall's language
    #[arg(
        short, long, value_name = "FORMAT", value_parser = FormatParser::READABLE,
        env = "TWILIO_SIP_ALLOW_FORMAT", hide_env = true, help_heading = "Check"
    )]
    format: Option<&'static dyn Format>,
    /// The name of what is to be judged
    ///
    /// The name that it was rendered with. With one direction also a name of your own, as the
    /// firewall has it: a chain, an access list or its number, a security group or its id.
    #[arg(
        long, value_name = "NAME", default_value_t, value_parser = UnitName::deployed,
        env = "TWILIO_SIP_ALLOW_NAME", hide_env = true, help_heading = "Check"
    )]
    name: UnitName,
    /// nftables: the family and name of your table [default: inet filter]
    #[arg(
        long,
        value_name = "TABLE",
        env = "TWILIO_SIP_ALLOW_TABLE",
        hide_env = true,
        help_heading = "Check"
    )]
    table: Option<String>,
    /// For people, for programs, or for annotations in GitHub Actions
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "SHAPE",
        env = "TWILIO_SIP_ALLOW_REPORT",
        hide_env = true,
        help_heading = "Check"
    )]
    report: ReportArg,
    /// With drift, print what to load to mend it; the report goes to stderr
    ///
    /// The whole unit, as without "check"; with aws-sg and aws-prefix-list, the calls of exactly the
    /// difference. Nothing is printed where there is no drift.
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_PRINT_REPAIR", hide_env = true, help_heading = "Check",
        value_parser = BoolishValueParser::new()
    )]
    pub print_repair: bool,
    /// What the firewall prints; "-" is stdin [default: -]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Check")]
    files: Vec<PathBuf>,
}

/// What `list` needs.
#[derive(Args)]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum, ignore_case = true)]
    pub what: ListWhat,
    /// With every name, domain, source and technical fact
    #[arg(
        short, long, env = "TWILIO_SIP_ALLOW_LONG", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub long: bool,
    /// As JSON, with everything that --long has
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
}

/// What there is to list.
#[derive(Clone, Copy, ValueEnum)]
pub enum ListWhat {
    /// Twilio's regions
    Regions,
    /// Firewalls' languages
    Formats,
    /// Published lists
    Editions,
}

/// What `completions` needs.
#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, ignore_case = true)]
    pub shell: clap_complete::Shell,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ReportArg {
    #[default]
    Text,
    Json,
    Github,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ColorArg {
    #[default]
    Auto,
    Always,
    Never,
}

/// What lays the output out.
pub enum Layout {
    /// One of [`FORMATS`].
    Format(&'static dyn Format),
    /// A user's own template.
    Template(PathBuf),
}

/// The definitions, for completions and the manual page.
pub fn command() -> Command {
    Cli::command()
}

/// The definitions of the main job alone.
fn main_job() -> Command {
    RenderArgs::augment_args(Everywhere::augment_args(Command::new(env!(
        "CARGO_PKG_NAME"
    ))))
}

/// What the help says at its end, by title, for the manual page.
pub fn help_sections() -> [(&'static str, &'static str); 3] {
    [
        ("Exit status", EXIT_STATUS),
        ("Environment", ENVIRONMENT),
        ("Examples", EXAMPLES),
    ]
}

impl Cli {
    /// What to say when it fails, of options that the user may have forgotten; empty if there are
    /// none.
    pub fn environment_note(&self) -> String {
        parse::environment_note(&self.from_environment)
    }

    /// What an input may cost.
    pub fn limits(&self) -> Limits {
        Limits::default().with(&self.everywhere.limit)
    }

    /// How messages reach the user.
    pub fn console(&self) -> Console {
        Console {
            quiet: self.everywhere.quiet,
            color: match self.everywhere.color {
                ColorArg::Auto => Color::Auto,
                ColorArg::Always => Color::Always,
                ColorArg::Never => Color::Never,
            },
        }
    }
}

impl RenderArgs {
    /// What lays the output out.
    pub fn layout(&self) -> anyhow::Result<Layout> {
        match (self.output.format, &self.output.template) {
            (Some(format), _) => Ok(Layout::Format(format)),
            (None, Some(file)) if is_stdin(file) && self.selection.published.reads_stdin() => {
                anyhow::bail!(
                    "--dataset and --template cannot both be read from stdin; give one of them as a file"
                )
            }
            (None, Some(file)) => Ok(Layout::Template(file.clone())),
            (None, None) => anyhow::bail!("{ASK_FOR_FORMAT}, or give a --template"),
        }
    }

    /// Where the output goes in the firewall.
    pub fn unit(&self) -> Unit {
        Unit {
            name: self.output.name.clone(),
            table: self.output.table.clone(),
        }
    }

    /// Where the output goes on this machine.
    pub fn destination(&self) -> Destination {
        if self.output.output.as_os_str() == OsStr::new("-") {
            Destination::Stdout
        } else {
            Destination::File(self.output.output.clone())
        }
    }
}

impl CheckArgs {
    /// The firewall's language.
    pub fn format(&self) -> anyhow::Result<&'static dyn Format> {
        self.format.ok_or_else(|| anyhow::anyhow!(ASK_FOR_FORMAT))
    }

    /// What is to be judged in the firewall.
    pub fn unit(&self) -> Unit {
        Unit {
            name: self.name.clone(),
            table: self.table.clone(),
        }
    }

    /// The shape of the report.
    pub fn report(&self, console: Console) -> Box<dyn Report> {
        match self.report {
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

    /// The files to judge; at least one.
    pub fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
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

const ASK_FOR_FORMAT: &str = "say which firewall it is for with --format, as in --format nftables ('list formats' prints all)";

/// Takes a format's name or alias; help and completions show the table of formats.
#[derive(Clone)]
struct FormatParser {
    find: fn(&str) -> Result<&'static dyn Format, FormatError>,
    known: fn() -> Vec<&'static dyn Format>,
}

impl FormatParser {
    const ALL: FormatParser = FormatParser {
        find: registry::find,
        known: || FORMATS.to_vec(),
    };
    const READABLE: FormatParser = FormatParser {
        find: registry::find_readable,
        known: || registry::readable().collect(),
    };
}

impl TypedValueParser for FormatParser {
    type Value = &'static dyn Format;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let find = self.find;
        StringValueParser::new()
            .try_map(move |name| find(&name))
            .parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let row = |format: &dyn Format| {
            let info = format.info();
            PossibleValue::new(info.name).help(info.summary)
        };
        Some(Box::new((self.known)().into_iter().map(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_option_can_come_from_the_environment() {
        fn all<'a>(command: &'a Command, found: &mut Vec<&'a Command>) {
            found.push(command);
            command.get_subcommands().for_each(|verb| all(verb, found));
        }
        let root = command();
        let mut commands = Vec::new();
        all(&root, &mut commands);
        for command in commands {
            for arg in command
                .get_arguments()
                .filter(|arg| arg.get_long().is_some())
            {
                let long = arg.get_long().unwrap();
                if matches!(long, "help" | "version") {
                    continue;
                }
                let variable =
                    format!("TWILIO_SIP_ALLOW_{}", long.replace('-', "_").to_uppercase());
                let found = arg.get_env().and_then(OsStr::to_str);
                assert_eq!(found, Some(variable.as_str()), "--{long}");
            }
        }
    }
}
