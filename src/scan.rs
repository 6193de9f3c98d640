//! Finds Twilio's addresses in any text, and classifies them with the help of all published lists.
//!
//! `find` finds sets of addresses in any notation, `context` determines the topics of the lines
//! around them, and `twilio_text` classifies them. `fix` replaces them by addresses in force.
//! `ignored` excludes the files that Git ignores.
//! `docs/scan.md` describes the rules.

mod assess;
mod change;
mod classification;
mod comment;
mod context;
mod error;
mod expected;
mod explanations;
mod find;
mod finding;
mod fix;
mod ignore_pattern;
mod ignored;
mod line_mark;
mod lines;
mod positions;
mod published;
mod replacement;
mod scanner;
mod spans;
mod spellings;
mod topic;
mod twilio_text;
mod version;
mod words;
mod work;

pub use change::{Change, Fix};
pub use classification::Classification;
pub use error::ScanError;
pub use expected::Expected;
pub use finding::Finding;
pub use fix::{Edit, FixedText, edited, fixed_text, report_with_fixes, unfixed_text};
pub use ignored::Ignored;
pub use replacement::Replacement;
pub use scanner::Scanner;
