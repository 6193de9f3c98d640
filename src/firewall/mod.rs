//! Deployed firewalls, and their differences from a policy.
//!
//! The parsers of [`mod@crate::format`] make a [`DeployedUnit`] of each chain, list or group.
//! [`compare`] computes its [`Drift`] and attributes each part to a use by Twilio.

mod attribution;
mod chains;
mod criteria;
mod deployed;
mod drift;
mod hook;
mod mark;
mod model;
mod path;
mod published;
mod redirections;
mod routes;
mod rule;
mod unit;

pub use attribution::{Attribution, Publication};
pub use chains::{BaseChain, ChainKind, Chains, MAX_MENTIONED, names_in};
pub use criteria::{
    Criteria, Facts, Interface, Interfaces, Names, Pattern, Range, is_special_kind,
};
pub use deployed::{DeployedUnit, Unmeasured};
pub use drift::{Drift, Part, compare};
pub use hook::{Approach, Hook, Unhooked};
pub use mark::{Mark, MarkChange, MarkMatch};
pub use model::{Firewall, Table};
pub use path::{
    Cause, Decision, Flow, Follower, Journey, Position, Question, Stop, Translated, by_treatment,
    next_packets, replies,
};
pub use published::PublishedNetwork;
pub use redirections::Redirections;
pub use routes::Routes;
pub use rule::{Change, Ipv6Packets, RuleAction, RuleBranch, RuleText, Translation};
pub use unit::units;
