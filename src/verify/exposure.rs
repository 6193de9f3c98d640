//! Others who reach the ports of calls.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::calls::{Verdict, first_packets};
use super::example::{Packet, has_usual_address};
use super::passing::uncertain_stops;
use super::sets::{to_any_address, without};
use super::viewpoint::Viewpoint;
use crate::firewall::{ChainKind, Decision, Flow, Follower, Journey, Redirections};
use crate::limits::{LimitExceeded, Limits};
use crate::packets::{Cell, Dimension, Direction, Interval, IntervalSet, complement, normalized};
use crate::policy::{Plane, Policy, PortRange, Protocol, Rule, not_public};

/// Others than Twilio who reach a port, by the rule that lets them in.
#[derive(Debug)]
pub struct Exposure {
    pub plane: Plane,
    pub protocol: Protocol,
    /// The ports that others send packets to, before a rule changes them.
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
    /// True if the machine forwards the packets.
    pub is_forwarded: bool,
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
    let redirections = follower.redirections(viewpoint.limits)?;
    let rules = policy.rules.iter();
    for rule in rules.filter(|rule| rule.direction == Direction::In) {
        let question = Asked {
            rule,
            others: &others,
            viewpoint,
        };
        found.extend(question.of_own_ports(follower)?);
        if let Some(ports) = other_ports(rule, policy, &redirections) {
            found.extend(question.of_other_ports(follower, ports)?);
        }
    }
    Ok(found)
}

/// Returns the ports that are not for SIP, but from which rules may send packets to the port of a rule for SIP.
fn other_ports(rule: &Rule, policy: &Policy, redirections: &Redirections) -> Option<IntervalSet> {
    if rule.plane != Plane::Signaling {
        return None;
    }
    let own = |rule: &Rule| IntervalSet::One(rule.local.ports.into());
    let ports = redirections.ports_to(rule.protocol.into(), &own(rule))?;
    let services = policy.rules.iter().filter(|other| {
        let kind = |rule: &Rule| (rule.direction, rule.plane, rule.protocol);
        kind(other) == kind(rule)
    });
    services
        .map(own)
        .try_fold(ports, |ports, service| ports.without_set(&service))
}

/// The question who else gets to the ports of a rule.
struct Asked<'q, 'v> {
    rule: &'q Rule,
    others: &'q IntervalSet,
    viewpoint: &'q Viewpoint<'v>,
}

/// Packets of others that get in.
struct Arrival<'j> {
    flow: &'j Flow,
    /// The packets before any translation.
    packets: Cell,
    /// The ports that the others choose.
    ports: PortRange,
}

impl Asked<'_, '_> {
    /// Returns who gets in by the ports of the rule.
    fn of_own_ports(&self, follower: &mut Follower) -> Result<Vec<Exposure>, LimitExceeded> {
        let journey = self.follow(follower, None)?;
        let arrivals = journey.passed.iter().map(|flow| Arrival {
            flow,
            packets: flow.original(),
            ports: self.rule.local.ports,
        });
        self.grouped(follower, &journey, arrivals.collect())
    }

    /// Returns who gets to the port of the rule by other ports.
    fn of_other_ports(
        &self,
        follower: &mut Follower,
        ports: IntervalSet,
    ) -> Result<Vec<Exposure>, LimitExceeded> {
        let journey = self.follow(follower, Some(ports))?;
        let own = Interval::from(self.rule.local.ports);
        let gets_there = |flow: &&Flow| {
            let ports = flow.packets.set(Dimension::LocalPort);
            // A rule whose new port is unknown sends packets to any port.
            ports.hull() != Interval::PORTS && ports.and(own).is_some()
        };
        let mut arrivals = Vec::new();
        for flow in journey.passed.iter().filter(gets_there) {
            let packets = flow.original();
            for ports in packets.set(Dimension::LocalPort).intervals() {
                arrivals.extend(port_range(*ports).map(|range| Arrival {
                    flow,
                    packets: packets.with(Dimension::LocalPort, (*ports).into()),
                    ports: range,
                }));
            }
        }
        self.grouped(follower, &journey, arrivals)
    }

