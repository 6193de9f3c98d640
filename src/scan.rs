//! Finds Twilio's addresses in any text, and classifies them with the help of all published lists.
//!
//! `find` finds sets of addresses in any notation, `context` determines the topics of the lines
//! around them, `purpose` decides about their use, and `twilio_text` classifies them. `fix` replaces
//! them by addresses in force.
//! `ignored` excludes the files that Git ignores.
//! `docs/scan.md` describes the rules.

mod advice;
mod assess;
mod change;
mod classification;
mod comment;
mod context;
mod error;
mod evidence;
mod expected;
mod explanations;
mod find;
mod finding;
mod fix;
mod held;
mod hints;
mod ignore_pattern;
mod ignored;
mod label;
mod layout;
mod line_kind;
mod line_mark;
mod lines;
mod neighbors;
mod ports;
mod positions;
mod published;
mod purpose;
mod replacement;
mod scanner;
mod series;
mod slips;
mod spans;
mod spellings;
mod technical;
mod topic;
mod twilio_text;
mod version;
mod words;
mod work;

pub use change::{Change, Fix};
pub use classification::Classification;
pub use error::ScanError;
pub use expected::Expected;
pub use find::{Found, find};
pub use finding::Finding;
pub use fix::{Edit, FixedText, edited, fixed_text, report_with_fixes, unfixed_text};
pub use ignored::Ignored;
pub use replacement::Replacement;
pub use scanner::{NamedText, Scanner};
