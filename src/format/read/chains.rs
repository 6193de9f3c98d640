//! Flattens chains that jump to each other, as in iptables and nftables, into one list of steps.

use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::names::did_you_mean;
use crate::packets::{Action, Condition, HeaderBox, Step};
use crate::policy::Direction;

/// The action of a rule for a box of packets by source and destination.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct RuleBranch<'a> {
    pub packets: HeaderBox,
    pub condition: Condition,
    /// True if the rule cannot match IPv6 packets.
    pub ipv4_only: bool,
    pub action: RuleAction<'a>,
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

/// The text and the place of a rule.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct RuleText<'a> {
    pub at: u32,
    pub text: &'a str,
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

    /// Adds the effects of a rule to `branches`, in order. `branches` is empty before the call.
    fn read(
        &self,
        rule: RuleText<'a>,
        limits: Limits,
        branches: &mut Vec<RuleBranch<'a>>,
    ) -> Result<(), ReadError>;
}

/// Returns the units of the named chains, or all errors.
pub(in crate::format) fn units<'a>(
    chains: &impl Chains<'a>,
    names: Vec<(Direction, String)>,
    wanted: UnitQuery,
) -> ReadResult {
    let mut units = Vec::new();
    let mut found_errors = Vec::new();
    for (direction, name) in names {
        match unit(chains, name, direction, wanted) {
            Ok(unit) => units.push(unit),
            Err(found) => found_errors.extend(found),
        }
    }
    // Report an error once, even if both directions use the same chain.
    found_errors.sort_by_key(ReadError::at);
    found_errors.dedup();
    let mut errors = ErrorCollector::default();
    errors.extend(found_errors);
    errors.finish(units)
}

/// Returns the unit of a chain, with the contents of all chains that it jumps to.
fn unit<'a>(
    chains: &impl Chains<'a>,
    name: String,
    direction: Direction,
    wanted: UnitQuery,
) -> Result<DeployedUnit, Vec<ReadError>> {
    let Some(chain) = chains.names().find(|chain| *chain == name) else {
        return Ok(DeployedUnit {
            absent: Some(absence(chains, &name, wanted)),
            ..DeployedUnit::empty(direction, name)
        });
    };
    let limits = wanted.limits;
    let mut flattener = ChainFlattener {
        chains,
        limits,
        direction,
        steps: Vec::new(),
        unmeasured: Vec::new(),
        open: Vec::new(),
        read: 0,
        errors: ErrorCollector::default(),
        full: false,
    };
    let policy = chains.policy(chain).map_err(|error| vec![error])?;
    let all = Context {
        within: HeaderBox::ALL,
        condition: Condition::True,
        ipv6: chains.takes_ipv6(),
    };
    flattener.chain(chain, &all);
    if let Some((accepts, at)) = policy {
        let action = if accepts {
            RuleAction::Accept
        } else {
            RuleAction::Deny
        };
        let branch = RuleBranch {
            packets: HeaderBox::ALL,
            condition: Condition::True,
            ipv4_only: false,
            action,
        };
        flattener.branch(&branch, at, &all, &mut Vec::new());
    }
    flattener.errors.finish(DeployedUnit {
        steps: flattener.steps,
        unmeasured: flattener.unmeasured,
        ..DeployedUnit::empty(direction, name)
    })
}

/// Explains why a chain is missing, and suggests similar names.
fn absence<'a>(chains: &impl Chains<'a>, name: &str, wanted: UnitQuery) -> String {
    let place = chains.place();
    if chains.names().next().is_none() {
        return format!("{place} is not in the input, or has no chains");
    }
    let suggestion = did_you_mean(name, chains.names());
    let Some(given) = wanted.given_name() else {
        return format!("there is no such chain in {place}{suggestion}");
    };
    let suggestion = match &*suggestion {
        "" => did_you_mean(&given, chains.names()),
        _ => suggestion,
    };
    format!("there is no such chain in {place}, and no chain '{given}'{suggestion}")
}

/// Replaces jumps by the chains that they jump to.
struct ChainFlattener<'a, 'c, C> {
    chains: &'c C,
    limits: Limits,
    direction: Direction,
    steps: Vec<Step>,
    unmeasured: Vec<Unmeasured>,
    /// The chains that are being read, outermost first.
    open: Vec<&'a str>,
    /// The number of rules read so far.
    read: usize,
    errors: ErrorCollector,
    /// True if a limit on rules or steps was exceeded.
    full: bool,
}

