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
        ipv4: Some(HeaderBox::ALL),
        ipv6: chains.takes_ipv6().then_some(HeaderBox::ALL),
        condition: Condition::True,
    };
    let ipv6 = flattener.chain(chain, all);
    if let Some((accepts, at)) = policy {
        let action = if accepts {
            RuleAction::Accept
        } else {
            RuleAction::Deny
        };
        let branch = RuleBranch {
            packets: HeaderBox::ALL,
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

impl<'a, C: Chains<'a>> ChainFlattener<'a, '_, C> {
    /// Adds the steps of a chain for the packets that reach it. Returns true if IPv6 packets may continue after the
    /// chain.
    fn chain(&mut self, name: &'a str, context: Context) -> bool {
        let chains = self.chains;
        let Some(rules) = chains.rules(name) else {
            return context.ipv6.is_some();
        };
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
                self.errors.add(error);
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

    fn branch(&mut self, branch: &RuleBranch<'a>, at: u32, frame: &mut Frame) {
        let within = |context: Option<HeaderBox>, matches: bool| {
            let context = context.filter(|_| matches);
            context.and_then(|context| context.and(&branch.packets))
        };
        let ipv4 = within(frame.context.ipv4, branch.ipv4);
        let ipv6 = within(frame.context.ipv6, branch.ipv6 != Ipv6Packets::None);
        let condition = frame.context.condition & branch.condition;
        // True if IPv6 packets may continue after the chain that a jump leads to.
        let mut continues = ipv6.is_some();
        if let RuleAction::Jump(chain) | RuleAction::Goto(chain) = branch.action {
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
            RuleAction::Jump(_) => {}
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
                "chain '{chain}' is not in the input, so its effect is unknown; pass the complete table"
            )
        } else {
            return true;
        };
        self.errors.add(ReadError::new(at, problem));
        false
    }
}
