//! The report of `verify` for programs. `docs/verify.schema.json` describes it. An incompatible change must increase
//! [`VERSION`].

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::condition::Unknown;
use super::interface::{MachineCounts, MachineReport};
use super::remedy;
use super::verified::{ListedChain, VerifiedMachine, place_of};
use super::words;
use crate::firewall::{Cause, Decision};
use crate::packets::{Direction, IntervalSet};
use crate::policy::{Protocol, Scope, notation};
use crate::report::json_pieces::around_elements;
use crate::terminal::json_reported;
use crate::verify::{Call, Exposure, Group, Packet, Passage, Problem, Stage, Verdict};

/// The version of the schema.
const VERSION: u32 = 1;

/// The maximum number of networks of a group or an exposure.
const MAX_NETWORKS: usize = 1_000;

pub struct VerifyJson;

impl MachineReport for VerifyJson {
    fn head(&self, scope: &Scope, counts: &MachineCounts) -> io::Result<String> {
        let editions = scope.editions.iter();
        let names: Vec<&str> = editions.clone().map(|edition| &*edition.name).collect();
        let status =
            editions.map(|edition| (edition.name.to_string(), edition.status.clone().into()));
        let head = json!({
            "version": VERSION,
            "tool": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
            "expected": {
                "editions": names,
                "status": status.collect::<Map<String, Value>>(),
                "regions": scope.regions,
                "directions": scope.directions,
                "planes": scope.planes,
                "transports": scope.transports,
            },
            "verdict": words::verdict(counts.verdict()),
            "fails": counts.failing > 0,
            "summary": {
                "machines": counts.machines,
                "failing": counts.failing,
                "blocked": counts.blocked,
                "depending": counts.depending,
                "exposed": counts.exposed,
            },
            "machines": [],
        });
        let head = json_reported(&head.to_string()).into_owned();
        Ok(around_elements(&head, "machines").0.to_owned())
    }

    fn machine(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
        let calls = machine.calls.iter().map(|call| json_of_call(machine, call));
        let exposures = machine.exposures.iter();
        let exposures = exposures.map(|exposure| json_of_exposure(machine, exposure));
        let report = json!({
            "file": machine.file,
            "name": machine.name,
            "position": if machine.is_router { "router" } else { "host" },
            "interface": machine.interface,
            "verdict": words::verdict(machine.verdict()),
            "fails": machine.fails(),
            "calls": calls.collect::<Vec<_>>(),
            "exposures": exposures.collect::<Vec<_>>(),
            "chains": machine.chains.iter().map(json_of_chain).collect::<Vec<_>>(),
            "notes": machine.notes,
        });
        write!(to, "\n{}", json_reported(&report.to_string()))
    }

    fn separator(&self) -> &'static str {
        ","
    }

    fn end(&self) -> String {
        "\n]}\n".to_owned()
    }
}

fn json_of_call(machine: &VerifiedMachine, call: &Call) -> Value {
    let groups = call
        .groups
        .iter()
        .map(|group| json_of_group(machine, call, group));
    json!({
        "direction": call.direction,
        "plane": call.plane,
        "transport": call.transport,
        "protocol": call.protocol,
        "ports": words::ports(call.ports),
        "verdict": words::verdict(call.verdict()),
        "groups": groups.collect::<Vec<_>>(),
    })
}

fn json_of_group(machine: &VerifiedMachine, call: &Call, group: &Group) -> Value {
    let passage = group.passage.as_ref();
    let problem = group.problem.as_ref();
    json!({
        "regions": group.regions,
        "verdict": words::verdict(group.verdict),
        "addresses": group.failing_part().map(json_of_addresses),
        "passage": passage.map(|passage| json_of_passage(machine, passage)),
        "problem": problem.map(|problem| json_of_problem(machine, call, group.verdict, problem)),
    })
}

fn json_of_passage(machine: &VerifiedMachine, passage: &Passage) -> Value {
    json!({
        "example": json_of_packet(&passage.example, Stage::First),
        "path": json_of_path(machine, &passage.path),
    })
}

