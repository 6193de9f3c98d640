//! What was found of each list, checked as a whole.

use std::collections::{BTreeMap, HashSet};

use ipnet::Ipv4Net;

use super::error::PageError;
use super::list::{Draft, Key, Reader};
use super::listing::{Listing, Listings, Ports};
use crate::packets::{Interval, normalized};
use crate::policy::{Plane, address_or_cidr};

/// Twilio lists a handful; what has more is another page.
const LONGEST_LIST: usize = 1_000;

impl Reader<'_> {
    /// The lists, or all that is wrong. What follows from a line that was not understood is not told
    /// besides.
    pub fn finish(mut self) -> Result<Listings, Vec<PageError>> {
        let drafts = std::mem::take(&mut self.drafts);
        if self.errors.is_empty() {
            self.refuse_mixtures(&drafts);
            self.refuse_other_mentions(&drafts);
        }
        let mut listings = BTreeMap::new();
        if self.errors.is_empty() {
            for (key, draft) in &drafts {
                match listing(draft, shared_ports(&drafts, key.1)) {
                    Ok(Some(listing)) => {
                        let region = key.0.map(|at| self.reference_data.regions[at].id.clone());
                        listings.insert((region, key.1), listing);
                    }
                    // The ports of all regions stand by themselves.
                    Ok(None) if key.0.is_none() => {}
                    Ok(None) => {
                        let line = draft.ports.map_or(0, |(_, line)| line);
                        self.error(
                            line,
                            format!("{} has ports, but no addresses", self.name(*key)),
                        );
                    }
                    Err((line, problem)) => {
                        self.error(line, format!("{}: {problem}", self.name(*key)));
                    }
                }
            }
        }
        if listings.is_empty() && self.errors.is_empty() {
            self.errors.push(PageError::missing(
                "no list of addresses was found: no heading that says signaling or media has any below it",
            ));
        }
        if self.errors.is_empty() {
            Ok(listings)
        } else {
            Err(self.errors)
        }
    }

    /// A plane is listed by region or for all of them.
    fn refuse_mixtures(&mut self, drafts: &BTreeMap<Key, Draft>) {
        for plane in Plane::ALL {
            let first_line = |for_all: bool| {
                let mut of_plane = drafts
                    .iter()
                    .filter(|((region, p), _)| *p == plane && region.is_none() == for_all);
                of_plane
                    .find_map(|(_, draft)| draft.networks.first())
                    .map(|(_, line)| *line)
            };
            if let (Some(line), Some(other)) = (first_line(true), first_line(false)) {
                self.error(
                    line,
                    format!("{plane} of all regions, though single regions have their own, as in line {other}"),
                );
            }
        }
    }

    /// An address in a sentence is one that the list has, or the page says something more.
    fn refuse_other_mentions(&mut self, drafts: &BTreeMap<Key, Draft>) {
        let listed = drafts.values().flat_map(|draft| &draft.networks);
        let listed: HashSet<Ipv4Net> = listed.map(|(network, _)| *network).collect();
        for (mention, line) in std::mem::take(&mut self.mentions) {
            if !listed.contains(&mention) {
                let shown = address_or_cidr(mention);
                self.error(
                    line,
                    format!("{shown} stands in running text, and in no list of the page"),
                );
            }
        }
    }
}

/// A list, if it has addresses. The error is the line and the problem.
fn listing(
    draft: &Draft,
    shared: Option<(Ports, usize)>,
) -> Result<Option<Listing>, (usize, String)> {
    let Some((_, first)) = draft.networks.first() else {
        return Ok(None);
    };
    if draft.networks.len() > LONGEST_LIST {
        return Err((
            *first,
            format!("a list of more than {LONGEST_LIST} addresses is none of Twilio's"),
        ));
    }
    let ports = draft.ports.or(shared);
    let ports = ports.ok_or_else(|| (*first, "its ports are missing".to_owned()))?;
    let networks = without_spelled_out(draft)?;
    Ok(Some(Listing { networks, ports }))
}

/// The ports that a plane's regions share: said of all regions, or once below the list of regions.
fn shared_ports(drafts: &BTreeMap<Key, Draft>, plane: Plane) -> Option<(Ports, usize)> {
    let of_plane = drafts.iter().filter(|((_, p), _)| *p == plane);
    let said: Vec<&Draft> = of_plane
        .map(|(_, draft)| draft)
        .filter(|draft| draft.ports.is_some())
        .collect();
    match (
        drafts.get(&(None, plane)).and_then(|draft| draft.ports),
        &said[..],
    ) {
        (Some(ports), _) => Some(ports),
        (None, [one]) if one.under_plane && is_last(one, drafts, plane) => one.ports,
        _ => None,
    }
}

/// Whether no list of a plane goes on behind the ports of one.
fn is_last(one: &Draft, drafts: &BTreeMap<Key, Draft>, plane: Plane) -> bool {
    let ports = one.ports.map_or(0, |(_, line)| line);
    let of_plane = drafts.iter().filter(|((_, p), _)| *p == plane);
    let mut lines = of_plane
        .flat_map(|(_, draft)| &draft.networks)
        .map(|(_, line)| *line);
    lines.all(|line| line < ports)
}

/// Networks without the single addresses that spell one of them out again. Where some are spelled
/// out, or said to be, all of each is there, and nothing else.
fn without_spelled_out(draft: &Draft) -> Result<Vec<(Ipv4Net, usize)>, (usize, String)> {
    let listed = &draft.networks;
    let mut result = Vec::new();
    let mut spelled = draft.spelled.clone();
    for (at, (network, line)) in listed.iter().enumerate() {
        let before = listed[..at].iter().find(|(other, _)| other == network);
        if let Some((_, first)) = before {
            let shown = address_or_cidr(*network);
            return Err((
                *line,
                format!("{shown} is listed twice, before in line {first}"),
            ));
        }
        if inside(*network, listed).next().is_some() && !spelled.contains(network) {
            spelled.push(*network);
        }
        if !listed
            .iter()
            .any(|(n, _)| n != network && n.contains(network))
        {
            result.push((*network, *line));
        }
    }
    for (network, line) in &result {
        let parts = normalized(inside(*network, listed).map(Interval::from).collect());
        if spelled.contains(network) && parts != [Interval::from(*network)] {
            return Err((
                *line,
                format!("the addresses listed for {network} are not all of it"),
            ));
        }
        if !spelled.is_empty() && !spelled.contains(network) {
            let shown = address_or_cidr(*network);
            return Err((
                *line,
                format!(
                    "{shown} is not in {}, which is listed by its addresses",
                    spelled[0]
                ),
            ));
        }
    }
    Ok(result)
}

/// The listed networks that are a part of one.
fn inside(network: Ipv4Net, listed: &[(Ipv4Net, usize)]) -> impl Iterator<Item = Ipv4Net> + '_ {
    let parts = listed.iter().map(|(n, _)| *n);
    parts.filter(move |n| *n != network && network.contains(n))
}
