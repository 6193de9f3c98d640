use std::ops::Range;

use ipnet::Ipv4Net;

use super::advice::Advice;
use super::change::Fix;
use super::classification::Classification;
use super::purpose::Purpose;
use super::replacement::Replacement;
use crate::policy::Plane;

/// Addresses in a text, or missing from it, with their classification.
#[derive(Clone, Debug)]
pub struct Finding {
    pub classification: Classification,
    /// The line number, starting at 1.
    pub line: usize,
    /// The column in characters, starting at 1.
    pub column: usize,
    /// The length in characters; 0 for missing addresses and for addresses on more than one line.
    pub length: usize,
    /// The bytes of the addresses in the text; `None` for missing addresses.
    pub place: Option<Range<usize>>,
    /// The addresses as the text writes them. Missing addresses are written as networks.
    pub text: String,
    /// The addresses as the fewest networks.
    pub networks: Vec<Ipv4Net>,
    /// The published networks that contain the addresses, or the network that was probably meant.
    pub explanation: String,
    /// The advice that follows from the replacement or the fix.
    pub(super) advice: Advice,
    /// The networks to write instead.
    pub replacement: Replacement,
    /// The use of the addresses.
    pub(super) purpose: Purpose,
    /// The changes of the text that fix the finding, if there are any.
    pub fix: Option<Fix>,
    /// The reason why the finding is not fixed, if it is not.
    pub left: Option<String>,
    /// The plane and the region, for missing addresses.
    pub missing: Option<(Plane, String)>,
}

impl Finding {
    /// Returns the plane of missing addresses.
    pub fn missing_plane(&self) -> Option<Plane> {
        self.missing.as_ref().map(|(plane, _)| *plane)
    }

    /// Restricts the replacement to the networks that the fix selects, or to the planes that the addresses serve.
    pub(super) fn restrict_replacement(&mut self) {
        let Replacement { signaling, media } = &mut self.replacement;
        match &self.fix {
            Some(fix) => {
                signaling.retain(|network| fix.wanted.contains(network));
                media.retain(|network| fix.wanted.contains(network));
            }
            // Signaling in force must not get lost.
            None if !self.purpose.planes.media => media.clear(),
            None => {}
        }
    }

    /// Returns the explanation, the advice, and the reason why the finding is not fixed.
    pub fn meaning(&self) -> String {
        let advice = self.advice.text(&self.replacement, self.fix.as_ref());
        let separator = if self.explanation.ends_with('?') {
            " "
        } else {
            "; "
        };
        let mut meaning = self.explanation.clone();
        if let Some(advice) = advice {
            meaning = format!("{meaning}{separator}{advice}");
        }
        match &self.left {
            Some(reason) => format!("{meaning}; not fixed: {reason}"),
            None => meaning,
        }
    }
}
