//! Cisco: access lists of IOS and of the ASA.

mod asa;
mod ios;
mod session;
mod vocabulary;
mod words;

pub use asa::Asa;
pub use ios::Ios;
