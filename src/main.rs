//! Arguments to commands to exit status.

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::ExitCode;

use twilio_sip_allow::output::is_closed_pipe;
use twilio_sip_allow::{cli, commands};

/// Wrong use, bad input, or anything that failed.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(told) => return told.print(),
    };
    let talk = cli.talk();
    match commands::run(cli, talk) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !is_closed_pipe(&error) {
                talk.error(&format!("{error:#}"));
            }
            ExitCode::from(FAILED)
        }
    }
}
