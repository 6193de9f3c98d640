//! The program as its users call it: the command line, its reports and its errors.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod check;
mod command_line;
mod configuration;
mod dataset;
mod documents;
mod explain;
mod failures_around_it;
mod hostile_inputs;
mod mistakes;
mod outputs;
mod recognition;
mod scan;
mod structure;
mod system_calls_and_crates;
