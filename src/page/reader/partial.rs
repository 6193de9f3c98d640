//! Listings as the reader finds them, before the checks of the whole page.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::dataset::ReferenceData;
use crate::page::listing::Ports;
use crate::policy::{ALL_REGIONS, Plane};

/// One plane of a region, or of all regions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListingKey {
    /// The index in the reference data; `None` for all regions.
    pub region: Option<usize>,
    pub plane: Plane,
}

#[derive(Default)]
pub struct PartialListing {
    /// Networks with their line numbers.
    pub networks: Vec<(Ipv4Net, usize)>,
    /// The networks whose single addresses follow, according to a note.
    pub spelled_out: Vec<Ipv4Net>,
    /// Ports with their line number.
    pub ports: Option<(Ports, usize)>,
    /// True if a heading for the plane contains the regions, so that one line of ports may apply to
    /// all.
    pub under_plane: bool,
    /// True if ports have followed the networks, which ends the list.
    is_complete: bool,
    /// The number of the table that contains the listing.
    table: Option<usize>,
}

/// The source of networks or ports.
#[derive(Clone, Copy)]
pub enum Origin {
    /// Lines of text. `under_plane` is true if the outermost heading names a plane.
    Text { under_plane: bool },
    /// A table with this number.
    Table(usize),
}

/// All listings found so far.
pub struct PartialListings<'a> {
    reference_data: &'a ReferenceData,
    listings: BTreeMap<ListingKey, PartialListing>,
    /// The listing of the previous line.
    open: Option<ListingKey>,
}

impl<'a> PartialListings<'a> {
    pub fn new(reference_data: &'a ReferenceData) -> Self {
        PartialListings {
            reference_data,
            listings: BTreeMap::new(),
            open: None,
        }
    }

    pub fn get(&self, key: ListingKey) -> Option<&PartialListing> {
        self.listings.get(&key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (ListingKey, &PartialListing)> {
        self.listings.iter().map(|(key, listing)| (*key, listing))
    }

    /// Returns the listings of a plane.
    pub fn of_plane(&self, plane: Plane) -> impl Iterator<Item = (ListingKey, &PartialListing)> {
        self.iter().filter(move |(key, _)| key.plane == plane)
    }

    /// Returns the name of a listing for messages, such as `media of tokyo`.
    pub fn name(&self, key: ListingKey) -> String {
        let region = key
            .region
            .map_or(ALL_REGIONS, |at| &*self.reference_data.regions[at].id);
        format!("{} of {region}", key.plane)
    }

    /// Returns the id of a listing's region; `None` for all regions.
    pub fn region_id(&self, key: ListingKey) -> Option<Arc<str>> {
        key.region
            .map(|at| self.reference_data.regions[at].id.clone())
    }

    /// Returns true if the previous line belongs to a listing.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Ends the current listing.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Adds networks to a listing. The error is the reason why they cannot be part of it.
    pub fn add_networks(
        &mut self,
        key: ListingKey,
        line: usize,
        networks: &[Ipv4Net],
        origin: Origin,
    ) -> Result<(), String> {
        let Some(first) = networks.first() else {
            return Ok(());
        };
        let name = self.name(key);
        let (continues, table) = match origin {
            Origin::Text { .. } => (self.open == Some(key), None),
            Origin::Table(number) => (false, Some(number)),
        };
        self.open = Some(key);
        let listing = self.listings.entry(key).or_default();
        let same_table = table.is_some() && listing.table == table;
        let result = match listing.networks.first() {
            Some(_) if listing.is_complete && continues => Err(format!(
                "{first} comes after the ports of {name}, which end its list"
            )),
            Some((_, before)) if !continues && !same_table => {
                Err(format!("{name} is listed twice, first in line {before}"))
            }
            _ => Ok(()),
        };
        listing.table = table;
        listing
            .networks
            .extend(networks.iter().map(|network| (*network, line)));
        result
    }

    /// Records a note that the single addresses of a network in the current listing follow.
    pub fn mark_spelled_out(&mut self, network: Ipv4Net) {
        if let Some(listing) = self.open.and_then(|key| self.listings.get_mut(&key)) {
            listing.spelled_out.push(network);
        }
    }

    /// Sets the ports of a listing. The error is the reason why they cannot be its ports.
    pub fn set_ports(
        &mut self,
        key: ListingKey,
        line: usize,
        ports: Ports,
        origin: Origin,
    ) -> Result<(), String> {
        let name = self.name(key);
        let fits = matches!(
            (key.plane, ports),
            (Plane::Signaling, Ports::Signaling(_)) | (Plane::Media, Ports::Media(_))
        );
        if !fits {
            return Err(format!(
                "expected the ports of {name}, but these are not {} ports",
                key.plane
            ));
        }
        self.open = Some(key);
        let listing = self.listings.entry(key).or_default();
        listing.under_plane = matches!(origin, Origin::Text { under_plane: true });
        listing.is_complete = !listing.networks.is_empty();
        match (listing.ports.replace((ports, line)), origin) {
            (Some((_, before)), Origin::Text { .. }) => Err(format!(
                "the ports of {name} are listed twice, first in line {before}"
            )),
            (Some((before, at)), Origin::Table(_)) if before != ports => Err(format!(
                "the ports of {name} differ from those in line {at}"
            )),
            _ => Ok(()),
        }
    }
}
