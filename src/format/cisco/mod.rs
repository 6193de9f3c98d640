//! Cisco: access lists of IOS and ASA.

mod asa;
mod ios;
mod session;
mod vocabulary;
mod words;

pub use asa::Asa;
pub use ios::Ios;
