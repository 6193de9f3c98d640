//! Finds one explanation for a whole drift: other options, or rules that are not deployed.
//!
//! An explanation is given only if the comparison with the other options finds no drift.

use super::candidates::{Candidate, Expected, MAX_CANDIDATES};
use super::explanation::other_options;
use super::observed::Observed;
use crate::dataset::Edition;
use crate::firewall::DeployedUnit;
use crate::format::{self, Format, Unit};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::report::Diagnosis;
use crate::select;

/// The maximum number of steps in all units of a file. For larger units, no options are searched: the
/// rules of one selection have far fewer steps.
pub(super) const MAX_STEPS: usize = 4_000;

/// A search for the options that the deployed rules come from.
pub(super) struct Search<'a> {
    pub format: &'static dyn Format,
    pub unit: &'a Unit,
    pub expected: Expected<'a>,
    pub limits: Limits,
}

impl Search<'_> {
    /// Returns the explanation for the drift of the units, if exactly one of the simplest is right.
    ///
    /// `sets` returns the editions to try.
    pub fn diagnosis<'s>(
        &self,
        units: &[DeployedUnit],
        sets: impl FnOnce() -> &'s [Vec<Edition>],
    ) -> Option<Diagnosis> {
        let steps: usize = units.iter().map(|unit| unit.steps.len()).sum();
        let is_comparable = units.iter().all(|unit| unit.unmeasured.is_empty());
        if steps == 0 || steps > MAX_STEPS || !is_comparable {
            return None;
        }
        let candidates = self.expected.candidates(sets(), &Observed::of(units));
        let mut best: Option<Candidate> = None;
        for candidate in candidates {
            if let Some(best) = &best {
                if candidate.changed.len() > best.changed.len() {
                    break;
                }
                if candidate.changes_same_options(best) {
                    continue;
                }
            }
            if self.is_right(&candidate, units).ok()? {
                if best.is_some() {
                    // Two explanations are equally simple.
                    return None;
                }
                best = Some(candidate);
            }
        }
        Some(other_options(&self.expected, best?, units))
    }

    /// Returns true if the units contain the rules of the candidate and nothing else.
    ///
    /// # Errors
    ///
    /// If the comparison takes more than its share of the limit on work. All candidates together then
    /// take no more steps than one comparison may take.
    fn is_right(
        &self,
        candidate: &Candidate,
        units: &[DeployedUnit],
    ) -> Result<bool, LimitExceeded> {
        let Candidate {
            selection,
            editions,
            ..
        } = candidate;
        let Ok(policy) = select::policy(selection, editions, self.expected.reference_data) else {
            return Ok(false);
        };
        self.limits.check(Limit::Rules, policy.combinations())?;
        let Ok(part) = format::supported(self.format, &policy, self.unit) else {
            return Ok(false);
        };
        let limits = self.limits.divided(Limit::Work, MAX_CANDIDATES);
        let drift = format::compare(self.format, &part, units, limits, || &[])?;
        Ok(drift.has_same_packets())
    }
}
