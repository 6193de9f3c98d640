//! The verdicts about the packets of calls.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::example::{Packet, has_usual_address};
use super::free_ports::as_of_calls;
use super::passing::Passing;
use super::sets::{to_any_address, without};
use super::viewpoint::Viewpoint;
use super::way::Way;
use crate::firewall::{
    Cause, Decision, Flow, Follower, Journey, Question, by_treatment, next_packets, replies,
};
use crate::limits::{LimitExceeded, Limits};
use crate::packets::{
    Cell, Dimension, Direction, Flags, HeaderMatch, IntervalSet, PacketBox, Protocols,
};
use crate::policy::{
    ALL_REGIONS, Plane, Policy, PortRange, Protocol, RemoteNetwork, Rule, Transport,
};

/// The verdict about packets at a firewall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// All packets pass, whatever the unknown conditions are.
    Passes,
    /// Some packets pass only under some conditions.
    Depends,
    /// Some packets never pass.
    Blocked,
}

/// One kind of packet that calls need.
#[derive(Debug)]
pub struct Call {
    pub direction: Direction,
    pub plane: Plane,
    /// `None` for media.
    pub transport: Option<Transport>,
    pub protocol: Protocol,
    /// The ports on the side that receives the first packet.
    pub ports: PortRange,
    /// The regions by their verdict.
    pub groups: Vec<Group>,
    pub delivery: Delivery,
}

/// The places at which first packets from Twilio arrive.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// True if some of them are for the machine itself.
    pub at_machine: bool,
    /// The new destination of others, which a rule changes, and the place of the rule.
    pub elsewhere: Option<(IntervalSet, u32)>,
}

impl Delivery {
    fn of(journey: &Journey) -> Delivery {
        let mut delivery = Delivery::default();
        for flow in &journey.passed {
            if !flow.is_forwarded {
                delivery.at_machine = true;
            } else if let Some(before) = &flow.before {
                let new = || {
                    (
                        flow.packets.set(Dimension::Local).clone(),
                        before.changed_by,
                    )
                };
                delivery.elsewhere.get_or_insert_with(new);
            }
        }
        delivery
    }
}

/// The regions for which packets have the same verdict for the same reason.
#[derive(Debug)]
pub struct Group {
    pub verdict: Verdict,
    pub regions: Vec<Arc<str>>,
    /// Twilio's addresses in these regions.
    pub addresses: IntervalSet,
    /// Those of the addresses with packets that have the verdict; `None` if the packets pass.
    pub failing: Option<IntervalSet>,
    /// The way of a packet that opens a connection. `None` if no such packet passes.
    pub passage: Option<Passage>,
    /// `None` if the packets pass.
    pub problem: Option<Problem>,
}

/// The way of a packet that passes.
#[derive(Clone, Debug)]
pub struct Passage {
    pub example: Packet,
    /// The decisions of base chains, in the order of the path.
    pub path: Vec<Decision>,
}

/// The packets of a connection that a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The packet that opens the connection.
    First,
    /// The answers to it.
    Replies,
    /// The packets after the first one, in the same direction.
    Later,
}

/// The reason why packets may not pass, for one of them.
#[derive(Clone, Debug)]
pub struct Problem {
    pub stage: Stage,
    pub example: Packet,
    /// The cause that may stop the packet.
    pub cause: Cause,
    /// The index of the base chain that may stop the packet, as in [`Decision::chain`].
    pub chain: Option<usize>,
    /// The place of the rule that changes the destination before.
    pub translated_by: Option<u32>,
    /// The place of the rule that exempts the packet, or the first packet of its connection, from connection tracking.
    pub untracked_by: Option<u32>,
    /// The places of the rules whose conditions are unknown.
    pub assumed: Vec<u32>,
    /// The decisions of base chains before, in the order of the path.
    pub path: Vec<Decision>,
}

impl Problem {
    /// Adds rules with unknown conditions that packets passed before.
    fn assume_before(&mut self, places: &[u32]) {
        let later = std::mem::replace(&mut self.assumed, places.to_vec());
        let is_new = |place: &u32| !places.contains(place);
        self.assumed.extend(later.into_iter().filter(is_new));
    }
}

