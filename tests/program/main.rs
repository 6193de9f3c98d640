//! The program from the user's point of view: the command line, reports and errors.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod bundles;
mod check;
mod command_line;
mod configuration;
mod copied_pages;
mod dataset;
mod diagnosis;
mod documents;
mod explain;
mod failures_around_it;
mod hostile_inputs;
mod mistakes;
mod outputs;
mod real_firewalls;
mod recognition;
mod scan;
mod scan_fix;
mod structure;
mod system_calls_and_crates;
mod verified_firewalls;
mod verify;
