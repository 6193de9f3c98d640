//! The differences between two lists, in most cases a page and an edition.

use std::sync::Arc;

use ipnet::Ipv4Net;

use super::error::PageError;
use super::listing::{Listing, Page, Ports};
use crate::dataset::{ReferenceData, Region, SignalingPorts};
use crate::packets::{Interval, complement, normalized};
use crate::policy::{Plane, PortRange, Transport};

/// A difference between the lists in one plane of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub region: Arc<str>,
    pub plane: Plane,
    pub kind: ChangeKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The new list has addresses that the old one does not have.
    Added {
        /// The widest network that was added completely.
        network: Ipv4Net,
        /// The line with this network, or with a network that contains or overlaps it, if the new
        /// list is a page.
        line: Option<usize>,
    },
    /// The old list has addresses that the new one does not have.
    Removed {
        /// The widest network that was removed completely.
        network: Ipv4Net,
    },
    /// The ports differ.
    Ports {
        /// `None` for media.
        transport: Option<Transport>,
        old: PortRange,
        new: PortRange,
        line: Option<usize>,
    },
}

impl ChangeKind {
    /// Returns the line that has the difference, if the new list is a page.
    pub fn line(&self) -> Option<usize> {
        match self {
            ChangeKind::Added { line, .. } | ChangeKind::Ports { line, .. } => *line,
            ChangeKind::Removed { .. } => None,
        }
    }
}

/// The part of the lists to compare.
#[derive(Clone, Copy, Debug)]
pub struct Extent<'a> {
    /// The regions that the page must list.
    pub regions: &'a [&'a Region],
    /// The planes that the page must list for each region.
    pub planes: &'a [Plane],
    /// True to compare other regions that the new list names as well.
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
    old: &Page,
    new: &Page,
    reference_data: &ReferenceData,
    extent: Extent,
) -> Vec<Change> {
    let wanted = |region: &&Region| {
        let expected = extent.regions.iter().any(|r| r.id == region.id);
        expected || (extent.others && new.names(&region.id))
    };
    let mut changes = Vec::new();
    for region in reference_data.regions.iter().filter(wanted) {
        for plane in extent.planes {
            let old = old.listing(&region.id, *plane);
            let new = new.listing(&region.id, *plane);
            let kinds = [networks(old, new), ports(old, new)];
            changes.extend(kinds.into_iter().flatten().map(|kind| Change {
                region: region.id.clone(),
                plane: *plane,
                kind,
            }));
        }
    }
    changes
}

fn networks(old: Option<&Listing>, new: Option<&Listing>) -> Vec<ChangeKind> {
    let (before, after) = (addresses(old), addresses(new));
    let listed = new.map_or(&[][..], |listing| &listing.networks);
    let mut kinds = Vec::new();
    for network in without(&after, &before) {
        let overlaps = |own: &Ipv4Net| own.contains(&network) || network.contains(own);
        let found = listed.iter().find(|(own, _)| overlaps(own));
        let line = found.and_then(|(_, line)| *line);
        kinds.push(ChangeKind::Added { network, line });
    }
    let gone = without(&before, &after).into_iter();
    kinds.extend(gone.map(|network| ChangeKind::Removed { network }));
    kinds
}

fn addresses(listing: Option<&Listing>) -> Vec<Interval> {
    let networks = listing.map_or(&[][..], |listing| &listing.networks);
    normalized(networks.iter().map(|(n, _)| Interval::from(*n)).collect())
}

/// Returns the addresses that are in `intervals` and not in `others`, as the fewest networks.
fn without(intervals: &[Interval], others: &[Interval]) -> Vec<Ipv4Net> {
    let rest = intervals.iter().flat_map(|i| complement(others, *i));
    rest.flat_map(Interval::networks).collect()
}

/// Compares the ports. If only one of the lists has the plane, its networks are the difference.
fn ports(old: Option<&Listing>, new: Option<&Listing>) -> Vec<ChangeKind> {
    let (Some(old), Some(new)) = (old, new) else {
        return Vec::new();
    };
    let pairs: Vec<(Option<Transport>, PortRange, PortRange)> = match (old.ports.0, new.ports.0) {
        (Ports::Media(old), Ports::Media(new)) => vec![(None, old, new)],
        (Ports::Signaling(old), Ports::Signaling(new)) => {
            let of = |ports: SignalingPorts, t| PortRange::single(ports.of(t));
            Transport::ALL
                .into_iter()
                .map(|t| (Some(t), of(old, t), of(new, t)))
                .collect()
        }
        // Each plane has ports of its own kind.
        _ => Vec::new(),
    };
    let line = new.ports.1;
    let different = pairs.into_iter().filter(|(_, old, new)| old != new);
    different
        .map(|(transport, old, new)| ChangeKind::Ports {
            transport,
            old,
            new,
            line,
        })
        .collect()
}
