//! Follows packets through a list of steps.

use std::collections::btree_map::OccupiedEntry;
use std::collections::{BTreeMap, HashMap};

use super::cell::Cell;
use super::interval::{Interval, IntervalSet};
use super::packet_box::{Dimension, PacketBox};
use super::step::{Action, Step};
use crate::limits::{Limit, LimitExceeded, Limits};

/// The packets that a list of steps may let pass, and those that it may stop.
///
/// A condition that is unknown leaves both results possible for a packet, so that it is in both lists. The
/// packets that certainly pass are those that may not be stopped. To follow packets through several lists,
/// walk on with the packets that passed.
#[derive(Debug, Default)]
pub struct Walked {
    pub passed: Vec<Arrival>,
    pub stopped: Vec<Arrival>,
}

/// Packets for which the same step decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub packets: Cell,
    /// The place ([`Step::at`]) of the step that decides. `None` for the end of the list.
    pub decided_by: Option<u32>,
}

/// Follows packets through the steps of one list. [`Limit::Work`] bounds the cost.
pub fn walk(packets: Vec<Cell>, steps: &[Step], limits: Limits) -> Result<Walked, LimitExceeded> {
    let mut walker = Walker {
        here: packets,
        later: BTreeMap::new(),
        walked: Walked::default(),
        work: 0,
        limits,
    };
    for (number, step) in steps.iter().enumerate() {
        walker.arrive(number);
        if walker.here.is_empty() && walker.later.is_empty() {
            break;
        }
        walker.step(step)?;
    }
    walker.arrive(steps.len());
    let left = walker.here.into_iter().map(|packets| Arrival {
        packets,
        decided_by: None,
    });
    walker.walked.stopped.extend(left);
    Ok(walker.walked)
}

/// Returns the packets of boxes as few cells: boxes that differ only in their remote addresses are one cell.
pub fn cells(boxes: &[PacketBox]) -> Vec<Cell> {
    let mut remotes: HashMap<PacketBox, Vec<Interval>> = HashMap::new();
    let mut order = Vec::new();
    for packets in boxes {
        let others = packets.with(Dimension::Remote, Interval::ADDRESSES);
        let remote = packets.interval(Dimension::Remote);
        let same = remotes.entry(others).or_default();
        if same.is_empty() {
            order.push(others);
        }
        same.push(remote);
    }
    let cell = |others: PacketBox| {
        let remote = IntervalSet::of(remotes.remove(&others)?)?;
        Some(Cell::from(others).with(Dimension::Remote, remote))
    };
    order.into_iter().filter_map(cell).collect()
}

struct Walker {
    /// The packets that arrive at the current step.
    here: Vec<Cell>,
    /// The packets that skip to a later step, by its number.
    later: BTreeMap<usize, Vec<Cell>>,
    walked: Walked,
    work: usize,
    limits: Limits,
}

impl Walker {
    /// Adds the packets that skipped to this step or to an earlier one.
    fn arrive(&mut self, number: usize) {
        let is_due = |first: &OccupiedEntry<usize, Vec<Cell>>| *first.key() <= number;
        while let Some(first) = self.later.first_entry().filter(is_due) {
            for cell in first.remove() {
                // Both ways around an unknown condition may meet again.
                if !self.here.contains(&cell) {
                    self.here.push(cell);
                }
            }
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), LimitExceeded> {
        self.spend(self.here.len() + 1)?;
        let is_certain = step.condition.is_true();
        for cell in std::mem::take(&mut self.here) {
            let Some((matching, rest)) = cell.split(&step.packets) else {
                self.here.push(cell);
                continue;
            };
            let size = |cell: &Cell| cell.set(Dimension::Remote).intervals().len();
            self.spend(size(&cell) + rest.iter().map(size).sum::<usize>())?;
            if is_certain {
                self.here.extend(rest);
            } else {
                self.here.push(cell);
            }
            self.act(step, matching);
        }
        Ok(())
    }

    fn act(&mut self, step: &Step, packets: Cell) {
        let arrivals = match step.action {
            Action::Accept => &mut self.walked.passed,
            Action::Deny => &mut self.walked.stopped,
            Action::Skip(target) => {
                let later = self.later.entry(target as usize).or_default();
                if !later.contains(&packets) {
                    later.push(packets);
                }
                return;
            }
        };
        arrivals.push(Arrival {
            packets,
            decided_by: Some(step.at),
        });
    }

    fn spend(&mut self, work: usize) -> Result<(), LimitExceeded> {
        self.work = self.work.saturating_add(work);
        self.limits.check(Limit::Work, self.work)
    }
}
