//! The report of `verify` for programs. `docs/verify.schema.json` describes it. An incompatible change must increase
//! [`VERSION`].

use std::io::{self, Write};

use serde_json::{Value, json};

use super::interface::{MachineCounts, MachineReport};
use super::verified::{VerifiedMachine, place_of};
use super::words;
use crate::firewall::{Cause, Decision};
use crate::policy::{Scope, notation};
use crate::report::json_pieces::around_elements;
use crate::terminal::json_reported;
use crate::verify::{Call, Exposure, Problem, Verdict};

/// The version of the schema.
const VERSION: u32 = 1;

/// The most networks of an exposure.
const MAX_NETWORKS: usize = 1_000;

pub struct VerifyJson;

impl MachineReport for VerifyJson {
    fn head(&self, scope: &Scope, counts: &MachineCounts) -> String {
        let editions: Vec<&str> = scope
            .editions
            .iter()
            .map(|edition| &*edition.name)
            .collect();
        let head = json!({
            "version": VERSION,
            "tool": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
            "expected": {
                "editions": editions,
                "regions": scope.regions,
                "directions": scope.directions,
                "planes": scope.planes,
                "transports": scope.transports,
            },
            "summary": {
                "machines": counts.machines,
                "blocked": counts.blocked,
                "depending": counts.depending,
                "exposed": counts.exposed,
            },
            "machines": [],
        });
        around_elements(&json_reported(&head.to_string()), "machines")
            .0
            .to_owned()
    }

    fn machine(&self, machine: &VerifiedMachine, to: &mut dyn Write) -> io::Result<()> {
        let calls = machine.calls.iter().map(|call| json_of_call(machine, call));
        let exposures = machine.exposures.iter();
        let exposures = exposures.map(|exposure| json_of_exposure(machine, exposure));
        let report = json!({
            "file": machine.file,
            "name": machine.name,
            "calls": calls.collect::<Vec<_>>(),
            "exposures": exposures.collect::<Vec<_>>(),
            "notes": machine.notes,
        });
        write!(to, "\n{}", json_reported(&report.to_string()))
    }

    fn separator(&self) -> &'static str {
        ","
    }

    fn end(&self) -> &'static str {
        "\n]}\n"
    }
}

fn json_of_call(machine: &VerifiedMachine, call: &Call) -> Value {
    let groups = call.groups.iter().map(|group| {
        json!({
            "verdict": words::verdict(group.verdict),
            "regions": group.regions,
            "problem": group.problem.as_ref().map(|problem| json_of_problem(machine, call, problem)),
        })
    });
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

fn json_of_problem(machine: &VerifiedMachine, call: &Call, problem: &Problem) -> Value {
    let cause = match problem.cause {
        Cause::Rule(_) => "rule",
        Cause::Policy(_) => "policy",
        Cause::Diverted(_) => "diverted",
        Cause::NeverForwards => "never_forwards",
        Cause::NotForwarded => "not_forwarded",
    };
    let path = problem
        .path
        .iter()
        .map(|decision| json_of_decision(machine, decision));
    let unknown = problem.assumed.iter().map(|at| json_of_line(machine, *at));
    json!({
        "stage": words::stage(problem.stage),
        "example": problem.example,
        "cause": cause,
        "decided_by": place_of(problem.cause).map(|at| json_of_line(machine, at)),
        "unknown": unknown.collect::<Vec<_>>(),
        "path": path.collect::<Vec<_>>(),
        "remedy": words::remedy(call, problem),
    })
}

fn json_of_exposure(machine: &VerifiedMachine, exposure: &Exposure) -> Value {
    let networks = exposure.sources.intervals().iter().take(MAX_NETWORKS);
    let networks: Vec<String> = networks.map(|interval| notation(*interval)).collect();
    let unknown = exposure.assumed.iter().map(|at| json_of_line(machine, *at));
    json!({
        "plane": exposure.plane,
        "protocol": exposure.protocol,
        "ports": words::ports(exposure.ports),
        "is_any": exposure.is_any,
        "sources": if exposure.is_any { Vec::new() } else { networks },
        "is_certain": exposure.verdict == Verdict::Passes,
        "example": exposure.example,
        "decided_by": exposure.decision.as_ref().map(|decision| json_of_decision(machine, decision)),
        "translated_by": exposure.translated_by.map(|at| json_of_line(machine, at)),
        "unknown": unknown.collect::<Vec<_>>(),
    })
}

fn json_of_decision(machine: &VerifiedMachine, decision: &Decision) -> Value {
    let mut value = json_of_line(machine, decision.at);
    value["chain"] = machine.chain_of(decision).into();
    value["is_policy"] = decision.is_policy.into();
    value
}

fn json_of_line(machine: &VerifiedMachine, at: u32) -> Value {
    let deciding = machine.deciding(at);
    json!({"line": deciding.line, "text": deciding.text})
}
