//! Compares the verdicts about one firewall with the packets that pass it.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use ipnet::Ipv4Net;
use serde_json::Value;
use twilio_sip_allow::firewall::{Cause, Follower, Interface, Position};
use twilio_sip_allow::format::capture::{self, Machine};
use twilio_sip_allow::format::read::{Lines, excerpt};
use twilio_sip_allow::limits::Limits;
use twilio_sip_allow::packets::{Interval, IntervalSet};
use twilio_sip_allow::policy::{Direction, Policy, RemoteNetwork, Rule};
use twilio_sip_allow::verify::{Call, Problem, Stage, Verdict, Viewpoint, calls};

use super::exchange::{Arrival, Arrivals, Exchange, Opening};
use super::pools::{BEHIND, EDITION, ELSEWHERE, HOSTS, NETWORKS, OWN, REGIONS, is_unknown};
use crate::common::judge::{chance, pick, policy_of_case};
use crate::common::lab::{Lab, Place};
use crate::common::oracle::Random;
use crate::common::{Case, Tool, facts};

/// The start of the ports that Linux chooses, and of the RTP ports of the edition.
const FIRST_FREE_PORT: u16 = 32_768;
const FIRST_RTP_PORT: u16 = 10_000;

/// The numbers of what was compared.
#[derive(Default)]
pub struct Counts {
    cells: usize,
    passing_cells: usize,
    depending_cells: usize,
    connections: usize,
    packets: usize,
    arrived: usize,
    examples: usize,
    exposures: usize,
    single: [usize; 3],
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [passes, depends, blocked] = self.single;
        write!(
            f,
            "{} cells ({} pass, {} depend), {} connections, {} packets sent, {} arrived, {} examples, {} exposures; \
             verdicts about single connections: {passes} pass, {depends} depend, {blocked} blocked",
            self.cells,
            self.passing_cells,
            self.depending_cells,
            self.connections,
            self.packets,
            self.arrived,
            self.examples,
            self.exposures
        )
    }
}

/// A connection that is tried, and the claims about it.
struct Probe {
    opening: Opening,
    claim: Claim,
}

/// A claim of `verify` about a connection.
#[derive(Clone, Debug)]
enum Claim {
    /// The verdict about exactly this connection.
    Single {
        verdict: Verdict,
        stage: Option<Stage>,
        has_unknown: bool,
        why: String,
    },
    /// One of the connections with this number passes.
    Passes(usize),
    /// The example of a blocked cell, which is the first packet or the one after the reply.
    Blocked(&'static str, Value),
    /// The example of a blocked cell is the reply in one of the connections with this number.
    NoReply(usize, Value),
    /// The example of an exposure, which gets in.
    Exposed(Value),
}

/// A firewall that is tried.
pub struct Tried<'t> {
    capture: &'t str,
    place: Place,
    probes: Vec<Probe>,
    wrong: Vec<String>,
    next_port: u16,
}

impl<'t> Tried<'t> {
    pub fn new(capture: &'t str, place: Place) -> Self {
        Tried {
            capture,
            place,
            probes: Vec::new(),
            wrong: Vec::new(),
            next_port: FIRST_FREE_PORT,
        }
    }

    /// Returns the disagreements.
    pub fn run(
        &mut self,
        lab: &Lab,
        exchange: &mut Exchange,
        random: &mut Random,
        counts: &mut Counts,
    ) -> Vec<String> {
        let report = self.report();
        self.claims_of_report(&report, random, counts);
        self.single_claims(random);
        let openings: Vec<Opening> = self
            .probes
            .iter()
            .map(|probe| probe.opening.clone())
            .collect();
        let rounds = rounds(&openings);
        let mut arrivals: Vec<Option<Arrivals>> = vec![None; openings.len()];
        for round in rounds {
            // A packet must not belong to a connection of an earlier round.
            lab.on_wall("conntrack -F");
            let sent: Vec<Opening> = round.iter().map(|at| openings[*at].clone()).collect();
            for (at, found) in round.iter().zip(exchange.exchange(&sent)) {
                arrivals[*at] = Some(found);
            }
        }
        let arrivals: Vec<Arrivals> = arrivals.into_iter().map(Option::unwrap).collect();
        self.compare(&arrivals, counts);
        self.compare_exposures(&report, &arrivals);
        std::mem::take(&mut self.wrong)
    }

