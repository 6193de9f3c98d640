//! Flattens chains that jump to each other into one list of steps.

use crate::firewall::chains::{BaseChain, Chains};
use crate::firewall::criteria::{Criteria, Facts};
use crate::firewall::deployed::{DeployedUnit, Unmeasured};
use crate::firewall::rule::{Ipv6Packets, RuleAction, RuleBranch, RuleText};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Action, Condition, HeaderBox, Step};
use crate::policy::Direction;
use crate::read_error::{ErrorCollector, ReadError};

/// Returns the unit of a chain with this policy, with the contents of all chains that it jumps to.
pub(super) fn unit<'a>(
    chains: &impl Chains<'a>,
    chain: &'a str,
    policy: Option<(bool, u32)>,
    direction: Direction,
    limits: Limits,
) -> Result<DeployedUnit, Vec<ReadError>> {
    let mut flattener = ChainFlattener::new(chains, direction, limits);
    let all = flattener.all_packets();
    let ipv6 = flattener.chain(chain, all);
    if let Some((accepts, at)) = policy {
        let action = if accepts {
            RuleAction::Accept
        } else {
            RuleAction::Deny
        };
        let branch = RuleBranch {
            packets: HeaderBox::ALL,
            criteria: Criteria::default(),
            condition: Condition::True,
            ipv4: true,
            ipv6: Ipv6Packets::All,
            action,
        };
        let ipv6 = ipv6.then_some(HeaderBox::ALL);
        flattener.branch(&branch, at, &mut Frame::new(Context { ipv6, ..all }));
    }
    flattener.errors.finish(DeployedUnit {
        steps: flattener.steps,
        unmeasured: flattener.unmeasured,
        ..DeployedUnit::empty(direction, chain.to_owned())
    })
}

/// The steps from the start of a base chain to the jumps to another chain.
pub(super) struct Approach {
    /// A jump to the other chain is a step that accepts.
    pub steps: Vec<Step>,
    /// The places of the jumps.
    pub jumps: Vec<u32>,
    /// False if the chains are longer than the limits allow. Some steps are then missing.
    pub is_complete: bool,
}

/// Returns the steps from the first `count` rules of a base chain to a chain. If a rule cannot be read, it may jump to
/// every chain that its text names, and has no other effect.
pub(super) fn approach<'a>(
    chains: &impl Chains<'a>,
    base: &BaseChain<'a>,
    count: usize,
    target: &'a str,
    direction: Direction,
    limits: Limits,
) -> Approach {
    let mut flattener = ChainFlattener {
        target: Some(target),
        facts: base.facts(direction),
        ..ChainFlattener::new(chains, direction, limits)
    };
    let all = flattener.all_packets();
    let rules = chains.rules(base.name).unwrap_or_default();
    flattener.rules(base.name, &rules[..rules.len().min(count)], all);
    Approach {
        steps: flattener.steps,
        jumps: flattener.jumps,
        is_complete: !flattener.full,
    }
}

/// Replaces jumps by the chains that they jump to.
struct ChainFlattener<'a, 'c, C> {
    chains: &'c C,
    facts: Facts<'static>,
    limits: Limits,
    direction: Direction,
    /// The chain whose jumps are wanted; `None` if the effect of all rules is wanted.
    target: Option<&'a str>,
    /// The places of the jumps to the target.
    jumps: Vec<u32>,
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
    ipv4: Option<HeaderBox>,
    /// The IPv6 packets that may reach the chain, by protocol and ports.
    ipv6: Option<HeaderBox>,
    condition: Condition,
}

/// A chain that is being read.
struct Frame {
    /// The packets that reach the next rule.
    context: Context,
    /// The numbers of the steps that leave the chain. Their target is known after the whole chain is read.
    leaving: Vec<usize>,
    /// True if IPv6 packets may return from the chain before its end.
    ipv6_returns: bool,
}

impl Frame {
    fn new(context: Context) -> Self {
        Frame {
            context,
            leaving: Vec::new(),
            ipv6_returns: false,
        }
    }
}

