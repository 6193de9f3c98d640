//! The picture of the packets' way: base chains in their order, and a lane for each kind of packet.

use std::collections::HashMap;

use serde::Serialize;

use super::findings::Problems;
use super::verified::{ListedChain, VerifiedMachine, place_of};
use super::words;
use crate::firewall::Decision;
use crate::packets::Direction;
use crate::verify::{Call, Group, Problem, Stage, Verdict};

/// The maximum number of lanes in a picture.
const MAX_LANES: usize = 12;

/// The maximum number of chains in a part of a picture.
const MAX_CHAINS: usize = 40;

/// The packets of one direction.
#[derive(Serialize)]
pub(super) struct Picture {
    title: &'static str,
    lanes: Vec<LaneHead>,
    parts: Vec<Part>,
    /// The number of lanes that are not shown.
    hidden_lanes: usize,
}

#[derive(Serialize)]
struct LaneHead {
    /// Such as `tls`, or `media`.
    name: String,
    ports: String,
    /// Empty if the lane stands for all regions.
    regions: String,
}

/// The way of the packets of one stage.
#[derive(Serialize)]
struct Part {
    title: &'static str,
    from: &'static str,
    to: &'static str,
    hooks: Vec<HookRows>,
    ends: Vec<Cell>,
    /// The number of chains that are not shown.
    hidden_chains: usize,
}

#[derive(Serialize)]
struct HookRows {
    name: String,
    /// The state of each lane before the hook.
    before: Vec<State>,
    chains: Vec<ChainRow>,
}

#[derive(Serialize)]
struct ChainRow {
    table: String,
    name: String,
    priority: i32,
    is_nat: bool,
    cells: Vec<Cell>,
}

/// The crossing of a lane and a chain.
#[derive(Serialize)]
struct Cell {
    state: State,
    /// The visible text.
    label: String,
    /// The same for screen readers, in words.
    words: String,
    /// True if the policy of the chain decides.
    is_policy: bool,
    /// The number of the problem, from 1.
    problem: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// A rule accepts the packets, or the policy does.
    Passes,
    /// The packets do not traverse the chain.
    Beside,
    Depends,
    Stops,
    /// The packets were stopped before.
    Off,
}

/// A group of packets in a part of a picture.
struct Lane<'m> {
    /// The decisions by the index of the base chain.
    path: HashMap<usize, &'m Decision>,
    /// The problem of this part.
    problem: Option<&'m Problem>,
    verdict: Verdict,
    number: Option<usize>,
    /// True if the packets have no place in this part.
    is_absent: bool,
}

/// Returns a picture for each direction.
pub(super) fn pictures(machine: &VerifiedMachine, problems: &Problems) -> Vec<Picture> {
    let directions = [Direction::In, Direction::Out].into_iter();
    let pictures = directions.filter_map(|direction| picture(machine, problems, direction));
    pictures.collect()
}

fn picture(
    machine: &VerifiedMachine,
    problems: &Problems,
    direction: Direction,
) -> Option<Picture> {
    let calls = machine.calls.iter();
    let calls = calls.filter(|call| call.direction == direction);
    let groups = calls.flat_map(|call| call.groups.iter().map(move |group| (call, group)));
    let groups: Vec<(&Call, &Group)> = groups.collect();
    let shown = &groups[..groups.len().min(MAX_LANES)];
    let stages = [Stage::First, Stage::Replies, Stage::Later].into_iter();
    let has = |stage: &Stage| {
        let mut problems = shown.iter().filter_map(|(_, group)| group.problem.as_ref());
        *stage == Stage::First || problems.any(|problem| problem.stage == *stage)
    };
    let parts = stages.filter(has).map(|stage| {
        let lanes = shown.iter().map(|(_, group)| lane(problems, group, stage));
        part(machine, direction, stage, &lanes.collect::<Vec<_>>())
    });
    (!shown.is_empty()).then(|| Picture {
        title: match direction {
            Direction::In => "From Twilio to the PBX",
            Direction::Out => "From the PBX to Twilio",
        },
        lanes: shown
            .iter()
            .map(|(call, group)| lane_head(call, group))
            .collect(),
        parts: parts.collect(),
        hidden_lanes: groups.len() - shown.len(),
    })
}

