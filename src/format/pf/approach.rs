//! The calls that lead from the main ruleset to an anchor.

use super::calls::Target;
use super::rule::Rule;
use super::rule_reader::RuleAction;
use super::tokens::Tokens;
use crate::firewall::{Approach, Hook};
use crate::limits::{Limit, Limits};
use crate::packets::{Action, Condition, HeaderBox, Step};
use crate::policy::Direction;

/// The packets for which pf evaluates a ruleset.
#[derive(Clone)]
struct Reach {
    boxes: Vec<HeaderBox>,
    directions: [bool; 2],
    /// Unknown if only some of these packets get there.
    condition: Condition,
}

impl Reach {
    /// The packets that match a call or a rule, too.
    fn narrowed(&self, rule: &Rule, limits: Limits, tokens: &mut Tokens) -> Result<Reach, String> {
        let count = self.boxes.len().saturating_mul(rule.boxes.len());
        if limits.check(Limit::Boxes, count).is_err() {
            return self.uncertain(tokens);
        }
        tokens.spend(count)?;
        let pairs = self
            .boxes
            .iter()
            .flat_map(|around| rule.boxes.iter().map(move |b| (around, b)));
        let only = |direction| rule.direction.is_none_or(|only| only == direction);
        let directions = [Direction::In, Direction::Out]
            .map(|direction| self.directions[direction as usize] && only(direction));
        Ok(Reach {
            boxes: pairs.filter_map(|(around, b)| around.and(b)).collect(),
            directions,
            condition: self.condition & rule.condition,
        })
    }

    /// Some of the packets.
    fn uncertain(&self, tokens: &mut Tokens) -> Result<Reach, String> {
        tokens.spend(self.boxes.len())?;
        Ok(Reach {
            condition: Condition::Unknown,
            ..self.clone()
        })
    }
}

/// A rule and the packets that it applies to.
struct Applied {
    reach: Reach,
    action: Action,
    at: u32,
}

/// A ruleset that is being read.
pub(super) struct OpenRuleset {
    reach: Reach,
    /// The rules without `quick` of an anchor whose call has `quick`. At the end of such an anchor, the last rule that
    /// matches decides.
    matching: Option<Vec<Applied>>,
}

/// The rules that decide whether packets get to an anchor, in the order of evaluation.
///
/// Only `quick` can keep packets from a later call, because otherwise the last rule that matches decides.
pub(super) struct Approaches<'n> {
    anchor: &'n str,
    limits: Limits,
    innermost: OpenRuleset,
    /// The rulesets around the innermost one, outermost first.
    around: Vec<OpenRuleset>,
    ways: [Way; 2],
    /// The place of the first call, even of one that evaluates only the anchors below.
    first_call: Option<u32>,
    is_complete: bool,
}

/// The rules for one direction.
#[derive(Default)]
struct Way {
    steps: Vec<Step>,
    calls: Vec<u32>,
    /// The number of steps up to the last call.
    length: usize,
}

/// The work counted for storing a rule, and for each of its boxes.
const KEPT_WORK: usize = 40;

impl<'n> Approaches<'n> {
    pub fn new(anchor: &'n str, limits: Limits) -> Self {
        let reach = Reach {
            boxes: vec![HeaderBox::ALL],
            directions: [true, true],
            condition: Condition::True,
        };
        Approaches {
            anchor,
            limits,
            innermost: OpenRuleset {
                reach,
                matching: None,
            },
            around: Vec::new(),
            ways: Default::default(),
            first_call: None,
            is_complete: true,
        }
    }

