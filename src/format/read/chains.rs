//! Chains of rules that jump to each other, as iptables and nftables have them, to one list of steps.

use crate::firewall::{DeployedUnit, Unmeasured};
use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::names::did_you_mean;
use crate::packets::{Action, Condition, HeaderBox, Step};
use crate::policy::Direction;

/// The action of a rule for the packets of a box, which is in packet order.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct RuleBranch<'a> {
    pub packets: HeaderBox,
    pub condition: Condition,
    /// True if it can hold for no packet of IPv6.
    pub ipv4_only: bool,
    pub action: RuleAction<'a>,
}

/// The action of a rule in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum RuleAction<'a> {
    Accept,
    Deny,
    /// To the rule after the one that jumped here.
    Return,
    /// Through a chain, and back if that decides nothing.
    Jump(&'a str),
    /// Through a chain, and back to where this chain was jumped to from.
    Goto(&'a str),
}

/// A rule's text and where it stands.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct RuleText<'a> {
    pub at: u32,
    pub text: &'a str,
}

/// The chains of a table.
pub(in crate::format) trait Chains<'a> {
    /// The table or menu that they are in, such as `table filter`.
    fn place(&self) -> String;

    /// True if packets of IPv6 pass them too.
    fn takes_ipv6(&self) -> bool;

    /// The names of all of them.
    fn names(&self) -> impl Iterator<Item = &'a str>;

    /// The policy of a chain: true to accept what no rule decides, and its place; `None` for one that
    /// goes back to where it was jumped to from.
    fn policy(&self, chain: &str) -> Result<Option<(bool, u32)>, ReadError>;

    /// The rules of a chain; `None` where the text has no such chain.
    fn rules(&self, chain: &str) -> Option<&[RuleText<'a>]>;

    /// Adds what a rule does, in the order in which it does it, to `branches`, which is empty.
    fn read(
        &self,
        rule: RuleText<'a>,
        limits: Limits,
        branches: &mut Vec<RuleBranch<'a>>,
    ) -> Result<(), ReadError>;
}

/// The units of the chains of the given names, or all that is not understood in them.
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
    // What both directions refer to is wrong once.
    found_errors.sort_by_key(ReadError::at);
    found_errors.dedup();
    let mut errors = ErrorCollector::default();
    errors.extend(found_errors);
    errors.finish(units)
}

/// The unit of a chain, with all that it jumps to put in its place.
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

/// The reason why a chain is not there, and the names of chains that may be meant.
fn absence<'a>(chains: &impl Chains<'a>, name: &str, wanted: UnitQuery) -> String {
    let place = chains.place();
    if chains.names().next().is_none() {
        return format!("{place} is not in the text, or has no chains");
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

/// Puts the chains that a chain jumps to in the places of the jumps.
struct ChainFlattener<'a, 'c, C> {
    chains: &'c C,
    limits: Limits,
    direction: Direction,
    steps: Vec<Step>,
    unmeasured: Vec<Unmeasured>,
    /// The chains that are being read, outermost first.
    open: Vec<&'a str>,
    /// The number of rules that were read.
    read: usize,
    errors: ErrorCollector,
    /// True if there are as many rules or steps as there may be.
    full: bool,
}

/// Which packets come to a chain.
#[derive(Clone, Copy)]
struct Context {
    within: HeaderBox,
    condition: Condition,
    /// True if some of IPv6 do.
    ipv6: bool,
}

impl<'a, C: Chains<'a>> ChainFlattener<'a, '_, C> {
    /// Adds the steps of a chain for the packets that come to it.
    fn chain(&mut self, name: &'a str, context: &Context) {
        let chains = self.chains;
        let Some(rules) = chains.rules(name) else {
            return;
        };
        self.open.push(name);
        // Steps that leave the chain; they learn where to when all of it is there.
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
        // A match of IPv4 addresses keeps packets of IPv6 out already.
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

    /// Notes, once for each rule, that it lets packets of IPv6 through.
    fn note_ipv6(&mut self, at: u32) {
        if self.unmeasured.last().is_none_or(|last| last.at != at) {
            self.unmeasured.push(Unmeasured {
                what: "packets of IPv6".to_owned(),
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

    /// Tells, once, that there is too much.
    fn fill(&mut self, at: u32, exceeded: LimitExceeded) {
        if !self.full {
            self.errors.add(ReadError::new(at, exceeded));
        }
        self.full = true;
    }

    /// True if a chain can be put in the place of a jump; otherwise adds the reason to the errors.
    fn find(&mut self, chain: &str, at: u32) -> bool {
        let problem = if self.open.contains(&chain) {
            format!("it goes round in a circle: chain {chain} is jumped to from itself")
        } else if let Err(exceeded) = self.limits.check(Limit::Depth, self.open.len() + 1) {
            exceeded.to_string()
        } else if self.chains.rules(chain).is_none() {
            format!(
                "chain {chain} is not in the text, so what it does is not known; give all of the table"
            )
        } else {
            return true;
        };
        self.errors.add(ReadError::new(at, problem));
        false
    }
}
