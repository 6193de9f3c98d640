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
        // The script spells a name with hyphens in two ways and would never find the options of verbs.
        Shell::Bash => script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__")),
        // An option without its value would count as a verb, and no values would be offered for it.
        Shell::Fish => script.replace("\n    or return\n", "\n    or return 0\n"),
        // The options of `render` would be offered after other verbs too.
        Shell::Zsh => script.replacen(
            "_arguments \"${_arguments_options[@]}\" :",
            "_arguments \"${_arguments_options[@]}\" -A '-*' :",
            1,
        ),
        _ => script,
    }
}
