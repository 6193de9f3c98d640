//! Makes a dataset from a page.

use std::sync::Arc;

use ipnet::Ipv4Net;
use thiserror::Error;

use super::listing::{Page, Ports};
use crate::dataset::{Connection, Date, Edition, Media, Networks, Region, Signaling};
use crate::policy::{ALL_REGIONS, Plane};

/// The properties of a dataset that a page does not contain.
#[derive(Debug)]
pub struct Heading {
    pub name: Arc<str>,
    /// A description on one line.
    pub title: String,
    /// The URL of the page, or another description of the place of publication.
    pub source: String,
    pub in_force_since: Option<Date>,
    /// The day on which the page was saved.
    pub retrieved: Option<Date>,
    pub connection: Connection,
}

/// The reason why a page cannot become a dataset.
#[derive(Debug, Error)]
pub enum ImportError {
    #[error("the page has no {plane} list for {region}")]
    NotListed { plane: Plane, region: Arc<str> },
    #[error(
        "{place}the {plane} ports of {first} and {second} differ, but a dataset has one set of ports for \
        all regions; import the regions separately with --region"
    )]
    Ports {
        plane: Plane,
        first: Arc<str>,
        second: Arc<str>,
        /// The line with the ports of the second region, such as `5: `.
        place: String,
    },
}

impl Page {
    /// Makes an edition from the page. The page must list all of the given regions.
    pub fn import(&self, heading: Heading, regions: &[&Region]) -> Result<Edition, ImportError> {
        let (sip, signaling) = self.plane(Plane::Signaling, regions, |ports| match ports {
            Ports::Signaling(ports) => Some(ports),
            Ports::Media(_) => None,
        })?;
        let (rtp, media) = self.plane(Plane::Media, regions, |ports| match ports {
            Ports::Media(ports) => Some(ports),
            Ports::Signaling(_) => None,
        })?;
        Ok(Edition {
            name: heading.name,
            title: heading.title,
            connection: heading.connection,
            source: heading.source,
            announced: None,
            in_force_since: heading.in_force_since,
            upcoming: false,
            retrieved: heading.retrieved,
            page_sha256: None,
            superseded: None,
            signaling: Signaling {
                ports: sip,
                networks: signaling,
            },
            media: Media {
                ports: rtp,
                networks: media,
            },
        })
    }

    /// Returns the ports that the regions share in one plane, and their networks. `of_plane`
    /// extracts the plane's ports.
    fn plane<P: PartialEq + Copy>(
        &self,
        plane: Plane,
        regions: &[&Region],
        of_plane: impl Fn(Ports) -> Option<P>,
    ) -> Result<(P, Networks), ImportError> {
        let mut networks = Networks::default();
        let mut shared: Option<(P, &Arc<str>)> = None;
        let not_listed = |region: &str| ImportError::NotListed {
            plane,
            region: region.into(),
        };
        for region in regions {
            let id = &region.id;
            let listing = self.listing(id, plane).ok_or_else(|| not_listed(id))?;
            let (ports, line) = listing.ports;
            let ports = of_plane(ports).ok_or_else(|| not_listed(id))?;
            let (first, first_region) = *shared.get_or_insert((ports, id));
            if ports != first {
                return Err(ImportError::Ports {
                    plane,
                    first: first_region.clone(),
                    second: id.clone(),
                    place: line.map_or_else(String::new, |line| format!("{line}: ")),
                });
            }
            let listed: Vec<Ipv4Net> = listing
                .networks
                .iter()
                .map(|(network, _)| *network)
                .collect();
            if self.for_all_regions(plane).is_some() {
                networks.all = listed;
            } else {
                networks.by_region.push((id.to_string(), listed));
            }
        }
        let (ports, _) = shared.ok_or_else(|| not_listed(ALL_REGIONS))?;
        Ok((ports, networks))
    }
}
