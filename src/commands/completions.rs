//! A script that completes the program's options in a shell.

use anyhow::Result;
use clap_complete::Shell;

use crate::cli::{self, CompletionsArgs};
use crate::output::write_stdout;

pub fn run(args: &CompletionsArgs) -> Result<()> {
    let mut command = cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name.clone(), &mut script);
    let script = String::from_utf8(script)?;
    write_stdout(&corrected(script, args.shell, &name))
}

/// Corrects mistakes of `clap_complete` 4.6.
fn corrected(script: String, shell: Shell, name: &str) -> String {
    match shell {
        // A name with hyphens is spelled in two ways: the options of verbs would never be found.
        Shell::Bash => script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__")),
        // An option that lacks its value yet counts as a verb: none of its values would be offered.
        Shell::Fish => script.replace("\n    or return\n", "\n    or return 0\n"),
        // The options of rendering would be offered after a verb that does not have them.
        Shell::Zsh => script.replacen(
            "_arguments \"${_arguments_options[@]}\" :",
            "_arguments \"${_arguments_options[@]}\" -A '-*' :",
            1,
        ),
        _ => script,
    }
}
