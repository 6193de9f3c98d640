//! The reports of `check`: as text, as JSON, as annotations for GitHub Actions, or as SARIF.
//!
//! A report consists of a head, a part for each file, and an end, so that only one part is in
//! memory at a time. `docs/check.md` and a schema next to it describe the JSON.

mod checked_file;
mod diagnosis;
mod github;
mod interface;
mod json;
mod messages;
mod sarif;
mod summary;
mod text;
mod words;

pub use checked_file::CheckedFile;
pub use diagnosis::{ChangedOption, Diagnosis, DiagnosisKind};
pub use github::GitHub;
pub use interface::{Expectation, Report};
pub use json::Json;
pub use sarif::Sarif;
pub use summary::Summary;
pub use text::Text;
