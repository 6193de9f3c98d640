//! Assesses sets of addresses that Twilio published.

use super::advice::Advice;
use super::classification::Classification;
use super::evidence::{Planes, Service};
use super::explanations::{Superseded, of_services, subjects, wider, with_subjects};
use super::published::{MOST_TIMES, Published};
use super::purpose::Purpose;
use super::replacement::Replacement;
use super::spans::covers;
use super::work::Work;
use crate::catalog::{Entry, ServiceNetwork};
use crate::packets::{Interval, normalized};
use crate::policy::Plane;

/// A classification with its reason.
pub(super) struct Assessment {
    pub classification: Classification,
    pub explanation: String,
    pub advice: Advice,
    /// The networks to write instead.
    pub replacement: Replacement,
}

/// The addresses of a text that matter for the assessment of each of its sets.
pub(super) struct Held {
    /// All addresses.
    pub all: Vec<Interval>,
    /// The addresses of sets that are in force as a whole.
    pub in_force: Vec<Interval>,
    /// True if the text has a list of Twilio addresses.
    pub is_list: bool,
}

/// Assesses a set with published addresses.
pub(super) fn assess(
    span: Interval,
    purpose: Purpose,
    published: &Published,
    held: &Held,
    work: &Work,
) -> Assessment {
    let touching = published.catalog.touching(span);
    let touched: Vec<&Entry> = touching.iter().collect();
    let services: Vec<ServiceNetwork> = published.catalog.services_touching(span).collect();
    // The explanations look at each network a few times.
    work.add(2 * (touched.len() + services.len()));
    let service = purpose.service;
    let set = Set {
        span,
        planes: purpose.planes,
        touched,
        services,
        published,
        held,
    };
    if service == Service::Turn && covers(&published.other_services, span) {
        return set.other_service();
    }
    if covers(&published.in_force, span) {
        return set.in_force();
    }
    if service == Service::Webhooks && covers(&published.ever, span) {
        return set.unused();
    }
    if set.is_of_interconnect() {
        return set.other_service();
    }
    if set.is_signaling_made_wider() {
        return set.signaling_made_wider();
    }
    if !covers(&published.ever, span) {
        return set.wider();
    }
    if set.was_for_sip() {
        set.superseded()
    } else {
        set.other_service()
    }
}

/// A set with the published networks that it touches.
struct Set<'a> {
    span: Interval,
    /// The planes that it serves.
    planes: Planes,
    touched: Vec<&'a Entry>,
    services: Vec<ServiceNetwork<'a>>,
    published: &'a Published<'a>,
    held: &'a Held,
}

