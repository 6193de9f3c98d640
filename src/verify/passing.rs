//! The packets of a journey that pass, as they were before any translation.

use std::collections::HashMap;

use super::sets::without;
use crate::firewall::{Flow, Journey};
use crate::limits::{LimitExceeded, Limits};
use crate::packets::Cell;

/// The packets that pass.
pub(super) struct Passing {
    /// Those that pass under all conditions.
    pub certain: Vec<Cell>,
    /// Those that pass under some conditions.
    pub possible: Vec<Cell>,
}

/// The flows of packets that answer first packets with the same destinations.
#[derive(Default)]
struct Part<'j> {
    passed: Vec<&'j Flow>,
    stopped: Vec<&'j Flow>,
}

impl Passing {
    /// Returns the packets that pass. A reply passes if it does so for every destination of the packet that it answers.
    pub fn of(journey: &Journey, limits: Limits) -> Result<Passing, LimitExceeded> {
        let parts = parts(journey);
        let is_one = parts.len() == 1;
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        let (mut doubtful, mut blocked) = (Vec::new(), Vec::new());
        for part in parts {
            let own_certain = part.certain(limits)?;
            let own_possible = originals(&part.passed);
            if !is_one {
                let mut all = originals(&part.stopped);
                all.extend(own_possible.iter().cloned());
                doubtful.extend(without(all.clone(), &own_certain, limits)?);
                blocked.extend(without(all, &own_possible, limits)?);
            }
            certain.extend(own_certain);
            possible.extend(own_possible);
        }
        Ok(Passing {
            certain: without(certain, &doubtful, limits)?,
            possible: without(possible, &blocked, limits)?,
        })
    }
}

impl Part<'_> {
    /// Returns the packets that pass under all conditions.
    fn certain(&self, limits: Limits) -> Result<Vec<Cell>, LimitExceeded> {
        let passed = self.passed.iter().copied();
        let (certain, uncertain): (Vec<&Flow>, Vec<&Flow>) =
            passed.partition(|flow| flow.is_certain());
        let stops = uncertain_of(self.stopped.iter().copied());
        let mut cells = without(originals(&uncertain), &stops, limits)?;
        cells.extend(originals(&certain));
        Ok(cells)
    }
}

fn parts(journey: &Journey) -> Vec<Part<'_>> {
    let mut numbers = HashMap::new();
    let mut parts: Vec<Part> = Vec::new();
    let passed = journey.passed.iter().map(|flow| (flow, true));
    let stopped = journey.stopped.iter().map(|stop| (&stop.flow, false));
    for (flow, passes) in passed.chain(stopped) {
        let number = *numbers.entry(&flow.answered).or_insert(parts.len());
        if number == parts.len() {
            parts.push(Part::default());
        }
        let part = &mut parts[number];
        if passes {
            part.passed.push(flow);
        } else {
            part.stopped.push(flow);
        }
    }
    parts
}

fn originals(flows: &[&Flow]) -> Vec<Cell> {
    flows.iter().map(|flow| flow.original()).collect()
}

/// Returns the packets that may be stopped and may pass. Packets that are certainly stopped cannot pass.
pub(super) fn uncertain_stops(journey: &Journey) -> Vec<Cell> {
    uncertain_of(journey.stopped.iter().map(|stop| &stop.flow))
}

fn uncertain_of<'j>(stopped: impl Iterator<Item = &'j Flow>) -> Vec<Cell> {
    let uncertain = stopped.filter(|flow| !flow.is_certain());
    uncertain.map(Flow::original).collect()
}
