//! The meaning of a heading, a label or the title of a column.

use crate::policy::{Plane, Transport};

/// The meaning of a text for the numbers that it labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Positions in the reference data, ascending, without repetition.
    pub regions: Vec<usize>,
    /// True if it says "all regions".
    pub all_regions: bool,
    /// Signaling, media, or both; ascending, without repetition.
    pub planes: Vec<Plane>,
    /// The kinds of numbers that it names.
    pub topics: Vec<Topic>,
    pub transports: Vec<Transport>,
}

/// A kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Ports,
    Addresses,
    /// Regions, edges, exchanges.
    Places,
    /// The user's own addresses and ports.
    OwnSide,
}

impl Label {
    pub fn has(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    pub fn names_region(&self) -> bool {
        self.all_regions || !self.regions.is_empty()
    }

    /// Returns true if Twilio's addresses or ports can follow. They cannot follow a label of the
    /// user's own side, nor addresses one of a single transport.
    pub fn is_of_twilio(&self) -> bool {
        let all_transports = self.transports.is_empty()
            || Transport::ALL.iter().all(|t| self.transports.contains(t));
        !self.has(Topic::OwnSide) && (all_transports || self.has(Topic::Ports))
    }
}

/// Returns the plane if there is exactly one.
pub fn single_plane(planes: &[Plane]) -> Option<Plane> {
    match planes {
        [plane] => Some(*plane),
        _ => None,
    }
}