    /// Adds a rule of the innermost ruleset.
    pub fn rule(&mut self, rule: &Rule, at: u32, tokens: &mut Tokens) -> Result<(), String> {
        let here = &mut self.innermost;
        if !rule.quick && here.matching.is_none() {
            return Ok(());
        }
        let reach = here.reach.narrowed(rule, self.limits, tokens)?;
        // A rule that applies only to some packets does not keep the others from a later call.
        if !reach.condition.is_true() {
            return Ok(());
        }
        let action = match rule.action {
            RuleAction::Pass => Action::Accept,
            _ => Action::Deny,
        };
        let applied = Applied { reach, action, at };
        match &mut here.matching {
            Some(matching) if !rule.quick => {
                tokens.spend((1 + applied.reach.boxes.len()) * KEPT_WORK)?;
                matching.push(applied);
            }
            _ => self.add(&applied),
        }
        Ok(())
    }

    /// Adds a call in the innermost ruleset, and returns the ruleset that it evaluates. `conditions` is `None` if they
    /// cannot be read.
    pub fn call(
        &mut self,
        target: &Target,
        conditions: Option<&Rule>,
        at: u32,
        tokens: &mut Tokens,
    ) -> Result<OpenRuleset, String> {
        let here = &mut self.innermost;
        // Some versions of pf forget which rules matched before this call.
        here.matching = None;
        let reach = match conditions {
            Some(rule) => here.reach.narrowed(rule, self.limits, tokens)?,
            None => here.reach.uncertain(tokens)?,
        };
        if target.is(self.anchor) {
            self.first_call.get_or_insert(at);
            if !target.is_wildcard {
                self.lead(&reach, at);
            }
        }
        let is_quick = conditions.is_some_and(|rule| rule.quick);
        Ok(OpenRuleset {
            reach,
            matching: is_quick.then(Vec::new),
        })
    }

    /// Adds a call of the wanted anchor.
    fn lead(&mut self, reach: &Reach, at: u32) {
        self.add(&Applied {
            reach: reach.clone(),
            action: Action::Accept,
            at,
        });
        for (way, is_called) in self.ways.iter_mut().zip(reach.directions) {
            if is_called {
                way.calls.push(at);
                way.length = way.steps.len();
            }
        }
    }

    fn add(&mut self, applied: &Applied) {
        let Applied { reach, action, at } = applied;
        for direction in [Direction::In, Direction::Out] {
            if !reach.directions[direction as usize] {
                continue;
            }
            let steps = &mut self.ways[direction as usize].steps;
            let count = steps.len() + reach.boxes.len();
            if self.limits.check(Limit::Rules, count).is_err() {
                self.is_complete = false;
                return;
            }
            steps.extend(reach.boxes.iter().map(|packets| Step {
                packets: packets.to_remote_local(direction),
                condition: reach.condition,
                action: *action,
                at: *at,
            }));
        }
    }

    pub fn enter(&mut self, ruleset: OpenRuleset) {
        let outer = std::mem::replace(&mut self.innermost, ruleset);
        self.around.push(outer);
    }

    pub fn leave(&mut self) {
        let Some(outer) = self.around.pop() else {
            return;
        };
        let inner = std::mem::replace(&mut self.innermost, outer);
        for applied in inner.matching.iter().flatten().rev() {
            self.add(applied);
        }
    }

    pub fn first_call(&self) -> u32 {
        self.first_call.unwrap_or(0)
    }

    /// Returns how packets of a direction get to the anchor.
    pub fn hook(&self, direction: Direction) -> Hook {
        let way = &self.ways[direction as usize];
        let anchor = self.anchor;
        if !self.is_complete {
            return Hook::NotShown;
        }
        if !way.calls.is_empty() {
            return Hook::Approaches(vec![Approach {
                steps: way.steps[..way.length].to_vec(),
                jumps: way.calls.clone(),
                obstacle: format!("a rule before the jump to {anchor} stops all expected packets"),
            }]);
        }
        Hook::Missing(if self.ways.iter().all(|way| way.calls.is_empty()) {
            format!(
                "nothing calls the anchor {anchor}; 'anchor \"{anchor}/*\"' evaluates only the anchors below it"
            )
        } else {
            format!("the anchor {anchor} is called only for packets of the other direction")
        })
    }
}
