//! The reports of `verify`.

mod interface;
mod json;
mod text;
mod verified;
mod words;

pub use interface::{MachineCounts, MachineReport};
pub use json::VerifyJson;
pub use text::VerifyText;
pub use verified::VerifiedMachine;
