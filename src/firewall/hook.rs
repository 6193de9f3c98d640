//! Finds deployed units that no expected packet gets to.

use std::collections::HashSet;

use crate::limits::{LimitExceeded, Limits};
use crate::packets::{Flags, HeaderMatch, PacketBox, States, Step, cells, walk};

/// The path of packets to a unit, as far as the input shows it.
#[derive(Debug)]
pub enum Hook {
    /// The input does not show this. It is a file of rules, or lists only the unit.
    NotShown,
    /// The firewall applies the unit to packets itself.
    Attached,
    /// The input shows that no packet gets to the unit. The text says what is missing.
    Missing(String),
    /// Other rules lead to the unit.
    Approaches(Vec<Approach>),
}

/// The rules between a hook of the firewall and a unit.
#[derive(Debug)]
pub struct Approach {
    /// A step at one of the jumps that accepts packets leads to the unit. Other steps accept packets before
    /// the jump.
    pub steps: Vec<Step>,
    /// The places of the rules that lead to the unit.
    pub jumps: Vec<u32>,
    /// The reason, for messages, if the steps stop all expected packets.
    pub obstacle: String,
}

/// A unit that no expected packet gets to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unhooked {
    pub reason: String,
    /// The place of the rule that keeps the packets from the unit. `None` if a rule is missing.
    pub at: Option<u32>,
}

impl Unhooked {
    /// Returns `None` if a packet of `expected` that opens a connection may get to the unit.
    pub(super) fn of(
        hook: &Hook,
        unit: &str,
        expected: &[PacketBox],
        limits: Limits,
    ) -> Result<Option<Unhooked>, LimitExceeded> {
        let approaches = match hook {
            _ if expected.is_empty() => return Ok(None),
            Hook::NotShown | Hook::Attached => return Ok(None),
            Hook::Missing(reason) => {
                let reason = reason.clone();
                return Ok(Some(Unhooked { reason, at: None }));
            }
            Hook::Approaches(approaches) => approaches,
        };
        let new = HeaderMatch {
            states: States::NEW,
            flags: Flags::opening(),
            ..HeaderMatch::ALL
        };
        let expected = expected.iter().filter_map(|packets| packets.matching(new));
        let expected = cells(&expected.collect::<Vec<_>>());
        let mut first = None;
        for approach in approaches {
            let walked = walk(expected.clone(), &approach.steps, limits)?;
            let jumps: HashSet<u32> = approach.jumps.iter().copied().collect();
            let is_jump = |place: &u32| jumps.contains(place);
            let mut passes = walked.passed.iter();
            let reaches = passes.any(|pass| pass.decided_by.as_ref().is_some_and(is_jump));
            // Other rules may accept all packets before the jump.
            if reaches || walked.stopped.is_empty() {
                return Ok(None);
            }
            let stops = walked.stopped.iter().filter_map(|stop| stop.decided_by);
            first = first.or_else(|| Some(explain(unit, approach, stops.min())));
        }
        Ok(first)
    }
}

fn explain(unit: &str, approach: &Approach, stopped_by: Option<u32>) -> Unhooked {
    match stopped_by {
        Some(at) => Unhooked {
            reason: approach.obstacle.clone(),
            at: Some(at),
        },
        None => Unhooked {
            reason: format!("no expected packet matches the rules that lead to {unit}"),
            at: approach.jumps.first().copied(),
        },
    }
}
