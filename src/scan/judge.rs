//! What addresses in a text are to Twilio.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use ipnet::Ipv4Net;
use thiserror::Error;

use super::context::Context;
use super::find::{Found, find, invalid_addresses};
use super::line_mark::mentions_twilio;
use super::positions::Positions;
use super::spellings::Spellings;
use super::topic::{Topic, TopicWords};
use crate::catalog::{Catalog, Entry};
use crate::dataset::{ReferenceData, SHORTEST_PREFIX};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Interval, complement, normalized};
use crate::policy::{Plane, address_or_cidr, notation};

/// What addresses in a text are to Twilio's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Classification {
    /// All of it is in force.
    Current,
    /// In force, but a part of a media network of which the rest is not there.
    Narrower,
    /// Some of it is only in editions that are superseded.
    Superseded,
    /// Some of it was never published.
    Wider,
    /// None of it was ever published.
    Unpublished,
    /// Selected, and not in a text that has addresses of Twilio's.
    Missing,
}

impl Classification {
    /// All of them, as they are named.
    pub const ALL: [(Classification, &'static str); 6] = [
        (Classification::Current, "current"),
        (Classification::Narrower, "narrower"),
        (Classification::Superseded, "superseded"),
        (Classification::Wider, "wider"),
        (Classification::Unpublished, "unpublished"),
        (Classification::Missing, "missing"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let named = Classification::ALL
            .iter()
            .find(|(listed, _)| *listed == self);
        named.map_or("", |(_, name)| name)
    }
}

/// What was found in a text, and what it is.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is.
    pub classification: Classification,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How many characters it is long, if it stands in one line; 0 for what is missing.
    pub length: usize,
    /// As it stands in the text; what is missing, as networks.
    pub text: String,
    /// The addresses, in the fewest networks.
    pub networks: Vec<Ipv4Net>,
    /// What was published of it, or what is meant.
    pub explanation: String,
    /// Of what is missing: the plane and the region.
    pub lacks: Option<(Plane, String)>,
}

impl Finding {
    /// The plane of what is missing.
    pub fn missing_plane(&self) -> Option<Plane> {
        self.lacks.as_ref().map(|(plane, _)| *plane)
    }
}

/// What is expected of a text that has addresses of Twilio's.
#[derive(Debug)]
pub struct Expected {
    /// The plane.
    pub plane: Plane,
    /// Such as `tokyo`, or `all regions`.
    pub region: String,
    /// The networks.
    pub networks: Vec<Interval>,
}

/// Judges texts.
pub struct Judge<'a> {
    /// What a text may cost.
    pub limits: Limits,
    /// The findings so far.
    told: AtomicUsize,
    catalog: &'a Catalog,
    expected: Vec<Expected>,
    words: TopicWords,
    in_force: Vec<Interval>,
    /// Of that, what is for signaling.
    signaling: Vec<Interval>,
    published: Vec<Interval>,
    spellings: Spellings,
}

/// A network as many times as large as a published one is not a slip; in a text that has nothing else
/// to do with Twilio it is somebody else's.
const MOST_TIMES: u64 = 16;

/// The steps of [`Limit::Work`] for each missing network: there may be millions between the addresses of a
/// text, and a finding holds them all.
const STEPS_OF_MISSING: usize = 200;

/// Addresses that are no host's on the internet (RFC 6890, and RFC 5771 for multicast).
const NOT_PUBLIC: [(u32, u8); 15] = [
    (0x0000_0000, 8),
    (0x0a00_0000, 8),
    (0x6440_0000, 10),
    (0x7f00_0000, 8),
    (0xa9fe_0000, 16),
    (0xac10_0000, 12),
    (0xc000_0000, 24),
    (0xc000_0200, 24),
    (0xc058_6300, 24),
    (0xc0a8_0000, 16),
    (0xc612_0000, 15),
    (0xc633_6400, 24),
    (0xcb00_7100, 24),
    (0xe000_0000, 4),
    (0xf000_0000, 4),
];

impl<'a> Judge<'a> {
    /// By all that was published, and what is expected of a text.
    pub fn new(
        catalog: &'a Catalog,
        expected: Vec<Expected>,
        reference_data: &ReferenceData,
        limits: Limits,
    ) -> Self {
        Judge {
            limits,
            told: AtomicUsize::new(0),
            words: TopicWords::new(reference_data),
            in_force: catalog.addresses(|entry| entry.in_force),
            signaling: catalog.addresses(|entry| entry.in_force && entry.plane == Plane::Signaling),
            published: catalog.addresses(|_| true),
            spellings: Spellings::new(catalog),
            catalog,
            expected,
        }
    }

