//! Explains what addresses are used for.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Context, Result};

use super::data::DataInUse;
use super::input_errors::{InputError, report_input_errors};
use super::selected::{Selected, catalog, print_notices, select};
use super::standard_input::note_terminal;
use crate::cli::ExplainArgs;
use crate::explain::{self, Question};
use crate::input;
use crate::limits::{Limit, Limits};
use crate::outcome::Outcome;
use crate::output::{Console, Spool};
use crate::report::{Explanation, ExplanationForm};
use crate::select::CURRENT;

pub(super) fn run(
    args: &ExplainArgs,
    data: &DataInUse,
    limits: Limits,
    console: Console,
) -> Result<Outcome> {
    let addresses = args.addresses()?;
    let reference_data = data.data.reference_data()?;
    let Selected {
        editions,
        policy,
        notices,
    } = select(&args.selection, CURRENT, data, limits, reference_data)?;
    let catalog = catalog(
        &args.selection.published,
        &data.data,
        editions,
        reference_data,
    )?;
    let input = if addresses.is_some() { "" } else { "stdin" };
    let text;
    let asked: Vec<(Option<usize>, &str)> = if let Some(addresses) = addresses {
        addresses.iter().map(|text| (None, text.as_str())).collect()
    } else {
        let stdin = Path::new("-");
        note_terminal(&[stdin], "addresses, one per line,", console);
        text = input::text(stdin, limits, Limit::Input)?;
        let most = limits.max(Limit::Addresses);
        let asked: Vec<_> = numbered_lines(&text).take(most.saturating_add(1)).collect();
        let fits = limits.check(Limit::Addresses, asked.len());
        fits.context("stdin")?;
        asked
    };
    let questions = match parse_questions(&asked, limits.max(Limit::Addresses)) {
        Ok(questions) => questions,
        Err(errors) => return Ok(report_input_errors(console, input, errors)),
    };
    let fits = limits.check(Limit::Addresses, questions.len());
    fits.with_context(|| if input.is_empty() { "addresses" } else { input })?;
    anyhow::ensure!(
        !args.all_allowed || !questions.is_empty(),
        "--all-allowed requires at least one address"
    );
    let mut to = Spool::new(limits);
    let form = if args.json {
        ExplanationForm::Json
    } else {
        ExplanationForm::Text {
            colored: console.colors_stdout(),
        }
    };
    let mut explanation = Explanation::new(&catalog, &policy, form);
    explanation.write(questions.into_iter(), &mut to)?;
    let written = to.print();
    print_notices(&notices, console);
    let outcome = if args.all_allowed && !explanation.all_allowed() {
        Outcome::Drift
    } else {
        Outcome::Done
    };
    if args.all_allowed {
        return outcome.after_writing(written);
    }
    written.map(|()| outcome)
}

/// The lines that contain a question, with their line numbers.
fn numbered_lines(text: &str) -> impl Iterator<Item = (Option<usize>, &str)> {
    let asked = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let numbered = asked.enumerate().map(|(at, line)| (Some(at + 1), line));
    numbered.filter(|(_, line)| !line.is_empty())
}

/// Parses the questions, until there are more than `most`. Returns all errors if any question cannot be parsed.
fn parse_questions<'t>(
    asked: &[(Option<usize>, &'t str)],
    most: usize,
) -> Result<Vec<(Cow<'t, str>, Question)>, Vec<InputError>> {
    let mut questions = Vec::with_capacity(asked.len());
    let mut errors = Vec::new();
    for (line, text) in asked {
        if questions.len() > most {
            break;
        }
        match explain::parse_questions(text) {
            Ok(some) => questions.extend(some),
            Err(problem) => errors.push(InputError {
                line: *line,
                cause: problem,
                found: String::new(),
            }),
        }
    }
    if errors.is_empty() {
        Ok(questions)
    } else {
        Err(errors)
    }
}
