//! Classifies the addresses of one text.

mod hinted;
mod missing;
mod presented;

use std::ops::Range;

use ipnet::Ipv4Net;

use super::advice::Advice;
use super::assess::{Assessment, Held, assess};
use super::classification::Classification;
use super::context::Context;
use super::error::ScanError;
use super::evidence::Service;
use super::expected::Expected;
use super::find::Found;
use super::finding::Finding;
use super::held::{has_list, held};
use super::neighbors::Neighbors;
use super::positions::Positions;
use super::published::Published;
use super::purpose::{FileTopics, Purpose, Purposes};
use super::replacement::Replacement;
use super::slips::Slip;
use super::spans::{covers, is_public, is_wide};
use super::work::Work;
use crate::catalog::NEVER_PUBLISHED;
use crate::policy::notation;

/// A finding without its line and column.
struct PendingFinding {
    classification: Classification,
    advice: Advice,
    place: Range<usize>,
    text: String,
    networks: Vec<Ipv4Net>,
    explanation: String,
    replacement: Replacement,
}

/// A text with Twilio addresses, and the context of the addresses.
pub(super) struct TwilioText<'t> {
    published: &'t Published<'t>,
    expected: &'t [Expected],
    bytes: &'t [u8],
    context: Context<'t>,
    purposes: Purposes<'t>,
    found: Vec<Found>,
    /// The invalid addresses that are probably mistyped.
    slips: Vec<Slip<'t>>,
    /// The addresses that the text contains, without networks that do not refer to Twilio.
    held: Held,
    neighbors: Neighbors,
    topics: FileTopics,
}

impl<'t> TwilioText<'t> {
    /// Prepares a text. `found` must be in the order of the text. `mentions_twilio` is about the whole text.
    pub(super) fn new(
        published: &'t Published<'t>,
        expected: &'t [Expected],
        found: Vec<Found>,
        slips: Vec<Slip<'t>>,
        context: Context<'t>,
        purposes: Purposes<'t>,
        mentions_twilio: bool,
    ) -> Self {
        let bytes = context.text();
        let topics = purposes.topics;
        let neighbors = Neighbors::new(published, bytes, &found, &context);
        let has_list = !topics.is_test
            && topics.service != Service::Webhooks
            && (mentions_twilio || found.iter().any(|one| published.is_listed(one.span)))
            && has_list(published, &found, &neighbors, &context, &purposes);
        TwilioText {
            published,
            expected,
            bytes,
            held: held(published, &found, &context, has_list),
            neighbors,
            topics,
            context,
            purposes,
            found,
            slips,
        }
    }

    pub(super) fn work(&self) -> &Work {
        &self.context.work
    }

    /// Reports all findings in the order of the text, followed by the missing networks.
    pub(super) fn report_findings(
        &self,
        report: &mut dyn FnMut(Finding) -> Result<(), ScanError>,
    ) -> Result<(), ScanError> {
        let mut positions = Positions::new(self.bytes);
        let mut first_of_twilios = None;
        let mut found = self.classified().peekable();
        let mut invalid = self.invalid_addresses().peekable();
        loop {
            let invalid_is_next = match (found.peek(), invalid.peek()) {
                (Some(one), Some(other)) => other.place.start < one.place.start,
                (one, _) => one.is_none(),
            };
            let next = if invalid_is_next {
                invalid.next()
            } else {
                found.next()
            };
            let Some(next) = next else {
                break;
            };
            let finding = self.placed(&mut positions, next);
            if finding.classification.is_sip() {
                first_of_twilios.get_or_insert((finding.line, finding.column));
            }
            report(finding)?;
        }
        if let Some((line, column)) = first_of_twilios.filter(|_| self.held.is_list) {
            self.missing(line, column).try_for_each(report)?;
        }
        Ok(())
    }

    /// Returns the reported sets of addresses with their classification.
    fn classified(&self) -> impl Iterator<Item = PendingFinding> {
        let mut hinted = None;
        (0..self.found.len()).flat_map(move |at| {
            let one = &self.found[at];
            let pending = |classification, explanation| PendingFinding {
                classification,
                advice: Advice::Explained,
                place: one.place.clone(),
                text: one.text(self.bytes),
                networks: one.span.networks().collect(),
                explanation,
                replacement: Replacement::default(),
            };
            let assessment = self.classify(at);
            let hint = self.hint(at, assessment.as_ref(), &mut hinted);
            let finding = assessment.map(|assessment| PendingFinding {
                advice: assessment.advice,
                replacement: assessment.replacement,
                ..pending(assessment.classification, assessment.explanation)
            });
            let hint =
                hint.map(|hint| pending(Classification::Hint, hint.explanation().to_owned()));
            finding.into_iter().chain(hint)
        })
    }