    /// Tells all findings of a text, in its order, then what is missing. Those that were told before an
    /// error are not all.
    pub fn judge(
        &self,
        text: &[u8],
        tell: &mut dyn FnMut(Finding) -> io::Result<()>,
    ) -> Result<(), Stopped> {
        let most = self.limits.max(Limit::Addresses);
        let mut all = find(text);
        let found: Vec<Found> = all.by_ref().take(most).collect();
        if found.is_empty() {
            return Ok(());
        }
        let mentions_twilio = mentions_twilio(text);
        let next = all.next();
        let is_twilios = |one: &Found| self.is_twilios(one.span);
        if !mentions_twilio
            && !found.iter().chain(&next).any(is_twilios)
            && !all.any(|one| is_twilios(&one))
        {
            return Ok(());
        }
        if next.is_some() {
            return Err(self.limits.exceeded(Limit::Addresses).into());
        }
        let context = Context::new(text, &found, &self.words, self.limits);
        let judged =
            |one: &Found| !context.is_ignored(&one.place) && !context.is_called_version(&one.place);
        let found: Vec<Found> = found.into_iter().filter(judged).collect();
        if !mentions_twilio && !found.iter().any(is_twilios) {
            return Ok(());
        }
        let text = Text {
            judge: self,
            bytes: text,
            held: held(&found, &context),
            lists: self.count_lists(&found, &context),
            rows: self.rows(&found, &context),
            context,
            found,
        };
        let work = &text.context.work;
        text.findings(&mut |finding| {
            work.check()?;
            let before = self.told.fetch_add(1, Ordering::Relaxed);
            self.limits
                .check(Limit::Addresses, before.saturating_add(1))?;
            Ok(tell(finding)?)
        })?;
        Ok(work.check()?)
    }

    /// Whether it is published, or not so much more that it must be meant for others.
    fn is_twilios(&self, span: Interval) -> bool {
        if !self.is_published(span) {
            return false;
        }
        let size = |span: Interval| u64::from(span.last - span.first) + 1;
        let widest = self.catalog.touching(span).iter().next_back();
        widest.is_some_and(|entry| size(span) <= MOST_TIMES * size(entry.span()))
    }

    fn count_lists(&self, found: &[Found], context: &Context) -> Vec<(usize, usize)> {
        let mut lists = vec![(0, 0); context.lists()];
        for one in found.iter().filter(|one| !is_wide(one.span)) {
            let list = context
                .list(one.place.start)
                .and_then(|list| lists.get_mut(list));
            let Some((published, others)) = list else {
                continue;
            };
            if self.is_published(one.span) {
                *published += 1;
            } else if is_public(one.span) {
                *others += 1;
            }
        }
        lists
    }

    fn rows(&self, found: &[Found], context: &Context) -> Vec<bool> {
        let mut rows = vec![false; context.rows()];
        for one in found.iter().filter(|one| self.is_twilios(one.span)) {
            if let Some(row) = context.row_number(one.place.start) {
                rows[row] = true;
            }
        }
        rows
    }

    fn is_published(&self, span: Interval) -> bool {
        let after = self
            .published
            .partition_point(|known| known.last < span.first);
        self.published
            .get(after)
            .is_some_and(|known| known.and(span).is_some())
    }

    /// What a spelling stands for: `192.0.2.0/30 is signaling of tokyo`.
    fn subject_of(&self, (spelling, entry): &(String, usize)) -> String {
        format!("{spelling} is {}", self.catalog.entries[*entry].subject())
    }
}

/// Why not all findings were told.
#[derive(Debug, Error)]
pub enum Stopped {
    /// The text costs too much.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// A finding could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The addresses that a text holds, but for networks that nobody means for Twilio.
fn held(found: &[Found], context: &Context) -> Vec<Interval> {
    let meant =
        |one: &&Found| !is_wide(one.span) || context.is_meant(&one.place, is_wide(one.span));
    normalized(found.iter().filter(meant).map(|one| one.span).collect())
}

/// Wider than a network of an allowlist can be.
fn is_wide(span: Interval) -> bool {
    span.last - span.first >= 1 << (32 - SHORTEST_PREFIX)
}

fn is_public(span: Interval) -> bool {
    NOT_PUBLIC.iter().all(|(first, prefix)| {
        let last = first | u32::MAX >> prefix;
        Interval {
            first: *first,
            last,
        }
        .and(span)
        .is_none()
    })
}

/// Whether all of a span is in others, which are normalized.
fn covers(spans: &[Interval], span: Interval) -> bool {
    let after = spans.partition_point(|own| own.last < span.first);
    spans.get(after).is_some_and(|own| own.holds(span))
}

/// A finding whose line is not known yet.
struct Told {
    place: Range<usize>,
    text: String,
    networks: Vec<Ipv4Net>,
    explanation: String,
}

/// A text that has to do with Twilio.
struct Text<'t> {
    judge: &'t Judge<'t>,
    bytes: &'t [u8],
    context: Context<'t>,
    found: Vec<Found>,
    held: Vec<Interval>,
    /// Of each list, how many of its public addresses are published, and how many are not.
    lists: Vec<(usize, usize)>,
    /// Of each line with addresses, whether one of them is published.
    rows: Vec<bool>,
}

