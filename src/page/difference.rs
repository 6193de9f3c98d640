//! The differences between a page and an edition.

use std::sync::Arc;

use ipnet::Ipv4Net;

use super::error::PageError;
use super::listing::{Page, Ports};
use crate::dataset::{Edition, ReferenceData, Region};
use crate::packets::{Interval, complement, normalized};
use crate::policy::{Plane, PortRange, Transport};

/// A difference between page and edition in one plane of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub region: Arc<str>,
    pub plane: Plane,
    pub kind: ChangeKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The page has addresses that the edition does not have.
    Added {
        /// The widest network that was added completely.
        network: Ipv4Net,
        /// The line of the page with this network, or with a network that contains or overlaps it.
        line: usize,
    },
    /// The edition has addresses that the page does not have.
    Removed {
        /// The widest network that was removed completely.
        network: Ipv4Net,
    },
    /// The ports differ.
    Ports {
        /// `None` for media.
        transport: Option<Transport>,
        edition: PortRange,
        page: PortRange,
        line: usize,
    },
}

impl ChangeKind {
    /// Returns the line of the page that has the difference.
    pub fn line(&self) -> Option<usize> {
        match self {
            ChangeKind::Added { line, .. } | ChangeKind::Ports { line, .. } => Some(*line),
            ChangeKind::Removed { .. } => None,
        }
    }
}

/// The part of a page to compare.
#[derive(Clone, Copy, Debug)]
pub struct Extent<'a> {
    /// The regions that the page must list.
    pub regions: &'a [&'a Region],
    /// The planes that the page must list for each region.
    pub planes: &'a [Plane],
    /// True to compare other regions that the page lists as well.
    pub others: bool,
}

/// Returns an error for each plane that the page does not list for all regions of the extent.
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
                "{plane} of {} is missing: the page is incomplete, or its layout is new; to compare only a part, \
                select it with --region or --plane",
                ids.join(", ")
            )));
        }
    }
    errors
}

/// Returns every difference, ordered by region and plane.
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

fn networks(page: &Page, edition: &Edition, region: &Region, plane: Plane) -> Vec<ChangeKind> {
    let published = edition.networks(plane);
    let published = normalized(published.of(&region.id).map(|(n, _)| n.into()).collect());
    let listed = page
        .listing(&region.id, plane)
        .map_or(&[][..], |listing| &listing.networks);
    let on_page = normalized(
        listed
            .iter()
            .map(|(network, _)| Interval::from(*network))
            .collect(),
    );
    let mut kinds = Vec::new();
    for network in without(&on_page, &published) {
        let line = listed
            .iter()
            .find(|(own, _)| own.contains(&network) || network.contains(own))
            .map_or(0, |(_, line)| *line);
        kinds.push(ChangeKind::Added { network, line });
    }
    let gone = without(&published, &on_page);
    kinds.extend(
        gone.into_iter()
            .map(|network| ChangeKind::Removed { network }),
    );
    kinds
}

/// Returns the addresses that are in `intervals` and not in `others`, as the fewest networks.
fn without(intervals: &[Interval], others: &[Interval]) -> Vec<Ipv4Net> {
    let rest = intervals.iter().flat_map(|i| complement(others, *i));
    rest.flat_map(Interval::networks).collect()
}

fn ports(page: &Page, edition: &Edition, region: &Region, plane: Plane) -> Vec<ChangeKind> {
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
        .map(|(transport, edition, page)| ChangeKind::Ports {
            transport,
            edition,
            page,
            line,
        })
        .collect()
}
