//! The problems and exposures of a machine, each of them once.

use std::collections::HashMap;

use super::remedy;
use super::verified::{VerifiedMachine, place_of};
use super::words;
use crate::firewall::Cause;
use crate::policy::Plane;
use crate::verify::{Call, Exposure, Group, Problem, Stage, Verdict};

/// The problems of a machine.
pub(super) struct Problems<'m> {
    pub found: Vec<FoundProblem<'m>>,
    /// The index of the problem of each group, by the address of the group.
    of_group: HashMap<*const Group, usize>,
}

/// A problem, with all packets that have it.
pub(super) struct FoundProblem<'m> {
    pub verdict: Verdict,
    /// The problem of the first packets.
    pub problem: &'m Problem,
    /// The packets and their regions.
    pub affected: Vec<(&'m Call, &'m Group)>,
    pub remedy: String,
}

/// Others who reach ports by the same rules.
pub(super) struct FoundExposure<'m> {
    /// The exposure of the first port.
    pub exposure: &'m Exposure,
    /// The protocols and ports, such as `udp 5060`.
    pub ports: Vec<String>,
    pub remedy: String,
}

impl Problems<'_> {
    /// Returns the index of the problem of a group; `None` if its packets pass.
    pub fn index_of(&self, group: &Group) -> Option<usize> {
        self.of_group.get(&std::ptr::from_ref(group)).copied()
    }
}

impl FoundProblem<'_> {
    /// False if the rule that may stop the packets is one of those with unknown conditions, which reports list anyway.
    pub fn shows_stop(&self) -> bool {
        let problem = self.problem;
        let is_other = place_of(problem.cause).is_none_or(|at| !problem.assumed.contains(&at));
        self.verdict == Verdict::Blocked || is_other
    }

    /// Returns the packets, each with its regions.
    pub fn affected(&self) -> Vec<String> {
        let affected = self.affected.iter();
        let named = affected.map(|(call, group)| {
            format!("{} ({})", words::kind(call), words::regions(call, group))
        });
        named.collect()
    }
}

/// The reason for a problem. Problems with the same reason and remedy are one finding.
#[derive(PartialEq, Eq, Hash)]
struct Reason {
    is_blocked: bool,
    stage: Stage,
    cause: Cause,
    translated_by: Option<u32>,
    assumed: Vec<u32>,
    remedy: String,
}

pub(super) fn problems<'m>(machine: &'m VerifiedMachine) -> Problems<'m> {
    let mut found: Vec<FoundProblem> = Vec::new();
    let mut of_group = HashMap::new();
    let mut known: HashMap<Reason, usize> = HashMap::new();
    for call in &machine.calls {
        for group in &call.groups {
            let Some(problem) = &group.problem else {
                continue;
            };
            let remedy = remedy::of_problem(machine, call, group.verdict, problem);
            let reason = Reason {
                is_blocked: group.verdict == Verdict::Blocked,
                stage: problem.stage,
                cause: problem.cause,
                translated_by: problem.translated_by,
                assumed: problem.assumed.clone(),
                remedy: remedy.clone(),
            };
            let number = *known.entry(reason).or_insert(found.len());
            if number == found.len() {
                found.push(FoundProblem {
                    verdict: group.verdict,
                    problem,
                    affected: Vec::new(),
                    remedy,
                });
            }
            found[number].affected.push((call, group));
            of_group.insert(std::ptr::from_ref(group), number);
        }
    }
    Problems { found, of_group }
}

/// The rules that let others in. Exposures with the same rules and addresses are one finding.
type Way = (Plane, Option<u32>, Option<u32>, Vec<u32>, bool);

/// Returns the exposures of SIP, followed by those of RTP.
pub(super) fn exposures<'m>(machine: &'m VerifiedMachine) -> Vec<FoundExposure<'m>> {
    let mut found: Vec<FoundExposure> = Vec::new();
    let mut known: HashMap<Way, usize> = HashMap::new();
    for exposure in &machine.exposures {
        let ports = format!("{} {}", exposure.protocol, words::ports(exposure.ports));
        let decision = exposure.decision.as_ref();
        let way = (
            exposure.plane,
            decision.map(|decision| decision.at),
            exposure.translated_by,
            exposure.assumed.clone(),
            exposure.verdict == Verdict::Passes,
        );
        let same = known.get(&way).and_then(|number| found.get_mut(*number));
        if let Some(same) = same.filter(|known| known.exposure.sources == exposure.sources) {
            same.ports.push(ports);
            continue;
        }
        known.insert(way, found.len());
        found.push(FoundExposure {
            exposure,
            ports: vec![ports],
            remedy: remedy::of_exposure(machine, exposure),
        });
    }
    found.sort_by_key(|found| found.exposure.plane);
    found
}
