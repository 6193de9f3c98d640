//! Arguments to commands to exit status.

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::ExitCode;

use twilio_sip_allow::commands::Outcome;
use twilio_sip_allow::output::{Talk, complain, is_closed_pipe};
use twilio_sip_allow::{cli, commands, template};

fn main() -> ExitCode {
    if let Some(done) = template::run_process() {
        return done;
    }
    let (talk, note, done) = match cli::parse() {
        Ok(cli) => {
            let (talk, note) = (cli.talk(), cli.environment_note());
            (talk, note, commands::run(cli, talk))
        }
        Err(told) => (Talk::default(), String::new(), told.print()),
    };
    let outcome = done.unwrap_or_else(|error| {
        if !is_closed_pipe(&error) {
            talk.error(&format!("{error:#}"));
            complain(&note);
        }
        Outcome::Failed
    });
    outcome.into()
}
