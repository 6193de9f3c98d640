//! One message for each problem and each exposure, for reports that place messages in files.

use super::condition::Unknown;
use super::findings::{self, FoundExposure, FoundProblem};
use super::text::let_in;
use super::verified::{VerifiedMachine, place_of};
use super::words;
use crate::policy::Plane;
use crate::report::sarif::Level;
use crate::verify::Verdict;

/// The maximum number of packets that a message names.
const MAX_AFFECTED: usize = 8;

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Blocked,
    Depends,
    Exposed,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Blocked, Kind::Depends, Kind::Exposed];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Blocked => "blocked",
            Kind::Depends => "depends",
            Kind::Exposed => "exposed",
        }
    }
}

pub(super) struct Message {
    pub kind: Kind,
    pub level: Level,
    /// The line that decides, from 1.
    pub line: Option<usize>,
    pub text: String,
}

/// Returns the messages of a machine, problems first.
pub(super) fn all(machine: &VerifiedMachine) -> Vec<Message> {
    let problems = findings::problems(machine).found;
    let problems = problems.iter().map(|found| of_problem(machine, found));
    let exposures = findings::exposures(machine);
    let exposures = exposures.iter().map(|found| of_exposure(machine, found));
    problems.chain(exposures).collect()
}

fn of_problem(machine: &VerifiedMachine, found: &FoundProblem) -> Message {
    let problem = found.problem;
    let stop = place_of(problem.cause);
    let condition = problem.assumed.first().copied();
    let (kind, level, at) = match found.verdict {
        Verdict::Blocked => (Kind::Blocked, Level::Error, stop),
        _ => (Kind::Depends, Level::Warning, condition.or(stop)),
    };
    let affected = found.affected();
    let (shown, more) = affected.split_at(affected.len().min(MAX_AFFECTED));
    let more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let reasons = problem.assumed.iter().map(|at| {
        let line = machine.line(*at);
        let condition = Unknown::of(&line.text).name();
        format!("; depends on {condition}: {}", words::line(&line))
    });
    let reasons: String = reasons.collect();
    let stopped = match kind {
        _ if !found.shows_stop() => String::new(),
        Kind::Blocked => format!("; stopped: {}", words::stop(machine, problem)),
        _ => format!("; or else: {}", words::stop(machine, problem)),
    };
    Message {
        kind,
        level,
        line: at.map(|at| machine.line(at).number),
        text: format!(
            "{}{more} {}: {}{reasons}{stopped}; remedy: {}",
            shown.join(", "),
            kind.name(),
            words::packet(&problem.example, problem.stage),
            found.remedy
        ),
    }
}

fn of_exposure(machine: &VerifiedMachine, found: &FoundExposure) -> Message {
    let exposure = found.exposure;
    let (level, reach) = match (exposure.plane, exposure.verdict) {
        (Plane::Media, Verdict::Passes) => (Level::Note, "reaches RTP"),
        (Plane::Media, _) => (Level::Note, "may reach RTP"),
        (Plane::Signaling, Verdict::Passes) => (Level::Error, "reaches SIP"),
        (Plane::Signaling, _) => (Level::Warning, "may reach SIP"),
    };
    let is_ignored = !machine.fails_by_exposure(exposure);
    let at = exposure.decision.as_ref().map(|decision| decision.at);
    Message {
        kind: Kind::Exposed,
        level: if is_ignored { Level::Note } else { level },
        line: at.map(|at| machine.line(at).number),
        text: format!(
            "{} {reach} ({}): {}; remedy: {}",
            words::sources(exposure),
            found.ports.join(", "),
            let_in(machine, found),
            found.remedy
        ),
    }
}