    fn is_host(&self) -> bool {
        self.place == Place::OnPbx
    }

    fn pbx(&self) -> &'static str {
        if self.is_host() { OWN[0] } else { BEHIND[0] }
    }

    fn report(&self) -> Value {
        let at = if self.is_host() { "host" } else { "router" };
        let line = format!(
            "verify --quiet --json --edition {EDITION} --region {REGIONS} --at {at} --pbx {} capture",
            self.pbx()
        );
        let ran = Tool::line(&line).file("capture", self.capture).run();
        assert!(ran.status < 2, "{ran}\n{}", self.capture);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        report["machines"][0].clone()
    }

    /// Returns a new port for the side of a connection whose port is free.
    fn port(&mut self) -> u16 {
        self.next_port += 1;
        self.next_port
    }

    /// Returns a new port from which the PBX may open a connection: one that Linux chooses, or one for RTP.
    fn own_port(&mut self, plane: &str) -> u16 {
        let port = self.port();
        if plane == "media" {
            port - FIRST_FREE_PORT + FIRST_RTP_PORT
        } else {
            port
        }
    }

    /// Adds a disagreement, once.
    fn add_wrong(&mut self, text: String) {
        if !self.wrong.contains(&text) {
            self.wrong.push(text);
        }
    }

    fn add(&mut self, opening: Opening, claim: Claim) {
        self.probes.push(Probe { opening, claim });
    }

    /// The namespace of the PBX.
    fn inside(&self) -> &'static str {
        if self.is_host() { "wall" } else { "near" }
    }

    fn opening(
        &self,
        direction: &'static str,
        protocol: &str,
        remote: (String, u16),
        local: (String, u16),
    ) -> Opening {
        let (from, to) = if direction == "in" {
            (remote, local)
        } else {
            (local, remote)
        };
        Opening {
            direction,
            protocol: if protocol == "tcp" { "tcp" } else { "udp" },
            from: self.inside(),
            source: from.0,
            source_port: from.1,
            destination: to.0,
            destination_port: to.1,
        }
    }

    fn claims_of_report(&mut self, report: &Value, random: &mut Random, counts: &mut Counts) {
        for call in report["calls"].as_array().unwrap() {
            for group in call["groups"].as_array().unwrap() {
                let regions = group["regions"].as_array().unwrap();
                counts.cells += regions.len();
                let problem = &group["problem"];
                match group["verdict"].as_str().unwrap() {
                    "passes" => {
                        counts.passing_cells += regions.len();
                        counts.examples += 1;
                        let opening = self.of_example(&group["passage"]["example"]);
                        let number = self.probes.len();
                        self.add(opening.clone(), Claim::Passes(number));
                        for region in regions {
                            self.passing(call, region.as_str().unwrap(), &opening, random);
                        }
                    }
                    "blocked" => {
                        counts.examples += 1;
                        self.blocked_example(call, problem);
                    }
                    _ => {
                        counts.depending_cells += regions.len();
                        let unknown = problem["conditions"].as_array().unwrap();
                        if !names_unknown(unknown) {
                            let text = format!("depends without a reason: {unknown:?}");
                            self.add_wrong(text);
                        }
                    }
                }
            }
        }
        for exposure in report["exposures"].as_array().unwrap() {
            if exposure["sometimes"] == false {
                counts.exposures += 1;
                let opening = self.of_example(&exposure["example"]);
                self.add(opening, Claim::Exposed(exposure.clone()));
            } else if !names_unknown(exposure["conditions"].as_array().unwrap()) {
                let text = format!(
                    "an exposure is uncertain without a reason: {}",
                    exposure["conditions"]
                );
                self.add_wrong(text);
            }
        }
    }

    /// The destinations that packets from Twilio may have, and the sources of packets to it.
    fn locals(&self, direction: &str) -> Vec<&'static str> {
        match (direction, self.is_host()) {
            ("in", false) => vec![BEHIND[0], BEHIND[1], OWN[0], OWN[1], ELSEWHERE],
            _ => vec![self.pbx()],
        }
    }

    /// Adds connections of a region that passes, which has this example. At a router, packets may pass to the address of the
    /// example alone.
    fn passing(&mut self, call: &Value, region: &str, example: &Opening, random: &mut Random) {
        let direction = direction_of(call);
        let protocol = call["protocol"].as_str().unwrap().to_owned();
        let plane = call["plane"].as_str().unwrap();
        let networks = facts::published(EDITION, region, plane);
        let ports = call["ports"].as_str().unwrap();
        let mut locals: Vec<&str> = self.locals(direction);
        if direction == "in" && !locals.contains(&&*example.destination) {
            locals.push(&example.destination);
        }
        for _ in 0..2 {
            let (first, last) = *pick(random, &networks);
            let remote = dotted(random.between(first.into(), last.into()));
            let near_end = pick_port(random, ports);
            let group = self.probes.len();
            for local in &locals {
                let local = (*local).to_owned();
                let opening = if direction == "in" {
                    let free = self.port();
                    self.opening("in", &protocol, (remote.clone(), free), (local, near_end))
                } else {
                    let free = self.own_port(plane);
                    self.opening("out", &protocol, (remote.clone(), near_end), (local, free))
                };
                self.add(opening, Claim::Passes(group));
            }
        }
    }

    /// The connection whose first packet is an example.
    fn of_example(&self, example: &Value) -> Opening {
        let text = |key: &str| example[key].as_str();
        let port = |key: &str| u16::try_from(example[key].as_u64().unwrap()).unwrap();
        let direction = direction_of(example);
        // Any address of the PBX is meant.
        let any = || {
            if self.is_host() || direction == "out" {
                self.pbx()
            } else {
                OWN[0]
            }
        };
        Opening {
            direction,
            protocol: if text("protocol") == Some("tcp") {
                "tcp"
            } else {
                "udp"
            },
            from: self.inside(),
            source: text("source").unwrap_or_else(any).to_owned(),
            source_port: port("source_port"),
            destination: text("destination").unwrap_or_else(any).to_owned(),
            destination_port: port("destination_port"),
        }
    }

    fn blocked_example(&mut self, call: &Value, problem: &Value) {
        let example = self.of_example(&problem["example"]);
        match problem["stage"].as_str().unwrap() {
            "new" => self.add(example, Claim::Blocked("first", problem.clone())),
            "later" => self.add(example, Claim::Blocked("later", problem.clone())),
            _ => self.blocked_reply(call, problem, &example),
        }
    }

    /// Adds connections to whose first packets the example of a reply may answer. A rule may have changed their
    /// destination.
    fn blocked_reply(&mut self, call: &Value, problem: &Value, reply: &Opening) {
        let group = self.probes.len();
        let remote = |opening: &Opening| (opening.destination.clone(), opening.destination_port);
        let (first_port, last_port) = ends(call["ports"].as_str().unwrap());
        let (locals, ports) = if reply.direction == "in" {
            let port = reply.destination_port;
            return self.add(
                Opening {
                    direction: "out",
                    source: reply.destination.clone(),
                    source_port: port,
                    destination: reply.source.clone(),
                    destination_port: reply.source_port,
                    ..reply.clone()
                },
                Claim::NoReply(group, problem.clone()),
            );
        } else {
            let mut locals = self.locals("in");
            locals.push(&reply.source);
            let ports = [reply.source_port, first_port, last_port, 12_000];
            (
                locals.into_iter().map(str::to_owned).collect::<Vec<_>>(),
                ports,
            )
        };
        for local in &locals {
            for port in ports {
                let opening =
                    self.opening("in", reply.protocol, remote(reply), (local.clone(), port));
                self.add(opening, Claim::NoReply(group, problem.clone()));
            }
        }
    }

    /// Adds random connections with the verdict about each of them.
    fn single_claims(&mut self, random: &mut Random) {
        let limits = Limits::default();
        let machine =
            capture::read(self.capture, limits).unwrap_or_else(|_| panic!("{}", self.capture));
        let policy = policy_of_case(&Case {
            edition: EDITION.to_owned(),
            region: REGIONS.to_owned(),
            direction: "both",
            plane: "both",
        });
        let lines = Lines::of(self.capture);
        let mut follower = Follower::new(&machine.firewall);
        for number in 0..24 {
            let rule = pick(random, &policy.rules).clone();
            let is_in = rule.direction == Direction::In;
            let local = match (is_in, self.is_host()) {
                (true, true) => (*pick(random, &OWN)).to_owned(),
                (true, false) => {
                    (*pick(random, &[OWN[0], OWN[0], OWN[1], BEHIND[0], ELSEWHERE])).to_owned()
                }
                (false, _) => self.pbx().to_owned(),
            };
            let remote = remote(random, &rule, number);
            let free = self.port();
            let known = if is_in {
                rule.local.ports
            } else {
                rule.remote.ports
            };
            let known = pick_port(random, &known.with_separator("-"));
            let protocol = if rule.protocol == twilio_sip_allow::policy::Protocol::Tcp {
                "tcp"
            } else {
                "udp"
            };
            let opening = if is_in {
                self.opening(
                    "in",
                    protocol,
                    (remote.clone(), free),
                    (local.clone(), known),
                )
            } else {
                self.opening(
                    "out",
                    protocol,
                    (remote.clone(), known),
                    (local.clone(), free),
                )
            };
            let call = self.asked(&machine, &mut follower, &policy, &rule, &opening);
            let group = &call.groups[0];
            let problem = group.problem.as_ref();
            let claim = Claim::Single {
                verdict: group.verdict,
                stage: problem.map(|problem| problem.stage),
                has_unknown: problem.is_some_and(|problem| {
                    let mut assumed = problem.assumed.iter();
                    assumed.any(|at| is_unknown(&excerpt(self.capture, *at)))
                }),
                why: problem.map_or_else(String::new, |problem| {
                    explain(problem, &machine, self.capture, &lines)
                }),
            };
            self.add(opening, claim);
        }
    }

    /// Asks about one connection.
    fn asked(
        &self,
        machine: &Machine,
        follower: &mut Follower,
        policy: &Policy,
        rule: &Rule,
        opening: &Opening,
    ) -> Call {
        let is_in = rule.direction == Direction::In;
        let (remote, local) = if is_in {
            (&opening.source, &opening.destination)
        } else {
            (&opening.destination, &opening.source)
        };
        let port = |port: u16| format!("{port}-{port}").parse().unwrap();
        let (remote_port, local_port) = if is_in {
            (opening.source_port, opening.destination_port)
        } else {
            (opening.destination_port, opening.source_port)
        };
        let mut rule = rule.clone();
        let network: Ipv4Net = format!("{remote}/32").parse().unwrap();
        let known: &RemoteNetwork = &rule.remote.networks[0];
        rule.remote.networks = Arc::from([RemoteNetwork {
            network,
            origins: known.origins[..1].to_vec(),
        }]);
        rule.remote.ports = port(remote_port);
        rule.local.ports = port(local_port);
        let mut policy = policy.clone();
        policy.rules = vec![rule];
        let position = if self.is_host() {
            Position::Host
        } else {
            Position::Router(Some(IntervalSet::One(address(BEHIND[0]))))
        };
        let destinations = IntervalSet::One(address(local));
        let viewpoint = Viewpoint {
            position,
            interface: machine
                .routes
                .default_interface()
                .map_or(Interface::External, Interface::Named),
            own: machine.own.as_ref(),
            destinations: &destinations,
            routes: &machine.routes,
            led_elsewhere: None,
            forwards: machine.forwards,
            limits: Limits::default(),
        };
        calls(follower, &viewpoint, &policy).unwrap().remove(0)
    }

    fn compare(&mut self, arrivals: &[Arrivals], counts: &mut Counts) {
        let mut groups: Vec<(usize, bool, String)> = Vec::new();
        let mut replies: Vec<(usize, bool, String)> = Vec::new();
        for (probe, found) in self.probes.iter().zip(arrivals) {
            let seen = Seen::of(&probe.opening, found, self.is_host());
            counts.connections += 1;
            counts.packets += 1 + usize::from(found.0.is_some()) + usize::from(found.1.is_some());
            let arrived = [&found.0, &found.1, &found.2];
            counts.arrived += arrived.iter().filter(|one| one.is_some()).count();
            let shown = format!("{:?}\n  seen {seen:?} {found:?}", probe.opening);
            match &probe.claim {
                Claim::Single {
                    verdict,
                    stage,
                    has_unknown,
                    why,
                } => {
                    counts.single[*verdict as usize] += 1;
                    let agrees = match verdict {
                        Verdict::Passes => seen.all(),
                        Verdict::Blocked => seen.is_blocked_at(*stage, is_unknown(self.capture)),
                        Verdict::Depends => *has_unknown,
                    };
                    if !agrees {
                        self.wrong
                            .push(format!("single {verdict:?} {stage:?} {shown}\n  {why}"));
                    }
                }
                Claim::Passes(group) => {
                    match groups.iter_mut().find(|(known, ..)| known == group) {
                        Some((_, passes, _)) => *passes |= seen.all(),
                        None => groups.push((*group, seen.all(), shown)),
                    }
                }
                Claim::Blocked(stage, problem) => {
                    if (*stage == "first" && seen.first) || (*stage == "later" && seen.later) {
                        self.wrong.push(format!(
                            "an example of a blocked cell passes: {shown}\n  {problem}"
                        ));
                    }
                }
                Claim::NoReply(group, problem) => {
                    let is_blocked = answers(&problem["example"], found.0.as_ref()) && !seen.reply;
                    match replies.iter_mut().find(|(known, ..)| known == group) {
                        Some((_, blocked, _)) => *blocked |= is_blocked,
                        None => replies.push((*group, is_blocked, format!("{shown}\n  {problem}"))),
                    }
                }
                Claim::Exposed(exposure) => {
                    if !seen.first {
                        self.wrong.push(format!(
                            "an exposed packet does not pass: {shown}\n  {exposure}"
                        ));
                    }
                }
            }
        }
        for (_, blocked, shown) in replies {
            if !blocked && !is_unknown(self.capture) {
                self.wrong.push(format!("no reply is blocked: {shown}"));
            }
        }
        for (_, passes, shown) in groups {
            if !passes {
                self.wrong.push(format!("a cell passes, but: {shown}"));
            }
        }
    }

    /// Packets of others that get in must be in the report.
    fn compare_exposures(&mut self, report: &Value, arrivals: &[Arrivals]) {
        let exposures = report["exposures"].as_array().unwrap();
        for (probe, found) in self.probes.iter().zip(arrivals) {
            let Opening {
                direction,
                protocol,
                source,
                destination,
                destination_port,
                ..
            } = &probe.opening;
            let is_other = source.starts_with("8.8.8.") || source.starts_with("1.");
            let is_asked = !self.is_host() || destination == OWN[0];
            let seen = Seen::of(&probe.opening, found, self.is_host());
            if !is_other || *direction != "in" || !is_asked || !seen.first {
                continue;
            }
            let is_known = |exposure: &Value| {
                exposure["protocol"].as_str() == Some(*protocol)
                    && holds_port(exposure["ports"].as_str().unwrap(), *destination_port)
                    && (exposure["sources"]["any"] == true
                        || exposure["sources"]["only"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .any(|one| holds(one, source)))
            };
            if !exposures.iter().any(is_known) {
                let text = format!(
                    "a packet of others gets in, which the report does not show: {:?} {exposures:?}",
                    probe.opening
                );
                self.wrong.push(text);
            }
        }
    }
}

