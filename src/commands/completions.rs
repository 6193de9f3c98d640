//! A script that completes the program's options in a shell.

use anyhow::Result;

use crate::cli::{self, CompletionsArgs};
use crate::output::write_stdout;

pub fn run(args: &CompletionsArgs) -> Result<()> {
    let mut command = cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name.clone(), &mut script);
    // clap_complete 4.6 spells a name with hyphens in two ways in its script for bash, so that the
    // options of verbs would never be found.
    let script = String::from_utf8(script)?
        .replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"));
    write_stdout(&script)
}
