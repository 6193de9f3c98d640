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
use super::format_parser::with_format_families;
use super::list::ListArgs;
use super::render::RenderArgs;
use super::scan::ScanArgs;
use super::selection::DATASET_DETAILS;
use super::variables;
use super::verify::VerifyArgs;
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

const VERIFY_EXAMPLES: &str = "  twilio-sip-allow verify --print-collector linux > collect.sh
  ssh root@pbx sh < collect.sh | twilio-sip-allow verify -
  nft list ruleset | twilio-sip-allow verify --interface eth0 --peer 198.51.100.0/24
  twilio-sip-allow verify --at router --pbx 10.0.0.5 --trace router.txt";

const EXPLAIN_EXAMPLES: &str = "  twilio-sip-allow explain 54.65.63.193 168.86.128.0/18
  twilio-sip-allow explain --region tokyo 54.65.63.193:5060/udp
  awk '{print $3}' refused.log | sort -u | twilio-sip-allow explain --json";

const SCAN_EXAMPLES: &str = "  twilio-sip-allow scan .
  twilio-sip-allow scan --fix /etc/asterisk/pjsip.conf
  twilio-sip-allow scan --fail-on superseded,unpublished --report github terraform/
  ssh pbx cat /etc/asterisk/pjsip.conf | twilio-sip-allow scan --plane signaling -";

const EXIT_STATUS: &str = "  0  success, with no result that causes status 1
  1  \"check\" or \"dataset diff\" found a difference, \"verify\" found a problem, \"scan\" has
     a finding that matches --fail-on, or \"explain --all-allowed\" found an address that is
     not allowed
  2  wrong usage, invalid input or a failure: stdout is empty, and no file is changed";

const ENVIRONMENT: &str =
    "  Every option except --help, --version and those of \"scan\" that change files can
  also be set by an environment variable: TWILIO_SIP_ALLOW_REGION sets --region,
  TWILIO_SIP_ALLOW_LOCAL_SIP_PORT sets --local-sip-port, and so on.
  The command line overrides these variables, and the variables override the
  configuration file. NO_COLOR turns color off.";

/// Generate and check exact firewall rules for Twilio's SIP calls
///
/// Choose the Twilio regions that you use and the firewall that you have. The program prints rules
/// that allow Twilio's SIP signaling and RTP media, and nothing else. The networks come from lists that
/// Twilio published. These lists are called editions and are built into the program. The comments at
/// the start of the rules show the commands that load the rules, send packets to them (hook), keep them
/// across reboots (boot), and remove them.
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
    /// The options of `render`, for a call without a verb.
    #[command(flatten)]
    pub render: RenderArgs,
    #[command(flatten)]
    global: GlobalArgs,
    /// `None` means `render`.
    #[command(subcommand)]
    pub command: Option<Verb>,
    /// The environment variables that set options.
    #[arg(skip)]
    pub(super) from_environment: Vec<String>,
    /// The checks from the configuration file, if `check` has to run them.
    #[arg(skip)]
    pub checks: Vec<ConfiguredCheck>,
    /// See [`Cli::configuration_note`].
    #[arg(skip)]
    pub(super) configuration_note: String,
}

/// A check from the configuration file.
pub struct ConfiguredCheck {
    pub name: String,
    /// The options from the file, combined with those on the command line.
    pub options: Box<CheckArgs>,
}

