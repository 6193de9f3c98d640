//! Rules of chains: the packets that match, and the action.

use crate::packets::{Condition, HeaderBox};

/// The action of a rule for a box of packets by source and destination.
#[derive(Clone, Copy, Debug)]
pub struct RuleBranch<'a> {
    /// The packets that may match, by protocol and ports. The addresses are those of IPv4 packets.
    pub packets: HeaderBox,
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
}

impl<'a> RuleAction<'a> {
    /// Returns the chain that a jump or a goto leads to.
    pub fn target(self) -> Option<&'a str> {
        match self {
            RuleAction::Jump(chain) | RuleAction::Goto(chain) => Some(chain),
            RuleAction::Accept | RuleAction::Deny | RuleAction::Return => None,
        }
    }
}

/// The text and the place of a rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleText<'a> {
    pub at: u32,
    pub text: &'a str,
}
