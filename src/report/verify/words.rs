//! The words that the reports of `verify` share.

use std::net::Ipv4Addr;

use super::verified::{Line, VerifiedMachine};
use crate::firewall::Cause;
use crate::packets::IntervalSet;
use crate::policy::{ALL_REGIONS, PortRange, Scope, notation};
use crate::terminal::{clip, escape_hidden};
use crate::verify::{Call, Exposure, Group, Location, Packet, Problem, Stage, Verdict};

/// The maximum length of the name of a chain or a machine, in characters.
const MAX_NAME: usize = 80;

/// The maximum number of networks that a report for people names.
const MAX_NETWORKS: usize = 4;

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passes => "passes",
        Verdict::Depends => "depends",
        Verdict::Blocked => "blocked",
    }
}

/// Returns the result for a machine, such as `calls do NOT get through: 1 blocked, 1 depends`.
pub(super) fn calls(machine: &VerifiedMachine) -> String {
    let (blocked, depends) = (
        machine.count(Verdict::Blocked),
        machine.count(Verdict::Depends),
    );
    let counted = match (blocked, depends) {
        (0, 0) => String::new(),
        (0, _) => format!(": {depends} depends"),
        (_, 0) => format!(": {blocked} blocked"),
        _ => format!(": {blocked} blocked, {depends} depends"),
    };
    let result = match machine.verdict() {
        Verdict::Passes => "calls get through",
        Verdict::Depends => "calls may get through",
        Verdict::Blocked => "calls do NOT get through",
    };
    format!("{result}{counted}")
}

/// Returns the result for others than Twilio.
pub(super) fn others(machine: &VerifiedMachine) -> &'static str {
    let worst = machine.sip_exposures().map(|exposure| exposure.verdict);
    match worst.min() {
        None => "no one else reaches SIP",
        Some(Verdict::Passes) => "others reach SIP",
        Some(_) => "others may reach SIP",
    }
}

/// Returns the transport and the ports of a call, such as `tls 5061`.
pub(super) fn service(call: &Call) -> String {
    let ports = ports(call.ports);
    match call.transport {
        Some(transport) => format!("{transport} {ports}"),
        None => format!("{} {ports}", call.protocol),
    }
}

/// Returns the kind of packets, such as `signaling in tls 5061`.
pub(super) fn kind(call: &Call) -> String {
    format!("{} {} {}", call.plane, call.direction, service(call))
}

pub(super) fn ports(ports: PortRange) -> String {
    ports.with_separator("-")
}

/// Returns the regions of a group: `8 of 8 regions`, `all regions`, or their names. If only some of their addresses
/// fail, names these addresses: `ireland: only 54.171.127.193`.
pub(super) fn regions(call: &Call, group: &Group) -> String {
    let regions = region_names(call, group);
    match group.failing_part() {
        Some(part) => format!("{regions}: only {}", addresses(part)),
        None => regions,
    }
}

fn region_names(call: &Call, group: &Group) -> String {
    match &group.regions[..] {
        [only] if **only == *ALL_REGIONS => ALL_REGIONS.to_owned(),
        regions if call.groups.len() == 1 && regions.len() > 1 => {
            format!("{0} of {0} regions", regions.len())
        }
        regions => regions.join(", "),
    }
}

/// Returns a packet, such as `tcp 54.171.127.193:1024 -> 203.0.113.9:5061, new connection`.
pub(super) fn packet(packet: &Packet, stage: Stage) -> String {
    let end = |address: Option<Ipv4Addr>, port: u16| match address {
        Some(address) => format!("{address}:{port}"),
        None => format!("PBX:{port}"),
    };
    let stage = match stage {
        Stage::First => "new connection",
        Stage::Replies => "reply of an established connection",
        Stage::Later => "later packet of an established connection",
    };
    format!(
        "{} {} -> {}, {stage}",
        packet.protocol,
        end(packet.source, packet.source_port),
        end(packet.destination, packet.destination_port)
    )
}

/// Returns the addresses of others, in a few words.
pub(super) fn sources(exposure: &Exposure) -> String {
    if exposure.is_any {
        return "any public address".to_owned();
    }
    addresses(&exposure.sources)
}

/// Returns the first networks of a set, and the number of the others.
fn addresses(set: &IntervalSet) -> String {
    let intervals = set.intervals();
    let shown = intervals.iter().take(MAX_NETWORKS);
    let shown: Vec<String> = shown.map(|interval| notation(*interval)).collect();
    match intervals.len().saturating_sub(MAX_NETWORKS) {
        0 => shown.join(", "),
        more => format!("{} and {more} more networks", shown.join(", ")),
    }
}

/// Returns a chain, such as `filter INPUT`.
pub(super) fn chain(location: &Location) -> String {
    let table = table(location);
    name(&format!("{table} {}", location.chain))
}

/// Returns the name of a table, such as `filter` or `inet filter`.
pub(super) fn table(location: &Location) -> &str {
    let table = location.table.strip_prefix("table ");
    table.unwrap_or(&location.table)
}

/// Returns a name from the input on one line, shortened if it is too long to read.
pub(super) fn name(name: &str) -> String {
    clip(escape_hidden(name), MAX_NAME)
}

/// Returns the place of a line, such as `filter INPUT, line 212`.
pub(super) fn place(line: &Line) -> String {
    match line.location {
        Some(location) => format!("{}, line {}", chain(location), line.number),
        None => format!("line {}", line.number),
    }
}

/// Returns a line of the input, such as `filter INPUT, line 212: -A INPUT -j DROP`.
pub(super) fn line(line: &Line) -> String {
    let place = place(line);
    match &*escape_hidden(&line.text) {
        "" => place,
        text => format!("{place}: {text}"),
    }
}

/// Returns the cause of a stop, without its line; empty if the line says it all.
pub(super) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Rule(_) => "",
        Cause::Policy(_) => "no rule accepts it, and the policy denies it",
        Cause::Diverted(_) => "sent to another destination",
        Cause::NeverForwards => "the machine forwards no packets, because net.ipv4.ip_forward is 0",
        Cause::NotForwarded => "addressed to the router itself, and no rule forwards it to the PBX",
    }
}

/// Returns the cause of a stop with its line.
pub(super) fn stop(machine: &VerifiedMachine, problem: &Problem) -> String {
    let cause = cause(problem.cause);
    let Some(at) = super::verified::place_of(problem.cause) else {
        return cause.to_owned();
    };
    let line = line(&machine.line(at));
    match cause {
        "" => line,
        cause => format!("{cause}: {line}"),
    }
}

/// Returns the selection: `edition global, all regions`.
pub(super) fn scope(scope: &Scope) -> String {
    let editions = scope.editions.iter().map(|edition| &*edition.name);
    let editions: Vec<&str> = editions.collect();
    let word = if editions.len() == 1 {
        "edition"
    } else {
        "editions"
    };
    let regions = if scope.all_regions {
        ALL_REGIONS.to_owned()
    } else {
        scope.regions.join(", ")
    };
    format!("{word} {}, {regions}", editions.join(", "))
}
