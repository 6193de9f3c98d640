//! Classifies the addresses of one text.

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
use super::hints::Hint;
use super::positions::Positions;
use super::published::Published;
use super::purpose::{FileTopics, Purpose, Purposes};
use super::replacement::Replacement;
use super::series::series;
use super::slips::Slip;
use super::spans::{covers, is_public, is_wide};
use super::topic::Topic;
use super::work::Work;
use crate::catalog::NEVER_PUBLISHED;
use crate::packets::{Interval, complement, normalized};
use crate::policy::{Plane, address_or_cidr, notation};

/// The steps of [`crate::limits::Limit::Work`] for each missing network. One finding contains all
/// missing networks of a plane and region, and there may be millions of them between the addresses
/// of a text.
const STEPS_OF_MISSING: usize = 200;

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
    /// For each list, how many of its public addresses are published, and how many are not.
    lists: Vec<(usize, usize)>,
    /// For each element of `found`, the number of its series on the line.
    series: Vec<usize>,
    /// For each series, how many of its public addresses are published, and how many are not.
    in_series: Vec<(usize, usize)>,
    /// For each line with addresses, the series of Twilio's addresses.
    rows: Vec<Beside>,
    topics: FileTopics,
    /// True if the text has a published address.
    has_twilios: bool,
}

