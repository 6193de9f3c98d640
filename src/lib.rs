//! The core of `twilio-sip-allow`: firewall allowlists for Twilio's SIP calls.
//!
//! Data flows one way. Rendering:
//!
//! ```text
//! options -> dataset -> select -> Policy -> format -> template -> output
//! ```
//!
//! - [`dataset`] reads and checks what Twilio published;
//! - [`select`] turns editions and the user's wishes into a [`policy::Policy`], free of any
//!   firewall's language;
//! - [`mod@format`] says the policy in one firewall's words, and [`template`] lays them out;
//! - [`input`] and [`output`] are, beside the commands, the only parts that touch the outside world;
//!   [`limits`] says what an input may cost.
//!
//! Beside that, [`page`] reads what Twilio published and tells how it differs from an edition;
//! [`catalog`] knows every edition at once, for [`explain`], which says what an address is, and
//! [`scan`], which finds addresses in any text and judges them.
//!
//! [`cli`] holds the command line's definitions, [`commands`] one file for each verb.

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![warn(missing_docs)]

pub mod catalog;
pub mod cli;
pub mod commands;
pub mod dataset;
pub mod explain;
pub mod firewall;
pub mod format;
pub mod input;
pub mod limits;
mod names;
pub mod output;
pub mod packets;
pub mod page;
pub mod policy;
pub mod report;
pub mod scan;
pub mod select;
pub mod template;
mod terminal;
