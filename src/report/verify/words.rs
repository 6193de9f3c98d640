//! The words that the reports of `verify` share.

use std::net::Ipv4Addr;

use super::verified::VerifiedMachine;
use crate::firewall::Cause;
use crate::packets::IntervalSet;
use crate::policy::{PortRange, notation};
use crate::verify::{Call, Exposure, Packet, Problem, Stage, Verdict};

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passes => "passes",
        Verdict::Depends => "depends",
        Verdict::Blocked => "blocked",
    }
}

pub(super) fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::First => "first packet",
        Stage::Replies => "reply",
        Stage::Later => "later packet",
    }
}

/// Returns the kind of packets, such as `signaling in tls 5061`.
pub(super) fn kind(call: &Call) -> String {
    let transport = match call.transport {
        Some(transport) => transport.to_string(),
        None => call.protocol.to_string(),
    };
    format!(
        "{} {} {transport} {}",
        call.plane,
        call.direction,
        ports(call.ports)
    )
}

pub(super) fn ports(ports: PortRange) -> String {
    ports.with_separator("-")
}

/// Returns a packet, such as `tcp 54.171.127.193:1024 -> 203.0.113.9:5061`.
pub(super) fn packet(packet: &Packet) -> String {
    let end = |address: Option<Ipv4Addr>, port: u16| match address {
        Some(address) => format!("{address}:{port}"),
        None => format!("(PBX):{port}"),
    };
    format!(
        "{} {} -> {}",
        packet.protocol,
        end(packet.source, packet.source_port),
        end(packet.destination, packet.destination_port)
    )
}

/// The most networks that a report names.
const MAX_NETWORKS: usize = 4;

/// Returns the addresses of others, in a few words.
pub(super) fn sources(exposure: &Exposure) -> String {
    if exposure.is_any {
        return "any public address".to_owned();
    }
    addresses(&exposure.sources)
}

fn addresses(set: &IntervalSet) -> String {
    let intervals = set.intervals();
    let shown = intervals.iter().take(MAX_NETWORKS);
    let shown: Vec<String> = shown.map(|interval| notation(*interval)).collect();
    let more = intervals.len().saturating_sub(MAX_NETWORKS);
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more ranges", shown.join(", ")),
    }
}

/// Returns the cause of a stop, without its line.
pub(super) fn cause(machine: &VerifiedMachine, problem: &Problem) -> String {
    match problem.cause {
        Cause::Rule(_) => "a rule denies it".to_owned(),
        Cause::Policy(_) => "no rule accepts it, and the policy of the chain denies it".to_owned(),
        Cause::Diverted(_) => "a rule sends it to another destination".to_owned(),
        Cause::NotForwarded => {
            let _ = machine;
            "it is for the router itself, and no rule forwards it to the PBX".to_owned()
        }
        Cause::NeverForwards => {
            "the machine forwards no packets: net.ipv4.ip_forward is 0".to_owned()
        }
    }
}

/// Returns advice for a problem.
pub(super) fn remedy(call: &Call, problem: &Problem) -> String {
    let is_in = call.direction == crate::policy::Direction::In;
    match (problem.stage, problem.cause) {
        (_, Cause::NeverForwards) => {
            "set net.ipv4.ip_forward to 1 with sysctl".to_owned()
        }
        (Stage::First, Cause::Rule(_)) => {
            "put the jump to the rules for Twilio before this rule".to_owned()
        }
        (Stage::First, Cause::Policy(_)) if is_in => {
            "accept these packets before the end of the chain: load the rules for Twilio, and add the jump to them".to_owned()
        }
        (Stage::First, Cause::Policy(_)) => {
            "accept packets to Twilio before the end of the chain: load the rules for Twilio, and add the jump to them".to_owned()
        }
        (Stage::Replies | Stage::Later, _) => {
            "accept established connections at the start of the chain, such as 'ct state established accept'".to_owned()
        }
        (_, Cause::Diverted(_)) => {
            "exclude Twilio's packets from this rule, or name the new destination with --pbx".to_owned()
        }
        (_, Cause::NotForwarded) => {
            "add a rule that changes the destination to the PBX (DNAT), or check the address in --pbx".to_owned()
        }
    }
}
