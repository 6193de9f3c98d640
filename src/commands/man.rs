//! Generates the manual page from the definitions of the command line.

use anyhow::Result;
use clap::{Arg, Command};
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
    page += &verb_sections(command.get_name(), &command)?;
    for (title, text) in cli::help_sections() {
        page += &preformatted(title, text);
    }
    write_stdout(&page)
}

/// The sections of all verbs and of their own verbs. All are on one page, so each verb is a section and
/// its parts are subsections.
fn verb_sections(names: &str, command: &Command) -> Result<String> {
    let mut sections = String::new();
    for verb in command.get_subcommands() {
        let man = Man::new(verb.clone());
        let mut part = Vec::new();
        man.render_synopsis_section(&mut part)?;
        man.render_description_section(&mut part)?;
        if !repeats_options(verb, command) {
            man.render_options_section(&mut part)?;
        }
        let part = String::from_utf8(part)?.replace(".SH ", ".SS ");
        let names = format!("{names} {}", verb.get_name());
        sections += &format!(".SH \"{}\"\n{part}", names.to_uppercase());
        sections += &verb_sections(&names, verb)?;
    }
    Ok(sections)
}

/// True if the outer command has all arguments of the verb.
fn repeats_options(verb: &Command, around: &Command) -> bool {
    let is_known = |arg: &Arg| {
        around
            .get_arguments()
            .any(|other| other.get_id() == arg.get_id())
    };
    verb.get_arguments().all(is_known)
}

/// A section with line breaks as in the text.
fn preformatted(title: &str, text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = escaped.lines().map(|line| format!("\\&{line}\n"));
    let lines: String = lines.collect();
    format!(".SH \"{}\"\n.nf\n{lines}.fi\n", title.to_uppercase())
}
