//! A rule while it is being read.

use crate::format::read::matches::Matches;
use crate::limits::Limits;
use crate::packets::{Flags, Protocols};
use crate::policy::Direction;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleAction {
    Pass,
    Block,
    /// Changes properties of packets. Later rules decide.
    Match,
    /// Evaluates the rules of an anchor. Later rules decide, unless the anchor does.
    Call,
    /// Normalizes packets, for example by reassembling fragments. Other rules decide.
    Scrub,
}

/// The state that a pass rule keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Connections, by default.
    Implied,
    /// Connections, by `keep state` or `modulate state`.
    Kept,
    /// No state (`no state`), so the rule does not pass replies.
    None,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Inet,
    Inet6,
}

/// The IPv6 addresses that the source and destination of a rule contain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ipv6Ends {
    /// All of them.
    Any,
    /// Some of them, named in the rule.
    Named,
    None,
}

/// A rule that is being read.
pub(super) struct RuleReader {
    pub action: RuleAction,
    pub direction: Option<Direction>,
    pub quick: bool,
    pub family: Option<Family>,
    pub ipv6_ends: Ipv6Ends,
    pub protocols: Protocols,
    /// The flags of the option `flags`.
    pub flags: Option<Flags>,
    pub state: State,
    /// True if the rule applies only to fragments.
    pub fragments: bool,
    /// See [`Rule::may_drop`](super::rule::Rule::may_drop).
    pub may_drop: bool,
    pub matches: Matches,
}

impl RuleReader {
    /// Starts a rule after its action.
    pub fn new(action: RuleAction, limits: Limits) -> Self {
        RuleReader {
            action,
            direction: None,
            quick: false,
            family: None,
            ipv6_ends: Ipv6Ends::Any,
            protocols: Protocols::ALL,
            flags: None,
            state: State::Implied,
            fragments: false,
            may_drop: false,
            matches: Matches::within(limits),
        }
    }
}
