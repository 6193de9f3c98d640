//! The reports of `verify`.

mod condition;
mod findings;
mod github;
mod html;
mod interface;
mod json;
mod messages;
mod picture;
mod remedy;
mod sarif;
mod text;
mod verified;
mod words;

pub use github::VerifyGitHub;
pub use html::VerifyHtml;
pub use interface::{MachineCounts, MachineReport};
pub use json::VerifyJson;
pub use sarif::VerifySarif;
pub use text::VerifyText;
pub use verified::{Ignored, ListedChain, VerifiedMachine, places};
