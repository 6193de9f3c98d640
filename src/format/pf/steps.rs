//! The rules of an anchor, in the order in which pf evaluates them.

use std::collections::BTreeSet;

use super::rule::{self, Rule, interface};
use super::rule_reader::RuleAction;
use super::statements::{CALL, EXPECTED};
use super::tables::Tables;
use super::tokens::{BRACES, Tokens};
use crate::firewall::{DeployedUnit, Hook, Unmeasured};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{Action, Condition, HeaderBox, Step, differences};
use crate::policy::Direction;
use crate::read_error::ReadError;

/// The rules of an anchor, separately for IPv4 and IPv6.
#[derive(Default)]
pub(super) struct Steps {
    ipv4: Evaluation,
    ipv6: Evaluation,
}

impl Steps {
    /// Adds a statement of the anchor. Reads the rest of it after its keyword.
    pub fn statement<'a>(
        &mut self,
        tokens: &mut Tokens<'a>,
        tables: &Tables<'a>,
        keyword: &str,
        at: u32,
    ) -> Result<(), String> {
        let action = match keyword {
            "pass" => RuleAction::Pass,
            "block" => RuleAction::Block,
            "match" => RuleAction::Match,
            "scrub" => RuleAction::Scrub,
            "no" if tokens.take_word("scrub")? => RuleAction::Scrub,
            "set" => return option(tokens),
            _ => return Err(not_understood(keyword, tables.anchor())),
        };
        let rule = rule::read(tokens, tables, action)?;
        self.ipv4.add(&rule, &rule.boxes, at, tokens.limits)?;
        self.ipv6.add(&rule, &rule.ipv6, at, tokens.limits)?;
        Ok(())
    }
}

impl Steps {
    /// Returns the anchor as a unit for each direction.
    pub fn units(
        mut self,
        anchor: &str,
        limits: Limits,
        mut hook: impl FnMut(Direction) -> Hook,
    ) -> Result<Vec<DeployedUnit>, Vec<ReadError>> {
        let units = [Direction::In, Direction::Out].map(|direction| {
            let ipv6 = self.ipv6.in_order(direction);
            Ok(DeployedUnit {
                steps: self.ipv4.in_order(direction),
                unmeasured: passed_ipv6(&ipv6, limits)?,
                hook: hook(direction),
                ..DeployedUnit::empty(direction, anchor.to_owned())
            })
        });
        units.into_iter().collect()
    }

    /// True if the rules are the same, regardless of their places.
    pub fn is_equal(&self, other: &Steps) -> bool {
        self.ipv4.is_equal(&other.ipv4) && self.ipv6.is_equal(&other.ipv6)
    }
}

/// The rules that pass IPv6 packets. The policy allows none of these.
fn passed_ipv6(steps: &[Step], limits: Limits) -> Result<Vec<Unmeasured>, Vec<ReadError>> {
    let Some(first) = steps.iter().find(|step| step.action == Action::Accept) else {
        return Ok(Vec::new());
    };
    let passed = differences(&[], steps, limits)
        .map_err(|exceeded| vec![ReadError::new(first.at, exceeded)])?;
    let rules: BTreeSet<u32> = passed
        .into_iter()
        .flat_map(|part| part.source_lines)
        .collect();
    let unmeasured = rules.into_iter().map(|at| Unmeasured {
        what: "packets of IPv6".to_owned(),
        at,
    });
    Ok(unmeasured.collect())
}

/// The rules of one IP version by direction.
#[derive(Default)]
struct Evaluation {
    /// Rules with `quick`: the first one that matches decides.
    quick: [Vec<Step>; 2],
    /// Other rules: the last one that matches decides, unless a quick rule does.
    others: [Vec<Step>; 2],
}