impl Group {
    /// Returns the addresses with packets that do not pass, if packets of the other addresses do.
    pub fn failing_part(&self) -> Option<&IntervalSet> {
        let failing = self.failing.as_ref();
        failing.filter(|failing| !failing.holds_set(&self.addresses))
    }

    fn add(&mut self, region: Arc<str>, addresses: &IntervalSet, failing: Option<IntervalSet>) {
        self.regions.push(region);
        self.addresses = self.addresses.or_set(addresses);
        self.failing = match (self.failing.take(), failing) {
            (Some(known), Some(more)) => Some(known.or_set(&more)),
            (known, more) => known.or(more),
        };
    }
}

impl Call {
    /// Returns the worst verdict of a region.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.groups.iter().map(|group| group.verdict);
        verdicts.max().unwrap_or(Verdict::Passes)
    }
}

/// Returns the kinds of packets that a policy needs, each with its verdicts.
///
/// # Errors
///
/// If the work exceeds a limit.
pub fn calls(
    follower: &mut Follower,
    viewpoint: &Viewpoint,
    policy: &Policy,
) -> Result<Vec<Call>, LimitExceeded> {
    let rules = policy.rules.iter();
    rules
        .map(|rule| call(follower, viewpoint, policy, rule))
        .collect()
}

fn call(
    follower: &mut Follower,
    viewpoint: &Viewpoint,
    policy: &Policy,
    rule: &Rule,
) -> Result<Call, LimitExceeded> {
    let parts = parts(rule);
    let remotes = parts.iter().map(|(_, remotes)| remotes.clone());
    let all = remotes.reduce(|all, more| all.or_set(&more));
    let packets = all.map(|remotes| {
        let packets = first_packets(rule, remotes, viewpoint);
        as_of_calls(&packets, rule, policy)
    });
    let question = viewpoint.question(rule.direction, packets.into_iter().collect());
    let first = Asked::new(follower, Stage::First, question)?;
    let mut asked = later(follower, &first, viewpoint)?;
    asked.insert(0, first);
    let mut groups: Vec<Group> = Vec::new();
    for (region, remotes) in parts {
        let judged = judge(follower, &asked, &remotes, viewpoint)?;
        if let Some(group) = same_group(&mut groups, &judged) {
            group.add(region, &remotes, judged.failing);
            continue;
        }
        groups.push(Group {
            verdict: judged.verdict,
            regions: vec![region],
            passage: passage(follower, &asked[0], &remotes, viewpoint)?,
            addresses: remotes,
            failing: judged.failing,
            problem: judged.problem,
        });
    }
    Ok(Call {
        direction: rule.direction,
        plane: rule.plane,
        transport: rule.transport,
        protocol: rule.protocol,
        ports: match rule.direction {
            Direction::In => rule.local.ports,
            Direction::Out => rule.remote.ports,
        },
        groups,
        delivery: match rule.direction {
            Direction::In => Delivery::of(&asked[0].journey),
            Direction::Out => Delivery::default(),
        },
    })
}

/// Returns the group with the same verdict and reason.
fn same_group<'g>(groups: &'g mut [Group], judged: &Judged) -> Option<&'g mut Group> {
    let reason = |problem: &Problem| (problem.stage, problem.cause, problem.assumed.clone());
    let own = judged.problem.as_ref().map(reason);
    let same = |group: &&mut Group| {
        group.verdict == judged.verdict && group.problem.as_ref().map(reason) == own
    };
    groups.iter_mut().find(same)
}

/// Returns the remote addresses of a rule for each region.
fn parts(rule: &Rule) -> Vec<(Arc<str>, IntervalSet)> {
    let mut parts: Vec<(Arc<str>, IntervalSet)> = Vec::new();
    for network in rule.remote.networks.iter() {
        let addresses = IntervalSet::One(network.network.into());
        for region in regions(network) {
            match parts.iter_mut().find(|(known, _)| *known == region) {
                Some((_, known)) => *known = known.or_set(&addresses),
                None => parts.push((region, addresses.clone())),
            }
        }
    }
    parts
}