fn lane_head(call: &Call, group: &Group) -> LaneHead {
    let transport = call.transport.map(|transport| transport.to_string());
    LaneHead {
        name: transport.unwrap_or_else(|| call.plane.to_string()),
        ports: words::ports(call.ports),
        regions: match (call.groups.len(), group.regions.len()) {
            (1, _) => String::new(),
            (_, 1 | 2) => words::name(&words::regions(call, group)),
            (_, many) => format!("{many} regions"),
        },
    }
}

fn lane<'m>(problems: &Problems, group: &'m Group, stage: Stage) -> Lane<'m> {
    let problem = group.problem.as_ref();
    let own = problem.filter(|problem| problem.stage == stage);
    let passage = group.passage.as_ref();
    let passage = passage.filter(|_| stage == Stage::First);
    let is_possible = group.verdict == Verdict::Depends && own.is_some();
    let path = match (own, passage) {
        (_, Some(passage)) if own.is_none() || is_possible => &passage.path[..],
        (Some(problem), _) => &problem.path[..],
        (None, _) => &[],
    };
    Lane {
        path: path
            .iter()
            .map(|decision| (decision.chain, decision))
            .collect(),
        problem: own,
        verdict: if own.is_some() {
            group.verdict
        } else {
            Verdict::Passes
        },
        number: own.and(problems.index_of(group)).map(|index| index + 1),
        is_absent: own.is_none() && passage.is_none(),
    }
}

/// The state of the packets of a lane between two chains.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Certain,
    Doubtful,
    Ended,
}

fn part(machine: &VerifiedMachine, direction: Direction, stage: Stage, lanes: &[Lane]) -> Part {
    let way = match (direction, stage) {
        (Direction::In, Stage::Replies) | (Direction::Out, Stage::First | Stage::Later) => {
            Direction::Out
        }
        _ => Direction::In,
    };
    let chains = chains(machine, way, lanes);
    let mut progress: Vec<Progress> = lanes.iter().map(Progress::at_start).collect();
    let shown = &chains[..chains.len().min(MAX_CHAINS)];
    let hooks = shown.chunk_by(|(_, one), (_, next)| one.hook == next.hook);
    let hooks = hooks.map(|chains| hook(machine, lanes, chains, &mut progress));
    let hooks = hooks.collect();
    let (from, to) = match way {
        Direction::In => ("Twilio", "PBX"),
        Direction::Out => ("PBX", "Twilio"),
    };
    Part {
        title: match stage {
            Stage::First => "New connections",
            Stage::Replies => "Replies",
            Stage::Later => "Later packets",
        },
        from,
        to,
        hooks,
        ends: lanes.iter().zip(progress).map(end).collect(),
        hidden_chains: chains.len() - shown.len(),
    }
}

/// Returns the rows of the chains of one hook, each with its index.
fn hook(
    machine: &VerifiedMachine,
    lanes: &[Lane],
    chains: &[(usize, &ListedChain)],
    progress: &mut [Progress],
) -> HookRows {
    let before = lanes.iter().zip(&*progress).map(|(lane, progress)| {
        let is_seen = chains.iter().any(|(index, _)| lane.traverses(*index));
        progress.state(is_seen)
    });
    let before = before.collect();
    let row = |(index, chain): &(usize, &ListedChain)| {
        let cells = lanes.iter().zip(&mut *progress);
        let cells = cells.map(|(lane, progress)| cell(machine, lane, *index, progress));
        ChainRow {
            table: words::name(words::table(&chain.location)),
            name: words::name(&chain.location.chain),
            priority: chain.priority,
            is_nat: chain.is_nat,
            cells: cells.collect(),
        }
    };
    HookRows {
        name: chains
            .first()
            .map_or_else(String::new, |(_, chain)| words::name(&chain.hook)),
        before,
        chains: chains.iter().map(row).collect(),
    }
}

impl Progress {
    fn at_start(lane: &Lane) -> Progress {
        if lane.is_absent {
            Progress::Ended
        } else {
            Progress::Certain
        }
    }

    /// Returns the state at a chain or at a hook. `is_seen` is true if the packets traverse it.
    fn state(self, is_seen: bool) -> State {
        match self {
            Progress::Ended => State::Off,
            _ if !is_seen => State::Beside,
            Progress::Certain => State::Passes,
            Progress::Doubtful => State::Depends,
        }
    }
}