impl Evaluation {
    fn add(
        &mut self,
        rule: &Rule,
        boxes: &[HeaderBox],
        at: u32,
        limits: Limits,
    ) -> Result<(), LimitExceeded> {
        let mut actions = actions(rule);
        let lists = if rule.quick {
            &mut self.quick
        } else {
            // `in_order` reverses the whole list.
            actions.reverse();
            &mut self.others
        };
        for direction in [Direction::In, Direction::Out] {
            if rule.direction.is_some_and(|only| only != direction) {
                continue;
            }
            let list = &mut lists[direction as usize];
            limits.check(Limit::Rules, list.len() + boxes.len() * actions.len())?;
            for (action, condition) in &actions {
                list.extend(boxes.iter().map(|packets: &HeaderBox| Step {
                    packets: packets.to_remote_local(direction),
                    condition: *condition,
                    action: *action,
                    at,
                }));
            }
        }
        Ok(())
    }

    fn is_equal(&self, other: &Evaluation) -> bool {
        let lists = self.quick.iter().chain(&self.others);
        let mut pairs = lists.zip(other.quick.iter().chain(&other.others));
        let rule = |step: &Step| (step.packets, step.condition, step.action);
        pairs.all(|(list, other)| list.iter().map(rule).eq(other.iter().map(rule)))
    }

    /// The steps of a direction in the order of evaluation.
    fn in_order(&mut self, direction: Direction) -> Vec<Step> {
        let [quick, others] = [&mut self.quick, &mut self.others]
            .map(|lists| std::mem::take(&mut lists[direction as usize]));
        let mut steps = quick;
        steps.extend(others.into_iter().rev());
        steps
    }
}

/// The actions of a rule in order, each with its [`Step::condition`].
fn actions(rule: &Rule) -> Vec<(Action, Condition)> {
    match rule.action {
        // A packet that the rule does not pass is dropped. No later rule decides about it.
        RuleAction::Pass if rule.may_drop => {
            vec![
                (Action::Accept, Condition::Unknown),
                (Action::Deny, rule.condition),
            ]
        }
        RuleAction::Pass => vec![(Action::Accept, rule.condition)],
        RuleAction::Block => vec![(Action::Deny, rule.condition)],
        RuleAction::Match | RuleAction::Scrub | RuleAction::Call => Vec::new(),
    }
}

/// Options with one value each. They do not change which packets an anchor passes, or `pfctl -a` ignores
/// them.
const OPTIONS: [&str; 10] = [
    "block-policy",
    "debug",
    "fail-policy",
    "fingerprints",
    "hostid",
    "loginterface",
    "optimization",
    "require-order",
    "ruleset-optimization",
    "state-policy",
];

pub(super) const STATE_DEFAULTS: &str = "state-defaults";

pub(super) const STATE_DEFAULTS_REFUSED: &str =
    "'set state-defaults' adds options to later rules; write the options in each rule";

fn option(tokens: &mut Tokens) -> Result<(), String> {
    let name = tokens.value("the name of an option")?;
    match name {
        // `pfctl -a` ignores these three.
        "skip" => {
            tokens.expect_word("on")?;
            tokens.one_or_more(BRACES, interface)
        }
        "limit" | "timeout" => tokens.one_or_more(BRACES, |tokens| {
            tokens.value("the name of a limit or a timeout")?;
            tokens.value("a number").map(drop)
        }),
        STATE_DEFAULTS => Err(STATE_DEFAULTS_REFUSED.to_owned()),
        _ if OPTIONS.contains(&name) => tokens.value("its value").map(drop),
        _ => Err(format!(
            "'set {name}' may change the rules of the anchor, which is not supported; remove it"
        )),
    }
}

fn not_understood(keyword: &str, anchor: &str) -> String {
    match keyword {
        CALL => format!(
            "the input does not call the anchor '{anchor}', but another one; provide the rules of '{anchor}' alone, or \
             a main ruleset that calls '{anchor}'"
        ),
        "load" | "include" => format!(
            "'{keyword}' adds rules that are not in the input; replace it with these rules"
        ),
        "nat" | "rdr" | "binat" | "no" => format!(
            "'{keyword}' is not supported: it changes the addresses that later rules see"
        ),
        "antispoof" => {
            "'antispoof' depends on the addresses of interfaces, which are not in the input; provide the output of 'pfctl -sr'".to_owned()
        }
        _ => format!("{EXPECTED}, not '{keyword}'"),
    }
}