    /// Follows the packets of others to the ports of the rule, or to other ports.
    fn follow(
        &self,
        follower: &mut Follower,
        ports: Option<IntervalSet>,
    ) -> Result<Journey, LimitExceeded> {
        let mut packets = first_packets(self.rule, self.others.clone(), self.viewpoint);
        if let Some(ports) = ports {
            packets = packets.with(Dimension::LocalPort, ports);
        }
        follower.follow(&self.viewpoint.question(Direction::In, vec![packets]))
    }

    /// Returns an exposure for all packets that the same rules let in by the same ports.
    fn grouped(
        &self,
        follower: &Follower,
        journey: &Journey,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Exposure>, LimitExceeded> {
        let stopped = uncertain_stops(journey);
        let mut exposures: Vec<Exposure> = Vec::new();
        // The number of an exposure by the rules that let it in, and the sources of each exposure.
        let mut numbers = HashMap::new();
        let mut all_sources: Vec<Vec<Interval>> = Vec::new();
        let mut parts = Vec::new();
        for arrival in arrivals {
            parts.extend(arrival.by_certainty(&stopped, self.viewpoint.limits)?);
        }
        // The first packets of an exposure become its example.
        parts.sort_by_key(|(arrival, _)| {
            !has_usual_address(&arrival.packets, Direction::In, self.viewpoint)
        });
        for (arrival, verdict) in parts {
            let exposure = self.exposure(follower, &arrival, verdict);
            let by = exposure.decision.as_ref().map(|decision| decision.at);
            let key = (by, exposure.translated_by, exposure.verdict, exposure.ports);
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
            exposure.is_any = exposure.sources.holds_set(self.others);
        }
        Ok(exposures)
    }

    fn exposure(&self, follower: &Follower, arrival: &Arrival, verdict: Verdict) -> Exposure {
        let Arrival {
            flow,
            packets,
            ports,
        } = arrival;
        Exposure {
            plane: self.rule.plane,
            protocol: self.rule.protocol,
            ports: *ports,
            is_any: false,
            verdict,
            decision: letting_in(follower, flow),
            translated_by: flow.before.as_ref().map(|before| before.changed_by),
            is_forwarded: flow.is_forwarded,
            // Conditions do not matter to packets that pass under all of them.
            assumed: match verdict {
                Verdict::Passes => Vec::new(),
                _ => flow.assumed(),
            },
            example: Packet::of(packets, Direction::In, self.viewpoint),
            sources: packets.set(Dimension::Remote).clone(),
        }
    }
}

impl<'j> Arrival<'j> {
    /// Divides the packets into those that pass under all conditions to at least one address, and the others.
    fn by_certainty(
        self,
        stopped: &[Cell],
        limits: Limits,
    ) -> Result<Vec<(Arrival<'j>, Verdict)>, LimitExceeded> {
        if self.flow.is_certain() {
            return Ok(vec![(self, Verdict::Passes)]);
        }
        let Arrival {
            flow,
            packets,
            ports,
        } = self;
        let certain = without(vec![packets.clone()], stopped, limits)?;
        let anywhere: Vec<Cell> = certain.iter().map(to_any_address).collect();
        let others = without(vec![to_any_address(&packets)], &anywhere, limits)?;
        let others = others.iter().filter_map(|cell| packets.and_cell(cell));
        let certain = certain.into_iter().map(|cell| (cell, Verdict::Passes));
        let parts = certain.chain(others.map(|cell| (cell, Verdict::Depends)));
        let arrivals = parts.map(|(packets, verdict)| {
            let arrival = Arrival {
                flow,
                packets,
                ports,
            };
            (arrival, verdict)
        });
        Ok(arrivals.collect())
    }
}

fn port_range(ports: Interval) -> Option<PortRange> {
    let port = |number: u32| u16::try_from(number).ok();
    PortRange::new(port(ports.first)?, port(ports.last)?)
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
