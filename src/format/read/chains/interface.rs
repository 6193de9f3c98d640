//! The interface of chains, which a parser for rules provides.

use crate::format::read::error::ReadError;
use crate::limits::Limits;
use crate::packets::{Condition, HeaderBox};
use crate::policy::Direction;

/// The action of a rule for a box of packets by source and destination.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct RuleBranch<'a> {
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
pub(in crate::format) enum Ipv6Packets {
    None,
    Some,
    All,
}

/// The action of a rule in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum RuleAction<'a> {
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
pub(in crate::format) struct RuleText<'a> {
    pub at: u32,
    pub text: &'a str,
}

/// A chain that a hook of the firewall calls.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct BaseChain<'a> {
    pub name: &'a str,
    /// The name of the hook, such as `input`.
    pub hook: &'a str,
}

impl BaseChain<'_> {
    /// True if new connections of this direction pass the hook.
    pub fn serves(&self, direction: Direction) -> bool {
        let hooks = match direction {
            Direction::In => ["ingress", "prerouting", "input", "forward"],
            Direction::Out => ["forward", "output", "postrouting", "egress"],
        };
        let hook = self.hook.to_ascii_lowercase();
        hooks.contains(&&*hook)
    }
}

/// The maximum number of chains that are followed from a rule that cannot be read.
pub(in crate::format) const MAX_MENTIONED: usize = 16;

/// Returns the parts of a text that may be names of chains.
pub(in crate::format) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split([' ', '\t', '"', '{', '}', ',', ';', ':', '=', '@']);
    parts.filter(|part| !part.is_empty())
}

/// The chains of a table.
pub(in crate::format) trait Chains<'a> {
    /// Returns the table or menu of the chains, such as `table filter`.
    fn place(&self) -> String;

    /// True if IPv6 packets traverse the chains too.
    fn takes_ipv6(&self) -> bool;

    /// Returns the names of all chains.
    fn names(&self) -> impl Iterator<Item = &'a str>;

    /// Returns the policy of a base chain and its place. True means that packets that reach the end of the chain are
    /// accepted. Returns `None` for any other chain.
    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError>;

    /// Returns the rules of a chain; `None` if the chain does not exist.
    fn rules(&self, chain: &str) -> Option<&[RuleText<'a>]>;

    /// Returns the base chains, in the order of their names. Empty if the input has none.
    fn base_chains(&self) -> Vec<BaseChain<'a>>;

    /// True if the input shows how packets get to the chains, even if the table has no base chain.
    fn shows_hooks(&self) -> bool {
        !self.base_chains().is_empty()
    }

    /// Returns the parts of maps, which may contain jumps, each with the name of its map.
    fn maps(&self) -> impl Iterator<Item = (&'a str, RuleText<'a>)> {
        std::iter::empty()
    }

    /// Returns the chains whose names are in the text of a rule that cannot be read.
    fn mentioned(&self, rule: RuleText<'a>) -> Vec<&'a str> {
        let names = names_in(rule.text).filter(|name| self.rules(name).is_some());
        names.take(MAX_MENTIONED).collect()
    }

    /// Adds the effects of a rule to `branches`, in order. `branches` is empty before the call.
    fn read(
        &self,
        rule: RuleText<'a>,
        limits: Limits,
        branches: &mut Vec<RuleBranch<'a>>,
    ) -> Result<(), ReadError>;
}
