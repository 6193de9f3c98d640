//! Fixes a text, and checks the result with another scan.

use std::collections::HashMap;
use std::io;

use memchr::memmem;

use super::decision::{Addresses, Decision, Edit, edited};
use super::plan::{add_changes, plan};
use crate::packets::{Interval, complement, normalized};
use crate::scan::classification::Classification;
use crate::scan::error::ScanError;
use crate::scan::find::find;
use crate::scan::finding::Finding;
use crate::scan::scanner::Scanner;
use crate::scan::spans::covers;

/// The result of fixing a text.
pub struct FixedText {
    /// The edits in the order of the text. They do not overlap.
    pub edits: Vec<Edit>,
    /// The findings in the text before the edits. Those that the edits fix have their changes.
    pub found: Vec<Finding>,
    /// The findings in the text after the edits, each with the reason why it is not fixed.
    pub remaining: Vec<Finding>,
}

/// The maximum number of findings in a text that is fixed.
const MOST_FIXED: usize = 10_000;

/// Fixes a text. If the result would have a finding that the text does not have, or would lack an
/// address in force, nothing is fixed. Returns `None` if the
/// text has more than 10,000 findings.
///
/// # Errors
///
/// If the text exceeds a limit.
pub fn fixed_text(scanner: &Scanner, text: &[u8]) -> Result<Option<FixedText>, ScanError> {
    if is_patch(text) {
        return unfixed_text(scanner, text, "the file is a patch");
    }
    match scanner.findings(text, MOST_FIXED)? {
        Some(before) => fixed(scanner, text, before),
        None => Ok(None),
    }
}

/// Fixes a text with these findings.
fn fixed(
    scanner: &Scanner,
    text: &[u8],
    mut before: Vec<Finding>,
) -> Result<Option<FixedText>, ScanError> {
    let addresses = addresses(scanner);
    let decisions = plan(text, &before, &addresses);
    let edits = all_edits(&decisions);
    if edits.is_empty() {
        return Ok(Some(unchanged(before, &decisions)));
    }
    let new = edited(text, &edits);
    let Some(after) = scanner.findings_again(&new, MOST_FIXED)? else {
        return Ok(None);
    };
    let later = plan(&new, &after, &addresses);
    let is_stable = all_edits(&later).is_empty();
    let is_wrong = has_new(&before, &decisions, &after) || has_lost(text, &new, scanner.in_force());
    if !is_stable || !in_order(&edits) || is_wrong {
        let decisions = all_left(&decisions);
        return Ok(Some(unchanged(before, &decisions)));
    }
    add_changes(text, &mut before, &decisions);
    Ok(Some(FixedText {
        edits,
        found: before,
        remaining: with_reasons(after, &later),
    }))
}

/// Returns the findings in a text that cannot be changed, for this reason. Returns `None` if there are more than
/// 10,000.
///
/// # Errors
///
/// If the text exceeds a limit.
pub fn unfixed_text(
    scanner: &Scanner,
    text: &[u8],
    reason: &str,
) -> Result<Option<FixedText>, ScanError> {
    let Some(findings) = scanner.findings(text, MOST_FIXED)? else {
        return Ok(None);
    };
    let left = findings.iter().map(|finding| {
        if finding.replacement.is_empty() {
            Decision::Unaffected
        } else {
            Decision::Left(reason.to_owned())
        }
    });
    let left: Vec<Decision> = left.collect();
    Ok(Some(unchanged(findings, &left)))
}

/// Returns true if a text contains a unified diff, whose lines must match another file.
fn is_patch(text: &[u8]) -> bool {
    memmem::find_iter(text, b"\n@@ -").any(|end| {
        let start = memchr::memrchr(b'\n', &text[..end]).map_or(0, |at| at + 1);
        text[start..end].starts_with(b"+++ ")
    })
}

fn addresses<'s>(scanner: &'s Scanner) -> Addresses<'s> {
    let expected = scanner.expected().iter();
    let networks = expected.flat_map(|expected| expected.networks.iter().copied());
    Addresses {
        in_force: scanner.in_force(),
        required: normalized(networks.collect()),
    }
}

fn all_edits(decisions: &[Decision]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for decision in decisions {
        if let Decision::Fixed { edits: own, .. } = decision {
            edits.extend_from_slice(own);
        }
    }
    edits.sort_by_key(|edit| edit.place.start);
    edits
}

fn in_order(edits: &[Edit]) -> bool {
    edits
        .windows(2)
        .all(|pair| pair[0].place.end <= pair[1].place.start)
}

/// The reason for leaving a text whose edits would not be right.
const UNSAFE: &str = "the file would have other findings after the change";

fn all_left(decisions: &[Decision]) -> Vec<Decision> {
    let left = decisions.iter().map(|decision| match decision {
        Decision::Fixed { .. } => Decision::Left(UNSAFE.to_owned()),
        other => other.clone(),
    });
    left.collect()
}

fn unchanged(findings: Vec<Finding>, decisions: &[Decision]) -> FixedText {
    FixedText {
        edits: Vec::new(),
        remaining: with_reasons(findings.clone(), decisions),
        found: findings,
    }
}

fn with_reasons(mut findings: Vec<Finding>, decisions: &[Decision]) -> Vec<Finding> {
    for (finding, decision) in findings.iter_mut().zip(decisions) {
        if let Decision::Left(reason) = decision {
            finding.explanation = format!("{}; not fixed: {reason}", finding.explanation);
        }
    }
    findings
}

/// Returns true if the findings `after` the edits include one that was not left before.
fn has_new(before: &[Finding], decisions: &[Decision], after: &[Finding]) -> bool {
    let is_wrong = |finding: &&Finding| {
        !matches!(
            finding.classification,
            Classification::Current
                | Classification::OtherService
                | Classification::Hint
                | Classification::Missing
        )
    };
    let mut left: HashMap<(Classification, &str), usize> = HashMap::new();
    for (finding, decision) in before.iter().zip(decisions) {
        if !matches!(decision, Decision::Fixed { .. }) {
            *left
                .entry((finding.classification, &finding.text))
                .or_default() += 1;
        }
    }
    for finding in after.iter().filter(is_wrong) {
        match left.get_mut(&(finding.classification, &*finding.text)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => return true,
        }
    }
    false
}

/// Returns true if a text contains addresses in force that another text lacks.
fn has_lost(before: &[u8], after: &[u8], in_force: &[Interval]) -> bool {
    let contained = |text| normalized(find(text).map(|found| found.span).collect());
    let [before, after] = [before, after].map(contained);
    in_force.iter().any(|network| {
        let lacked = complement(&before, *network);
        let mut lacking = complement(&after, *network).into_iter();
        lacking.any(|part| !covers(&lacked, part))
    })
}

/// The maximum number of findings in a text that are reported with their changes.
const MOST_WITH_FIXES: usize = 2_000;

/// Reports all findings of a text in order, each with the changes that [`fixed_text`] makes. A text with more than
/// 2,000 findings is reported without changes.
///
/// # Errors
///
/// If the text exceeds a limit, or `report` fails.
pub fn report_with_fixes(
    scanner: &Scanner,
    text: &[u8],
    report: &mut dyn FnMut(Finding) -> io::Result<()>,
) -> Result<(), ScanError> {
    let findings = scanner.findings(text, MOST_WITH_FIXES)?;
    let Some(findings) = findings.filter(|_| !is_patch(text)) else {
        return scanner.scan(text, report);
    };
    match fixed(scanner, text, findings)? {
        Some(fixed) => Ok(fixed.found.into_iter().try_for_each(report)?),
        None => scanner.scan(text, report),
    }
}
