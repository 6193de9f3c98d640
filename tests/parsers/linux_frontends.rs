//! Listings of ufw and firewalld: the exact drift, or an error with a reason.

use crate::common::judge::{self, dialect, everything};
use twilio_sip_allow::format::read::UnitQuery;
use twilio_sip_allow::format::{self, Unit};
use twilio_sip_allow::limits::{Bound, Limits};
use twilio_sip_allow::policy::{Direction, Policy};
use twilio_sip_allow::select::Selection;

mod firewalld;
mod ufw;

fn tokyo(directions: &[Direction]) -> Policy {
    let selection = Selection {
        regions: vec!["tokyo".to_owned()],
        directions: directions.to_vec(),
        ..everything()
    };
    judge::policy(&["regional"], &selection).unwrap()
}

/// The lines of the report about missing and extra packets, or the errors in the input.
fn report_lines(format: &str, policy: &Policy, text: &str) -> Result<Vec<String>, Vec<String>> {
    let drift = judge::drift(format, policy, text)?;
    let report = judge::report_text(&drift, text);
    let parts = report.lines().map(str::trim);
    let parts = parts.filter(|line| {
        ["missing ", "extra "]
            .iter()
            .any(|side| line.starts_with(side))
    });
    Ok(parts.map(str::to_owned).collect())
}

/// The rows of a table of cases, split at `=>`. `↵` stands for a line break.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [String; N]> {
    let lines = table.lines().filter(|line| !line.is_empty());
    lines.map(|line| {
        let cells = line.split(" => ").map(|cell| cell.replace('↵', "\n"));
        let cells: Vec<String> = cells.collect();
        cells.try_into().unwrap_or_else(|_| panic!("{line}"))
    })
}

fn limit(bound: &str) -> Limits {
    let bound: Bound = bound.parse().unwrap();
    Limits::default().with(&[bound])
}

/// The first error in the input with a limit.
fn refused_by_limit(format: &str, text: &str, bound: &str) -> Option<String> {
    let wanted = UnitQuery {
        unit: &Unit::default(),
        directions: &[Direction::In],
        limits: limit(bound),
    };
    let errors = format::parse(dialect(format), text, wanted).err()?;
    Some(errors[0].problem().clone())
}

/// Asserts that the first error in the input starts with `problem`.
fn assert_refused(what: &str, format: &str, policy: &Policy, text: &str, problem: &str) {
    let refused = report_lines(format, policy, text).expect_err(what);
    assert!(refused[0].starts_with(problem), "{what}: {refused:#?}");
}
