use std::path::Path;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::known_values::refuse_values_among;
use super::selection::SelectionArgs;
use crate::input::is_stdin;

/// The options of `explain`.
#[derive(Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Print JSON
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true, help_heading = "Explain",
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
    /// Exit with status 1 unless every address is completely allowed
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_ALL_ALLOWED", hide_env = true, help_heading = "Explain",
        value_parser = BoolishValueParser::new()
    )]
    pub all_allowed: bool,
    /// An address, a network or a range, optionally with ":PORT" or ":PORT/PROTOCOL"; "-" is stdin [default: -]
    ///
    /// Accepts all notations that "scan" finds, and several of them with commas between.
    /// PORT is the destination port of the packets, and PROTOCOL is udp, tcp or tls. Stdin must contain
    /// one address per line. Empty lines and text after "#" are ignored.
    #[arg(value_name = "ADDRESS", help_heading = "Explain")]
    addresses: Vec<String>,
}

impl ExplainArgs {
    /// The addresses on the command line, or `None` if they have to be read from stdin.
    pub fn addresses(&self) -> anyhow::Result<Option<&[String]>> {
        let from_stdin = |text: &String| is_stdin(Path::new(text));
        match &self.addresses[..] {
            [] => {}
            [only] if from_stdin(only) => {}
            some if some.iter().any(from_stdin) => {
                anyhow::bail!("'-' reads all addresses from stdin; remove the other addresses")
            }
            some => {
                refuse_values_among(some)?;
                return Ok(Some(some));
            }
        }
        anyhow::ensure!(
            !self.selection.published.reads_stdin(),
            "--dataset and the addresses cannot both be read from stdin; use a file for the dataset"
        );
        Ok(None)
    }
}