impl Text<'_> {
    fn findings(
        &self,
        tell: &mut dyn FnMut(Finding) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let mut positions = Positions::new(self.bytes);
        let mut first_of_twilios = None;
        let mut found = self.judged().peekable();
        let mut odd = self.invalid_addresses().peekable();
        loop {
            let of_odd = match (found.peek(), odd.peek()) {
                (Some((_, one)), Some(other)) => other.place.start < one.place.start,
                (one, _) => one.is_none(),
            };
            let next = if of_odd {
                odd.next().map(|told| (Classification::Unpublished, told))
            } else {
                found.next()
            };
            let Some((classification, told)) = next else {
                break;
            };
            let finding = self.placed(&mut positions, classification, told);
            if classification != Classification::Unpublished {
                first_of_twilios.get_or_insert((finding.line, finding.column));
            }
            tell(finding)?;
        }
        if let Some((line, column)) = first_of_twilios {
            self.missing(line, column).try_for_each(tell)?;
        }
        Ok(())
    }

    fn judged(&self) -> impl Iterator<Item = (Classification, Told)> {
        self.found.iter().filter_map(|one| {
            let (classification, explanation) = self.classify(one)?;
            let told = Told {
                place: one.place.clone(),
                text: one.text(self.bytes),
                networks: one.span.networks().collect(),
                explanation,
            };
            Some((classification, told))
        })
    }

    fn placed(
        &self,
        positions: &mut Positions,
        classification: Classification,
        told: Told,
    ) -> Finding {
        let (line, column) = positions.of(told.place.start);
        let within = &self.bytes[told.place];
        let length = String::from_utf8_lossy(within).chars().count();
        Finding {
            classification,
            line,
            column,
            length: if within.contains(&b'\n') { 0 } else { length },
            text: told.text,
            networks: told.networks,
            explanation: told.explanation,
            lacks: None,
        }
    }

    /// The published network or address that a slip has made this of.
    fn meant(&self, spelling: &str) -> Option<&(String, usize)> {
        let spellings = &self.judge.spellings;
        spellings.one_slip_from(spelling, &self.context.work)
    }

    /// What is no address, and would be one of Twilio's but for a slip.
    fn invalid_addresses(&self) -> impl Iterator<Item = Told> {
        invalid_addresses(self.bytes).filter_map(|place| {
            let text = String::from_utf8_lossy(&self.bytes[place.clone()]).into_owned();
            let ignored = self.context.is_ignored(&place);
            let meant = (!ignored).then(|| self.meant(&text))??;
            Some(Told {
                explanation: format!("it is no address; {}", self.judge.subject_of(meant)),
                place,
                text,
                networks: Vec::new(),
            })
        })
    }

    fn classify(&self, one: &Found) -> Option<(Classification, String)> {
        let judge = self.judge;
        let slip = one
            .has_invalid_prefix
            .then(|| self.meant(&one.text(self.bytes)));
        let slip = slip.flatten();
        if let Some(meant) = slip {
            let why = format!("its prefix is none; {}", judge.subject_of(meant));
            return Some((Classification::Unpublished, why));
        }
        if !judge.is_published(one.span) {
            return self
                .unpublished(one)
                .map(|why| (Classification::Unpublished, why));
        }
        if !judge.is_twilios(one.span) && !self.context.is_meant(&one.place, is_wide(one.span)) {
            return None;
        }
        let touching = judge.catalog.touching(one.span);
        self.context.work.add(touching.len());
        let entries: Vec<&Entry> = touching.iter().collect();
        if !covers(&judge.published, one.span) {
            // Each is looked at once more, and compared with its neighbors.
            self.context.work.add(entries.len());
            return Some((
                Classification::Wider,
                wider(one.span, &judge.published, &entries),
            ));
        }
        if !covers(&judge.in_force, one.span) {
            let old = entries
                .iter()
                .filter(|entry| !entry.in_force)
                .copied()
                .collect::<Vec<_>>();
            let slip = self
                .meant(&one.text(self.bytes))
                .filter(|(_, at)| judge.catalog.entries[*at].in_force);
            let hint = slip.map_or_else(String::new, |meant| {
                format!("; one slip from it, {}", judge.subject_of(meant))
            });
            return Some((
                Classification::Superseded,
                format!("{}{hint}", superseded(judge.catalog, &old)),
            ));
        }
        let current: Vec<&Entry> = entries.into_iter().filter(|entry| entry.in_force).collect();
        // Signaling addresses are published one by one, whatever media network they lie in.
        if covers(&judge.signaling, one.span) {
            return Some((Classification::Current, subjects(&current)));
        }
        let partly = current
            .iter()
            .find(|entry| entry.plane == Plane::Media && !self.has_all_of(entry, one.span));
        Some(match partly {
            Some(entry) => (
                Classification::Narrower,
                format!("{} is {}", entry.subject(), entry.network),
            ),
            None => (Classification::Current, subjects(&current)),
        })
    }

    /// Whether this, or the text with it, holds all of a network.
    fn has_all_of(&self, entry: &Entry, span: Interval) -> bool {
        span.holds(entry.span()) || covers(&self.held, entry.span())
    }

    /// Why an address that no edition has is told nevertheless.
    fn unpublished(&self, one: &Found) -> Option<String> {
        if !is_public(one.span) {
            return None;
        }
        let written = self.meant(&one.text(self.bytes));
        let meant = written.or_else(|| self.meant(&notation(one.span)));
        if meant.is_none() && !self.stands_for_twilio(one) {
            return None;
        }
        Some(match meant {
            Some(meant) => format!("no edition has it; {}", self.judge.subject_of(meant)),
            None => "no edition has it".to_owned(),
        })
    }

    /// Whether what is around an address says that it is meant to be Twilio's.
    fn stands_for_twilio(&self, one: &Found) -> bool {
        let at = one.place.start;
        let context = &self.context;
        // Beside one of Twilio's in a line, another is the other side.
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

    fn is_mostly_published(&self, at: usize) -> bool {
        let list = self.context.list(at).and_then(|list| self.lists.get(list));
        list.is_some_and(|(published, others)| *published > 1 && published > others)
    }

    fn missing(&self, line: usize, column: usize) -> impl Iterator<Item = Finding> {
        let work = &self.context.work;
        self.judge.expected.iter().filter_map(move |expected| {
            let rest = expected
                .networks
                .iter()
                .flat_map(|span| complement(&self.held, *span));
            let networks: Vec<Ipv4Net> = rest
                .flat_map(Interval::networks)
                .inspect(|_| work.add(STEPS_OF_MISSING))
                .take_while(|_| !work.is_exceeded())
                .collect();
            let told: Vec<String> = networks.iter().map(|n| address_or_cidr(*n)).collect();
            (!networks.is_empty()).then(|| Finding {
                classification: Classification::Missing,
                line,
                column,
                length: 0,
                text: told.join(", "),
                networks,
                explanation: format!("{} of {}", expected.plane, expected.region),
                lacks: Some((expected.plane, expected.region.clone())),
            })
        })
    }
}

