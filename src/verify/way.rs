//! The ways of packets that open connections.

use std::rc::Rc;

use super::sets::to_any_address;
use crate::firewall::Flow;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Cell, Dimension, IntervalSet};

/// The way of packets of connections that connection tracking treats in the same way.
pub(super) struct Way {
    /// The first packets of the connections.
    packets: Vec<Cell>,
    /// The way of the first packets, if this is the way of their replies too.
    pub first: Option<Rc<Way>>,
    /// The places of the rules with unknown conditions on the way. If there are any, the packets may go another way.
    pub assumed: Vec<u32>,
    /// The place of the rule that exempts the packets from connection tracking.
    pub untracked_by: Option<u32>,
}

impl Way {
    pub fn of(flows: &[&Flow]) -> Way {
        let packets = flows.iter().map(|flow| to_any_address(&flow.original()));
        Way {
            packets: packets.collect(),
            first: None,
            assumed: assumed(flows),
            untracked_by: flows.iter().find_map(|flow| flow.untracked_by),
        }
    }

    /// Returns the way of first packets and of these replies to them. `next` are the packets after the replies.
    pub fn with_replies(self: &Rc<Way>, replies: &[&Flow], next: &[Cell]) -> Way {
        let header = self.packets.first().map(|first| first.header);
        let first = next.iter().map(|cell| {
            let cell = to_any_address(cell);
            header.map_or(cell.clone(), |header| cell.with_header(header))
        });
        let mut places = self.assumed.clone();
        let later = assumed(replies).into_iter();
        places.extend(later.filter(|place| !self.assumed.contains(place)));
        Way {
            packets: first.collect(),
            first: Some(Rc::clone(self)),
            assumed: places,
            untracked_by: self.untracked_by,
        }
    }

    /// True if some packets with these remote addresses may go either way. Adds to `work`.
    pub fn meets(
        &self,
        other: &Way,
        remotes: &IntervalSet,
        limits: Limits,
        work: &mut usize,
    ) -> Result<bool, LimitExceeded> {
        *work = work.saturating_add(self.packets.len() * other.packets.len());
        limits.check(Limit::Work, *work)?;
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

/// Returns the places of the rules with unknown conditions, ascending.
fn assumed(flows: &[&Flow]) -> Vec<u32> {
    let mut places: Vec<u32> = flows.iter().flat_map(|flow| flow.assumed()).collect();
    places.sort_unstable();
    places.dedup();
    places
}
