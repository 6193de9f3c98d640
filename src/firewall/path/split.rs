//! Divides packets by whether they match rules, and counts the work.

use crate::limits::{Limit, Limits};
use crate::packets::{Cell, Dimension};

/// The number of intervals that are copied in one step.
pub(super) const COPIED: usize = 8;

/// Returns the number of intervals of remote addresses, which may be large.
pub(super) fn size(cell: &Cell) -> usize {
    cell.set(Dimension::Remote).intervals().len()
}

/// Returns the packets of a cell that are in any of the others, and the rest. Stops once `work` is above the limit.
pub(super) fn split_by_any(
    cell: &Cell,
    others: &[Cell],
    limits: Limits,
    work: &mut usize,
) -> (Vec<Cell>, Vec<Cell>) {
    let mut common = Vec::new();
    let mut rest = vec![cell.clone()];
    for other in others {
        let mut next = Vec::with_capacity(rest.len());
        for part in rest {
            match part.split_by(other) {
                Some((both, left)) => {
                    let remotes = other.set(Dimension::Remote);
                    let is_copied = !remotes.is_around(part.set(Dimension::Remote));
                    *work += if is_copied { size(&part) / COPIED } else { 1 };
                    let ports = part.set(Dimension::LocalPort).intervals().len();
                    *work += ports / COPIED;
                    common.push(both);
                    next.extend(left);
                }
                None => next.push(part),
            }
        }
        *work += next.len() + 1;
        rest = next;
        if rest.is_empty() || limits.check(Limit::Work, *work).is_err() {
            break;
        }
    }
    (common, rest)
}
