use super::hook::Hook;
use crate::packets::{Direction, PacketBox, Step};

/// A deployed chain, list or group of a firewall, for one direction.
#[derive(Debug)]
pub struct DeployedUnit {
    pub direction: Direction,
    pub name: String,
    /// Empty if the firewall has no such unit.
    pub steps: Vec<Step>,
    /// Traffic allowed by criteria that cannot be compared, such as IPv6 or prefix lists.
    pub unmeasured: Vec<Unmeasured>,
    /// The reason, for messages, if the input does not contain the unit.
    pub absent: Option<String>,
    /// The places of ports that are combined with all networks, each with its packets from any address. Empty for most
    /// formats.
    pub ports: Vec<(PacketBox, u32)>,
    pub hook: Hook,
}

impl DeployedUnit {
    /// Returns a unit that accepts nothing.
    pub fn empty(direction: Direction, name: String) -> Self {
        DeployedUnit {
            direction,
            name,
            steps: Vec::new(),
            unmeasured: Vec::new(),
            absent: None,
            ports: Vec::new(),
            hook: Hook::NotShown,
        }
    }
}

/// Something that accepts packets by other criteria than IPv4 addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmeasured {
    /// A short description, such as `prefix list pl-63a5400a`.
    pub what: String,
    /// The place of the rule, as [`Step::at`].
    pub at: u32,
}