/// The packets of a connection that arrived where they belong.
#[derive(Clone, Copy, Debug)]
struct Seen {
    first: bool,
    reply: bool,
    later: bool,
}

impl Seen {
    fn of(opening: &Opening, found: &Arrivals, is_host: bool) -> Seen {
        let first = found
            .0
            .as_ref()
            .is_some_and(|at| is_expected(opening, at, is_host));
        let initiator = if opening.direction == "in" {
            "far"
        } else {
            opening.from
        };
        let back = Arrival(
            initiator.to_owned(),
            opening.destination.clone(),
            opening.destination_port,
            opening.source.clone(),
            opening.source_port,
        );
        Seen {
            first,
            reply: first && found.1.as_ref() == Some(&back),
            later: found.2.is_some() && found.2 == found.0,
        }
    }

    fn all(self) -> bool {
        self.first && self.reply && self.later
    }

    /// True if the packet at this stage does not arrive, but the ones before it do. If conditions are unknown, the
    /// ones before may also not arrive.
    fn is_blocked_at(self, stage: Option<Stage>, has_unknown: bool) -> bool {
        match stage {
            None => false,
            Some(Stage::First) => !self.first,
            Some(Stage::Replies) => !self.reply && (self.first || has_unknown),
            Some(Stage::Later) => !self.later && (self.reply || has_unknown),
        }
    }
}