impl Lane<'_> {
    /// True if a base chain decides about the packets.
    fn traverses(&self, chain: usize) -> bool {
        self.problem
            .is_some_and(|problem| problem.chain == Some(chain))
            || self.path.contains_key(&chain)
    }
}

/// Returns the base chains on the way, each with its index, in the order of the packets.
fn chains<'m>(
    machine: &'m VerifiedMachine,
    way: Direction,
    lanes: &[Lane],
) -> Vec<(usize, &'m ListedChain)> {
    let hooks: &[&str] = match (way, machine.is_router) {
        (Direction::In, false) => &["ingress", "prerouting", "input", "forward", "postrouting"],
        (Direction::In, true) => &["ingress", "prerouting", "forward", "postrouting"],
        (Direction::Out, false) => &["output", "postrouting", "egress"],
        (Direction::Out, true) => &["prerouting", "forward", "postrouting", "egress"],
    };
    let mut decides = vec![false; machine.chains.len()];
    for lane in lanes {
        let path = lane.path.keys().copied();
        for chain in path.chain(lane.problem.and_then(|problem| problem.chain)) {
            if let Some(decides) = decides.get_mut(chain) {
                *decides = true;
            }
        }
    }
    let all = machine.chains.iter().enumerate();
    let of_hook = |hook: &&'static str| {
        let hook: &'static str = hook;
        let chains = all.clone();
        chains.filter(move |(_, chain)| chain.hook == hook)
    };
    // Packets for the machine itself are forwarded only after a change of their destination.
    let is_detour = |hook: &str| {
        way == Direction::In && !machine.is_router && matches!(hook, "forward" | "postrouting")
    };
    let found = hooks.iter().flat_map(of_hook);
    let found = found.filter(|(index, chain)| decides[*index] || !is_detour(&chain.hook));
    let mut found: Vec<(usize, &ListedChain)> = found.collect();
    if found.len() > MAX_CHAINS {
        found.retain(|(index, _)| decides[*index]);
    }
    found
}

fn cell(machine: &VerifiedMachine, lane: &Lane, chain: usize, progress: &mut Progress) -> Cell {
    if *progress == Progress::Ended {
        return Cell::new(State::Off, "", "not reached");
    }
    let stop = lane.problem.filter(|problem| problem.chain == Some(chain));
    if let Some(problem) = stop {
        let at = place_of(problem.cause).map(|at| machine.line(at).number);
        let line = at.map_or_else(String::new, |line| line.to_string());
        let (state, sign, verb) = if lane.verdict == Verdict::Depends {
            *progress = Progress::Doubtful;
            (State::Depends, "?", "may be stopped")
        } else {
            *progress = Progress::Ended;
            (State::Stops, "✕", "stopped")
        };
        let label = format!("{sign} {line}");
        let mut cell = Cell::new(state, &label, &format!("{verb} by line {line}"));
        cell.problem = lane.number;
        return cell;
    }
    match lane.path.get(&chain) {
        None => Cell::new(State::Beside, "", "do not traverse this chain"),
        Some(decision) if decision.is_policy => Cell {
            is_policy: true,
            ..Cell::new(progress.state(true), "", "pass by the policy")
        },
        Some(decision) => {
            let line = machine.line(decision.at).number.to_string();
            Cell::new(progress.state(true), &line, &format!("pass by line {line}"))
        }
    }
}

/// Returns the result at the end of a lane.
fn end((lane, progress): (&Lane, Progress)) -> Cell {
    if lane.is_absent {
        return Cell::new(State::Off, "", "not part of this");
    }
    let mut cell = match (lane.verdict, progress) {
        (Verdict::Passes, _) => Cell::new(State::Passes, "✓", "arrive"),
        (Verdict::Depends, _) => Cell::new(State::Depends, "?", "may arrive"),
        (Verdict::Blocked, Progress::Ended) => Cell::new(State::Off, "✕", "do not arrive"),
        // No chain stops the packets, but they do not get to the PBX.
        (Verdict::Blocked, _) => Cell::new(State::Stops, "✕", "do not arrive"),
    };
    cell.problem = lane.number;
    cell
}

impl Cell {
    fn new(state: State, label: &str, words: &str) -> Cell {
        Cell {
            state,
            label: label.to_owned(),
            words: words.to_owned(),
            is_policy: false,
            problem: None,
        }
    }
}
