//! Cisco: access lists of IOS and ASA.

mod asa;
mod free_text;
mod ios;
mod running;
mod session;
mod vocabulary;
mod words;

pub use asa::Asa;
pub use ios::Ios;