/// True if the first packet of a connection arrived at a place that counts as the PBX, or at Twilio.
fn is_expected(opening: &Opening, at: &Arrival, is_host: bool) -> bool {
    if opening.direction == "out" {
        return at.0 == "far" && (&at.3, at.4) == (&opening.destination, opening.destination_port);
    }
    is_host || at.0 == "near" && at.3 == BEHIND[0]
}

/// True if the example is the answer to a packet that arrived.
fn answers(example: &Value, arrived: Option<&Arrival>) -> bool {
    let Some(Arrival(_, _, _, destination, port)) = arrived else {
        return false;
    };
    let source = example["source"].as_str();
    source.is_none_or(|source| source == destination) && example["source_port"] == *port
}

/// Divides connections, so that no two of a round can be confused.
fn rounds(openings: &[Opening]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<(HashSet<String>, Vec<usize>)> = Vec::new();
    for (number, opening) in openings.iter().enumerate() {
        let Opening {
            direction,
            protocol,
            source,
            source_port,
            destination,
            destination_port,
            ..
        } = opening;
        let mut key = format!("{direction} {protocol} {source} {source_port}");
        if *direction == "out" {
            key += &format!(" {destination} {destination_port}");
        }
        let mut ends = [
            format!("{source}:{source_port}"),
            format!("{destination}:{destination_port}"),
        ];
        ends.sort();
        // A packet in the other direction would be a reply, also if a rule has changed the local end of the first one.
        let by_remote = |direction: &str, (address, port): (&str, u16)| {
            format!("{direction} {protocol} with {address}:{port}")
        };
        let (remote, opposite) = if *direction == "in" {
            ((&**source, *source_port), "out")
        } else {
            ((&**destination, *destination_port), "in")
        };
        let answered = by_remote(opposite, remote);
        let unique = [key, format!("{protocol} {}", ends.join(" "))];
        let is_free = |known: &HashSet<String>| {
            !known.contains(&answered) && unique.iter().all(|key| !known.contains(key))
        };
        let keys = unique.iter().cloned().chain([by_remote(direction, remote)]);
        match rounds.iter_mut().find(|(known, _)| is_free(known)) {
            Some((known, round)) => {
                known.extend(keys);
                round.push(number);
            }
            None => rounds.push((keys.collect(), vec![number])),
        }
    }
    rounds.into_iter().map(|(_, round)| round).collect()
}

