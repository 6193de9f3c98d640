use crate::policy::{Plane, Transport};

/// The meaning of a heading, a label or a column title for the numbers below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Indices in the reference data, ascending, without duplicates.
    pub regions: Vec<usize>,
    /// True if the text says "all regions".
    pub all_regions: bool,
    /// Ascending, without duplicates. Contains both planes if the text names both.
    pub planes: Vec<Plane>,
    /// The kinds of numbers that the text names.
    pub topics: Vec<Topic>,
    pub transports: Vec<Transport>,
}

/// A kind of number or name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Ports,
    Addresses,
    /// Regions, edges or exchanges.
    Places,
    /// The user's addresses and ports.
    OwnSide,
}

impl Label {
    pub fn has(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    pub fn names_region(&self) -> bool {
        self.all_regions || !self.regions.is_empty()
    }

    /// Returns true if Twilio's addresses or ports can follow. They cannot follow a label for the
    /// user's side, and addresses cannot follow a label for a single transport.
    pub fn is_of_twilio(&self) -> bool {
        let all_transports = self.transports.is_empty()
            || Transport::ALL.iter().all(|t| self.transports.contains(t));
        !self.has(Topic::OwnSide) && (all_transports || self.has(Topic::Ports))
    }
}

/// Returns the only plane, or `None` if there is not exactly one.
pub fn single_plane(planes: &[Plane]) -> Option<Plane> {
    match planes {
        [plane] => Some(*plane),
        _ => None,
    }
}
