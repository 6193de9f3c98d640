//! The reports of commands.

mod annotation;
mod check;
mod comparison;
mod diff;
mod explanation;
mod findings;
mod folded;
mod json_pieces;
mod sarif;
mod table;
mod verify;

pub use check::{
    ChangedOption, CheckedFile, Diagnosis, DiagnosisKind, Expectation, GitHub, Json, Report, Sarif,
    Summary, Text,
};
pub use comparison::{Compared, Comparison};
pub use diff::unified_diff;
pub use explanation::{Explanation, ExplanationForm};
pub use findings::{Counts, FilePart, Findings, Shape, verdict_and_message};
pub use folded::also_in_lines;
pub use table::{section, table};
pub use verify::{
    Ignored, ListedChain, MachineCounts, MachineReport, VerifiedMachine, VerifyGitHub, VerifyHtml,
    VerifyJson, VerifySarif, VerifyText, places,
};
