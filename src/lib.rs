//! The core of `twilio-sip-allow`: firewall allowlists for Twilio's SIP calls.
//!
//! `docs/architecture.md` has the words, the flow of each verb with its files, and the decisions. In short,
//! rendering goes one way:
//!
//! ```text
//! options -> dataset -> select -> Policy -> format -> template -> output
//! ```
//!
//! and `check` compares the same policy with what a format's parser makes of a text:
//!
//! ```text
//! text -> format -> DeployedUnit -> packets -> Drift -> report
//! ```
//!
//! - [`cli`] has the definitions of the command line, [`commands`] one file for each verb;
//! - [`dataset`] reads what Twilio published, [`select`] makes a [`policy::Policy`] of it;
//! - [`mod@format`] writes and reads the languages of firewalls, [`template`] lays out what it writes;
//! - [`packets`] has sets of packets, [`firewall`] what is deployed and its drift, [`report`] the reports;
//! - [`page`] reads a published page, [`catalog`] knows every edition, for [`explain`] and [`scan`];
//! - [`input`] and [`output`] are the only parts beside the commands that touch the outside world;
//!   [`limits`] bounds what an input may cost.

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![warn(missing_docs)]

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
pub mod report;
pub mod scan;
pub mod select;
pub mod template;
mod terminal;
mod yaml;
