//! How a page differs from an edition.

use std::sync::Arc;

use ipnet::Ipv4Net;

use super::error::PageError;
use super::listing::{Page, Ports};
use crate::dataset::{Edition, ReferenceData, Region};
use crate::packets::{Interval, complement, normalized};
use crate::policy::{Plane, PortRange, Transport};

/// Something that is different in a plane of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The region's id.
    pub region: Arc<str>,
    /// SIP or RTP.
    pub plane: Plane,
    /// What.
    pub kind: Kind,
}

/// What is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On the page, not in the edition.
    Added {
        /// As wide as it can be.
        network: Ipv4Net,
        /// Where the page lists it, or what holds it.
        line: usize,
    },
    /// In the edition, not on the page.
    Removed {
        /// As wide as it can be.
        network: Ipv4Net,
    },
    /// Other ports.
    Ports {
        /// For signaling.
        transport: Option<Transport>,
        /// What the edition says.
        edition: PortRange,
        /// What the page says.
        page: PortRange,
        /// Where.
        line: usize,
    },
}

/// Which part of a page is compared.
#[derive(Clone, Copy, Debug)]
pub struct Extent<'a> {
    /// Every region that the page has to list.
    pub regions: &'a [&'a Region],
    /// And for each of them.
    pub planes: &'a [Plane],
    /// Whether other regions that the page lists are compared too.
    pub others: bool,
}

/// What of a page is not there, though every region of the extent should be listed.
pub fn missing(page: &Page, extent: Extent) -> Vec<PageError> {
    let mut errors = Vec::new();
    for plane in extent.planes {
        let missing = extent
            .regions
            .iter()
            .filter(|r| page.listing(&r.id, *plane).is_none());
        let ids: Vec<&str> = missing.map(|region| &*region.id).collect();
        if !ids.is_empty() {
            errors.push(PageError::missing(format!(
                "{plane} of {} is missing: the page was cut, or its layout is new; to compare a part, name what \
                 the page has with --region or --plane",
                ids.join(", ")
            )));
        }
    }
    errors
}

/// Every difference, by region and plane.
pub fn changes(
    page: &Page,
    edition: &Edition,
    reference_data: &ReferenceData,
    extent: Extent,
) -> Vec<Change> {
    let wanted = |region: &&Region| {
        let expected = extent.regions.iter().any(|r| r.id == region.id);
        expected || (extent.others && page.names(&region.id))
    };
    let mut changes = Vec::new();
    for region in reference_data.regions.iter().filter(wanted) {
        for plane in extent.planes {
            let kinds = [
                networks(page, edition, region, *plane),
                ports(page, edition, region, *plane),
            ];
            changes.extend(kinds.into_iter().flatten().map(|kind| Change {
                region: region.id.clone(),
                plane: *plane,
                kind,
            }));
        }
    }
    changes
}

fn networks(page: &Page, edition: &Edition, region: &Region, plane: Plane) -> Vec<Kind> {
    let published = edition.networks(plane);
    let published = normalized(published.of(&region.id).map(|(n, _)| n.into()).collect());
    let listed = page
        .listing(&region.id, plane)
        .map_or(&[][..], |listing| &listing.networks);
    let spans = normalized(
        listed
            .iter()
            .map(|(network, _)| Interval::from(*network))
            .collect(),
    );
    let mut kinds = Vec::new();
    for network in without(&spans, &published) {
        let line = listed
            .iter()
            .find(|(own, _)| own.contains(&network) || network.contains(own))
            .map_or(0, |(_, line)| *line);
        kinds.push(Kind::Added { network, line });
    }
    let gone = without(&published, &spans);
    kinds.extend(gone.into_iter().map(|network| Kind::Removed { network }));
    kinds
}

/// What of some spans is in none of the others, in the fewest networks.
fn without(spans: &[Interval], others: &[Interval]) -> Vec<Ipv4Net> {
    let rest = spans.iter().flat_map(|span| complement(others, *span));
    rest.flat_map(Interval::networks).collect()
}

fn ports(page: &Page, edition: &Edition, region: &Region, plane: Plane) -> Vec<Kind> {
    let Some(listing) = page.listing(&region.id, plane) else {
        return Vec::new();
    };
    let (listed, line) = listing.ports;
    let pairs: Vec<(Option<Transport>, PortRange, PortRange)> = match listed {
        Ports::Media(listed) => vec![(None, edition.media.ports, listed)],
        Ports::Signaling(listed) => Transport::ALL
            .into_iter()
            .map(|t| {
                let published = edition.signaling.ports.of(t);
                (
                    Some(t),
                    PortRange::single(published),
                    PortRange::single(listed.of(t)),
                )
            })
            .collect(),
    };
    let different = pairs
        .into_iter()
        .filter(|(_, edition, page)| edition != page);
    different
        .map(|(transport, edition, page)| Kind::Ports {
            transport,
            edition,
            page,
            line,
        })
        .collect()
}
