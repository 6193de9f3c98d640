//! Explains what an address is used for, and which rules of a policy allow it.

mod notation;
mod question;

use std::collections::HashMap;

use crate::catalog::{Catalog, Entry, ServiceNetwork};
use crate::packets::{Interval, normalized};
pub use notation::parse_questions;
pub use question::Question;

use crate::policy::{Direction, Policy, RemoteNetwork, Rule};

/// The maximum number of published networks, and of networks for each rule, in an answer.
const MAX_LISTED: usize = 16;

#[derive(Debug)]
pub struct Answer<'a> {
    /// The published networks that overlap with the question's addresses. The flag is true for
    /// networks that contain all of them.
    pub published: Listed<(&'a Entry, bool)>,
    /// The networks of other services that overlap with the question's addresses, with the same flag.
    pub services: Listed<(ServiceNetwork<'a>, bool)>,
    /// The rules that allow the question's packets, each with its networks that overlap.
    pub rules: Vec<(&'a Rule, Listed<&'a RemoteNetwork>)>,
    pub allowed: Allowed,
}

/// The first elements of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// At most 16 elements.
    pub first: Vec<T>,
    /// The number of further elements.
    pub more: usize,
}

impl<T> Listed<T> {
    fn of(all: impl Iterator<Item = T>, count: usize) -> Listed<T> {
        Listed {
            first: all.take(MAX_LISTED).collect(),
            more: count.saturating_sub(MAX_LISTED),
        }
    }
}

/// The part of a question's addresses that a policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Every address, in at least one direction.
    Yes,
    /// Some of the addresses.
    Partly,
    /// None of the addresses.
    No,
}

#[derive(Debug)]
pub struct Explainer<'a> {
    catalog: &'a Catalog,
    /// The rules, each with its networks in ascending order.
    rules: Vec<(&'a Rule, Vec<&'a RemoteNetwork>)>,
    /// Each address whose answer differs from that of the previous address, ascending.
    edges: Vec<u32>,
    /// For each set of rules, the addresses that they allow. A key has one flag for each rule.
    together: HashMap<Vec<bool>, Vec<Interval>>,
}

/// The part of a question that determines its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any packet of a single address. Addresses with the same number have the same answer.
    Address(usize),
    /// Any other question.
    Question(Question),
}

impl<'a> Explainer<'a> {
    pub fn new(catalog: &'a Catalog, policy: &'a Policy) -> Self {
        let ascending = |rule: &'a Rule| {
            let mut networks: Vec<&RemoteNetwork> = rule.remote.networks.iter().collect();
            networks.sort_unstable_by_key(|remote| remote.network);
            (rule, networks)
        };
        let rules: Vec<_> = policy.rules.iter().map(ascending).collect();
        let services = catalog.services_touching(Interval::ADDRESSES);
        let services = services.map(|listed| listed.span());
        let published = catalog.entries.iter().map(Entry::span).chain(services);
        let networks = rules.iter().flat_map(|(_, networks)| networks);
        let allowed = networks.map(|remote| Interval::from(remote.network));
        let mut edges = vec![0];
        for span in published.chain(allowed) {
            edges.push(span.first);
            edges.extend(span.last.checked_add(1));
        }
        edges.sort_unstable();
        edges.dedup();
        Explainer {
            catalog,
            rules,
            edges,
            together: HashMap::new(),
        }
    }

    /// Returns the kind of a question. Questions of the same kind have the same answer.
    pub fn kind(&self, question: &Question) -> Kind {
        if question.is_bare() {
            let first = question.span.first;
            Kind::Address(self.edges.partition_point(|edge| *edge <= first))
        } else {
            Kind::Question(*question)
        }
    }

    pub fn answer(&mut self, question: &Question) -> Answer<'a> {
        let span = question.span;
        let touching = self.catalog.touching(span);
        let entries = touching
            .iter()
            .map(|entry| (entry, entry.span().holds(span)));
        let services = self.catalog.services_touching(span);
        let services: Vec<_> = services
            .map(|listed| (listed, listed.span().holds(span)))
            .collect();
        let number_of_services = services.len();
        let mut rules = Vec::new();
        for (rule, networks) in self.rules.iter().filter(|(rule, _)| question.fits(rule)) {
            let networks = overlapping(networks, span);
            if !networks.is_empty() {
                let listed = Listed::of(networks.iter().copied(), networks.len());
                rules.push((*rule, listed));
            }
        }
        Answer {
            published: Listed::of(entries, touching.len()),
            services: Listed::of(services.into_iter(), number_of_services),
            rules,
            allowed: self.allowed(question),
        }
    }

    fn allowed(&mut self, question: &Question) -> Allowed {
        let fits = self.rules.iter().map(|(rule, _)| question.fits(rule));
        let fits: Vec<bool> = fits.collect();
        let rules = &self.rules;
        let spans = self.together.entry(fits).or_insert_with_key(|fits| {
            let rules = rules.iter().zip(fits).filter(|(_, fits)| **fits);
            let networks = rules.flat_map(|((_, networks), _)| networks);
            normalized(
                networks
                    .map(|remote| Interval::from(remote.network))
                    .collect(),
            )
        });
        let span = question.span;
        let next = spans.partition_point(|known| known.last < span.first);
        match spans.get(next) {
            Some(known) if known.holds(span) => Allowed::Yes,
            Some(known) if known.overlaps(span) => Allowed::Partly,
            _ => Allowed::No,
        }
    }
}

/// Returns the networks that overlap a span. `networks` must be ascending and disjoint.
fn overlapping<'n, 'a>(
    networks: &'n [&'a RemoteNetwork],
    span: Interval,
) -> &'n [&'a RemoteNetwork] {
    let start = networks.partition_point(|n| Interval::from(n.network).last < span.first);
    let end = networks.partition_point(|n| Interval::from(n.network).first <= span.last);
    &networks[start..end]
}

impl Answer<'_> {
    /// True if no published network has any of the addresses.
    pub fn is_unknown(&self) -> bool {
        self.published.first.is_empty() && self.services.first.is_empty()
    }

    /// Returns the rules for one direction.
    pub fn rules(
        &self,
        direction: Direction,
    ) -> impl Iterator<Item = &(&Rule, Listed<&RemoteNetwork>)> {
        let rules = self.rules.iter();
        rules.filter(move |(rule, _)| rule.direction == direction)
    }
}
