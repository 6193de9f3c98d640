//! One file for each verb, and what they share.

mod completions;
mod list;
mod man;
mod render;

use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::{Cli, SelectionArgs, Source, Verb};
use crate::dataset::{self, Atlas};
use crate::output::Talk;
use crate::policy::Policy;
use crate::select;

/// Does what the command line asks for.
pub fn run(cli: Cli, talk: Talk) -> Result<()> {
    match cli.command {
        None => render::run(&cli.render, talk),
        Some(Verb::List(args)) => list::run(&args),
        Some(Verb::Completions(args)) => completions::run(&args),
        Some(Verb::Man) => man::run(),
    }
}

/// The policy of the user's selection, and what the user should know of it.
fn select(args: &SelectionArgs, atlas: &Atlas) -> Result<(Policy, Vec<String>)> {
    let editions = match args.source() {
        Source::Editions(names) => select::embedded_editions(&names)?,
        Source::File(file) => {
            let text = read_text(&file)?;
            vec![dataset::parse_edition(
                &file.display().to_string(),
                &text,
                atlas,
            )?]
        }
    };
    let policy = select::policy(&args.selection(), &editions, atlas)?;
    let notices = select::notices(&policy, &editions, atlas);
    Ok((policy, notices))
}

fn read_text(file: &Path) -> Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        anyhow::anyhow!(
            "{} is not UTF-8 text: byte {} is not",
            file.display(),
            valid + 1
        )
    })
}
