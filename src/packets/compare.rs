//! The exact difference between the expected packets and the packets that a firewall accepts.

use super::difference::{Difference, coalesced, gathered};
use super::packet_box::PacketBox;
use super::partition::{Partition, Question};
use super::shape::Shape;
use super::step::{Action, Step};
use crate::limits::{LimitExceeded, Limits};

/// Returns the exact difference between the expected packets and the packets that the steps accept.
///
/// A packet that is accepted only under some conditions is `Missing` if it is expected, and `Extra`
/// if it is not. The differences are in no particular order. The differences of one side are
/// disjoint. If this takes many more boxes than there are rules, the result is that of [`by_rule`].
pub fn differences(
    expected: &[PacketBox],
    steps: &[Step],
    limits: Limits,
) -> Result<Vec<Difference>, LimitExceeded> {
    // Frees the memory of this partition before `by_rule` makes the next one.
    let disjoint = Partition::new(expected, steps, limits).of(Question::All)?;
    match disjoint {
        Some(found) => Ok(coalesced(found)),
        None => by_rule(expected, steps, limits),
    }
}

/// Returns the same difference as cells, each with the packets that one rule accepts or stops.
///
/// Accepting rules with different shapes have separate extra cells, which may overlap. If some rules
/// name a source and others a destination, disjoint boxes would be as numerous as the pairs of such
/// rules. The condition of a cell is the condition of its rules.
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
