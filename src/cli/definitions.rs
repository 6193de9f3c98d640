//! The definitions of the whole command line.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{
    Arg, ArgAction, Args, Command, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint,
};

use super::after_help::sections;
use super::check::CheckArgs;
use super::completions::CompletionsArgs;
use super::dataset::DatasetVerb;
use super::explain::ExplainArgs;
use super::list::ListArgs;
use super::render::RenderArgs;
use super::scan::ScanArgs;
use super::variables;
use crate::limits::{Bound, Limits};
use crate::output::{Color, Console};

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

const EXIT_STATUS: &str = "  0  success; check and dataset diff: no difference; scan: no finding
  1  check and dataset diff: a difference; scan: a finding that --fail-on names;
     explain --all-allowed: an address that is not allowed
  2  wrong use, bad input or a failure: nothing is printed on stdout, and no file
     is touched";

const ENVIRONMENT: &str =
    "  Every option can be set by a variable: TWILIO_SIP_ALLOW_REGION for --region,
  TWILIO_SIP_ALLOW_LOCAL_SIP_PORT for --local-sip-port, and so on. An option on the
  command line overrides its variable, and the variable overrides the configuration
  file. NO_COLOR turns color off.";

/// Firewall rules that let Twilio's SIP calls through, exactly
///
/// Say which of Twilio's regions you use and which firewall you have, and get the rules that let
/// Twilio's SIP signaling and RTP media through, and nothing else. The rules come from lists of
/// networks that Twilio published (editions), which are part of the program.
#[derive(Parser)]
#[command(
    version,
    disable_version_flag = true,
    disable_help_flag = true,
    disable_help_subcommand = true,
    after_help = format!(
        "Exit status:\n{EXIT_STATUS}\n\nEnvironment:\n{ENVIRONMENT}\n\nExamples:\n{EXAMPLES}"
    ),
)]
pub struct Cli {
    /// The options of rendering, for a call without a verb.
    #[command(flatten)]
    pub render: RenderArgs,
    #[command(flatten)]
    global: GlobalArgs,
    /// The command; without one, the rules are printed.
    #[command(subcommand)]
    pub command: Option<Verb>,
    /// The environment variables that options were read from.
    #[arg(skip)]
    pub(super) from_environment: Vec<String>,
    /// The checks of the configuration file, if they are to be run.
    #[arg(skip)]
    pub checks: Vec<ConfiguredCheck>,
    /// A note about the use of the configuration file; empty if it is not used.
    #[arg(skip)]
    pub(super) configuration_note: String,
}

/// A check of the configuration file.
pub struct ConfiguredCheck {
    /// Its name in the file.
    pub name: String,
    /// Its options, together with those of the command line.
    pub options: Box<CheckArgs>,
}

/// The commands.
#[derive(Subcommand)]
pub enum Verb {
    /// Print the rules (the default without a command)
    #[command(after_help = sections("the rules are printed or written", "", EXAMPLES))]
    Render(Box<RenderArgs>),
    /// Compare a deployed firewall with the rules that it must have
    ///
    /// Reads what the firewall prints, or a file of rules, and reports exactly which packets are
    /// missing and which are let through besides. Order, splitting, names and comments make no
    /// difference where they mean the same. Anything that cannot be interpreted is an error.
    #[command(after_help = sections("in sync", "drift", CHECK_EXAMPLES))]
    Check(Box<CheckArgs>),
    /// Print a list of networks, compare a published page with it, or import the page
    #[command(
        subcommand,
        after_help = sections("success; diff: no difference", "diff: a difference", "")
    )]
    Dataset(DatasetVerb),
    /// Explain what addresses are used for, and whether they are allowed
    ///
    /// For each address, prints whether the selection allows it, in which directions and as what, then a
    /// table of the published networks that it belongs to: edition, status, plane, region, network and
    /// ports. The default edition is the one in force, not the superseded one.
    #[command(
        mut_arg("edition", |arg| arg.help("Published lists, united [default: current]").long_help(None)),
        after_help = sections(
            "the addresses are explained; with --all-allowed: all are allowed",
            "with --all-allowed: an address is not allowed, or not whole",
            EXPLAIN_EXAMPLES,
        ),
    )]
    Explain(Box<ExplainArgs>),
    /// Find Twilio's addresses in files, and check them
    ///
    /// Looks for addresses, networks and ranges in files of any kind, and reports which of them are
    /// current, superseded, wider or narrower than published, or most likely mistyped, and which are
    /// missing. The default is the edition in force, not the superseded one.
    #[command(
        mut_arg("edition", |arg| arg.help("The lists that a file must contain, united [default: current]").long_help(None)),
        mut_arg("dataset", |arg| arg.help("Your own list instead; it counts as in force")),
        mut_arg("region", |arg| arg.help("The regions that a file must contain [default: all]").long_help(None)),
        mut_arg("plane", |arg| arg.help("The plane that a file must contain")),
        after_help = sections(
            "no finding that --fail-on names",
            "a finding that --fail-on names",
            SCAN_EXAMPLES,
        ),
    )]
    Scan(ScanArgs),
    /// Print the available regions, formats or editions
    #[command(after_help = sections("the list is printed", "", ""))]
    List(ListArgs),
    /// Print a script that completes this program's options in a shell
    #[command(after_help = sections("the script is printed", "", ""))]
    Completions(CompletionsArgs),
    /// Print the manual page, in roff
    #[command(after_help = sections("the page is printed", "", ""))]
    Man,
}

