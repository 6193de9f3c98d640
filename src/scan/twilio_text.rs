//! Classifies the addresses of one text.

use std::ops::Range;

use ipnet::Ipv4Net;

use super::assess::{Assessment, Held, assess};
use super::classification::Classification;
use super::context::Context;
use super::error::ScanError;
use super::expected::Expected;
use super::find::{Found, invalid_addresses};
use super::finding::Finding;
use super::positions::Positions;
use super::published::Published;
use super::replacement::Replacement;
use super::spans::{covers, is_public, is_wide};
use super::topic::Topic;
use super::work::Work;
use crate::catalog::NEVER_PUBLISHED;
use crate::packets::{Interval, complement, normalized};
use crate::policy::{address_or_cidr, notation};

/// The steps of [`crate::limits::Limit::Work`] for each missing network. One finding contains all
/// missing networks of a plane and region, and there may be millions of them between the addresses
/// of a text.
const STEPS_OF_MISSING: usize = 200;

/// A finding without its line and column.
struct PendingFinding {
    classification: Classification,
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
    found: Vec<Found>,
    /// The addresses that the text contains, without networks that do not refer to Twilio.
    held: Held,
    /// For each list, how many of its public addresses are published, and how many are not.
    lists: Vec<(usize, usize)>,
    /// For each line with addresses, true if any of them belongs to Twilio.
    rows: Vec<bool>,
}

