//! Deployed firewalls, and their differences from a policy.
//!
//! The parsers of [`mod@crate::format`] make a [`DeployedUnit`] of each chain, list or group.
//! [`compare`] computes its [`Drift`] and attributes each part to a use by Twilio.

mod attribution;
mod deployed;
mod drift;
mod hook;
mod published;

pub use attribution::{Attribution, Publication};
pub use deployed::{DeployedUnit, Unmeasured};
pub use drift::{Drift, Part, compare};
pub use hook::{Approach, Hook, Unhooked};
pub use published::PublishedNetwork;
