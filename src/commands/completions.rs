//! A script that completes the program's options in a shell.

use anyhow::Result;

use crate::cli::{self, CompletionsArgs};
use crate::output::write_stdout;

pub fn run(args: &CompletionsArgs) -> Result<()> {
    let mut command = cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    write_stdout(&String::from_utf8(script)?)
}
