use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::dataset::SignalingPorts;
use crate::policy::{Plane, PortRange};

/// A page that was read without errors.
#[derive(Debug)]
pub struct Page {
    pub(super) listings: Listings,
}

/// Listings by region id and plane. The region is `None` for a listing of all regions together.
pub type Listings = BTreeMap<(Option<Arc<str>>, Plane), Listing>;

/// The networks and ports of one plane, for one region or for all regions.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Disjoint networks with their line numbers.
    pub networks: Vec<(Ipv4Net, usize)>,
    /// The ports with their line number.
    pub ports: (Ports, usize),
}

/// The ports of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// One port for each transport.
    Signaling(SignalingPorts),
    /// UDP ports.
    Media(PortRange),
}

impl Page {
    /// Returns the listing that applies to a region: its own listing, or else that of all regions.
    pub fn listing(&self, region: &Arc<str>, plane: Plane) -> Option<&Listing> {
        let own = self.listings.get(&(Some(region.clone()), plane));
        own.or_else(|| self.for_all_regions(plane))
    }

    /// Returns the listing for all regions together.
    pub fn for_all_regions(&self, plane: Plane) -> Option<&Listing> {
        self.listings.get(&(None, plane))
    }

    /// Returns true if the page has a listing for this region alone.
    pub fn names(&self, region: &Arc<str>) -> bool {
        let named = |(known, _): &(Option<Arc<str>>, Plane)| known.as_ref() == Some(region);
        self.listings.keys().any(named)
    }
}
