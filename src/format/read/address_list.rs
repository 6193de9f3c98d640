//! A list of addresses, each of which is enough for a request to be accepted.

use crate::firewall::{DeployedUnit, Unmeasured};
use crate::limits::{Limit, Limits};
use crate::packets::{Action, Condition, PacketBox, Step};
use crate::policy::Direction;
use crate::terminal::clip;

/// The maximum length of a criterion in a report, in characters. Many entries may share a long one.
const MAX_LENGTH: usize = 120;

/// The maximum number of names that a message lists.
const LISTED: usize = 10;

/// Lists the first names for a message.
pub(in crate::format) fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = names.take(LISTED + 1).collect();
    let is_longer = names.len() > LISTED;
    names.truncate(LISTED);
    names.extend(is_longer.then(|| "...".to_owned()));
    names.join(", ")
}

pub(in crate::format) struct AddressList {
    limits: Limits,
    steps: Vec<Step>,
    unmeasured: Vec<Unmeasured>,
}

impl AddressList {
    pub fn new(limits: Limits) -> Self {
        AddressList {
            limits,
            steps: Vec::new(),
            unmeasured: Vec::new(),
        }
    }

    /// Adds packets that the list accepts. `at` is the place in the input.
    pub fn accept(&mut self, at: u32, packets: PacketBox) -> Result<(), String> {
        self.add(at, packets, Action::Accept)
    }

    /// Adds packets that the list accepts or denies. Of the entries with a packet, the first one decides.
    pub fn add(&mut self, at: u32, packets: PacketBox, action: Action) -> Result<(), String> {
        self.check_room()?;
        self.steps.push(Step {
            packets,
            condition: Condition::True,
            action,
            at,
        });
        Ok(())
    }

    /// Adds a criterion that is not an IPv4 address.
    pub fn accept_unmeasured(&mut self, at: u32, what: String) -> Result<(), String> {
        self.check_room()?;
        let what = clip(what, MAX_LENGTH);
        self.unmeasured.push(Unmeasured { what, at });
        Ok(())
    }

    /// Returns an error if there is no room for another entry.
    pub fn check_room(&self) -> Result<(), String> {
        self.check_room_for(1)
    }

    /// Returns an error if there is no room for this many more entries.
    pub fn check_room_for(&self, more: usize) -> Result<(), String> {
        let count = self.steps.len() + self.unmeasured.len() + more;
        Ok(self.limits.check(Limit::Rules, count)?)
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.unmeasured.is_empty()
    }

    /// Returns the unit that accepts what the list accepts. `absent` describes the input if there is no
    /// such list.
    pub fn into_unit(self, name: String, absent: Option<String>) -> DeployedUnit {
        DeployedUnit {
            steps: self.steps,
            unmeasured: self.unmeasured,
            absent,
            ..DeployedUnit::empty(Direction::In, name)
        }
    }
}