/// True if one of the lines of a report has an unknown effect.
fn names_unknown(lines: &[Value]) -> bool {
    lines
        .iter()
        .any(|line| is_unknown(line["text"].as_str().unwrap()))
}

fn direction_of(value: &Value) -> &'static str {
    if value["direction"] == "in" {
        "in"
    } else {
        "out"
    }
}

fn dotted(address: u64) -> String {
    crate::common::oracle::dotted(u32::try_from(address).unwrap())
}

fn address(text: &str) -> Interval {
    Interval::single(facts::address(text))
}

/// A port of a range such as `5060` or `10000-20000`, often one of its ends.
fn pick_port(random: &mut Random, ports: &str) -> u16 {
    let (first, last) = ends(ports);
    match random.between(0, 3) {
        0 => first,
        1 => last,
        _ => u16::try_from(random.between(first.into(), last.into())).unwrap(),
    }
}

fn ends(ports: &str) -> (u16, u16) {
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    (first.parse().unwrap(), last.parse().unwrap())
}

fn holds_port(ports: &str, port: u16) -> bool {
    let (first, last) = ends(ports);
    (first..=last).contains(&port)
}

/// True if a network or range of a report contains an address.
fn holds(network: &Value, address: &str) -> bool {
    let text = network.as_str().unwrap();
    let wanted = facts::address(address);
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (facts::address(first), facts::address(last)),
        None => facts::network(text),
    };
    (first..=last).contains(&wanted)
}