/// The packets that reach a chain.
#[derive(Clone, Copy)]
struct Context {
    within: HeaderBox,
    condition: Condition,
    /// True if IPv6 packets reach the chain.
    ipv6: bool,
}

impl<'a, C: Chains<'a>> ChainFlattener<'a, '_, C> {
    /// Adds the steps of a chain for the packets that reach it.
    fn chain(&mut self, name: &'a str, context: &Context) {
        let chains = self.chains;
        let Some(rules) = chains.rules(name) else {
            return;
        };
        self.open.push(name);
        // Steps that leave the chain. Their target is known after the whole chain is read.
        let mut leaving = Vec::new();
        let mut branches = Vec::new();
        self.steps.reserve(rules.len());
        for rule in rules {
            branches.clear();
            self.read += 1;
            if let Err(exceeded) = self.limits.check(Limit::Rules, self.read) {
                self.fill(rule.at, exceeded);
            }
            if let Err(error) = chains.read(*rule, self.limits, &mut branches) {
                self.errors.add(error);
            }
            for branch in &branches {
                if !self.full {
                    self.branch(branch, rule.at, context, &mut leaving);
                }
            }
            if self.full || self.errors.is_full() {
                break;
            }
        }
        let end = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        for step in leaving {
            let step: &mut Step = &mut self.steps[step];
            step.action = Action::Skip(end);
        }
        self.open.pop();
    }

    fn branch(
        &mut self,
        branch: &RuleBranch<'a>,
        at: u32,
        context: &Context,
        leaving: &mut Vec<usize>,
    ) {
        let Some(packets) = branch.packets.and(&context.within) else {
            if let RuleAction::Jump(chain) | RuleAction::Goto(chain) = branch.action {
                self.find(chain, at);
            }
            return;
        };
        // A match on IPv4 addresses excludes IPv6 packets.
        let ipv6 = context.ipv6 && !branch.ipv4_only;
        if ipv6 && branch.action == RuleAction::Accept {
            self.note_ipv6(at);
        }
        let condition = context.condition & branch.condition;
        match branch.action {
            RuleAction::Accept => self.step(packets, condition, Action::Accept, at),
            RuleAction::Deny => self.step(packets, condition, Action::Deny, at),
            RuleAction::Return => self.leave(packets, condition, at, leaving),
            RuleAction::Jump(chain) | RuleAction::Goto(chain) => {
                if self.find(chain, at) {
                    let inner = Context {
                        within: packets,
                        condition,
                        ipv6,
                    };
                    self.chain(chain, &inner);
                }
                if branch.action == RuleAction::Goto(chain) {
                    self.leave(packets, condition, at, leaving);
                }
            }
        }
    }

    /// Records that a rule allows IPv6 packets, once for each rule.
    fn note_ipv6(&mut self, at: u32) {
        if self.unmeasured.last().is_none_or(|last| last.at != at) {
            self.unmeasured.push(Unmeasured {
                what: "IPv6 packets".to_owned(),
                at,
            });
        }
    }

    fn leave(
        &mut self,
        packets: HeaderBox,
        condition: Condition,
        at: u32,
        leaving: &mut Vec<usize>,
    ) {
        let number = self.steps.len();
        self.step(packets, condition, Action::Skip(u32::MAX), at);
        if number < self.steps.len() {
            leaving.push(number);
        }
    }

    fn step(&mut self, packets: HeaderBox, condition: Condition, action: Action, at: u32) {
        if let Err(exceeded) = self.limits.check(Limit::Rules, self.steps.len() + 1) {
            self.fill(at, exceeded);
            return;
        }
        self.steps.push(Step {
            packets: packets.to_remote_local(self.direction),
            condition,
            action,
            at,
        });
    }

    /// Reports an exceeded limit, once.
    fn fill(&mut self, at: u32, exceeded: LimitExceeded) {
        if !self.full {
            self.errors.add(ReadError::new(at, exceeded));
        }
        self.full = true;
    }

    /// True if a chain can replace a jump. Otherwise adds the reason to the errors.
    fn find(&mut self, chain: &str, at: u32) -> bool {
        let problem = if self.open.contains(&chain) {
            format!("chain '{chain}' jumps to itself")
        } else if let Err(exceeded) = self.limits.check(Limit::Depth, self.open.len() + 1) {
            exceeded.to_string()
        } else if self.chains.rules(chain).is_none() {
            format!(
                "chain '{chain}' is not in the input, so its effect is unknown; provide the complete table"
            )
        } else {
            return true;
        };
        self.errors.add(ReadError::new(at, problem));
        false
    }
}
