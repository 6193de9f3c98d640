//! The possible results of a list of steps for one packet.

use super::step::{Action, Step};

/// The results that are possible for a packet. Conditions may leave more than one.
#[derive(Default)]
pub(super) struct Outcomes {
    /// The place ([`Step::at`]) of the step that accepts the packet, if one may accept it.
    pub passed_by: Option<u32>,
    /// True if the packet may be stopped.
    pub stops: bool,
    /// The place of the step that may stop the packet. If only the end of the list may stop it,
    /// this is the place of the first step that skips other steps, or that accepts the packet only
    /// under some conditions. `None` if there is no such step.
    pub stopped_by: Option<u32>,
}

/// Follows a packet through the steps that match it. `steps` are in order, each with its number in
/// the whole list.
pub(super) fn outcomes<'a>(steps: impl Iterator<Item = (usize, &'a Step)>) -> Outcomes {
    let mut found = Outcomes::default();
    // True while the packet may reach the current step. `later` contains the steps that the packet
    // may have skipped to.
    let mut here = true;
    let mut later: Vec<u32> = Vec::new();
    let mut narrowed = None;
    // True after a step that matches under every condition.
    let mut decided = false;
    for (number, step) in steps {
        let arrives = |target: &u32| *target as usize <= number;
        if later.iter().any(arrives) {
            later.retain(|target| !arrives(target));
            here = true;
        }
        if !here {
            continue;
        }
        match step.action {
            Action::Accept => {
                note(&mut found.passed_by, step, decided);
                if !step.condition.is_true() {
                    narrowed.get_or_insert(step.at);
                }
            }
            Action::Deny => {
                found.stops = true;
                note(&mut found.stopped_by, step, decided);
            }
            Action::Skip(target) => {
                narrowed.get_or_insert(step.at);
                if !later.contains(&target) {
                    later.push(target);
                }
            }
        }
        if step.condition.is_true() {
            here = false;
            decided = true;
            if later.is_empty() {
                return found;
            }
        }
    }
    if here || !later.is_empty() {
        found.stops = true;
        found.stopped_by = found.stopped_by.or(narrowed);
    }
    found
}

/// Sets the responsible step: the first step that matches under every condition, or else the first
/// step. `decided` is true after a step that matches under every condition.
fn note(responsible: &mut Option<u32>, step: &Step, decided: bool) {
    if responsible.is_none() || step.condition.is_true() && !decided {
        *responsible = Some(step.at);
    }
}
