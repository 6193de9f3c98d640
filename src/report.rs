//! The reports of commands.

mod annotation;
mod check;
mod comparison;
mod explanation;
mod findings;
mod json_pieces;
mod sarif;

pub use check::{CheckedFile, Expectation, GitHub, Json, Report, Summary, Text};
pub use comparison::Comparison;
pub use explanation::Explanation;
pub use findings::{Counts, FilePart, Findings, Shape};
