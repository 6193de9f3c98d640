//! The values of random rules: networks, ports and interfaces of the lab and of Twilio, and others.

use crate::common::judge::{chance, pick};
use crate::common::oracle::Random;

/// The regions that are asked about, in the edition `regional`.
pub const REGIONS: &str = "tokyo,frankfurt,ireland";
pub const EDITION: &str = "regional";

/// The addresses of the machine on the side of Twilio.
pub const OWN: [&str; 2] = ["192.0.2.10", "192.0.2.11"];
/// The hosts behind the machine. The PBX of a router is the first one.
pub const BEHIND: [&str; 2] = ["198.51.100.10", "198.51.100.11"];
/// An address that is not in the lab. Packets to it get to the machine, which sends them back.
pub const ELSEWHERE: &str = "203.0.113.5";

/// Networks of the three regions, parts of them, larger networks, and others.
pub const NETWORKS: [&str; 16] = [
    "54.65.63.192/30",
    "54.65.63.192/31",
    "54.65.63.193/32",
    "54.65.63.192/26",
    "54.65.63.224/27",
    "35.156.191.128/30",
    "35.156.191.128/25",
    "35.156.191.160/27",
    "54.171.127.192/30",
    "54.171.127.192/26",
    "52.215.127.0/24",
    "52.215.127.128/25",
    "54.0.0.0/8",
    "0.0.0.0/1",
    "8.8.8.0/24",
    "1.0.0.0/8",
];

/// Disjoint networks, for sets.
pub const DISJOINT: [&str; 8] = [
    "54.65.63.192/30",
    "54.65.63.196/30",
    "54.65.63.224/27",
    "35.156.191.128/30",
    "35.156.191.160/27",
    "54.171.127.192/26",
    "52.215.127.0/24",
    "8.8.8.0/24",
];

pub const HOSTS: [&str; 6] = [
    "54.65.63.192",
    "54.65.63.195",
    "35.156.191.129",
    "54.171.127.193",
    "52.215.127.7",
    "8.8.8.8",
];

const LOCAL: [&str; 7] = [
    "192.0.2.10/32",
    "192.0.2.11/32",
    "192.0.2.0/24",
    "198.51.100.10/32",
    "198.51.100.11/32",
    "198.51.100.0/24",
    "203.0.113.5/32",
];

const PORTS: [(u16, u16); 11] = [
    (5060, 5060),
    (5060, 5060),
    (5061, 5061),
    (5060, 5061),
    (5000, 6000),
    (10000, 20000),
    (10000, 14999),
    (12000, 12000),
    (1024, 65535),
    (5070, 5070),
    (22, 22),
];

/// An interface of the machine, or another one. The machine gets calls through `wall0`.
const INTERFACES: [&str; 6] = ["wall0", "wall0", "wall1", "lo", "eth9", "wall+"];

/// Parts of rules whose effect `verify` cannot know: conditions that are not in the packet, and translations to one of
/// several addresses of the machine.
const UNKNOWN: [&str; 15] = [
    "limit",
    "statistic",
    "u32",
    "numgen",
    "meta hour",
    "length",
    "{ syn",
    "0x00000055",
    "dport map",
    "redirect",
    "REDIRECT",
    "masquerade",
    "MASQUERADE",
    "snat",
    "SNAT",
];

/// True if the effect of a rule is not known, so that a verdict may depend on it.
pub fn is_unknown(rule: &str) -> bool {
    UNKNOWN.iter().any(|part| rule.contains(part))
}

pub fn network(random: &mut Random) -> &'static str {
    pick::<&str>(random, &NETWORKS)
}

pub fn local(random: &mut Random) -> &'static str {
    pick::<&str>(random, &LOCAL)
}

pub fn ports(random: &mut Random) -> (u16, u16) {
    *pick(random, &PORTS)
}

/// A range of ports in the notation of a program.
pub fn range((first, last): (u16, u16), separator: &str) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}{separator}{last}")
    }
}

/// Disjoint ranges of ports.
pub fn several_ports(random: &mut Random, separator: &str) -> Vec<String> {
    let lists: [&[(u16, u16)]; 4] = [
        &[(5060, 5061)],
        &[(5060, 5060), (10000, 20000)],
        &[(22, 22), (5061, 5061), (12000, 15999)],
        &[(5060, 5060), (5061, 5061)],
    ];
    let list = pick(random, &lists);
    list.iter().map(|one| range(*one, separator)).collect()
}

pub fn interface(random: &mut Random) -> &'static str {
    pick::<&str>(random, &INTERFACES)
}

/// A random part of the values, at least one.
pub fn some(random: &mut Random, values: &[&'static str]) -> Vec<&'static str> {
    let mut chosen: Vec<&str> = values.to_vec();
    chosen.retain(|_| chance(random, 2));
    if chosen.is_empty() {
        chosen.push(pick::<&str>(random, values));
    }
    chosen
}

/// An empty text, or a word, in one of `one_in` cases.
pub fn maybe(random: &mut Random, one_in: u64, word: &'static str) -> &'static str {
    if chance(random, one_in) { word } else { "" }
}
