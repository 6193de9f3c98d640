//! Terms of a filter, to steps.
//!
//! Junos OS Routing Policies, Firewall Filters, and Traffic Policers User Guide, "Firewall Filter
//! Terminating Actions", "Firewall Filter Nonterminating Actions" and "Guidelines for Configuring
//! Firewall Filters": packets that a term matches are accepted, unless it says otherwise.

use crate::format::parse::ParseError;
use crate::limits::{Limit, Limits};
use crate::policy::Direction;
use crate::policy::space::{Step, Verdict};

use super::addresses::Lists;
use super::conditions::{Conditions, Part};
use super::tree::Branch;

/// Adds what a term does.
pub(super) fn add_steps<'t, 'a>(
    term: Branch<'t, 'a>,
    direction: Direction,
    lists: &mut Lists<'t, 'a>,
    limits: Limits,
    steps: &mut Vec<Step>,
) -> Result<(), ParseError> {
    let (mut from, mut then) = (None, None);
    for part in term.below() {
        match part.word() {
            "from" => from = Some(part),
            "then" => then = Some(part),
            "filter" => {
                return Err(part.problem(
                    "the term refers to another filter; expected from and then in its place",
                ));
            }
            word => {
                let problem = format!("'{word}' is not understood; expected from or then");
                return Err(part.problem(problem));
            }
        }
    }
    let conditions = Conditions::read(from, lists, limits)?;
    let action = Action::read(then)?;
    let parts = conditions
        .parts()
        .map_err(|problem| term.problem(problem))?;
    let added = parts.len().saturating_mul(2);
    let count = limits.check(Limit::Rules, steps.len().saturating_add(added));
    count.map_err(|exceeded| term.problem(exceeded))?;
    let step = |(packets, certain): &Part, verdict, always| Step {
        packets: packets.seen(direction),
        certain: *certain && always,
        verdict,
        at: term.at(),
    };
    if action.is_policed {
        // What is above the rate may be dropped.
        steps.extend(parts.iter().map(|part| step(part, Verdict::Deny, false)));
    }
    if let End::Is(verdict) = action.end {
        steps.extend(parts.iter().map(|part| step(part, verdict, true)));
    }
    Ok(())
}

/// What a term does with the packets that it matches.
struct Action {
    end: End,
    is_policed: bool,
}

/// What becomes of them.
#[derive(Clone, Copy)]
enum End {
    Is(Verdict),
    NextTerm,
}

impl Action {
    fn read(then: Option<Branch>) -> Result<Action, ParseError> {
        let mut action = Action {
            end: End::Is(Verdict::Accept),
            is_policed: false,
        };
        let mut ending = None;
        for word in then.into_iter().flat_map(Branch::below) {
            let Some(end) = action.add(word)? else {
                continue;
            };
            if let Some(other) = ending.replace(word.word()) {
                let problem = format!(
                    "expected one of '{other}' and '{}' in a term, not both",
                    word.word()
                );
                return Err(word.problem(problem));
            }
            action.end = end;
        }
        Ok(action)
    }

    /// Reads a word of it, which may be one that ends it.
    fn add(&mut self, word: Branch) -> Result<Option<End>, ParseError> {
        match word.word() {
            "accept" => word.leaf().map(|()| Some(End::Is(Verdict::Accept))),
            "discard" => word.leaf().map(|()| Some(End::Is(Verdict::Deny))),
            "reject" => {
                // What is sent back.
                if word.below().next().is_some() {
                    word.value()?;
                }
                Ok(Some(End::Is(Verdict::Deny)))
            }
            "next" => match word.value()? {
                term if term.word() == "term" => Ok(Some(End::NextTerm)),
                other => Err(other.problem(format!("expected 'term', not '{}'", other.word()))),
            },
            "policer"
            | "three-color-policer"
            | "hierarchical-policer"
            | "enhanced-hierarchical-policer" => {
                self.is_policed = true;
                word.values().map(|_| None)
            }
            "count"
            | "dont-fragment"
            | "dscp"
            | "forwarding-class"
            | "loss-priority"
            | "port-mirror-instance" => {
                word.value().map(|_| None)
            }
            "log" | "port-mirror" | "sample" | "syslog" => word.leaf().map(|()| None),
            other => Err(word.problem(format!(
                "'{other}' is not understood; expected accept, discard, reject, next term, or an action \
                 that leaves packets on their way, such as count"
            ))),
        }
    }
}