impl<'a, 'c, C: Chains<'a>> ChainFlattener<'a, 'c, C> {
    fn new(chains: &'c C, direction: Direction, limits: Limits) -> Self {
        ChainFlattener {
            chains,
            facts: Facts::default(),
            limits,
            direction,
            target: None,
            jumps: Vec::new(),
            steps: Vec::new(),
            unmeasured: Vec::new(),
            open: Vec::new(),
            read: 0,
            errors: ErrorCollector::default(),
            full: false,
        }
    }

    fn all_packets(&self) -> Context {
        Context {
            ipv4: Some(HeaderBox::ALL),
            ipv6: self.chains.takes_ipv6().then_some(HeaderBox::ALL),
            condition: Condition::True,
        }
    }

    /// Adds the steps of a chain for the packets that reach it. Returns true if IPv6 packets may continue after the
    /// chain.
    fn chain(&mut self, name: &'a str, context: Context) -> bool {
        match self.chains.rules(name) {
            Some(rules) => self.rules(name, rules, context),
            None => context.ipv6.is_some(),
        }
    }

    /// Does the same as [`ChainFlattener::chain`] for some rules of a chain.
    fn rules(&mut self, name: &'a str, rules: &[RuleText<'a>], context: Context) -> bool {
        let chains = self.chains;
        self.open.push(name);
        let mut frame = Frame::new(context);
        let mut branches = Vec::new();
        if context.ipv4.is_some() {
            self.steps.reserve(rules.len());
        }
        for rule in rules {
            branches.clear();
            self.read += 1;
            if let Err(exceeded) = self.limits.check(Limit::Rules, self.read) {
                self.fill(rule.at, exceeded);
            }
            if let Err(error) = chains.read(*rule, self.limits, &mut branches) {
                self.unreadable(*rule, error, &mut branches);
            }
            for branch in &branches {
                if !self.full {
                    self.branch(branch, rule.at, &mut frame);
                }
            }
            if self.full || self.errors.is_full() {
                break;
            }
        }
        let end = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        for step in frame.leaving {
            let step: &mut Step = &mut self.steps[step];
            step.action = Action::Skip(end);
        }
        self.open.pop();
        frame.context.ipv6.is_some() || frame.ipv6_returns
    }

    /// Reports a rule that a unit cannot contain, or replaces its effects by the jumps that it may contain.
    fn unreadable(
        &mut self,
        rule: RuleText<'a>,
        error: ReadError,
        branches: &mut Vec<RuleBranch<'a>>,
    ) {
        branches.clear();
        if self.target.is_none() {
            self.errors.add(error);
            return;
        }
        let jump = |chain| RuleBranch {
            packets: HeaderBox::ALL,
            criteria: Criteria::default(),
            condition: Condition::Unknown,
            ipv4: true,
            ipv6: Ipv6Packets::None,
            action: RuleAction::Jump(chain),
        };
        branches.extend(self.chains.mentioned(rule).into_iter().map(jump));
    }

    fn branch(&mut self, branch: &RuleBranch<'a>, at: u32, frame: &mut Frame) {
        let within = |context: Option<HeaderBox>, matches: bool| {
            let context = context.filter(|_| matches);
            context.and_then(|context| context.and(&branch.packets))
        };
        let ipv4 = within(frame.context.ipv4, branch.ipv4);
        let ipv6 = within(frame.context.ipv6, branch.ipv6 != Ipv6Packets::None);
        let condition = branch.condition & branch.criteria.condition(&self.facts);
        if condition.is_false() {
            return;
        }
        let condition = frame.context.condition & condition;
        // True if IPv6 packets may continue after the chain that a jump leads to.
        let mut continues = ipv6.is_some();
        if branch
            .action
            .target()
            .is_some_and(|chain| self.target == Some(chain))
        {
            self.jumps.push(at);
            if let Some(packets) = ipv4 {
                self.step(packets, condition, Action::Accept, at);
            }
            return;
        }
        if let Some(chain) = branch.action.target() {
            if self.find(chain, at) && (ipv4.is_some() || ipv6.is_some()) {
                let inner = Context {
                    ipv4,
                    ipv6,
                    condition,
                };
                continues = self.chain(chain, inner);
            }
        }
        if ipv6.is_some() {
            self.ipv6(branch, at, continues, frame);
        }
        let Some(packets) = ipv4 else {
            return;
        };
        match branch.action {
            RuleAction::Accept => self.step(packets, condition, Action::Accept, at),
            RuleAction::Deny => self.step(packets, condition, Action::Deny, at),
            RuleAction::Return | RuleAction::Goto(_) => {
                self.leave(packets, condition, at, &mut frame.leaving);
            }
            RuleAction::Jump(_) | RuleAction::Change(_) => {}
            // A unit with such a rule cannot be read.
            RuleAction::Translate(_) | RuleAction::Undecided => {
                self.step(packets, Condition::Unknown, Action::Accept, at);
                self.step(packets, Condition::Unknown, Action::Deny, at);
            }
        }
    }

    /// Applies a branch to the IPv6 packets that reach it. `continues` is true if IPv6 packets may return from the
    /// chain that it jumps to.
    fn ipv6(&mut self, branch: &RuleBranch<'a>, at: u32, continues: bool, frame: &mut Frame) {
        let passes_on = match branch.action {
            RuleAction::Accept => {
                self.note_ipv6(at);
                false
            }
            RuleAction::Deny => false,
            RuleAction::Jump(_) => continues,
            RuleAction::Return | RuleAction::Goto(_) => {
                frame.ipv6_returns |= continues;
                false
            }
            RuleAction::Change(_) => true,
            RuleAction::Translate(_) | RuleAction::Undecided => {
                self.note_ipv6(at);
                true
            }
        };
        if !passes_on && branch.ipv6 == Ipv6Packets::All {
            frame.context.ipv6 = None;
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
        if self.target.is_none() {
            self.errors.add(ReadError::new(at, problem));
        }
        false
    }
}
