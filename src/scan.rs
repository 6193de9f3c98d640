//! Finds Twilio's addresses in text of any kind, and classifies them by all that was ever published.
//!
//! `find` finds sets of addresses in any notation, `context` has the topics of the lines around them, and
//! `twilio_text` classifies them. `ignored` has the files that Git ignores. `docs/scan.md` has the rules.

mod classification;
mod comment;
mod context;
mod error;
mod expected;
mod explanations;
mod find;
mod finding;
mod ignore_pattern;
mod ignored;
mod line_mark;
mod lines;
mod positions;
mod published;
mod scanner;
mod spans;
mod spellings;
mod topic;
mod twilio_text;
mod version;
mod words;
mod work;

pub use classification::Classification;
pub use error::ScanError;
pub use expected::Expected;
pub use finding::Finding;
pub use ignored::Ignored;
pub use scanner::Scanner;