/// Returns the regions of a network.
fn regions(network: &RemoteNetwork) -> Vec<Arc<str>> {
    let mut regions: Vec<Arc<str>> = Vec::new();
    for origin in &network.origins {
        let region = origin.region.clone();
        let region = region.unwrap_or_else(|| ALL_REGIONS.into());
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    regions
}

/// Returns the packets of a rule that open connections with these remote addresses.
pub(super) fn first_packets(rule: &Rule, remotes: IntervalSet, viewpoint: &Viewpoint) -> Cell {
    let protocols: Protocols = rule.protocol.into();
    let header = HeaderMatch {
        flags: Flags::exactly(Flags::SYN),
        ..HeaderMatch::of(protocols)
    };
    Cell::from(PacketBox::of(header))
        .with(Dimension::Remote, remotes)
        .with(Dimension::Local, viewpoint.local(rule.direction).clone())
        .with(
            Dimension::RemotePort,
            IntervalSet::One(rule.remote.ports.into()),
        )
        .with(
            Dimension::LocalPort,
            IntervalSet::One(rule.local.ports.into()),
        )
}

/// A question with its answer.
struct Asked<'q> {
    stage: Stage,
    question: Question<'q>,
    journey: Journey,
    /// The packets of the question, to any local address.
    packets: Vec<Cell>,
    /// The packets that pass under all conditions, to any local address.
    certain: Vec<Cell>,
    /// The packets that pass under some conditions, to any local address.
    possible: Vec<Cell>,
    /// The way of the packets before, if the question is not about first packets.
    way: Option<Rc<Way>>,
}

impl<'q> Asked<'q> {
    fn new(
        follower: &mut Follower,
        stage: Stage,
        question: Question<'q>,
    ) -> Result<Self, LimitExceeded> {
        let journey = follower.follow(&question)?;
        let Passing { certain, possible } = Passing::of(&journey, question.limits)?;
        let certain = if question.chosen_by.is_some() {
            // The packets have one of these addresses, but which one is unknown.
            let stopped = journey.stopped.iter();
            let stopped = stopped.map(|stop| to_any_address(&stop.flow.original()));
            let packets = question.packets.iter().map(to_any_address).collect();
            without(packets, &stopped.collect::<Vec<_>>(), question.limits)?
        } else {
            certain
        };
        Ok(Asked {
            stage,
            packets: question.packets.iter().map(to_any_address).collect(),
            certain: certain.iter().map(to_any_address).collect(),
            possible: possible.iter().map(to_any_address).collect(),
            question,
            journey,
            way: None,
        })
    }

    /// Records that the packets follow others on this way.
    fn after(mut self, way: &Rc<Way>) -> Self {
        self.way = Some(Rc::clone(way));
        self
    }

    /// Returns the journey of one packet of the question.
    fn follow_one(
        &self,
        follower: &mut Follower,
        packet: &Packet,
    ) -> Result<Journey, LimitExceeded> {
        let cell = packet.cell();
        let header = self.question.packets.first().map(|first| first.header);
        let header = header.unwrap_or(cell.header);
        follower.follow(&Question {
            packets: vec![cell.with_header(header)],
            ..self.question.clone()
        })
    }
}

/// Asks about the replies to packets that pass, and about the packets after them.
fn later<'q>(
    follower: &mut Follower,
    first: &Asked<'q>,
    viewpoint: &Viewpoint<'q>,
) -> Result<Vec<Asked<'q>>, LimitExceeded> {
    let opening = viewpoint.question(first.question.direction, Vec::new());
    let mut asked = Vec::new();
    for flows in by_treatment(&first.journey.passed) {
        let way = Rc::new(Way::of(&flows));
        let replies = Asked::new(follower, Stage::Replies, replies(&opening, &flows))?;
        for answers in by_treatment(&replies.journey.passed) {
            let question = next_packets(&opening, &flows, &answers);
            let both = Rc::new(way.with_replies(&answers, &question.packets));
            asked.push(Asked::new(follower, Stage::Later, question)?.after(&both));
        }
        asked.push(replies.after(&way));
    }
    // A missing reply is a reason why there is no later packet.
    asked.sort_by_key(|asked| asked.stage);
    Ok(asked)
}

/// The worst verdict of some questions.
struct Judged {
    verdict: Verdict,
    problem: Option<Problem>,
    /// The remote addresses with packets that have the verdict; `None` if all packets pass.
    failing: Option<IntervalSet>,
}

