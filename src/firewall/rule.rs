//! Rules of chains: the packets that match, and the action.

use super::criteria::Criteria;
use super::mark::MarkChange;
use crate::packets::{Condition, HeaderBox, Interval};

/// The action of a rule for a box of packets by source and destination.
#[derive(Clone, Debug)]
pub struct RuleBranch<'a> {
    /// The packets that may match, by protocol and ports. The addresses are those of IPv4 packets.
    pub packets: HeaderBox,
    pub criteria: Criteria<'a>,
    /// Unknown if the rule also depends on something else, such as a rate.
    pub condition: Condition,
    /// True if these IPv4 packets match.
    pub ipv4: bool,
    pub ipv6: Ipv6Packets,
    pub action: RuleAction<'a>,
}

/// The IPv6 packets that a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv6Packets {
    None,
    Some,
    All,
}

/// The action of a rule in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction<'a> {
    Accept,
    Deny,
    /// Continues with the rule after the jump to this chain.
    Return,
    /// Evaluates another chain. Packets that it neither accepts nor denies continue with the next rule.
    Jump(&'a str),
    /// Evaluates another chain. Packets that it neither accepts nor denies continue after the jump to the current
    /// chain.
    Goto(&'a str),
    /// Continues with the next rule after a change.
    Change(Change),
    /// Changes an address of the packet. No later rule of the chain decides about the packet.
    Translate(Translation),
    /// Any of these: accepts, denies, continues with the next rule.
    Undecided,
}

/// A change of a packet that later rules can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    Mark(MarkChange),
    ConnectionMark(MarkChange),
    /// Computes the mark of the connection from the mark of the packet, by [`Mark::copied`](super::mark::Mark::copied).
    SaveMark {
        cleared: u32,
        taken: u32,
    },
    /// Computes the mark of the packet from the mark of the connection.
    RestoreMark {
        cleared: u32,
        taken: u32,
    },
    /// Sets the mark of the packet to a value that the rule does not show.
    UnknownMark,
    UnknownConnectionMark,
    /// Exempts the packet from connection tracking.
    Untrack,
}

/// A change of the source or of the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Translation {
    /// Sends the packet to one of these addresses and ports. `None` keeps the address or the port.
    Destination {
        addresses: Option<Interval>,
        ports: Option<Interval>,
    },
    /// Sends the packet to the machine itself.
    Redirect { ports: Option<Interval> },
    /// The new source is not modeled, because it is that of the machine or of a later hook.
    Source,
}

impl<'a> RuleAction<'a> {
    /// Returns the chain that a jump or a goto leads to.
    pub fn target(self) -> Option<&'a str> {
        match self {
            RuleAction::Jump(chain) | RuleAction::Goto(chain) => Some(chain),
            _ => None,
        }
    }
}

/// The text and the place of a rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleText<'a> {
    pub at: u32,
    pub text: &'a str,
}
