//! One file for each verb, and what they share.

mod check;
mod completions;
mod dataset;
mod explain;
mod list;
mod man;
mod render;
mod scan;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::catalog::Catalog;
use crate::cli::{Cli, PublishedArgs, SelectionArgs, Source, Verb};
use crate::dataset::{Edition, ReferenceData};
use crate::input::{self, name_of};
use crate::limits::{Limit, Limits};
use crate::output::{Console, is_closed_pipe};
use crate::policy::Policy;
use crate::select;

/// What became of a job, unless an error tells why it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or in sync.
    Done,
    /// Drift, or another difference, was found.
    Drift,
    /// It failed, and all that is to be said was said.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(match outcome {
            Outcome::Done => 0,
            Outcome::Drift => 1,
            Outcome::Failed => 2,
        })
    }
}

/// Does what the command line asks for.
pub fn run(cli: Cli, console: Console) -> Result<Outcome> {
    let limits = cli.limits();
    match cli.command {
        None => render::run(&cli.render, limits, console)?,
        Some(Verb::Check(args)) => return check::run(&args, limits, console),
        Some(Verb::Dataset(verb)) => return dataset::run(&verb, limits, console),
        Some(Verb::Explain(args)) => return explain::run(&args, limits, console),
        Some(Verb::Scan(args)) => return scan::run(&args, limits, console),
        Some(Verb::List(args)) => list::run(&args)?,
        Some(Verb::Completions(args)) => completions::run(&args)?,
        Some(Verb::Man) => man::run()?,
    }
    Ok(Outcome::Done)
}

/// The editions that a command line names.
fn editions(
    source: Source,
    limits: Limits,
    reference_data: &ReferenceData,
) -> Result<Vec<Edition>> {
    Ok(match source {
        Source::Editions(names) => select::embedded_editions(&names)?,
        Source::File(file) => {
            let text = input::text(&file, limits, Limit::List)?;
            let name = name_of(&file);
            vec![crate::dataset::parse_edition(&name, &text, reference_data)?]
        }
    })
}

/// A verdict holds, even if its reader has gone away before it was written.
fn keep_verdict(written: Result<()>, verdict: Outcome) -> Result<Outcome> {
    match written {
        Err(error) if !is_closed_pipe(&error) => Err(error),
        _ => Ok(verdict),
    }
}

/// What the user selected.
struct Selected {
    editions: Vec<Edition>,
    policy: Policy,
    /// What the user should know of it.
    notices: Vec<String>,
}

/// `default` is the edition that no option means.
fn select(
    args: &SelectionArgs,
    default: &str,
    limits: Limits,
    reference_data: &ReferenceData,
) -> Result<Selected> {
    let editions = editions(args.published.source(default), limits, reference_data)?;
    let selection = args.selection();
    let policy = select::policy(&selection, &editions, reference_data)?;
    limits
        .check(Limit::Rules, policy.combinations())
        .context("the selection")?;
    let notices = select::notices(&selection, &policy, &editions, reference_data);
    Ok(Selected {
        editions,
        policy,
        notices,
    })
}

/// Everything that was ever published, with what was selected, which may be the user's own list.
fn catalog(
    args: &PublishedArgs,
    mut selected: Vec<Edition>,
    reference_data: &ReferenceData,
) -> Result<Catalog> {
    let names: Vec<Arc<str>> = selected
        .iter()
        .map(|edition| edition.name.clone())
        .collect();
    let own = if args.is_own_list() {
        selected.pop()
    } else {
        None
    };
    Ok(Catalog::new(
        crate::dataset::editions()?,
        own,
        &names,
        reference_data,
    ))
}

/// As many faults of one input as are told.
const FAULTS_LIMIT: usize = 20;

/// Tells what is wrong with an input.
fn tell_faults(console: Console, faults: &[String]) -> Outcome {
    for fault in faults.iter().take(FAULTS_LIMIT) {
        console.error(fault);
    }
    if faults.len() > FAULTS_LIMIT {
        console.error(&format!("{} more such faults", faults.len() - FAULTS_LIMIT));
    }
    Outcome::Failed
}
