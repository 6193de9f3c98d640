//! The ways of packets that open connections.

use super::sets::to_any_address;
use crate::firewall::Flow;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Cell, Dimension, IntervalSet};

/// The way of first packets that connection tracking treats in the same way.
pub(super) struct Way {
    packets: Vec<Cell>,
    /// The places of the rules with unknown conditions on the way. If there are any, the packets may go another way.
    pub assumed: Vec<u32>,
    /// The place of the rule that exempts the packets from connection tracking.
    pub untracked_by: Option<u32>,
}

impl Way {
    pub fn of(flows: &[&Flow]) -> Way {
        let packets = flows.iter().map(|flow| to_any_address(&flow.original()));
        let mut assumed: Vec<u32> = flows.iter().flat_map(|flow| flow.assumed()).collect();
        assumed.sort_unstable();
        assumed.dedup();
        Way {
            packets: packets.collect(),
            assumed,
            untracked_by: flows.iter().find_map(|flow| flow.untracked_by),
        }
    }

    /// True if some packets with these remote addresses may go either way.
    pub fn meets(
        &self,
        other: &Way,
        remotes: &IntervalSet,
        limits: Limits,
    ) -> Result<bool, LimitExceeded> {
        limits.check(Limit::Work, self.packets.len() * other.packets.len())?;
        let with_remotes = |cell: &Cell| {
            let remotes = cell.set(Dimension::Remote).and_set(remotes)?;
            Some(cell.with(Dimension::Remote, remotes))
        };
        let mut own = self.packets.iter().filter_map(with_remotes);
        let is_other = |cell: &Cell| {
            other
                .packets
                .iter()
                .any(|other| cell.split_by(other).is_some())
        };
        Ok(own.any(|cell| is_other(&cell)))
    }
}
