//! Fixes a text, and checks the result with another scan.

use std::collections::HashMap;
use std::io;

use memchr::memmem;

use super::decision::{Addresses, Decision, Edit, edited};
use super::needed::is_target;
use super::plan::{add_changes, plan};
use crate::packets::{Interval, complement, normalized};
use crate::scan::classification::Classification;
use crate::scan::error::ScanError;
use crate::scan::find::find;
use crate::scan::finding::Finding;
use crate::scan::positions::Positions;
use crate::scan::scanner::{NamedText, Scanner};
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

impl FixedText {
    /// Returns the findings that are left, with their lines and columns in the text before the edits.
    pub fn left(&self) -> Vec<Finding> {
        let found = self.found.iter();
        let left = found.filter(|finding| finding.fix.is_none() && is_wrong(finding));
        let missing = self.remaining.iter();
        let missing = missing.filter(|finding| finding.missing.is_some());
        let missing = missing.map(|finding| {
            let before = self.found.iter().find(|one| one.missing == finding.missing);
            let (line, column) = before.map_or((1, 1), |one| (one.line, one.column));
            Finding {
                line,
                column,
                ..finding.clone()
            }
        });
        left.cloned().chain(missing).collect()
    }

    /// Adds a reason to the findings for which nothing is recommended.
    fn with_all_reasons(mut self) -> FixedText {
        for finding in self.found.iter_mut().chain(&mut self.remaining) {
            if finding.fix.is_none() && finding.left.is_none() && is_wrong(finding) {
                let reason = match finding.classification {
                    Classification::Narrower => "--fix does not widen a network",
                    _ => "the right address is not known",
                };
                finding.left = Some(reason.to_owned());
            }
        }
        self
    }

    /// Returns the fixed findings with their lines and columns in the new text. `text` is the text before the edits.
    pub fn fixed(&self, text: &[u8]) -> Vec<Finding> {
        let new = edited(text, &self.edits);
        let mut positions = Positions::new(&new);
        let mut edits = self.edits.iter().peekable();
        // The number of bytes up to the last edit, in the old and in the new text.
        let (mut old_length, mut new_length) = (0, 0);
        let mut fixed = Vec::new();
        for finding in self.found.iter().filter(|finding| finding.fix.is_some()) {
            let start = finding.place.as_ref().map_or(0, |place| place.start);
            while let Some(edit) = edits.next_if(|edit| edit.place.end <= start) {
                new_length += edit.place.start - old_length + edit.text.len();
                old_length = edit.place.end;
            }
            let kept = edits
                .peek()
                .map_or(start, |edit| edit.place.start.min(start));
            let (line, column) = positions.of(new_length + kept - old_length);
            fixed.push(Finding {
                line,
                column,
                ..finding.clone()
            });
        }
        fixed
    }
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
pub fn fixed_text(scanner: &Scanner, text: NamedText) -> Result<Option<FixedText>, ScanError> {
    if is_patch(text.bytes) {
        return unfixed_text(scanner, text, "the file is a patch");
    }
    let found = scanner.findings(text, MOST_FIXED)?;
    Ok(found.map(|found| fixed(scanner, text, found).with_all_reasons()))
}

/// Fixes a text with these findings.
fn fixed(scanner: &Scanner, text: NamedText, mut found: Vec<Finding>) -> FixedText {
    if !found.iter().any(is_target) {
        return unchanged(found, &[]);
    }
    let addresses = addresses(scanner);
    let decisions = plan(text.bytes, &found, &addresses);
    let edits = all_edits(&decisions);
    if edits.is_empty() {
        return unchanged(found, &decisions);
    }
    let bytes = edited(text.bytes, &edits);
    let new = NamedText {
        bytes: &bytes,
        ..text
    };
    // A text that exceeds a limit after the edits is not changed.
    let after = scanner.findings_again(new, MOST_FIXED).ok().flatten();
    let after = after.filter(|after| {
        in_order(&edits)
            && !has_new(&found, &decisions, after)
            && !has_lost(text.bytes, &bytes, scanner.in_force())
    });
    let remaining = after.and_then(|after| {
        let later = plan(&bytes, &after, &addresses);
        let is_stable = all_edits(&later).is_empty();
        is_stable.then(|| advised(after, &later))
    });
    match remaining {
        Some(remaining) => {
            add_changes(text.bytes, &mut found, &decisions);
            FixedText {
                edits,
                found: advised(found, &decisions),
                remaining,
            }
        }
        None => unchanged(found, &all_left(&decisions)),
    }
}

/// Returns the findings in a text that cannot be changed, for this reason. Returns `None` if there are more than
/// 10,000.
///
/// # Errors
///
/// If the text exceeds a limit.
pub fn unfixed_text(
    scanner: &Scanner,
    text: NamedText,
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
    Ok(Some(unchanged(findings, &left).with_all_reasons()))
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
    let found = advised(findings, decisions);
    FixedText {
        edits: Vec::new(),
        remaining: found.clone(),
        found,
    }
}

/// Returns findings with the advice that follows from their decisions. Findings without a decision are unaffected.
fn advised(mut findings: Vec<Finding>, decisions: &[Decision]) -> Vec<Finding> {
    let decisions = decisions.iter().map(Some).chain(std::iter::repeat(None));
    for (finding, decision) in findings.iter_mut().zip(decisions) {
        if let Some(Decision::Left(reason)) = decision {
            finding.left = Some(reason.clone());
        }
        finding.restrict_replacement();
    }
    findings
}

/// Returns true if a finding is about addresses that should be different.
fn is_wrong(finding: &Finding) -> bool {
    !matches!(
        finding.classification,
        Classification::Current
            | Classification::OtherService
            | Classification::Hint
            | Classification::Missing
    )
}

/// Returns true if the findings `after` the edits include one that was not left before.
fn has_new(before: &[Finding], decisions: &[Decision], after: &[Finding]) -> bool {
    let mut left: HashMap<(Classification, &str), usize> = HashMap::new();
    for (finding, decision) in before.iter().zip(decisions) {
        if !matches!(decision, Decision::Fixed { .. }) {
            *left
                .entry((finding.classification, &finding.text))
                .or_default() += 1;
        }
    }
    for finding in after.iter().filter(|finding| is_wrong(finding)) {
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
    text: NamedText,
    report: &mut dyn FnMut(Finding) -> io::Result<()>,
) -> Result<(), ScanError> {
    let mut held = Some(Vec::new());
    scanner.scan(text, &mut |finding| {
        if let Some(held) = held.as_mut().filter(|held| held.len() < MOST_WITH_FIXES) {
            held.push(finding);
            return Ok(());
        }
        let mut all = held.take().unwrap_or_default();
        all.push(finding);
        advised(all, &[]).into_iter().try_for_each(&mut *report)
    })?;
    let held = held.unwrap_or_default();
    let found = if is_patch(text.bytes) {
        advised(held, &[])
    } else {
        fixed(scanner, text, held).found
    };
    let mut reported = found.into_iter().map(|finding| Finding {
        left: None,
        ..finding
    });
    Ok(reported.try_for_each(report)?)
}
