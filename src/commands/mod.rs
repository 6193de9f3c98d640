//! The commands, one file per verb.

mod check;
mod clock;
mod completions;
mod data;
mod dataset;
mod explain;
mod input_errors;
mod list;
mod man;
mod parallel;
mod render;
mod scan;
mod selected;
mod standard_input;
mod verify;

use anyhow::Result;

use self::data::DataInUse;
use crate::cli::{Cli, Verb};
use crate::outcome::Outcome;
use crate::output::Console;

/// Runs the command that the command line selects.
pub fn run(cli: Cli, console: Console) -> Result<Outcome> {
    let limits = cli.limits();
    if !cli.configuration_note().is_empty() {
        console.note(cli.configuration_note());
    }
    let options = cli.data();
    let data = || DataInUse::open(&options, limits);
    match cli.command {
        None => render::run(&cli.render, &data()?, limits, console)?,
        Some(Verb::Render(args)) => render::run(&args, &data()?, limits, console)?,
        Some(Verb::Check(_)) if !cli.checks.is_empty() => {
            return check::run_configured(&cli.checks, &data()?, limits, console);
        }
        Some(Verb::Check(args)) => return check::run(&args, &data()?, limits, console),
        Some(Verb::Dataset(verb)) => return dataset::run(&verb, &options, limits, console),
        Some(Verb::Explain(args)) => return explain::run(&args, &data()?, limits, console),
        Some(Verb::Verify(args)) => return verify::run(&args, &data()?, limits, console),
        Some(Verb::Scan(args)) => return scan::run(&args, &data()?, limits, console),
        Some(Verb::List(args)) => list::run(&args, &data()?.data)?,
        Some(Verb::Completions(args)) => completions::run(&args)?,
        Some(Verb::Man) => man::run()?,
    }
    Ok(Outcome::Done)
}
