use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::dataset::{Edition, ReferenceData, SignalingPorts};
use crate::policy::{Plane, PortRange};

/// The lists of a page that was read without errors, or of an edition.
#[derive(Debug)]
pub struct Page {
    pub(super) listings: Listings,
}

/// Listings by region id and plane. The region is `None` for a listing of all regions together.
pub type Listings = BTreeMap<(Option<Arc<str>>, Plane), Listing>;

/// The networks and ports of one plane, for one region or for all regions.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Disjoint networks with their line numbers, if they come from a page.
    pub networks: Vec<(Ipv4Net, Option<usize>)>,
    /// The ports with their line number, if they come from a page.
    pub ports: (Ports, Option<usize>),
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
    /// Returns the lists of an edition.
    pub fn of_edition(edition: &Edition, reference_data: &ReferenceData) -> Page {
        let mut listings = Listings::new();
        for plane in Plane::ALL {
            let networks = edition.networks(plane);
            let ports = match plane {
                Plane::Signaling => Ports::Signaling(edition.signaling.ports),
                Plane::Media => Ports::Media(edition.media.ports),
            };
            let listing = |networks: &mut dyn Iterator<Item = Ipv4Net>| Listing {
                networks: networks.map(|network| (network, None)).collect(),
                ports: (ports, None),
            };
            if !networks.all.is_empty() {
                let all = listing(&mut networks.all.iter().copied());
                listings.insert((None, plane), all);
            }
            for region in edition.regions(reference_data) {
                let own = listing(&mut networks.of(&region.id).map(|(network, _)| network));
                listings.insert((Some(region.id.clone()), plane), own);
            }
        }
        Page { listings }
    }

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
