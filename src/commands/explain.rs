//! Says what addresses are to Twilio.

use std::io::{BufWriter, stdout};
use std::path::Path;

use anyhow::{Context, Result};

use super::{Outcome, Selected, catalog, read_text, select};
use crate::cli::ExplainArgs;
use crate::dataset;
use crate::explain::Question;
use crate::output::Talk;
use crate::report::Explanation;
use crate::select::CURRENT;

/// As many lines of stdin as are told to be wrong.
const FAULTS_LIMIT: usize = 20;

/// Bytes that are written at once.
const BUFFER: usize = 1 << 16;

pub fn run(args: &ExplainArgs, talk: Talk) -> Result<Outcome> {
    let addresses = args.addresses()?;
    let atlas = dataset::atlas()?;
    let Selected {
        editions,
        policy,
        notices,
    } = select(&args.selection, CURRENT, &atlas)?;
    let catalog = catalog(editions, args.selection.published.is_own_list(), &atlas)?;
    let text;
    let asked: Vec<(Option<usize>, &str)> = if let Some(addresses) = addresses {
        addresses.iter().map(|text| (None, text.as_str())).collect()
    } else {
        text = read_text(Path::new("-"))?;
        lines(&text).collect()
    };
    let Some(questions) = understood(&asked, talk) else {
        return Ok(Outcome::Failed);
    };
    let mut to = BufWriter::with_capacity(BUFFER, stdout().lock());
    let mut explanation = Explanation::new(&catalog, &policy, args.json);
    let written = explanation.write(questions.into_iter(), &mut to);
    written.context("cannot write to stdout")?;
    for notice in notices {
        talk.notice(&notice);
    }
    Ok(Outcome::Done)
}

/// The lines that ask something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (Option<usize>, &str)> {
    let asked = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let numbered = asked.enumerate().map(|(at, line)| (Some(at + 1), line));
    numbered.filter(|(_, line)| !line.is_empty())
}

/// The questions; `None` where some are not understood, which is told.
fn understood<'t>(
    asked: &[(Option<usize>, &'t str)],
    talk: Talk,
) -> Option<Vec<(&'t str, Question)>> {
    let mut questions = Vec::with_capacity(asked.len());
    let mut faults = 0;
    for (line, text) in asked {
        match text.parse() {
            Ok(question) => questions.push((*text, question)),
            Err(problem) => {
                faults += 1;
                if faults <= FAULTS_LIMIT {
                    let place = line.map_or_else(String::new, |line| format!("stdin:{line}: "));
                    talk.error(&format!("{place}{problem}"));
                }
            }
        }
    }
    if faults > FAULTS_LIMIT {
        talk.error(&format!("stdin: {} more such lines", faults - FAULTS_LIMIT));
    }
    (faults == 0).then_some(questions)
}
