//! The interface of chains, which a parser for rules provides.

use super::criteria::{Facts, Interface, Interfaces};
use super::rule::{RuleBranch, RuleText};
use crate::limits::Limits;
use crate::policy::Direction;
use crate::read_error::ReadError;

/// A chain that a hook of the firewall calls.
#[derive(Clone, Debug)]
pub struct BaseChain<'a> {
    pub name: &'a str,
    /// The name of the hook, such as `input`.
    pub hook: &'a str,
    /// Packets pass chains with a lower priority first.
    pub priority: i32,
    pub kind: ChainKind,
    /// The interfaces of a chain at the hook `ingress` or `egress`.
    pub devices: Option<Interfaces<'a>>,
}

/// The packets that a base chain gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainKind {
    /// All packets.
    Filter,
    /// The first packet of each connection.
    Nat,
}

impl<'a> BaseChain<'a> {
    /// Returns a chain at a hook of the same name with priority 0.
    pub fn of_hook(name: &'a str, hook: &'a str) -> Self {
        BaseChain {
            name,
            hook,
            priority: 0,
            kind: ChainKind::Filter,
            devices: None,
        }
    }
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

    /// True if a chain of type `nat` at this hook changes destinations. At the other hooks, it changes sources.
    pub fn translates_destinations(&self) -> bool {
        matches!(self.hook, "prerouting" | "output")
    }

    /// Returns the facts about new connections of this direction at the hook.
    pub fn facts(&self, direction: Direction) -> Facts<'static> {
        let at = |hook: &str| self.hook.eq_ignore_ascii_case(hook);
        let (input, output) = match direction {
            Direction::In => (Interface::External, Interface::Unknown),
            Direction::Out => (Interface::Unknown, Interface::External),
        };
        Facts {
            input: if at("output") { Interface::None } else { input },
            output: if at("input") { Interface::None } else { output },
            ..Facts::default()
        }
    }
}

/// The maximum number of chains that are followed from a rule that cannot be read.
pub const MAX_MENTIONED: usize = 16;

/// Returns the parts of a text that may be names of chains.
pub fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split([' ', '\t', '"', '{', '}', ',', ';', ':', '=', '@']);
    parts.filter(|part| !part.is_empty())
}

/// The chains of a table.
pub trait Chains<'a> {
    /// Returns the table or menu of the chains, such as `table filter`.
    fn place(&self) -> String;

    /// True if IPv6 packets traverse the chains too.
    fn takes_ipv6(&self) -> bool;

    /// Returns the names of all chains.
    fn names(&self) -> Box<dyn Iterator<Item = &'a str> + '_>;

    /// Returns the policy of a base chain and its place. True means that packets that reach the end of the chain are
    /// accepted. Returns `None` for any other chain.
    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError>;

    /// Returns the rules of a chain; `None` if the chain does not exist.
    fn rules(&self, chain: &str) -> Option<&[RuleText<'a>]>;

    /// Returns the base chains, in the order of the input. Empty if the input has none.
    fn base_chains(&self) -> Vec<BaseChain<'a>>;

    /// True if the input shows how packets get to the chains, even if the table has no base chain.
    fn shows_hooks(&self) -> bool {
        !self.base_chains().is_empty()
    }

    /// Returns the parts of maps, which may contain jumps, each with the name of its map.
    fn maps(&self) -> Vec<(&'a str, RuleText<'a>)> {
        Vec::new()
    }

    /// Returns the chains whose names are in the text of a rule that cannot be read.
    fn mentioned(&self, rule: RuleText<'a>) -> Vec<&'a str> {
        let names = names_in(rule.text).filter(|name| self.rules(name).is_some());
        names.take(MAX_MENTIONED).collect()
    }

    /// Adds the effects of a rule to `branches`, in order. `branches` is empty before the call.
    ///
    /// # Errors
    ///
    /// If packet boxes cannot express the rule exactly, as a unit of `check` requires. Even then, `branches` contains
    /// every effect that the rule may have.
    fn read(
        &self,
        rule: RuleText<'a>,
        limits: Limits,
        branches: &mut Vec<RuleBranch<'a>>,
    ) -> Result<(), ReadError>;
}
