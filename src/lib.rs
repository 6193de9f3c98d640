//! The core of `twilio-sip-allow`: firewall allowlists for Twilio's SIP calls.
//!
//! `docs/architecture.md` has the glossary, the data flow of each command with its files, and the
//! design decisions. In short, this is how the program prints rules:
//!
//! ```text
//! options -> dataset -> select -> Policy -> format -> template -> output
//! ```
//!
//! `check` compares the same policy with the parsed listing of a firewall:
//!
//! ```text
//! text -> format -> DeployedUnit -> packets -> Drift -> report
//! ```
//!
//! - [`cli`] defines the command line, [`commands`] has one file for each command;
//! - [`dataset`] reads Twilio's published lists, [`select`] makes a [`policy::Policy`] from them;
//! - [`mod@format`] writes and parses the languages of firewalls, with the templates of
//!   [`template`];
//! - [`packets`] has sets of packets, [`firewall`] a deployed ruleset and its drift, [`report`] the
//!   reports;
//! - [`page`] reads a published page, [`catalog`] has the data of every edition, for [`explain`]
//!   and [`scan`];
//! - [`input`] and [`output`] read and write files, [`limits`] bounds the cost of an input,
//!   `system` has the differences between operating systems.

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod catalog;
mod character_class;
pub mod cli;
pub mod commands;
pub mod dataset;
pub mod explain;
pub mod firewall;
pub mod format;
pub mod input;
pub mod limits;
mod names;
pub mod outcome;
pub mod output;
pub mod packets;
pub mod page;
pub mod policy;
mod read_error;
pub mod report;
pub mod scan;
pub mod select;
mod system;
pub mod template;
mod terminal;
pub mod verify;
mod yaml;
