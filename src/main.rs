//! Arguments to commands to exit status.

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::ExitCode;

use twilio_sip_allow::output::{Talk, complain, is_closed_pipe};
use twilio_sip_allow::{cli, commands};

/// Wrong use, bad input, or anything that failed.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let (talk, note, done) = match cli::parse() {
        Ok(cli) => {
            let (talk, note) = (cli.talk(), cli.environment_note());
            (talk, note, commands::run(cli, talk).map(|()| true))
        }
        Err(told) => (Talk::default(), String::new(), told.print()),
    };
    match done {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => {}
        Err(error) if is_closed_pipe(&error) => {}
        Err(error) => {
            talk.error(&format!("{error:#}"));
            complain(&note);
        }
    }
    ExitCode::from(FAILED)
}
