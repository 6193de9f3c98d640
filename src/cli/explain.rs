//! The options of `explain`.

use std::path::Path;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::known_values::refuse_values_among;
use super::selection::SelectionArgs;
use crate::input::is_stdin;

/// The options of `explain`.
#[derive(Args)]
pub struct ExplainArgs {
    /// The packets that are allowed.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// As JSON
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true, help_heading = "Question",
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
    /// Exit with status 1 unless every address is allowed completely
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_ALL_ALLOWED", hide_env = true, help_heading = "Question",
        value_parser = BoolishValueParser::new()
    )]
    pub all_allowed: bool,
    /// An address, or a network in CIDR notation, with or without ":PORT" or ":PORT/PROTOCOL"
    ///
    /// PORT is the destination port of the packets, PROTOCOL is udp, tcp or tls. With "-" or without
    /// an address, they are read from stdin, one a line; empty lines and text after "#" are ignored.
    #[arg(value_name = "ADDRESS", help_heading = "Question")]
    addresses: Vec<String>,
}

impl ExplainArgs {
    /// The questions on the command line; `None` where they come from stdin.
    pub fn addresses(&self) -> anyhow::Result<Option<&[String]>> {
        let from_stdin = |text: &String| is_stdin(Path::new(text));
        match &self.addresses[..] {
            [] => {}
            [only] if from_stdin(only) => {}
            some if some.iter().any(from_stdin) => {
                anyhow::bail!("'-' reads all addresses from stdin; give no others beside it")
            }
            some => {
                refuse_values_among(some)?;
                return Ok(Some(some));
            }
        }
        anyhow::ensure!(
            !self.selection.published.reads_stdin(),
            "--dataset and the addresses cannot both be read from stdin; give the list as a file"
        );
        Ok(None)
    }
}
