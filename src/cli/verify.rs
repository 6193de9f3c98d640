use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum, ValueHint};
use ipnet::Ipv4Net;

use super::known_values::{KnownValue, refuse_values};
use super::selection::{SelectionArgs, parse_local_address};
use crate::input::is_stdin;

/// The options of `verify`.
#[derive(Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// The position of the firewall: on the PBX itself (host), or in front of it (router)
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "POSITION",
        env = "TWILIO_SIP_ALLOW_AT",
        hide_env = true,
        help_heading = "Verify"
    )]
    pub at: PositionArg,
    /// The network interface that leads to Twilio [default: that of the default route, or any but lo]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = parse_interface,
        env = "TWILIO_SIP_ALLOW_INTERFACE",
        hide_env = true,
        help_heading = "Verify"
    )]
    pub interface: Option<String>,
    /// The addresses of the PBX [default: --local-address, or those of the machine, or any]
    ///
    /// Behind a router, these are the addresses to which the router forwards the packets, after any
    /// change of the destination (DNAT).
    #[arg(
        long, value_name = "CIDR", value_delimiter = ',', value_parser = parse_local_address,
        env = "TWILIO_SIP_ALLOW_PBX", hide_env = true, help_heading = "Verify"
    )]
    pub pbx: Vec<Ipv4Net>,
    /// Others that may reach SIP, such as another carrier, remote phones or your office
    #[arg(
        long, value_name = "CIDR", value_delimiter = ',', value_parser = parse_local_address,
        env = "TWILIO_SIP_ALLOW_PEER", hide_env = true, help_heading = "Verify"
    )]
    pub peer: Vec<Ipv4Net>,
    /// The problems that do not cause exit status 1
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        value_name = "PROBLEM",
        value_delimiter = ',',
        env = "TWILIO_SIP_ALLOW_IGNORE",
        hide_env = true,
        help_heading = "Verify"
    )]
    ignore: Vec<Ignored>,
    /// Show the whole path of each example packet
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_TRACE", hide_env = true, help_heading = "Verify",
        value_parser = BoolishValueParser::new()
    )]
    pub trace: bool,
    /// The report format
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        default_value_t,
        value_name = "REPORT",
        env = "TWILIO_SIP_ALLOW_REPORT",
        hide_env = true,
        help_heading = "Verify"
    )]
    report: VerifyReport,
    /// Same as --report json
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true, help_heading = "Verify",
        value_parser = BoolishValueParser::new()
    )]
    json: bool,
    /// Print a shell script that collects the firewall of a machine
    ///
    /// Run it as root on the machine. The script only reads. It prints all listings that "verify" needs.
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        value_name = "SYSTEM",
        env = "TWILIO_SIP_ALLOW_PRINT_COLLECTOR",
        hide_env = true,
        help_heading = "Verify"
    )]
    pub print_collector: Option<System>,
    /// The collected firewall of one machine, or one listing of it; "-" is stdin [default: -]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Verify")]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PositionArg {
    /// On the machine of the PBX
    #[default]
    Host,
    /// In front of the machine of the PBX, or on the machine that runs it in a container
    Router,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ignored {
    /// Others reach SIP
    Exposure,
    /// Packets pass only under some conditions
    Depends,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum VerifyReport {
    /// For people
    #[default]
    Text,
    /// For programs: JSON with the schema docs/verify.schema.json
    Json,
    /// Annotations for GitHub Actions
    Github,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// A web page with a picture of the packets' way
    Html,
}

/// Parses the name of an interface that can lead to other machines.
fn parse_interface(name: &str) -> Result<String, String> {
    match name {
        "" => Err("expected the name of an interface, such as eth0".to_owned()),
        "lo" => Err(
            "lo leads only to the machine itself; write the interface that leads to Twilio"
                .to_owned(),
        ),
        _ => Ok(name.to_owned()),
    }
}

/// An operating system with a collector.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum System {
    Linux,
}

impl VerifyArgs {
    pub fn report(&self) -> VerifyReport {
        if self.json {
            VerifyReport::Json
        } else {
            self.report
        }
    }

    pub fn ignores_exposure(&self) -> bool {
        self.ignore.contains(&Ignored::Exposure)
    }

    pub fn ignores_conditions(&self) -> bool {
        self.ignore.contains(&Ignored::Depends)
    }

    /// The files to verify, at least one. `-` is stdin.
    ///
    /// # Errors
    ///
    /// If a file is missing and has the name of a region or edition, or if stdin would be read twice.
    pub fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        refuse_values(&self.files, &[KnownValue::Region, KnownValue::Edition])?;
        let published = &self.selection.published;
        if self.files.is_empty() {
            anyhow::ensure!(
                !published.reads_stdin(),
                "--dataset and the firewall cannot both be read from stdin; use a file for one of them"
            );
            return Ok(vec![PathBuf::from("-")]);
        }
        let stdins = self.files.iter().filter(|file| is_stdin(file)).count()
            + usize::from(published.reads_stdin());
        anyhow::ensure!(
            stdins <= 1,
            "stdin can be read only once; use '-' only once"
        );
        Ok(self.files.clone())
    }
}
