//! The parsers of all formats: input that is in sync, input with drift, and input with errors. These tests
//! need no other program and no root.

#[path = "../common/mod.rs"]
mod common;

mod address_lists;
mod aws_tools;
mod bindings;
mod captures;
mod cisco_asa;
mod cisco_ios;
mod equivalent_rulesets;
mod first_and_last_values;
mod iptables;
mod iptables_firewall;
mod junos;
mod linux_frontends;
mod mikrotik;
mod nftables;
mod nftables_firewall;
mod packet_sets;
mod paths;
mod pf;
mod round_trip;
mod security_group;
mod small_edits;
mod verified;
