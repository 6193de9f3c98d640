//! Deployed firewalls, and their differences from a policy.
//!
//! The parsers of [`mod@crate::format`] make a [`DeployedUnit`] of each chain, list or group.
//! [`compare`] computes its [`Drift`] and attributes each part to a use by Twilio.

mod attribution;
mod chains;
mod deployed;
mod drift;
mod hook;
mod published;
mod rule;
mod unit;

pub(crate) use chains::{BaseChain, Chains, MAX_MENTIONED, names_in};
pub(crate) use rule::{Ipv6Packets, RuleAction, RuleBranch, RuleText};
pub(crate) use unit::units;

pub use attribution::{Attribution, Publication};
pub use deployed::{DeployedUnit, Unmeasured};
pub use drift::{Drift, Part, compare};
pub use hook::{Approach, Hook, Unhooked};
pub use published::PublishedNetwork;
