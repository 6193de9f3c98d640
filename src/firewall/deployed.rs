//! A part of a firewall as it is deployed.

use crate::packets::{Direction, Step};

/// What a firewall lets through one way.
#[derive(Debug)]
pub struct DeployedUnit {
    /// Which way.
    pub direction: Direction,
    /// What the firewall calls it.
    pub name: String,
    /// What it does with a packet; empty where there is no such unit.
    pub steps: Vec<Step>,
    /// What it lets through that no set of IPv4 packets tells.
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
    /// Where it stands, as [`Step::at`].
    pub at: u32,
}