/// The addresses of Twilio on a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    None,
    /// They are in a single series.
    Series(usize),
    Several,
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
        let series = series(bytes, &found);
        let topics = purposes.topics;
        let has_list = !topics.is_test
            && !topics.is_for_webhooks
            && (mentions_twilio || found.iter().any(|one| published.is_listed(one.span)))
            && has_list(published, &found, &context, &purposes);
        TwilioText {
            published,
            expected,
            bytes,
            held: held(published, &found, &context, has_list),
            lists: count(published, &found, context.lists(), |at| {
                context.list(found[at].place.start)
            }),
            in_series: count(published, &found, found.len(), |at| series.get(at).copied()),
            rows: rows(published, &found, &series, &context),
            has_twilios: found.iter().any(|one| published.is_twilios(one.span)),
            series,
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
            let assessment = self.classify(one, self.series[at]);
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

    /// Returns a hint about a set of addresses. `hinted` is the last list with a hint about webhooks.
    fn hint(
        &self,
        at: usize,
        assessment: Option<&Assessment>,
        hinted: &mut Option<usize>,
    ) -> Option<Hint> {
        let one = &self.found[at];
        let place = one.place.start;
        let list = self.context.list(place).unwrap_or_default();
        let Some(assessment) = assessment else {
            return self.opens_everything(at).then_some(Hint::AnyAddress);
        };
        if self.context.is_log(place) || self.context.is_trace(place) {
            return None;
        }
        let is_sip = assessment.classification.is_sip();
        if is_sip && one.span.size() == 1 && self.context.is_target(place) {
            return Some(Hint::Target);
        }
        let is_for_webhooks = self.purpose(one).service == Service::Webhooks
            && (is_sip || self.published.is_twilios(one.span));
        let is_first = hinted.is_none_or(|last| last != list && !self.topics.is_for_webhooks);
        if is_for_webhooks && is_first {
            *hinted = Some(list);
            return Some(Hint::Webhooks);
        }
        None
    }

    /// Returns true if a set consists of all addresses, and its line lets them in beside Twilio's.
    fn opens_everything(&self, at: usize) -> bool {
        let one = &self.found[at];
        let place = one.place.start;
        if one.span != Interval::ADDRESSES || !self.has_twilios {
            return false;
        }
        let row = self.context.row_number(place);
        let neighbors = [at.checked_sub(1), at.checked_add(1)].into_iter().flatten();
        let is_beside = |other: usize| {
            let neighbor = self.found.get(other);
            neighbor.is_some_and(|neighbor| self.context.row_number(neighbor.place.start) == row)
                && self.series[other] != self.series[at]
        };
        let list = self
            .context
            .list(place)
            .and_then(|list| self.lists.get(list));
        let is_among_twilios = list.is_some_and(|(published, _)| *published > 0);
        !neighbors.into_iter().any(is_beside)
            && (is_among_twilios || self.context.has_sip_port(place))
            && self.context.lets_in(&one.place)
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
    fn classify(&self, one: &Found, series: usize) -> Option<Assessment> {
        let published = self.published;
        let slip = one
            .has_invalid_prefix
            .then(|| self.meant(&one.text(self.bytes)));
        if let Some(meant) = slip.flatten() {
            return Some(self.slip("not a valid prefix length", meant));
        }
        if !published.contains_some(one.span) {
            return self.unpublished(one, series);
        }
        let is_twilios =
            published.is_twilios(one.span) || covers(&published.other_services, one.span);
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
    fn unpublished(&self, one: &Found, series: usize) -> Option<Assessment> {
        if !is_public(one.span) {
            return None;
        }
        let meant = self.meant_by(one);
        if meant.is_none() && !self.is_presented_as_twilios(one, series) {
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

    /// Returns true if the text around an address presents it as Twilio's.
    fn is_presented_as_twilios(&self, one: &Found, series: usize) -> bool {
        let at = one.place.start;
        let context = &self.context;
        // An address on the same line as a Twilio address belongs to the other side.
        let beside = context
            .row_number(at)
            .map_or(Beside::None, |row| self.rows[row]);
        if !matches!(beside, Beside::None) && beside != Beside::Series(series)
            || !self.has_twilios && !self.is_in_list(at)
            || context.names_a_set(at)
            || self.topics.is_test
            || context.is_log(at)
            || context.is_trace(at)
            || context.is_version(&one.place)
            || context.is_own(at)
            || context.has_only_other_ports(at)
        {
            return false;
        }
        let comment = context.comment(at);
        let list = context.list(at).and_then(|list| self.lists.get(list));
        let near_published = list.is_some_and(|(published, _)| *published > 0);
        if context.mentions_twilio(at) && !context.is_sentence(at)
            || matches!(comment, Some(Topic::Twilio | Topic::Region))
            || near_published && context.speaks(at)
        {
            return true;
        }
        let is_others = match comment {
            Some(topic) => topic == Topic::Other,
            None => context.is_others(at),
        };
        let in_twilios_list =
            context.list_speaks(at) || near_published && context.list_names_region(at);
        // Comments and words on a line with published addresses describe all of them.
        let is_of_others =
            || is_others || context.names_others(at, |row| self.rows[row] != Beside::None);
        (in_twilios_list || self.is_mostly_published(at, series))
            && (beside == Beside::Series(series) || !is_of_others())
    }

    /// Returns true if the list of an address has more than one address.
    fn is_in_list(&self, at: usize) -> bool {
        let list = self.context.list(at).and_then(|list| self.lists.get(list));
        list.is_some_and(|(published, others)| published + others > 1)
    }

    /// Returns true if the list or the series has more than one published address, and more than half are published.
    fn is_mostly_published(&self, at: usize, series: usize) -> bool {
        let list = self.context.list(at).and_then(|list| self.lists.get(list));
        let is_mostly = |(published, others): &(usize, usize)| *published > 1 && published > others;
        list.is_some_and(is_mostly) || is_mostly(&self.in_series[series])
    }

    fn purpose(&self, one: &Found) -> Purpose {
        self.purposes.of(&self.context, one.place.start)
    }

    /// Returns true if the text has networks of a plane, or opens its ports for Twilio. Old media networks in a list for
    /// signaling do not count as media.
    fn has_plane(&self, plane: Plane) -> bool {
        let is_of_plane = |one: &Found| {
            let at = one.place.start;
            let serves = || plane == Plane::Signaling || self.purpose(one).planes.media;
            let opens = || match plane {
                Plane::Signaling => self.context.has_sip_port(at),
                Plane::Media => self.context.has_media_port(at),
            };
            self.published.is_twilios(one.span)
                && (self.published.is_of_plane(one.span, plane) && serves() || opens())
        };
        self.found.iter().any(is_of_plane)
    }

    /// Returns the parts of an expected network that the text lacks. Media networks are published only as a whole.
    fn lacking(&self, plane: Plane, span: Interval) -> Vec<Interval> {
        let lacking = complement(&self.held.all, span);
        if plane == Plane::Media && !lacking.is_empty() {
            vec![span]
        } else {
            lacking
        }
    }

    /// Returns a finding at the given position for each plane and region with expected networks
    /// that the text lacks.
    fn missing(&self, line: usize, column: usize) -> impl Iterator<Item = Finding> {
        let work = &self.context.work;
        let is_selected = Plane::ALL.map(|plane| (plane, self.has_plane(plane)));
        let expected = self.expected.iter();
        let expected =
            expected.filter(move |expected| is_selected.contains(&(expected.plane, true)));
        expected.filter_map(move |expected| {
            let rest = expected
                .networks
                .iter()
                .flat_map(|span| self.lacking(expected.plane, *span));
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
                purpose: Purpose::default(),
                advice: Advice::Explained,
                fix: None,
                left: None,
                missing: Some((expected.plane, expected.region.clone())),
            })
        })
    }
}

/// Returns the addresses in a text, without wide networks that do not refer to Twilio.
fn held(published: &Published, found: &[Found], context: &Context, is_list: bool) -> Held {
    let meant =
        |one: &&Found| !is_wide(one.span) || context.is_meant(&one.place, is_wide(one.span));
    let spans: Vec<Interval> = found.iter().filter(meant).map(|one| one.span).collect();
    let in_force = spans.iter().copied();
    let in_force = in_force.filter(|span| covers(&published.in_force, *span));
    Held {
        in_force: normalized(in_force.collect()),
        all: normalized(spans),
        is_list,
    }
}

/// Counts, for each group, the public addresses that are published and those that are not. `group` returns the group of
/// an element of `found`.
fn count(
    published: &Published,
    found: &[Found],
    groups: usize,
    group: impl Fn(usize) -> Option<usize>,
) -> Vec<(usize, usize)> {
    let mut counts = vec![(0, 0); groups];
    for (at, one) in found
        .iter()
        .enumerate()
        .filter(|(_, one)| !is_wide(one.span))
    {
        let Some((known, others)) = group(at).and_then(|group| counts.get_mut(group)) else {
            continue;
        };
        if published.is_twilios(one.span) {
            *known += 1;
        } else if is_public(one.span) {
            *others += 1;
        }
    }
    counts
}

/// Returns, for each line with addresses, the series of Twilio's addresses.
fn rows(
    published: &Published,
    found: &[Found],
    series: &[usize],
    context: &Context,
) -> Vec<Beside> {
    let mut rows = vec![Beside::None; context.rows()];
    let of_series = found.iter().zip(series);
    for (one, series) in of_series.filter(|(one, _)| published.is_twilios(one.span)) {
        if let Some(row) = context.row_number(one.place.start) {
            rows[row] = match rows[row] {
                Beside::None => Beside::Series(*series),
                Beside::Series(known) if known == *series => Beside::Series(known),
                _ => Beside::Several,
            };
        }
    }
    rows
}

/// Returns true if a text has addresses of two published networks, or a firewall rule with one. Logs, traces, sentences
/// and targets of calls do not count.
fn has_list(
    published: &Published,
    found: &[Found],
    context: &Context,
    purposes: &Purposes,
) -> bool {
    let mut first: Option<Option<Ipv4Net>> = None;
    for one in found.iter().filter(|one| published.is_twilios(one.span)) {
        let at = one.place.start;
        let is_observed = context.is_log(at) || context.is_trace(at) || context.is_sentence(at);
        if is_observed
            || context.is_target(at)
            || purposes.of(context, at).service == Service::Webhooks
        {
            continue;
        }
        let network = published.widest(one.span);
        if context.is_rule(at) || *first.get_or_insert(network) != network {
            return true;
        }
    }
    false
}
