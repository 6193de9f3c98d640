//! The manual page, made from the command line's definitions.

use anyhow::Result;
use clap_mangen::Man;

use crate::cli;
use crate::output::write_stdout;

pub fn run() -> Result<()> {
    let mut command = cli::command();
    command.build();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    for verb in command.get_subcommands() {
        let title = format!("{} {}", command.get_name(), verb.get_name());
        page.extend(format!(".SH \"{}\"\n", title.to_uppercase()).into_bytes());
        let man = Man::new(verb.clone());
        let mut part = Vec::new();
        man.render_synopsis_section(&mut part)?;
        man.render_description_section(&mut part)?;
        man.render_options_section(&mut part)?;
        // Sections of a verb stand one level below its own.
        page.extend(
            String::from_utf8(part)?
                .replace(".SH ", ".SS ")
                .into_bytes(),
        );
    }
    write_stdout(&String::from_utf8(page)?)
}
