//! Plans the edits of a text that replace addresses by those in force.
//!
//! `understood` decides whether the text around an address may be changed, `needed` selects the networks to write,
//! `writable` checks whether the text can express them, `edits` writes them, and `notation` keeps the notation of an
//! address. `docs/scan.md` describes the rules.

mod decision;
mod denials;
mod duplicates;
mod edits;
mod effect;
mod fixed_text;
mod needed;
mod notation;
mod plan;
mod switch;
mod tuple;
mod understood;
mod writable;

pub use decision::{Edit, edited};
pub use fixed_text::{FixedText, fixed_text, report_with_fixes, unfixed_text};
