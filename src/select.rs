//! Makes a [`crate::policy::Policy`] from editions and the user's selection.

mod editions;
mod error;
pub mod names;
mod notices;
mod policy;
mod regions;
mod selection;

pub use editions::{editions, known_networks};
pub use error::SelectError;
pub use names::{CURRENT, DEFAULT_EDITION, UPCOMING};
pub use notices::{Notice, edition_notices, notices};
pub use policy::policy;
pub use regions::regions;
pub use selection::{Selection, local_addresses};
