//! What is made of the listings of ufw and firewalld: the exact drift, or a refusal that says why.

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

/// The report's lines on a text without those that show it, or what is refused.
fn told(format: &str, policy: &Policy, text: &str) -> Result<Vec<String>, Vec<String>> {
    let drift = judge::drift(format, policy, text)?;
    let report = judge::told(&drift, text);
    let parts = report.lines().map(str::trim);
    let parts = parts.filter(|line| {
        ["missing ", "extra "]
            .iter()
            .any(|side| line.starts_with(side))
    });
    Ok(parts.map(str::to_owned).collect())
}

/// The rows of a table of cases, cut at `=>`; `↵` stands for the end of a line.
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

/// What is refused of a text if a limit is set.
fn refused_by_limit(format: &str, text: &str, bound: &str) -> Option<String> {
    let wanted = UnitQuery {
        unit: &Unit::default(),
        directions: &[Direction::In],
        limits: limit(bound),
    };
    let errors = format::parse(dialect(format), text, wanted).err()?;
    Some(errors[0].problem().clone())
}

/// Refused for the first thing that is wrong, in the words of a table, where the table says so.
fn assert_refused(what: &str, format: &str, policy: &Policy, text: &str, problem: &str) {
    let refused = told(format, policy, text).expect_err(what);
    assert!(refused[0].starts_with(problem), "{what}: {refused:#?}");
}