/// Returns the worst verdict of all questions about these remote addresses.
fn judge(
    follower: &mut Follower,
    asked: &[Asked],
    remotes: &IntervalSet,
    viewpoint: &Viewpoint,
) -> Result<Judged, LimitExceeded> {
    let mut failures = Vec::new();
    for asked in asked {
        failures.extend(failure(asked, remotes, viewpoint.limits)?);
    }
    let open = open_ways(asked, &failures);
    let mut work = 0;
    let mut worst = Judged {
        verdict: Verdict::Passes,
        problem: None,
        failing: None,
    };
    for failure in &failures {
        let other_way = may_go_another_way(failure, &open, remotes, viewpoint.limits, &mut work)?;
        let verdict = if other_way {
            Verdict::Depends
        } else {
            failure.verdict
        };
        if verdict == worst.verdict {
            let known = worst.failing.take();
            worst.failing = Some(known.map_or_else(
                || failure.remotes.clone(),
                |known| known.or_set(&failure.remotes),
            ));
        }
        if verdict > worst.verdict {
            let mut problem = problem(
                follower,
                failure.asked,
                verdict,
                &failure.packets,
                viewpoint,
            )?;
            if let (true, Some(way)) = (other_way, &failure.asked.way) {
                problem.assume_before(&way.assumed);
            }
            worst = Judged {
                verdict,
                problem: Some(problem),
                failing: Some(failure.remotes.clone()),
            };
        }
    }
    Ok(worst)
}

/// Packets of a question that do not pass under all conditions.
struct Failure<'j, 'q> {
    asked: &'j Asked<'q>,
    verdict: Verdict,
    packets: Cell,
    /// The remote addresses of all packets that have the verdict.
    remotes: IntervalSet,
}

/// Returns some packets with these remote addresses that do not pass, if possible those that never do.
fn failure<'j, 'q>(
    asked: &'j Asked<'q>,
    remotes: &IntervalSet,
    limits: Limits,
) -> Result<Option<Failure<'j, 'q>>, LimitExceeded> {
    let packets = asked.packets.iter().filter_map(|cell| {
        let remotes = cell.set(Dimension::Remote).and_set(remotes)?;
        Some(cell.with(Dimension::Remote, remotes))
    });
    let packets: Vec<Cell> = packets.collect();
    let uncertain = without(packets, &asked.certain, limits)?;
    let impossible = without(uncertain.clone(), &asked.possible, limits)?;
    let (verdict, failing) = if impossible.is_empty() {
        (Verdict::Depends, uncertain)
    } else {
        (Verdict::Blocked, impossible)
    };
    let remotes = failing.iter().map(|cell| cell.set(Dimension::Remote));
    let remotes = remotes.flat_map(|set| set.intervals().iter().copied());
    let remotes = IntervalSet::of(remotes.collect());
    let packets = failing.first().cloned();
    Ok(packets.zip(remotes).map(|(packets, remotes)| Failure {
        asked,
        verdict,
        packets,
        remotes,
    }))
}

/// Returns the ways of whole connections on which no packets are blocked.
fn open_ways<'j>(asked: &'j [Asked], failures: &[Failure]) -> Vec<&'j Way> {
    let blocked = failures.iter();
    let blocked = blocked.filter(|failure| failure.verdict == Verdict::Blocked);
    let blocked: HashSet<*const Way> = blocked
        .filter_map(|failure| failure.asked.way.as_ref().map(Rc::as_ptr))
        .collect();
    let is_blocked = |way: &Rc<Way>| blocked.contains(&Rc::as_ptr(way));
    let whole = asked.iter().filter(|asked| asked.stage == Stage::Later);
    let ways = whole.filter_map(|asked| asked.way.as_ref());
    ways.filter(|way| !is_blocked(way) && !way.first.as_ref().is_some_and(is_blocked))
        .map(Rc::as_ref)
        .collect()
}

