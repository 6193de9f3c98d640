//! A rule while it is being read.

use crate::format::read::matches::Matches;
use crate::limits::Limits;
use crate::packets::{Flags, Protocols};
use crate::policy::Direction;

/// The action of a rule for the packets that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleAction {
    Pass,
    Block,
    /// Changes something about them, and lets later rules decide.
    Match,
    /// Puts fragments together, and leaves all to the rules.
    Scrub,
}

/// The state that a rule keeps of the packets that it lets through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Connections: what pf does if the rule says nothing.
    Implied,
    /// Connections, by `keep state` or `modulate state`.
    Kept,
    /// Nothing, so that answers do not come back by it.
    None,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Inet,
    Inet6,
}

/// The way in which the ends of a rule cover addresses of IPv6.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ipv6Ends {
    /// They do, since they hold for every address.
    Any,
    /// They do by what is named in them.
    Named,
    None,
}

/// A rule as far as it is read.
pub(super) struct RuleReader {
    pub action: RuleAction,
    pub direction: Option<Direction>,
    pub quick: bool,
    pub family: Option<Family>,
    pub ipv6_ends: Ipv6Ends,
    pub protocols: Protocols,
    /// Those that it names.
    pub flags: Option<Flags>,
    pub state: State,
    /// True if it holds for fragments alone.
    pub fragments: bool,
    /// See [`Rule::may_drop`](super::rule::Rule::may_drop).
    pub may_drop: bool,
    pub matches: Matches,
}

impl RuleReader {
    /// A rule of which nothing is read but the word for its action.
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