#[derive(Subcommand)]
pub enum Verb {
    /// Print the rules (the default command)
    #[command(after_help = sections("the rules were printed or written", "", EXAMPLES))]
    Render(Box<RenderArgs>),
    /// Compare a deployed firewall with the expected rules
    ///
    /// Reads the rules that a firewall lists, or a file of rules. Reports exactly which expected packets
    /// are not allowed (missing), and which other packets are allowed (extra). The order and form of the
    /// rules do not matter, only the packets that they allow. Input that cannot be interpreted is an error.
    ///
    /// The check covers only the chains, lists or groups that this program manages. If the input shows
    /// the base chains or interfaces of the firewall, the check also reports chains or lists that no
    /// packet gets to. Use the same options as for printing the rules, above all --region.
    #[command(after_help = sections(
        "the rules are in sync",
        "the rules have drifted",
        CHECK_EXAMPLES,
    ))]
    Check(Box<CheckArgs>),
    /// Verify that calls get through the whole firewall, and find others who reach SIP
    ///
    /// Reads all rules of a Linux machine: nftables, iptables and ipset. Follows the packets of calls through
    /// all hooks, and reports whether they pass, are blocked, or depend on conditions that the input does not
    /// show. Each problem has an example packet and the line that decides. Others are all public addresses
    /// that are neither Twilio's nor named by --peer.
    ///
    /// The default edition is the one in force.
    #[command(
        mut_arg("edition", |arg| arg.help("The published lists to use [default: current]").long_help(None)),
        after_help = sections(
            "all calls get through, and no one else reaches SIP",
            "calls do not get through or depend on unknown conditions, or others reach SIP",
            VERIFY_EXAMPLES,
        )
    )]
    Verify(Box<VerifyArgs>),
    /// Print a list of networks, compare it with a published page, or import a page
    #[command(
        subcommand,
        after_help = sections(
            "success, and \"diff\" found no difference",
            "\"diff\" found a difference",
            "",
        )
    )]
    Dataset(DatasetVerb),
    /// Explain what an address is used for, and whether it is allowed
    ///
    /// For each address, prints whether the selected rules allow it, in which directions and for which
    /// traffic. A table lists the published networks that overlap the address, with edition, status,
    /// plane (signaling or media), region, network and ports. The default edition is the one in force.
    #[command(
        mut_arg("edition", |arg| arg.help("The published lists to use [default: current]").long_help(None)),
        after_help = sections(
            "success, and with --all-allowed, every address is allowed",
            "with --all-allowed, an address is not allowed or only partly allowed",
            EXPLAIN_EXAMPLES,
        ),
    )]
    Explain(Box<ExplainArgs>),
    /// Find Twilio addresses in files and check them
    ///
    /// Searches text files of any format for addresses, networks and ranges. Reports whether each is current,
    /// superseded, wider or narrower than published, or unpublished (probably mistyped). Also reports the
    /// networks that are missing. The default edition is the one in force.
    #[command(
        mut_arg("edition", |arg| arg.help("Report missing networks of these lists [default: current]").long_help(None)),
        mut_arg("dataset", |arg| arg
            .help("Use your own list instead of an edition; it counts as in force")
            .long_help(format!("Use your own list instead of an edition; it counts as in force\n\n{DATASET_DETAILS}"))),
        mut_arg("region", |arg| arg.help("Report missing networks of these regions [default: all]").long_help(None)),
        mut_arg("plane", |arg| arg.help("Report missing networks of signaling, media, or both")),
        after_help = sections(
            "no finding matches --fail-on",
            "a finding matches --fail-on",
            SCAN_EXAMPLES,
        ),
    )]
    Scan(ScanArgs),
    /// List the available regions, formats or editions
    #[command(after_help = sections("the list was printed", "", ""))]
    List(ListArgs),
    /// Print a shell completion script
    #[command(after_help = sections("the script was printed", "", ""))]
    Completions(CompletionsArgs),
    /// Print the manual page, in roff format
    #[command(after_help = sections("the page was printed", "", ""))]
    Man,
}

/// The help heading for options that every command accepts.
const GLOBAL: &str = "Global options";