fn json_of_problem(
    machine: &VerifiedMachine,
    call: &Call,
    verdict: Verdict,
    problem: &Problem,
) -> Value {
    let cause = match problem.cause {
        Cause::Rule(_) => "rule",
        Cause::Policy(_) => "policy",
        Cause::Diverted(_) => "diverted",
        Cause::NeverForwards => "never_forwards",
        Cause::NotForwarded => "not_forwarded",
    };
    json!({
        "stage": stage(problem.stage),
        "example": json_of_packet(&problem.example, problem.stage),
        "cause": cause,
        "decided_by": place_of(problem.cause).map(|at| json_of_line(machine, at)),
        "translated_by": problem.translated_by.map(|at| json_of_line(machine, at)),
        "untracked_by": problem.untracked_by.map(|at| json_of_line(machine, at)),
        "conditions": json_of_conditions(machine, &problem.assumed),
        "path": json_of_path(machine, &problem.path),
        "remedy": remedy::of_problem(machine, call, verdict, problem),
    })
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::First => "new",
        Stage::Replies => "reply",
        Stage::Later => "later",
    }
}

fn json_of_exposure(machine: &VerifiedMachine, exposure: &Exposure) -> Value {
    let sources = if exposure.is_any {
        json!({"any": true})
    } else {
        json_of_addresses(&exposure.sources)
    };
    json!({
        "plane": exposure.plane,
        "protocol": exposure.protocol,
        "ports": words::ports(exposure.ports),
        "sources": sources,
        "sometimes": exposure.verdict == Verdict::Depends,
        "fails": machine.fails_by_exposure(exposure),
        "example": json_of_packet(&exposure.example, Stage::First),
        "decided_by": exposure.decision.as_ref().map(|decision| json_of_decision(machine, decision)),
        "translated_by": exposure.translated_by.map(|at| json_of_line(machine, at)),
        "conditions": json_of_conditions(machine, &exposure.assumed),
        "remedy": remedy::of_exposure(machine, exposure),
    })
}

fn json_of_addresses(set: &IntervalSet) -> Value {
    let networks = set.intervals();
    let listed = networks.iter().take(MAX_NETWORKS);
    let listed: Vec<String> = listed.map(|interval| notation(*interval)).collect();
    json!({"only": listed, "more": networks.len().saturating_sub(MAX_NETWORKS)})
}

fn json_of_chain(chain: &ListedChain) -> Value {
    json!({
        "table": words::table(&chain.location),
        "chain": chain.location.chain,
        "hook": chain.hook,
        "priority": chain.priority,
    })
}

/// Returns a packet. A packet of TCP has the flags of its stage (RFC 9293, section 3.5).
fn json_of_packet(packet: &Packet, of: Stage) -> Value {
    let flags = match of {
        Stage::First => "syn",
        Stage::Replies => "syn+ack",
        Stage::Later => "ack",
    };
    let direction: Direction = packet.direction;
    json!({
        "direction": direction,
        "protocol": packet.protocol,
        "source": packet.source,
        "source_port": packet.source_port,
        "destination": packet.destination,
        "destination_port": packet.destination_port,
        "tcp_flags": (packet.protocol == Protocol::Tcp).then_some(flags),
    })
}

fn json_of_path(machine: &VerifiedMachine, path: &[Decision]) -> Vec<Value> {
    let decisions = path.iter();
    decisions
        .map(|decision| json_of_decision(machine, decision))
        .collect()
}

fn json_of_decision(machine: &VerifiedMachine, decision: &Decision) -> Value {
    let mut value = json_of_line(machine, decision.at);
    value["base_chain"] = machine
        .base_chain(decision)
        .map(|chain| &*chain.location.chain)
        .into();
    value["hook"] = machine
        .base_chain(decision)
        .map(|chain| &*chain.hook)
        .into();
    value["policy"] = decision.is_policy.into();
    value
}

/// Returns the rules with unknown conditions, each with the kind of its condition.
fn json_of_conditions(machine: &VerifiedMachine, assumed: &[u32]) -> Vec<Value> {
    let with_kind = |at: &u32| {
        let mut value = json_of_line(machine, *at);
        value["condition"] = json!(Unknown::of(&machine.line(*at).text));
        value
    };
    assumed.iter().map(with_kind).collect()
}

fn json_of_line(machine: &VerifiedMachine, at: u32) -> Value {
    let line = machine.line(at);
    json!({
        "line": line.number,
        "text": line.text,
        "table": line.location.map(words::table),
        "chain": line.location.map(|location| &location.chain),
    })
}