/// A random far end: an address of the rule, or of a network of the firewall, or another one.
fn remote(random: &mut Random, rule: &Rule, number: usize) -> String {
    if number % 4 == 3 {
        return if chance(random, 2) {
            (*pick(random, &["8.8.8.8", "1.1.1.1", "8.8.8.200"])).to_owned()
        } else {
            (*pick(random, &HOSTS)).to_owned()
        };
    }
    if chance(random, 4) {
        let network = facts::network(pick::<&str>(random, &NETWORKS[..12]));
        return dotted(u64::from(if chance(random, 2) {
            network.0
        } else {
            network.1
        }));
    }
    let network = pick(random, &rule.remote.networks).network;
    let (first, last) = (network.network().to_bits(), network.broadcast().to_bits());
    dotted(random.between(first.into(), last.into()))
}

fn explain(problem: &Problem, machine: &Machine, text: &str, lines: &Lines) -> String {
    let line = |at: u32| format!("line {}: {}", lines.number(at), excerpt(text, at));
    let cause = match problem.cause {
        Cause::Rule(at) | Cause::Policy(at) | Cause::Diverted(at) => line(at),
        Cause::NotForwarded | Cause::NeverForwards => "not forwarded".to_owned(),
    };
    let assumed = problem
        .assumed
        .iter()
        .map(|at| format!("{}: {}", line(*at), unread(machine, *at)));
    let assumed: Vec<String> = assumed.collect();
    format!("{:?} {cause}; assumed: {assumed:?}", problem.cause)
}

/// The reason why a rule cannot be read exactly.
fn unread(machine: &Machine, at: u32) -> String {
    for table in &machine.firewall.tables {
        for chain in table.chains.names() {
            for rule in table.chains.rules(chain).unwrap_or_default() {
                if table.offset + rule.at == at {
                    let read = table.chains.read(*rule, Limits::default(), &mut Vec::new());
                    return read.err().map_or_else(String::new, |error| error.problem());
                }
            }
        }
    }
    String::new()
}