impl Set<'_> {
    fn in_force(&self) -> Assessment {
        let touched = self.touched.iter().copied();
        let current: Vec<&Entry> = touched.filter(|entry| entry.in_force).collect();
        // Signaling addresses are published one by one, even inside a media network.
        let is_signaling = covers(&self.published.signaling, self.span);
        // A trace or an example shows single addresses.
        let is_observed = self.span.size() == 1 && !self.held.is_list;
        let partly = if is_signaling || is_observed {
            None
        } else {
            self.partly_held_media(&current)
        };
        let catalog = self.published.catalog;
        match partly {
            Some(entry) => Assessment {
                classification: Classification::Narrower,
                explanation: format!("{} is {}", catalog.subject(entry), entry.network),
                advice: Advice::Explained,
                replacement: Replacement::by(entry.network, Plane::Media),
            },
            None => Assessment {
                classification: Classification::Current,
                explanation: subjects(catalog, &current),
                advice: Advice::Explained,
                replacement: Replacement::default(),
            },
        }
    }

    /// Returns the first media network of which the set has only a part, unless it has these addresses from another
    /// network that it has as a whole. A network in force may explain parts of upcoming ones, but not the other way round.
    fn partly_held_media<'e>(&self, current: &[&'e Entry]) -> Option<&'e Entry> {
        let media = current.iter().copied();
        let media = media.filter(|entry| entry.plane == Plane::Media);
        let (upcoming, in_force): (Vec<&Entry>, Vec<&Entry>) =
            media.partition(|entry| self.published.catalog.is_only_upcoming(entry));
        let mut whole = Vec::new();
        for entries in [in_force, upcoming] {
            let (held, partly): (Vec<&Entry>, Vec<&Entry>) = entries
                .into_iter()
                .partition(|entry| self.has_all_of(entry));
            whole.extend(held.into_iter().map(Entry::span));
            whole = normalized(whole);
            let is_unexplained = |entry: &&Entry| {
                let own = entry.span().and(self.span);
                own.is_some_and(|own| !covers(&whole, own))
            };
            if let Some(entry) = partly.into_iter().find(is_unexplained) {
                return Some(entry);
            }
        }
        None
    }

    /// True if the set or the whole text contains all of a network.
    fn has_all_of(&self, entry: &Entry) -> bool {
        self.span.holds(entry.span()) || covers(&self.held.all, entry.span())
    }

    fn other_service(&self) -> Assessment {
        let touched = self.touched.iter().copied();
        let current: Vec<&Entry> = touched.filter(|entry| entry.in_force).collect();
        let mut explanation = of_services(&self.services);
        if !current.is_empty() {
            explanation = format!(
                "{explanation}; for SIP: {}",
                subjects(self.published.catalog, &current)
            );
        }
        Assessment {
            classification: Classification::OtherService,
            explanation,
            advice: Advice::Explained,
            replacement: Replacement::default(),
        }
    }

    /// Assesses a superseded set for which no replacement for calls makes sense.
    fn unused(&self) -> Assessment {
        Assessment {
            classification: Classification::OtherService,
            advice: Advice::Explained,
            replacement: Replacement::default(),
            ..self.superseded()
        }
    }

    /// True if the set consists of addresses that exchanges of Twilio Interconnect announce.
    fn is_of_interconnect(&self) -> bool {
        let routes = self
            .services
            .iter()
            .filter(|listed| listed.service.address_space);
        covers(
            &normalized(routes.map(ServiceNetwork::span).collect()),
            self.span,
        )
    }

    /// True if the set is not a network that was published, but contains signaling addresses in force and few others.
    fn is_signaling_made_wider(&self) -> bool {
        let is_published = self.touched.iter().any(|entry| entry.span() == self.span);
        let signaling = self.signaling().fold(0, |size, part| size + part.size());
        !is_published && signaling > 0 && self.span.size() < MOST_TIMES * signaling
    }

    /// Returns the signaling addresses in force that the set contains.
    fn signaling(&self) -> impl Iterator<Item = Interval> {
        let signaling = &self.published.signaling;
        let first = signaling.partition_point(|known| known.last < self.span.first);
        signaling[first..]
            .iter()
            .map_while(|known| known.and(self.span))
    }

    fn was_for_sip(&self) -> bool {
        let mut lists = self.services.iter();
        !self.touched.is_empty() || lists.any(|listed| listed.service.superseded.is_some())
    }

    fn wider(&self) -> Assessment {
        let networks = if self.touched.is_empty() {
            let services = self.services.iter();
            services
                .map(|listed| (listed.subject(), listed.network))
                .collect()
        } else {
            with_subjects(self.published.catalog, &self.touched)
        };
        Assessment {
            classification: Classification::Wider,
            explanation: wider(self.span, &self.published.ever, &networks),
            advice: Advice::Explained,
            replacement: self.replacement(&self.touched),
        }
    }

    fn signaling_made_wider(&self) -> Assessment {
        let signaling: Vec<Interval> = self.signaling().collect();
        let touched = self.touched.iter().copied();
        let is_signaling = |entry: &&Entry| entry.plane == Plane::Signaling;
        let entries: Vec<&Entry> = touched.filter(is_signaling).collect();
        Assessment {
            classification: Classification::Wider,
            explanation: wider(
                self.span,
                &signaling,
                &with_subjects(self.published.catalog, &entries),
            ),
            advice: Advice::Explained,
            replacement: self.replacement(&entries),
        }
    }

    fn superseded(&self) -> Assessment {
        let replacement = self.replacement(&self.touched);
        let signaling: Vec<Interval> = self.signaling().collect();
        let explanation = Superseded {
            catalog: self.published.catalog,
            entries: self
                .touched
                .iter()
                .copied()
                .filter(|entry| !entry.in_force)
                .collect(),
            services: &self.services,
            is_only_one: signaling
                .iter()
                .any(|part| !covers(&self.held.in_force, *part)),
            signaling: signaling.into_iter().flat_map(Interval::networks).collect(),
        };
        Assessment {
            classification: Classification::Superseded,
            explanation: explanation.to_string(),
            advice: Advice::Replace,
            replacement,
        }
    }

    fn replacement(&self, touched: &[&Entry]) -> Replacement {
        let Published {
            successors,
            catalog,
            ..
        } = self.published;
        successors.replacement(self.span, self.planes, touched, &self.services, catalog)
    }
}
