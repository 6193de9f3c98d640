//! A part of a firewall as it is deployed.

use crate::packets::{Direction, Step};

/// A chain, list or group of a firewall, for one direction.
#[derive(Debug)]
pub struct DeployedUnit {
    /// Which way.
    pub direction: Direction,
    /// Its name in the firewall.
    pub name: String,
    /// Its steps; none if there is no such unit.
    pub steps: Vec<Step>,
    /// Traffic that it lets through and that no set of IPv4 packets describes.
    pub unmeasured: Vec<Unmeasured>,
    /// If it is not in the text: what is there instead.
    pub absent: Option<String>,
}

impl DeployedUnit {
    /// One that lets nothing through.
    pub fn empty(direction: Direction, name: String) -> Self {
        DeployedUnit {
            direction,
            name,
            steps: Vec::new(),
            unmeasured: Vec::new(),
            absent: None,
        }
    }
}

/// Something that lets packets through, but not by their IPv4 addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmeasured {
    /// In a few words, such as `prefix list pl-63a5400a`.
    pub what: String,
    /// Its place, as [`Step::at`].
    pub at: u32,
}
