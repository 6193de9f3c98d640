//! Cisco: access lists of IOS and ASA, and the trusted list of voice gateways.

mod asa;
mod cube;
mod free_text;
mod ios;
mod lines;
mod running;
mod session;
mod vocabulary;
mod words;

pub use asa::Asa;
pub use cube::Cube;
pub use ios::Ios;
