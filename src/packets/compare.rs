//! The exact difference of what is expected and what the steps of a firewall let through.

use super::difference::{Difference, coalesced, gathered};
use super::packet_box::PacketBox;
use super::partition::{Partition, Question};
use super::shape::Shape;
use super::step::{Action, Step};
use crate::limits::{LimitExceeded, Limits};

/// The exact difference of what is expected and what the steps let through.
///
/// A packet that passes only in some circumstances is missing if expected, and extra if not.
/// The differences of one side are disjoint boxes if there are about as many as rules or fewer.
/// If boxes that are disjoint would be far more, the differences are [`by_rule`]. They are in no
/// particular order.
pub fn differences(
    expected: &[PacketBox],
    steps: &[Step],
    limits: Limits,
) -> Result<Vec<Difference>, LimitExceeded> {
    // A partition that is given up is gone before the next one is made.
    let disjoint = Partition::new(expected, steps, limits).of(Question::All)?;
    match disjoint {
        Some(found) => Ok(coalesced(found)),
        None => by_rule(expected, steps, limits),
    }
}

/// The same, but in cells, each with the packets that one rule lets through or stops.
///
/// Packets that rules of different shapes let through are extra in a cell of each shape: rules
/// that name a source, say, and rules that name a destination cut each other into as many
/// disjoint boxes as there are pairs of them. The condition is then that of the rules of the cell.
pub fn by_rule(
    expected: &[PacketBox],
    steps: &[Step],
    limits: Limits,
) -> Result<Vec<Difference>, LimitExceeded> {
    let mut partition = Partition::new(expected, steps, limits);
    let accepts = steps.iter().filter(|step| step.action == Action::Accept);
    let mut shapes: Vec<Shape> = accepts.map(|step| Shape::of(&step.packets)).collect();
    shapes.sort_unstable();
    shapes.dedup();
    let extra = shapes.into_iter().map(Question::Extra);
    let mut found = Vec::new();
    for question in std::iter::once(Question::Missing).chain(extra) {
        found.extend(partition.of(question)?.unwrap_or_default());
    }
    Ok(gathered(found))
}
