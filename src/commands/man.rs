//! The manual page, made from the command line's definitions.

use anyhow::Result;
use clap::Command;
use clap_mangen::Man;

use crate::cli;
use crate::output::write_stdout;

pub fn run() -> Result<()> {
    let mut command = cli::command();
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut page = String::from_utf8(page)?;
    for verb in command.get_subcommands() {
        page += &verb_section(&command, verb)?;
    }
    for (title, text) in cli::help_sections() {
        page += &preformatted(title, text);
    }
    write_stdout(&page)
}

/// One page holds all verbs: their sections stand one level below.
fn verb_section(command: &Command, verb: &Command) -> Result<String> {
    let man = Man::new(verb.clone());
    let mut part = Vec::new();
    man.render_synopsis_section(&mut part)?;
    man.render_description_section(&mut part)?;
    man.render_options_section(&mut part)?;
    let part = String::from_utf8(part)?.replace(".SH ", ".SS ");
    let title = format!("{} {}", command.get_name(), verb.get_name()).to_uppercase();
    Ok(format!(".SH \"{title}\"\n{part}"))
}

/// A section whose lines stay as they are.
fn preformatted(title: &str, text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = escaped.lines().map(|line| format!("\\&{line}\n"));
    let lines: String = lines.collect();
    format!(".SH \"{}\"\n.nf\n{lines}.fi\n", title.to_uppercase())
}