impl<'t> TwilioText<'t> {
    /// Prepares a text. `found` must be in the order of the text.
    pub(super) fn new(
        published: &'t Published<'t>,
        expected: &'t [Expected],
        bytes: &'t [u8],
        found: Vec<Found>,
        context: Context<'t>,
    ) -> Self {
        TwilioText {
            published,
            expected,
            bytes,
            held: held(published, &found, &context),
            lists: count_lists(published, &found, &context),
            rows: rows(published, &found, &context),
            context,
            found,
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
        if let Some((line, column)) = first_of_twilios {
            self.missing(line, column).try_for_each(report)?;
        }
        Ok(())
    }

    /// Returns the reported sets of addresses with their classification.
    fn classified(&self) -> impl Iterator<Item = PendingFinding> {
        self.found.iter().filter_map(|one| {
            let assessment = self.classify(one)?;
            Some(PendingFinding {
                classification: assessment.classification,
                place: one.place.clone(),
                text: one.text(self.bytes),
                networks: one.span.networks().collect(),
                explanation: assessment.text(),
                replacement: assessment.replacement,
            })
        })
    }

    fn placed(&self, positions: &mut Positions, pending: PendingFinding) -> Finding {
        let (line, column) = positions.of(pending.place.start);
        let within = &self.bytes[pending.place.clone()];
        let length = String::from_utf8_lossy(within).chars().count();
        Finding {
            classification: pending.classification,
            line,
            column,
            length: if within.contains(&b'\n') { 0 } else { length },
            place: Some(pending.place),
            text: pending.text,
            networks: pending.networks,
            explanation: pending.explanation,
            replacement: pending.replacement,
            fix: None,
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
        invalid_addresses(self.bytes).filter_map(|place| {
            let text = String::from_utf8_lossy(&self.bytes[place.clone()]).into_owned();
            let ignored = self.context.is_ignored(&place);
            let meant = (!ignored).then(|| self.meant(&text))??;
            Some(PendingFinding {
                classification: Classification::Unpublished,
                explanation: format!("not a valid address; {}", self.published.suggestion(meant)),
                replacement: self.published.meant(meant),
                place,
                text,
                networks: Vec::new(),
            })
        })
    }

    /// Classifies a set of addresses and explains it; `None` if it is not reported.
    fn classify(&self, one: &Found) -> Option<Assessment> {
        let published = self.published;
        let slip = one
            .has_invalid_prefix
            .then(|| self.meant(&one.text(self.bytes)));
        if let Some(meant) = slip.flatten() {
            return Some(self.slip("not a valid prefix length", meant));
        }
        if !published.contains_some(one.span) {
            return self.unpublished(one);
        }
        if !published.is_twilios(one.span) && !self.context.is_meant(&one.place, is_wide(one.span))
        {
            return None;
        }
        let is_for_others = self.context.is_for_other_services(one.place.start);
        let work = &self.context.work;
        let assessment = assess(one.span, is_for_others, published, &self.held, work);
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
        assessment.advice = published.suggestion(meant);
        assessment.replacement = published.meant(meant);
        assessment
    }

    /// Explains addresses that Twilio never published; `None` if they are not reported.
    fn unpublished(&self, one: &Found) -> Option<Assessment> {
        if !is_public(one.span) {
            return None;
        }
        let meant = self.meant_by(one);
        if meant.is_none() && !self.is_presented_as_twilios(one) {
            return None;
        }
        Some(match meant {
            Some(meant) => self.slip(NEVER_PUBLISHED, meant),
            None => Assessment {
                classification: Classification::Unpublished,
                explanation: format!(
                    "{NEVER_PUBLISHED}, although it is listed among Twilio addresses"
                ),
                advice: String::new(),
                replacement: Replacement::default(),
            },
        })
    }

    /// Assesses a typing error. `meant` is the spelling that was meant.
    fn slip(&self, explanation: &str, meant: &(String, usize)) -> Assessment {
        Assessment {
            classification: Classification::Unpublished,
            explanation: explanation.to_owned(),
            advice: self.published.suggestion(meant),
            replacement: self.published.meant(meant),
        }
    }

    /// Returns true if the text around an address presents it as Twilio's.
    fn is_presented_as_twilios(&self, one: &Found) -> bool {
        let at = one.place.start;
        let context = &self.context;
        // An address on the same line as a Twilio address belongs to the other side.
        let beside = context.row_number(at).is_some_and(|row| self.rows[row]);
        if beside
            || context.names_a_set(at)
            || context.is_own(at)
            || context.is_log(at)
            || context.is_version(&one.place)
        {
            return false;
        }
        if context.mentions_twilio(at) {
            return true;
        }
        let comment = context.comment(at);
        if comment == Some(Topic::Twilio) {
            return true;
        }
        let list = context.list(at).and_then(|list| self.lists.get(list));
        let near_published = list.is_some_and(|(published, _)| *published > 0);
        if near_published && context.speaks(at) {
            return true;
        }
        let is_others = match comment {
            Some(topic) => topic == Topic::Other,
            None => context.is_others(at),
        };
        !is_others && (context.list_speaks(at) || self.is_mostly_published(at))
    }

    /// Returns true if the list has more than one published address, and more than half are
    /// published.
    fn is_mostly_published(&self, at: usize) -> bool {
        let list = self.context.list(at).and_then(|list| self.lists.get(list));
        list.is_some_and(|(published, others)| *published > 1 && published > others)
    }

    /// Returns a finding at the given position for each plane and region with expected networks
    /// that the text lacks.
    fn missing(&self, line: usize, column: usize) -> impl Iterator<Item = Finding> {
        let work = &self.context.work;
        self.expected.iter().filter_map(move |expected| {
            let rest = expected
                .networks
                .iter()
                .flat_map(|span| complement(&self.held.all, *span));
            let networks: Vec<Ipv4Net> = rest
                .flat_map(Interval::networks)
                .inspect(|_| work.add(STEPS_OF_MISSING))
                .take_while(|_| !work.is_exceeded())
                .collect();
            let written: Vec<String> = networks.iter().map(|n| address_or_cidr(*n)).collect();
            (!networks.is_empty()).then(|| Finding {
                classification: Classification::Missing,
                line,
                column,
                length: 0,
                place: None,
                text: written.join(", "),
                networks,
                explanation: format!("{} of {}", expected.plane, expected.region),
                replacement: Replacement::default(),
                fix: None,
                missing: Some((expected.plane, expected.region.clone())),
            })
        })
    }
}

/// Returns the addresses in a text, without wide networks that do not refer to Twilio.
fn held(published: &Published, found: &[Found], context: &Context) -> Held {
    let meant =
        |one: &&Found| !is_wide(one.span) || context.is_meant(&one.place, is_wide(one.span));
    let spans: Vec<Interval> = found.iter().filter(meant).map(|one| one.span).collect();
    let in_force = spans.iter().copied();
    let in_force = in_force.filter(|span| covers(&published.in_force, *span));
    Held {
        in_force: normalized(in_force.collect()),
        all: normalized(spans),
    }
}

/// Counts, for each list, the public addresses that are published and those that are not.
fn count_lists(published: &Published, found: &[Found], context: &Context) -> Vec<(usize, usize)> {
    let mut lists = vec![(0, 0); context.lists()];
    for one in found.iter().filter(|one| !is_wide(one.span)) {
        let list = context
            .list(one.place.start)
            .and_then(|list| lists.get_mut(list));
        let Some((known, others)) = list else {
            continue;
        };
        if published.contains_some(one.span) {
            *known += 1;
        } else if is_public(one.span) {
            *others += 1;
        }
    }
    lists
}

/// Returns, for each line with addresses, true if any of them belongs to Twilio.
fn rows(published: &Published, found: &[Found], context: &Context) -> Vec<bool> {
    let mut rows = vec![false; context.rows()];
    for one in found.iter().filter(|one| published.is_twilios(one.span)) {
        if let Some(row) = context.row_number(one.place.start) {
            rows[row] = true;
        }
    }
    rows
}
