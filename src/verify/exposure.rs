//! Others who reach the ports of calls.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::calls::{Verdict, first_packets, uncertain_stops};
use super::example::{Packet, has_usual_address};
use super::sets::{to_any_address, without};
use super::viewpoint::Viewpoint;
use crate::firewall::{ChainKind, Decision, Flow, Follower};
use crate::limits::{LimitExceeded, Limits};
use crate::packets::{Cell, Dimension, Direction, Interval, IntervalSet, complement, normalized};
use crate::policy::{Plane, Policy, PortRange, Protocol, Rule, not_public};

/// Others than Twilio who reach a port, by the rule that lets them in.
#[derive(Debug)]
pub struct Exposure {
    pub plane: Plane,
    pub protocol: Protocol,
    pub ports: PortRange,
    pub sources: IntervalSet,
    /// True if these are all public addresses that are neither Twilio's nor peers.
    pub is_any: bool,
    /// `Depends` if packets only pass under some conditions, or else `Passes`.
    pub verdict: Verdict,
    /// The decision that lets the packets pass. `None` if no base chain sees them.
    pub decision: Option<Decision>,
    /// The place of the rule that changes the destination before.
    pub translated_by: Option<u32>,
    /// The places of the rules whose conditions are unknown.
    pub assumed: Vec<u32>,
    pub example: Packet,
}

/// Returns the public addresses that are neither Twilio's nor in `known`.
fn others(policy: &Policy, known: &[Interval]) -> Option<IntervalSet> {
    let rules = policy.rules.iter();
    let networks = rules.flat_map(|rule| rule.remote.networks.iter());
    let mut excluded: Vec<Interval> = networks.map(|remote| remote.network.into()).collect();
    excluded.extend(not_public());
    excluded.extend(known);
    let excluded = normalized(excluded);
    IntervalSet::of(complement(&excluded, Interval::ADDRESSES))
}

/// Returns who reaches the local ports of a policy, other than the addresses of the policy and those in `known`.
///
/// # Errors
///
/// If the work exceeds a limit.
pub fn exposures(
    follower: &mut Follower,
    viewpoint: &Viewpoint,
    policy: &Policy,
    known: &[Interval],
) -> Result<Vec<Exposure>, LimitExceeded> {
    let mut found = Vec::new();
    let Some(others) = others(policy, known) else {
        return Ok(found);
    };
    for rule in policy
        .rules
        .iter()
        .filter(|rule| rule.direction == Direction::In)
    {
        found.extend(of_rule(follower, viewpoint, rule, &others)?);
    }
    Ok(found)
}

fn of_rule(
    follower: &mut Follower,
    viewpoint: &Viewpoint,
    rule: &Rule,
    others: &IntervalSet,
) -> Result<Vec<Exposure>, LimitExceeded> {
    let packets = first_packets(rule, others.clone(), viewpoint);
    let question = viewpoint.question(Direction::In, vec![packets]);
    let journey = follower.follow(&question)?;
    let stopped = uncertain_stops(&journey);
    let mut exposures: Vec<Exposure> = Vec::new();
    // The number of an exposure by the rules that let it in, and the sources of each exposure.
    let mut numbers = HashMap::new();
    let mut all_sources: Vec<Vec<Interval>> = Vec::new();
    let mut parts = Vec::new();
    for flow in &journey.passed {
        let of_flow = by_certainty(flow, &stopped, viewpoint.limits)?;
        parts.extend(of_flow.into_iter().map(|part| (flow, part)));
    }
    // The first packets of an exposure become its example.
    parts.sort_by_key(|(_, (packets, _))| !has_usual_address(packets, Direction::In, viewpoint));
    for (flow, (packets, verdict)) in parts {
        let exposure = Exposure {
            plane: rule.plane,
            protocol: rule.protocol,
            ports: rule.local.ports,
            is_any: false,
            verdict,
            decision: letting_in(follower, flow),
            translated_by: flow.before.as_ref().map(|before| before.changed_by),
            // Conditions do not matter to packets that pass under all of them.
            assumed: match verdict {
                Verdict::Passes => Vec::new(),
                _ => flow.assumed(),
            },
            example: Packet::of(&packets, Direction::In, viewpoint),
            sources: packets.set(Dimension::Remote).clone(),
        };
        let by = exposure.decision.as_ref().map(|decision| decision.at);
        let key = (by, exposure.translated_by, exposure.verdict);
        match numbers.entry(key) {
            Entry::Occupied(number) => {
                let sources: &mut Vec<Interval> = &mut all_sources[*number.get()];
                sources.extend(exposure.sources.intervals());
            }
            Entry::Vacant(entry) => {
                entry.insert(exposures.len());
                all_sources.push(exposure.sources.intervals().to_vec());
                exposures.push(exposure);
            }
        }
    }
    for (exposure, sources) in exposures.iter_mut().zip(all_sources) {
        if let Some(sources) = IntervalSet::of(sources) {
            exposure.sources = sources;
        }
        exposure.is_any = exposure.sources.holds_set(others);
    }
    Ok(exposures)
}

/// Divides the packets of a flow into those that pass under all conditions to at least one address, and the others.
fn by_certainty(
    flow: &Flow,
    stopped: &[Cell],
    limits: Limits,
) -> Result<Vec<(Cell, Verdict)>, LimitExceeded> {
    let packets = flow.original();
    if flow.is_certain() {
        return Ok(vec![(packets, Verdict::Passes)]);
    }
    let certain = without(vec![packets.clone()], stopped, limits)?;
    let anywhere: Vec<Cell> = certain.iter().map(to_any_address).collect();
    let others = without(vec![to_any_address(&packets)], &anywhere, limits)?;
    let others = others.iter().filter_map(|cell| packets.and_cell(cell));
    let certain = certain.into_iter().map(|cell| (cell, Verdict::Passes));
    let others = others.map(|cell| (cell, Verdict::Depends));
    Ok(certain.chain(others).collect())
}

/// Returns the decision that lets packets in: the last rule that accepts them, or else the policy of the last base chain.
fn letting_in(follower: &Follower, flow: &Flow) -> Option<Decision> {
    let path = flow.path();
    let is_filter = |decision: &&Decision| {
        let chain = follower.base_chain(decision);
        chain.is_some_and(|(_, chain)| chain.kind == ChainKind::Filter)
    };
    let filters = || path.iter().rev().filter(is_filter);
    let by_rule = filters().find(|decision| !decision.is_policy);
    by_rule.or_else(|| filters().next()).cloned()
}