    fn placed(&self, positions: &mut Positions, pending: PendingFinding) -> Finding {
        let (line, column) = positions.of(pending.place.start);
        let within = &self.bytes[pending.place.clone()];
        let length = String::from_utf8_lossy(within).chars().count();
        Finding {
            classification: pending.classification,
            purpose: self.purposes.of(&self.context, pending.place.start),
            line,
            column,
            length: if within.contains(&b'\n') { 0 } else { length },
            place: Some(pending.place),
            text: pending.text,
            networks: pending.networks,
            explanation: pending.explanation,
            advice: pending.advice,
            replacement: pending.replacement,
            fix: None,
            left: None,
            missing: None,
        }
    }

    /// Returns the published network or address that was probably meant, if `spelling` differs from
    /// it by one typing error.
    fn meant(&self, spelling: &str) -> Option<&(String, usize)> {
        self.published.one_slip_from(spelling, &self.context.work)
    }

    /// Does the same as [`TwilioText::meant`] with the spelling in the text, and with the usual one.
    fn meant_by(&self, one: &Found) -> Option<&(String, usize)> {
        let written = self.meant(&one.text(self.bytes));
        written.or_else(|| self.meant(&notation(one.span)))
    }

    /// Returns invalid addresses that differ from a Twilio address by one typing error.
    fn invalid_addresses(&self) -> impl Iterator<Item = PendingFinding> {
        self.slips
            .iter()
            .map(|Slip { place, meant }| PendingFinding {
                classification: Classification::Unpublished,
                advice: Advice::Explained,
                explanation: format!("not a valid address; {}", self.published.suggestion(meant)),
                replacement: self.published.meant(meant),
                place: place.clone(),
                text: String::from_utf8_lossy(&self.bytes[place.clone()]).into_owned(),
                networks: Vec::new(),
            })
    }

    /// Classifies a set of addresses and explains it; `None` if it is not reported.
    fn classify(&self, at: usize) -> Option<Assessment> {
        let one = &self.found[at];
        let published = self.published;
        let slip = one
            .has_invalid_prefix
            .then(|| self.meant(&one.text(self.bytes)));
        if let Some(meant) = slip.flatten() {
            return Some(self.slip("not a valid prefix length", meant));
        }
        if !published.contains_some(one.span) {
            return self.unpublished(at);
        }
        let is_twilios =
            self.neighbors.are_twilios[at] || covers(&published.other_services, one.span);
        if !is_twilios && !self.context.is_meant(&one.place, is_wide(one.span)) {
            return None;
        }
        let purpose = self.purpose(one);
        let work = &self.context.work;
        let assessment = assess(one.span, purpose, published, &self.held, work);
        Some(self.with_slip_from_current(one, assessment))
    }

    /// Suggests a network in force if a superseded one, or an address of another service, differs from it by one
    /// typing error.
    fn with_slip_from_current(&self, one: &Found, mut assessment: Assessment) -> Assessment {
        let may_be_slip = match assessment.classification {
            Classification::Superseded => true,
            // The other addresses of an exchange of Interconnect are close to its signaling addresses.
            Classification::OtherService => one.span.size() == 1,
            _ => false,
        };
        let published = self.published;
        let slip = may_be_slip.then(|| self.meant_by(one));
        let slip = slip.flatten();
        let Some(meant) = slip.filter(|(_, at)| published.catalog.entries[*at].in_force) else {
            return assessment;
        };
        if assessment.classification == Classification::OtherService {
            return self.slip(NEVER_PUBLISHED, meant);
        }
        assessment.explanation = format!(
            "{}; {}",
            assessment.explanation,
            published.suggestion(meant)
        );
        assessment.advice = Advice::Explained;
        assessment.replacement = published.meant(meant);
        assessment
    }

    /// Explains addresses that Twilio never published; `None` if they are not reported.
    fn unpublished(&self, at: usize) -> Option<Assessment> {
        let one = &self.found[at];
        if !is_public(one.span) {
            return None;
        }
        let meant = self.meant_by(one);
        if meant.is_none() && !self.is_presented_as_twilios(at) {
            return None;
        }
        Some(match meant {
            Some(meant) => self.slip(NEVER_PUBLISHED, meant),
            None => Assessment {
                classification: Classification::Unpublished,
                explanation: format!(
                    "{NEVER_PUBLISHED}, although it is listed among Twilio addresses"
                ),
                advice: Advice::Explained,
                replacement: Replacement::default(),
            },
        })
    }

    /// Assesses a typing error. `meant` is the spelling that was meant.
    fn slip(&self, explanation: &str, meant: &(String, usize)) -> Assessment {
        Assessment {
            classification: Classification::Unpublished,
            explanation: format!("{explanation}; {}", self.published.suggestion(meant)),
            advice: Advice::Explained,
            replacement: self.published.meant(meant),
        }
    }

    fn purpose(&self, one: &Found) -> Purpose {
        self.purposes.of(&self.context, one.place.start)
    }
}