/// True if packets are stopped on a way that the packets before only may go, and nothing stops them on an open one.
fn may_go_another_way(
    failure: &Failure,
    open: &[&Way],
    remotes: &IntervalSet,
    limits: Limits,
    work: &mut usize,
) -> Result<bool, LimitExceeded> {
    let Some(own) = failure.asked.way.as_ref() else {
        return Ok(false);
    };
    if failure.verdict != Verdict::Blocked || own.assumed.is_empty() {
        return Ok(false);
    }
    for other in open {
        if own.meets(other, remotes, limits, work)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the way of a packet with one of these remote addresses that passes, preferably under all conditions.
fn passage(
    follower: &mut Follower,
    asked: &Asked,
    remotes: &IntervalSet,
    viewpoint: &Viewpoint,
) -> Result<Option<Passage>, LimitExceeded> {
    let direction = asked.question.direction;
    let passed = asked.journey.passed.iter().filter_map(|flow| {
        let packets = flow.original();
        let own = packets.set(Dimension::Remote).and_set(remotes)?;
        Some((flow, packets.with(Dimension::Remote, own)))
    });
    let rank = |(flow, packets): &(&Flow, Cell)| {
        let is_usual = has_usual_address(packets, direction, viewpoint);
        (flow.assumed().len(), !is_usual)
    };
    let Some((_, packets)) = passed.min_by_key(rank) else {
        return Ok(None);
    };
    let example = Packet::of(&packets, direction, viewpoint);
    let journey = asked.follow_one(follower, &example)?;
    let passed = journey.passed.iter();
    let flow = passed.min_by_key(|flow| flow.assumed().len());
    Ok(flow.map(|flow| Passage {
        example,
        path: flow.path(),
    }))
}

/// Returns packets of a failing cell that are stopped for the same reason. If the verdict depends on conditions, so do
/// these. If possible, their local address belongs to the PBX or to the machine.
fn stopped_packets(asked: &Asked, verdict: Verdict, failing: &Cell, viewpoint: &Viewpoint) -> Cell {
    let direction = asked.question.direction;
    if asked.stage != Stage::Replies && viewpoint.own.is_none() {
        // Any address may be that of the machine.
        return failing.clone();
    }
    let stops = || asked.journey.stopped.iter().map(|stop| &stop.flow);
    let common = |packets: &Cell, flow: &Flow| packets.and_cell(&flow.original());
    let rank = |packets: &Cell| !has_usual_address(packets, direction, viewpoint);
    let stopped = |packets: &Cell| {
        let parts = stops().filter_map(|flow| common(packets, flow));
        parts.min_by_key(rank)
    };
    // The same packets to another address may be blocked, so the example is one of those that may pass.
    let passed = asked.journey.passed.iter();
    let passing = passed.filter(|_| verdict == Verdict::Depends);
    let passing = passing.filter_map(|flow| common(failing, flow));
    let both = passing
        .min_by_key(rank)
        .and_then(|passing| stopped(&passing));
    both.or_else(|| stopped(failing))
        .unwrap_or_else(|| failing.clone())
}

/// Explains why a packet may not pass, by following one of them.
fn problem(
    follower: &mut Follower,
    asked: &Asked,
    verdict: Verdict,
    failing: &Cell,
    viewpoint: &Viewpoint,
) -> Result<Problem, LimitExceeded> {
    let direction = asked.question.direction;
    let packets = stopped_packets(asked, verdict, failing, viewpoint);
    let example = Packet::of(&packets, direction, viewpoint);
    let journey = asked.follow_one(follower, &example)?;
    let passed = journey.passed.iter();
    let flows = journey.stopped.iter().map(|stop| &stop.flow).chain(passed);
    let mut assumed = Vec::new();
    for place in flows.flat_map(Flow::assumed) {
        if !assumed.contains(&place) {
            assumed.push(place);
        }
    }
    // The stop that needs the fewest conditions explains most.
    let stops = journey.stopped.iter();
    let stop = stops.min_by_key(|stop| stop.flow.assumed().len());
    let flow = stop.map(|stop| &stop.flow);
    let before = flow.and_then(|flow| flow.before.as_ref());
    let untracked = flow.and_then(|flow| flow.untracked_by);
    let first_untracked = asked.way.as_ref().and_then(|way| way.untracked_by);
    Ok(Problem {
        stage: asked.stage,
        example,
        cause: stop.map_or(Cause::NotForwarded, |stop| stop.cause),
        chain: stop.and_then(|stop| stop.chain),
        translated_by: before.map(|before| before.changed_by),
        untracked_by: untracked.or(first_untracked),
        path: stop.map_or_else(Vec::new, |stop| stop.flow.path()),
        assumed,
    })
}
