//! The outputs in real systems: kernels, firewalls, servers, command lines and CI pipelines. Most tests
//! need root or other programs, which `tests/run` installs.

#[path = "../common/mod.rs"]
mod common;
#[path = "../sources/mod.rs"]
mod sources;

mod ansible;
mod aws;
mod aws_and_cisco_programs;
mod calls;
mod collector;
mod damage_is_noticed;
mod documents_and_tables;
mod hooks;
mod iptables_rules;
mod linux_firewalls;
mod linux_frontends;
mod packages;
mod packets;
mod pipelines;
mod random_rulesets;
mod real_firewalls;
mod release_server;
mod releases;
mod routers;
mod sip_servers;
mod site;
mod verify_packets;
mod watch;
