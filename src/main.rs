//! Runs the command and turns its outcome into the exit status.

// This file has no unsafe code, but the macro that runs a function before `main` expands to some.
#![deny(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::ExitCode;

use twilio_sip_allow::outcome::Outcome;
use twilio_sip_allow::output::{Console, find_closed_stdout, is_closed_pipe, print_note};
use twilio_sip_allow::{cli, commands, template};

ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn before_main() {
        find_closed_stdout();
    }
}

fn main() -> ExitCode {
    if let Some(done) = template::run_process() {
        return done;
    }
    let (console, note, done) = match cli::parse() {
        Ok(cli) => {
            let (console, note) = (cli.console(), cli.environment_note());
            (console, note, commands::run(cli, console))
        }
        Err(exit) => (Console::default(), String::new(), exit.print()),
    };
    let outcome = done.unwrap_or_else(|error| {
        if !is_closed_pipe(&error) {
            console.error(&format!("{error:#}"));
            print_note(&note);
        }
        Outcome::Failed
    });
    outcome.into()
}
