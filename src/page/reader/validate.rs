//! Checks the listings of the whole page.

use std::collections::HashSet;

use ipnet::Ipv4Net;

use super::partial::{ListingKey, PartialListing, PartialListings};
use crate::packets::{Interval, normalized};
use crate::page::error::PageError;
use crate::page::listing::{Listing, Listings, Ports};
use crate::policy::{Plane, address_or_cidr};

/// The maximum number of networks in a listing. Twilio lists a handful.
const MAX_NETWORKS: usize = 1_000;

/// Converts partial listings to complete ones, or returns every error. `mentions` are addresses in
/// prose, with their line numbers.
pub fn validate(
    found: &PartialListings,
    mentions: &[(Ipv4Net, usize)],
) -> Result<Listings, Vec<PageError>> {
    let mut errors = mixed_listings(found);
    errors.extend(unlisted_mentions(found, mentions));
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut listings = Listings::new();
    for (key, partial) in found.iter() {
        match complete(partial, shared_ports(found, key.plane)) {
            Ok(Some(listing)) => {
                listings.insert((found.region_id(key), key.plane), listing);
            }
            // This is a line of ports for all regions.
            Ok(None) if key.region.is_none() => {}
            Ok(None) => {
                let line = partial.ports.map_or(0, |(_, line)| line);
                let problem = format!("{} has ports, but no addresses", found.name(key));
                errors.push(PageError::at(line, problem));
            }
            Err((line, problem)) => {
                let problem = format!("{}: {problem}", found.name(key));
                errors.push(PageError::at(line, problem));
            }
        }
    }
    if listings.is_empty() && errors.is_empty() {
        errors.push(PageError::missing(
            "no list of addresses found: there is none below a heading that names signaling or media",
        ));
    }
    if errors.is_empty() {
        Ok(listings)
    } else {
        Err(errors)
    }
}

/// Returns an error for each plane that is listed both for all regions and for single regions.
fn mixed_listings(found: &PartialListings) -> Vec<PageError> {
    let error = |plane: Plane| {
        let first_line = |for_all: bool| {
            let mut listings = found
                .of_plane(plane)
                .filter(|(key, _)| key.region.is_none() == for_all);
            let (_, line) = listings.find_map(|(_, listing)| listing.networks.first())?;
            Some(*line)
        };
        let (line, other) = (first_line(true)?, first_line(false)?);
        let problem = format!(
            "{plane} is listed for all regions, but single regions have lists too, as in line {other}"
        );
        Some(PageError::at(line, problem))
    };
    Plane::ALL.into_iter().filter_map(error).collect()
}

/// Returns an error for each address in prose that no listing contains, because the page may list
/// more than the reader found.
fn unlisted_mentions(found: &PartialListings, mentions: &[(Ipv4Net, usize)]) -> Vec<PageError> {
    let listed = found.iter().flat_map(|(_, listing)| &listing.networks);
    let listed: HashSet<Ipv4Net> = listed.map(|(network, _)| *network).collect();
    let unlisted = mentions
        .iter()
        .filter(|(mention, _)| !listed.contains(mention));
    let error = |(mention, line): &(Ipv4Net, usize)| {
        let shown = address_or_cidr(*mention);
        let problem = format!("{shown} is in the text, but not in any list of the page");
        PageError::at(*line, problem)
    };
    unlisted.map(error).collect()
}

/// Returns the listing, or `None` if it has no networks. The error is a line number and the
/// problem.
fn complete(
    partial: &PartialListing,
    shared_ports: Option<(Ports, usize)>,
) -> Result<Option<Listing>, (usize, String)> {
    let Some((_, first)) = partial.networks.first() else {
        return Ok(None);
    };
    if partial.networks.len() > MAX_NETWORKS {
        let problem =
            format!("the list has more than {MAX_NETWORKS} addresses, so it is not Twilio's");
        return Err((*first, problem));
    }
    let ports = partial.ports.or(shared_ports);
    let ports = ports.ok_or_else(|| (*first, "its ports are missing".to_owned()))?;
    let networks = merge_spelled_out(partial)?.into_iter();
    Ok(Some(Listing {
        networks: networks
            .map(|(network, line)| (network, Some(line)))
            .collect(),
        ports: (ports.0, Some(ports.1)),
    }))
}

/// Returns the ports that all regions of a plane share. They are given for all regions, or only
/// once after the lists of all regions.
fn shared_ports(found: &PartialListings, plane: Plane) -> Option<(Ports, usize)> {
    let all_regions = ListingKey {
        region: None,
        plane,
    };
    if let Some(ports) = found.get(all_regions).and_then(|listing| listing.ports) {
        return Some(ports);
    }
    let mut with_ports = found
        .of_plane(plane)
        .filter_map(|(_, listing)| Some((listing, listing.ports?)));
    let (Some((listing, ports)), None) = (with_ports.next(), with_ports.next()) else {
        return None;
    };
    let mut networks = found
        .of_plane(plane)
        .flat_map(|(_, listing)| &listing.networks);
    let are_last = networks.all(|(_, line)| *line < ports.1);
    (listing.under_plane && are_last).then_some(ports)
}

/// Removes single addresses that the list also contains as a part of a network. If the list repeats
/// the addresses of one network, it must repeat all addresses of all networks.
fn merge_spelled_out(partial: &PartialListing) -> Result<Vec<(Ipv4Net, usize)>, (usize, String)> {
    let listed = &partial.networks;
    let mut outermost = Vec::new();
    let mut spelled_out = partial.spelled_out.clone();
    for (at, (network, line)) in listed.iter().enumerate() {
        let before = listed[..at].iter().find(|(other, _)| other == network);
        if let Some((_, first)) = before {
            let shown = address_or_cidr(*network);
            let problem = format!("{shown} is listed twice, first in line {first}");
            return Err((*line, problem));
        }
        if parts_of(*network, listed).next().is_some() && !spelled_out.contains(network) {
            spelled_out.push(*network);
        }
        if !listed
            .iter()
            .any(|(n, _)| n != network && n.contains(network))
        {
            outermost.push((*network, *line));
        }
    }
    for (network, line) in &outermost {
        check_spelled_out(*network, listed, &spelled_out).map_err(|problem| (*line, problem))?;
    }
    Ok(outermost)
}

/// Returns an error if only a part of the network's addresses is listed one by one. Also returns an
/// error if none of them is, although the addresses of other networks are.
fn check_spelled_out(
    network: Ipv4Net,
    listed: &[(Ipv4Net, usize)],
    spelled_out: &[Ipv4Net],
) -> Result<(), String> {
    if spelled_out.contains(&network) {
        let parts = normalized(parts_of(network, listed).map(Interval::from).collect());
        if parts != [Interval::from(network)] {
            return Err(format!(
                "the addresses listed for {network} do not cover all of it"
            ));
        }
    } else if let Some(first) = spelled_out.first() {
        let shown = address_or_cidr(network);
        return Err(format!(
            "{shown} is outside {first}, whose addresses are listed one by one"
        ));
    }
    Ok(())
}

/// Returns the listed networks inside another one.
fn parts_of(network: Ipv4Net, listed: &[(Ipv4Net, usize)]) -> impl Iterator<Item = Ipv4Net> + '_ {
    let parts = listed.iter().map(|(n, _)| *n);
    parts.filter(move |n| *n != network && network.contains(n))
}