/// `signaling of tokyo; media of all regions`
fn subjects(entries: &[&Entry]) -> String {
    let first = of_each_subject(entries);
    let subjects: Vec<String> = first.iter().map(|entry| entry.subject()).collect();
    subjects.join(", ")
}

/// The first of the entries of each plane and region, of which there are few.
fn of_each_subject<'e>(entries: &[&'e Entry]) -> Vec<&'e Entry> {
    let mut first: Vec<&Entry> = Vec::new();
    for entry in entries {
        let is_same = |known: &&Entry| known.plane == entry.plane && known.region == entry.region;
        if !first.iter().any(is_same) {
            first.push(entry);
        }
    }
    first
}

fn superseded(catalog: &Catalog, entries: &[&Entry]) -> String {
    let editions = entries.iter().flat_map(|entry| &entry.editions);
    let ends: Vec<_> = editions
        .map(|at| catalog.editions[*at].superseded.as_ref())
        .collect();
    let last = ends.iter().flatten().max_by(|a, b| a.date.cmp(&b.date));
    let when = match (&catalog.own, last) {
        // What is in force otherwise, the user's own list stands in the place of.
        (Some(own), _) if ends.iter().any(Option::is_none) => format!(", which {own} replaces"),
        (_, Some(end)) => format!(", superseded on {} by {}", end.date, end.by),
        (_, None) => String::new(),
    };
    format!("{}{when}", subjects(entries))
}

/// As many networks as are told that a wider one holds.
const SHOWN: usize = 3;

fn wider(span: Interval, published: &[Interval], entries: &[&Entry]) -> String {
    let beyond: u64 = complement(published, span)
        .iter()
        .map(|s| u64::from(s.last - s.first) + 1)
        .sum();
    let networks = entries.chunk_by(|one, next| one.network == next.network);
    let different: Vec<&Entry> = networks.flat_map(of_each_subject).collect();
    let known = different.iter().take(SHOWN).map(|entry| {
        let network = address_or_cidr(entry.network);
        format!("{} is {network}", entry.subject())
    });
    let known: Vec<String> = known.collect();
    let more = different.len() - known.len();
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    let plural = if beyond == 1 { "address" } else { "addresses" };
    format!(
        "{beyond} {plural} more than was ever published: {}{more}",
        known.join(", ")
    )
}
