//! Pages on which Twilio published a list: text to networks and ports by region and plane.
//!
//! A page is plain text, Markdown or HTML, in English or Japanese. `blocks` makes lines, headings
//! and tables of it, `words` knows what the words of labels mean, `figures` reads addresses and
//! ports, and `list` puts them together. Prose is passed over; but every address on the page is
//! a part of the list, or the page is refused: a page that has changed its layout must not look
//! like one that says the same as before.

mod blocks;
pub mod difference;
mod figures;
mod html;
mod import;
mod list;
mod markdown;
mod settle;
mod table;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ipnet::Ipv4Net;

use crate::dataset::{ReferenceData, SignalingPorts};
use crate::policy::{Plane, PortRange};

pub use import::{Heading, ImportError};

/// What a page lists.
#[derive(Debug)]
pub struct Page {
    /// One for each plane of each region, and for each plane of every region where the page does
    /// not tell them apart.
    listings: Listings,
}

type Listings = BTreeMap<(Option<Arc<str>>, Plane), Listing>;

/// One plane of a region.
#[derive(Clone, Debug)]
pub struct Listing {
    /// With the line that each stands in; disjoint.
    pub networks: Vec<(Ipv4Net, usize)>,
    /// The ports, and their line.
    pub ports: (Ports, usize),
}

/// The ports of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// One a transport.
    Signaling(SignalingPorts),
    /// UDP.
    Media(PortRange),
}

/// Why a page is refused.
#[derive(Debug, PartialEq, Eq)]
pub struct PageError {
    /// Where; `None` where something is not there.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
}

impl PageError {
    fn at(line: usize, problem: impl Into<String>) -> Self {
        PageError {
            line: Some(line),
            problem: problem.into(),
        }
    }

    fn missing(problem: impl Into<String>) -> Self {
        PageError {
            line: None,
            problem: problem.into(),
        }
    }
}

impl Page {
    /// Reads a page; all that is wrong with it is told.
    pub fn read(text: &str, reference_data: &ReferenceData) -> Result<Page, Vec<PageError>> {
        let (blocks, mut errors) = blocks::of(text);
        match list::read(&blocks, reference_data) {
            Ok(listings) if errors.is_empty() => Ok(Page { listings }),
            Ok(_) => Err(errors),
            Err(found) => {
                errors.extend(found);
                errors.sort_by_key(|error| error.line.unwrap_or(usize::MAX));
                Err(errors)
            }
        }
    }

    /// What is listed for a region: its own, or what holds for every region.
    pub fn listing(&self, region: &Arc<str>, plane: Plane) -> Option<&Listing> {
        let own = self.listings.get(&(Some(region.clone()), plane));
        own.or_else(|| self.everywhere(plane))
    }

    /// What is listed for every region at once.
    pub fn everywhere(&self, plane: Plane) -> Option<&Listing> {
        self.listings.get(&(None, plane))
    }

    /// Whether a region is named on the page.
    pub fn names(&self, region: &Arc<str>) -> bool {
        let named = |(known, _): &(Option<Arc<str>>, Plane)| known.as_ref() == Some(region);
        self.listings.keys().any(named)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{line}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}
