//! Sets of packets as lists of cells.

use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Cell, Dimension, States};

/// Returns the packets that are in none of the others.
pub(super) fn without(
    cells: Vec<Cell>,
    others: &[Cell],
    limits: Limits,
) -> Result<Vec<Cell>, LimitExceeded> {
    let mut left = cells;
    let mut work = 0_usize;
    for other in others {
        if left.is_empty() {
            break;
        }
        work = work.saturating_add(left.len());
        limits.check(Limit::Work, work)?;
        let mut next = Vec::with_capacity(left.len());
        for cell in left {
            match cell.split_by(other) {
                Some((_, rest)) => next.extend(rest),
                None => next.push(cell),
            }
        }
        left = next;
    }
    Ok(left)
}

/// Returns the packets of the same kind to any local address, in any state.
pub(super) fn to_any_address(cell: &Cell) -> Cell {
    let whole = Dimension::Local.whole().into();
    cell.with(Dimension::Local, whole).in_states(States::ALL)
}