/// The heading of the options that every command has.
const GLOBAL: &str = "Global options";

#[derive(Args)]
#[command(next_help_heading = GLOBAL)]
pub(super) struct GlobalArgs {
    /// Print no notes, only warnings and errors
    #[arg(
        short, long, global = true, env = "TWILIO_SIP_ALLOW_QUIET", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    quiet: bool,
    /// When to use color
    #[arg(
        long,
        global = true,
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "WHEN",
        env = "TWILIO_SIP_ALLOW_COLOR",
        hide_env = true
    )]
    color: ColorArg,
    /// Change a limit on the cost of an input: "rules=1000000"
    ///
    /// An error about a limit names it. The limits, with their defaults, are "input" (32M), the bytes
    /// of a listing, of a text to scan or of addresses to explain; "list" (2M), the bytes of a dataset,
    /// a page or a template; "rules" (200000), the rules of a chain, list or group after jumps are
    /// expanded; "boxes" (200000), the combinations of addresses and ports in a rule, or in a
    /// difference; "addresses" (200000), the addresses to scan or explain; "depth" (64), nested jumps;
    /// "work" (50000000), the steps of a comparison; and "output" (64M), the bytes of a report or of a
    /// template's text. K, M and G can follow a number: 1K is 1024. Separate several with commas, or
    /// repeat the option. The command line replaces all limits of the variable.
    #[arg(
        long,
        global = true,
        value_name = "NAME=NUMBER",
        value_delimiter = ',',
        env = "TWILIO_SIP_ALLOW_LIMIT",
        hide_env = true
    )]
    limit: Vec<Bound>,
    /// Read this configuration file [default: twilio-sip-allow.yaml, found upward from here]
    ///
    /// It has the default selection of a project, and the checks that "check" runs when it is given
    /// neither a file nor a format. Options and their variables have precedence over it. See
    /// docs/configuration.md.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TWILIO_SIP_ALLOW_CONFIG",
        hide_env = true,
        value_hint = ValueHint::FilePath
    )]
    config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(
        long, global = true, env = "TWILIO_SIP_ALLOW_NO_CONFIG", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    no_config: bool,
    /// Print help: -h in short, --help with all details
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ColorArg {
    #[default]
    Auto,
    Always,
    Never,
}

/// The definitions of all commands.
pub fn command() -> Command {
    // No field of `Cli`, because the fast path of rendering does not define it.
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .help_heading(GLOBAL)
        .help("Print the version, and the edition in force");
    Cli::command().arg(version)
}

/// The definitions of the render command alone.
pub(super) fn render_command() -> Command {
    let command = Command::new(env!("CARGO_PKG_NAME")).disable_help_flag(true);
    RenderArgs::augment_args(GlobalArgs::augment_args(command))
}

/// The titles and texts of the sections that end the help, for the manual page.
pub fn help_sections() -> [(&'static str, &'static str); 3] {
    [
        ("Exit status", EXIT_STATUS),
        ("Environment", ENVIRONMENT),
        ("Examples", EXAMPLES),
    ]
}

impl Cli {
    /// A note for errors about options that were read from the environment, since the user may have
    /// forgotten them. Empty if there are none.
    pub fn environment_note(&self) -> String {
        variables::environment_note(&self.from_environment)
    }

    /// A note about the use of the configuration file; empty if it is not used.
    pub fn configuration_note(&self) -> &str {
        &self.configuration_note
    }

    /// The limits on input and output.
    pub fn limits(&self) -> Limits {
        Limits::default().with(&self.global.limit)
    }

    /// Writes the messages to the user.
    pub fn console(&self) -> Console {
        Console {
            quiet: self.global.quiet,
            color: match self.global.color {
                ColorArg::Auto => Color::Auto,
                ColorArg::Always => Color::Always,
                ColorArg::Never => Color::Never,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn clap_accepts_the_definitions() {
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
