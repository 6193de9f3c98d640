//! Addresses of Twilio's in text of any kind: found, and judged by all that was ever published.
//!
//! `find` finds sets of addresses in any notation, `context` tells what the lines around them
//! speak of, `judge` says what they are. `docs/scan.md` has the rules.

mod comment;
mod context;
mod find;
mod ignore_pattern;
mod ignored;
mod judge;
mod line_mark;
mod lines;
mod positions;
mod spellings;
mod topic;
mod version;
mod words;
mod work;

pub use ignored::Ignored;
pub use judge::{Classification, Expected, Finding, Judge, Stopped};
