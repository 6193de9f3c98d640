//! Classifies the addresses of one text.

use std::ops::Range;

use ipnet::Ipv4Net;

use super::classification::Classification;
use super::context::Context;
use super::error::ScanError;
use super::expected::Expected;
use super::explanations::{subjects, superseded, wider};
use super::find::{Found, invalid_addresses};
use super::finding::Finding;
use super::positions::Positions;
use super::published::Published;
use super::spans::{covers, is_public, is_wide};
use super::topic::Topic;
use super::work::Work;
use crate::catalog::{Entry, NEVER_PUBLISHED};
use crate::packets::{Interval, complement, normalized};
use crate::policy::{Plane, address_or_cidr, notation};

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
}

/// A text with Twilio addresses, and the context of the addresses.
pub(super) struct TwilioText<'t> {
    published: &'t Published<'t>,
    expected: &'t [Expected],
    bytes: &'t [u8],
    context: Context<'t>,
    found: Vec<Found>,
    /// The addresses that the text contains, without networks that do not refer to Twilio.
    held: Vec<Interval>,
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
            held: held(&found, &context),
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
            if finding.classification != Classification::Unpublished {
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
            let (classification, explanation) = self.classify(one)?;
            Some(PendingFinding {
                classification,
                place: one.place.clone(),
                text: one.text(self.bytes),
                networks: one.span.networks().collect(),
                explanation,
            })
        })
    }

    fn placed(&self, positions: &mut Positions, pending: PendingFinding) -> Finding {
        let (line, column) = positions.of(pending.place.start);
        let within = &self.bytes[pending.place];
        let length = String::from_utf8_lossy(within).chars().count();
        Finding {
            classification: pending.classification,
            line,
            column,
            length: if within.contains(&b'\n') { 0 } else { length },
            text: pending.text,
            networks: pending.networks,
            explanation: pending.explanation,
            missing: None,
        }
    }

    /// Returns the published network or address that was probably meant, if `spelling` differs from
    /// it by one typing error.
    fn meant(&self, spelling: &str) -> Option<&(String, usize)> {
        self.published.one_slip_from(spelling, &self.context.work)
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
                place,
                text,
                networks: Vec::new(),
            })
        })
    }

    /// Classifies a set of addresses and explains it; `None` if it is not reported.
    fn classify(&self, one: &Found) -> Option<(Classification, String)> {
        let published = self.published;
        let slip = one
            .has_invalid_prefix
            .then(|| self.meant(&one.text(self.bytes)));
        if let Some(meant) = slip.flatten() {
            let explanation = format!("not a valid prefix length; {}", published.suggestion(meant));
            return Some((Classification::Unpublished, explanation));
        }
        if !published.contains_some(one.span) {
            return self
                .unpublished(one)
                .map(|explanation| (Classification::Unpublished, explanation));
        }
        if !published.is_twilios(one.span) && !self.context.is_meant(&one.place, is_wide(one.span))
        {
            return None;
        }
        Some(self.classify_published(one))
    }

    /// Classifies a set with published addresses, and explains it.
    fn classify_published(&self, one: &Found) -> (Classification, String) {
        let published = self.published;
        let touching = published.catalog.touching(one.span);
        self.context.work.add(touching.len());
        let entries: Vec<&Entry> = touching.iter().collect();
        if !covers(&published.ever, one.span) {
            // `wider` looks at each entry once more and compares it with its neighbors.
            self.context.work.add(entries.len());
            let explanation = wider(one.span, &published.ever, &entries);
            return (Classification::Wider, explanation);
        }
        if !covers(&published.in_force, one.span) {
            let old = entries.iter().filter(|entry| !entry.in_force).copied();
            let explanation = superseded(published.catalog, &old.collect::<Vec<_>>());
            let explanation = format!("{explanation}{}", self.slip_from_current(one));
            return (Classification::Superseded, explanation);
        }
        let current: Vec<&Entry> = entries.into_iter().filter(|entry| entry.in_force).collect();
        // Signaling addresses are published one by one, even inside a media network.
        if covers(&published.signaling, one.span) {
            return (Classification::Current, subjects(&current));
        }
        let partly = current
            .iter()
            .find(|entry| entry.plane == Plane::Media && !self.has_all_of(entry, one.span));
        match partly {
            Some(entry) => (
                Classification::Narrower,
                format!("{} is {}", entry.subject(), entry.network),
            ),
            None => (Classification::Current, subjects(&current)),
        }
    }

    /// Suggests a network in force if a superseded one differs from it by one typing error.
    fn slip_from_current(&self, one: &Found) -> String {
        let published = self.published;
        let slip = self
            .meant(&one.text(self.bytes))
            .filter(|(_, at)| published.catalog.entries[*at].in_force);
        slip.map_or_else(String::new, |meant| {
            format!("; {}", published.suggestion(meant))
        })
    }

    /// Returns true if the span or the whole text contains all of a network.
    fn has_all_of(&self, entry: &Entry, span: Interval) -> bool {
        span.holds(entry.span()) || covers(&self.held, entry.span())
    }

    /// Explains an address that no edition contains; `None` if it is not reported.
    fn unpublished(&self, one: &Found) -> Option<String> {
        if !is_public(one.span) {
            return None;
        }
        let written = self.meant(&one.text(self.bytes));
        let meant = written.or_else(|| self.meant(&notation(one.span)));
        if meant.is_none() && !self.is_presented_as_twilios(one) {
            return None;
        }
        Some(match meant {
            Some(meant) => format!("{NEVER_PUBLISHED}; {}", self.published.suggestion(meant)),
            None => format!("{NEVER_PUBLISHED}, although it is listed among Twilio addresses"),
        })
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
                .flat_map(|span| complement(&self.held, *span));
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
                text: written.join(", "),
                networks,
                explanation: format!("{} of {}", expected.plane, expected.region),
                missing: Some((expected.plane, expected.region.clone())),
            })
        })
    }
}

/// Returns the addresses in a text, without wide networks that do not refer to Twilio.
fn held(found: &[Found], context: &Context) -> Vec<Interval> {
    let meant =
        |one: &&Found| !is_wide(one.span) || context.is_meant(&one.place, is_wide(one.span));
    normalized(found.iter().filter(meant).map(|one| one.span).collect())
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