#[derive(Args)]
#[command(next_help_heading = GLOBAL)]
pub(super) struct GlobalArgs {
    /// Print warnings and errors only, no notes
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
    /// Change a limit on input or output, such as "rules=1000000"
    ///
    /// An error message about a limit names the limit. The limits and their defaults are:
    ///   input=32M         bytes of a firewall listing, a text to scan, or addresses to explain
    ///   list=2M           bytes of a dataset, a bundle, a page or a template
    ///   rules=200000      rules of a chain, list or group, after jumps are expanded
    ///   boxes=200000      combinations of addresses and ports in a rule or in a difference
    ///   addresses=200000  addresses to scan or explain
    ///   depth=64          levels of nested jumps
    ///   work=50000000     steps of a comparison
    ///   output=64M        bytes of a report or of the text that a template produces
    ///
    /// A number can have the suffix K (1024), M or G. To change several limits, separate them with
    /// commas or repeat the option. Limits on the command line replace all limits from the environment
    /// variable.
    #[arg(
        long,
        global = true,
        verbatim_doc_comment,
        value_name = "NAME=NUMBER",
        value_delimiter = ',',
        env = "TWILIO_SIP_ALLOW_LIMIT",
        hide_env = true
    )]
    limit: Vec<Bound>,
    /// Read this configuration file [default: twilio-sip-allow.yaml in the current folder or a parent folder]
    ///
    /// The file contains the default selection of a project, and the checks that "check" runs if it
    /// gets neither a file nor a format. The command line and environment variables override the file.
    ///
    /// Example:
    ///   selection: {edition: current, region: [tokyo, singapore], local-sip-port: 5080}
    ///   checks:
    ///     - {name: pbx, format: nftables, files: pbx.nft}
    ///     - {name: border, format: cisco, unit: FROM-TWILIO, files: border.cfg, selection: {direction: in}}
    ///
    /// In a check, "files" names saved listings, such as the output of "nft list ruleset". "name" appears in
    /// the report, and "unit" is the value of --name. The keys of "selection" are the long names of
    /// options. File names are relative to the folder of the file.
    #[arg(
        long,
        global = true,
        verbatim_doc_comment,
        value_name = "FILE",
        env = "TWILIO_SIP_ALLOW_CONFIG",
        hide_env = true,
        value_hint = ValueHint::FilePath
    )]
    config: Option<PathBuf>,
    /// Do not read a configuration file
    #[arg(
        long, global = true, env = "TWILIO_SIP_ALLOW_NO_CONFIG", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    no_config: bool,
    /// Use this bundle instead of the data in the program
    ///
    /// A bundle contains every edition, region and service, so that you can use newer lists without a new
    /// program. Its signature is in FILE.minisig, and is verified with the public keys in the program or of
    /// --data-key. "dataset verify" shows what a bundle contains. Bundles are described in docs/bundles.md.
    #[arg(
        long, global = true, value_name = "FILE", env = "TWILIO_SIP_ALLOW_DATA", hide_env = true,
        value_hint = ValueHint::FilePath
    )]
    data: Option<PathBuf>,
    /// Accept bundles that this public key of minisign signed, instead of the keys in the program
    ///
    /// Repeat the option to accept several keys.
    #[arg(
        long, global = true, value_name = "FILE", env = "TWILIO_SIP_ALLOW_DATA_KEY", hide_env = true,
        value_hint = ValueHint::FilePath
    )]
    data_key: Vec<PathBuf>,
    /// Accept a bundle that is older than the data in the program
    #[arg(
        long, global = true, env = "TWILIO_SIP_ALLOW_DATA_ALLOW_OLDER", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    data_allow_older: bool,
    /// Note when the data is older than this number of days; 0 turns the note off
    #[arg(
        long,
        global = true,
        value_name = "DAYS",
        default_value_t = 180,
        env = "TWILIO_SIP_ALLOW_DATA_MAX_AGE",
        hide_env = true
    )]
    data_max_age: u32,
    /// Print help: a summary with -h, all details with --help
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

/// The options about the data in use.
pub struct DataOptions {
    /// The bundle to use instead of the embedded data.
    pub bundle: Option<PathBuf>,
    /// The public keys that may sign a bundle; the embedded ones if there are none.
    pub keys: Vec<PathBuf>,
    /// True if a bundle may be older than the embedded data.
    pub allows_older: bool,
    /// The number of days after which a note says that the data is old. 0 means never.
    pub max_age: u32,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ColorArg {
    #[default]
    Auto,
    Always,
    Never,
}

/// The definition of the program with all its verbs.
pub fn command() -> Command {
    // This is not a field of `Cli`, so that the fast path for `render` can use `Cli` without it.
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .help_heading(GLOBAL)
        .help("Print the version and the edition in force");
    with_format_families(Cli::command().arg(version))
}

/// The definition of `render` alone, under the program's name.
pub(super) fn render_command() -> Command {
    let command = Command::new(env!("CARGO_PKG_NAME")).disable_help_flag(true);
    RenderArgs::augment_args(GlobalArgs::augment_args(command))
}

/// The titles and texts of the last sections of the help, for the manual page.
pub fn help_sections() -> [(&'static str, &'static str); 3] {
    [
        ("Exit status", EXIT_STATUS),
        ("Environment", ENVIRONMENT),
        ("Examples", EXAMPLES),
    ]
}

impl Cli {
    /// A note for error messages, with the environment variables that set options. The user may have
    /// forgotten them. Empty if there are none.
    pub fn environment_note(&self) -> String {
        variables::environment_note(&self.from_environment)
    }

    /// A note about the settings from the configuration file. Empty if none apply.
    pub fn configuration_note(&self) -> &str {
        &self.configuration_note
    }

    pub fn data(&self) -> DataOptions {
        DataOptions {
            bundle: self.global.data.clone(),
            keys: self.global.data_key.clone(),
            allows_older: self.global.data_allow_older,
            max_age: self.global.data_max_age,
        }
    }

    pub fn limits(&self) -> Limits {
        Limits::default().with(&self.global.limit)
    }

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
    fn the_definitions_pass_the_checks_of_clap() {
        command().debug_assert();
    }

    #[test]
    fn every_option_has_an_environment_variable() {
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
                // An environment variable must not cause files to be changed.
                if matches!(long, "help" | "version" | "fix" | "diff") {
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
