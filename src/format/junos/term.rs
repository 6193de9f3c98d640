//! Reads the terms of a filter as steps.
//!
//! A term accepts matching packets unless it has another action (Junos OS Routing Policies, Firewall
//! Filters, and Traffic Policers User Guide, "Firewall Filter Terminating Actions", "Firewall Filter
//! Nonterminating Actions" and "Guidelines for Configuring Firewall Filters").

use super::addresses::Lists;
use super::conditions::{Conditions, Part};
use super::tree::Branch;
use crate::limits::{Limit, Limits};
use crate::packets::{Action, Condition, Step};
use crate::policy::Direction;
use crate::read_error::ReadError;

/// The steps of a filter.
pub(super) struct Steps {
    pub made: Vec<Step>,
    direction: Direction,
    /// The number of boxes in all terms, whatever their actions.
    parts: usize,
    limits: Limits,
}

impl Steps {
    pub fn new(direction: Direction, limits: Limits) -> Self {
        Steps {
            made: Vec::new(),
            direction,
            parts: 0,
            limits,
        }
    }

    /// Adds a term.
    pub fn add<'t, 'a>(
        &mut self,
        term: Branch<'t, 'a>,
        lists: &mut Lists<'t, 'a>,
    ) -> Result<(), ReadError> {
        let (from, then) = sections(term)?;
        let conditions = Conditions::read(from, lists, self.limits)?;
        let action = TermAction::read(then)?;
        let parts = conditions
            .parts()
            .map_err(|problem| term.problem(problem))?;
        self.parts = self.parts.saturating_add(parts.len());
        let fits = self.limits.check(Limit::Rules, self.parts);
        fits.map_err(|exceeded| term.problem(exceeded))?;
        if action.is_policed {
            // The policer may drop packets above its rate.
            self.extend(&parts, term, Action::Deny, Condition::Unknown);
        }
        if let End::Is(decision) = action.end {
            self.extend(&parts, term, decision, Condition::True);
        }
        Ok(())
    }

    fn extend(&mut self, parts: &[Part], term: Branch, action: Action, own: Condition) {
        let direction = self.direction;
        self.made
            .extend(parts.iter().map(|(packets, condition)| Step {
                packets: packets.to_remote_local(direction),
                condition: *condition & own,
                action,
                at: term.at(),
            }));
    }
}

/// The `from` and the `then` of a term, if present.
type Sections<'t, 'a> = (Option<Branch<'t, 'a>>, Option<Branch<'t, 'a>>);

fn sections<'t, 'a>(term: Branch<'t, 'a>) -> Result<Sections<'t, 'a>, ReadError> {
    let (mut from, mut then) = (None, None);
    for part in term.below() {
        match part.word() {
            "from" => from = Some(part),
            "then" => then = Some(part),
            "filter" => {
                return Err(part.problem(
                    "the term refers to another filter; write 'from' and 'then' instead",
                ));
            }
            word => {
                let problem =
                    format!("unknown statement '{word}' of a term; expected 'from' or 'then'");
                return Err(part.problem(problem));
            }
        }
    }
    Ok((from, then))
}

/// The effect of a term on matching packets.
struct TermAction {
    end: End,
    is_policed: bool,
}

#[derive(Clone, Copy)]
enum End {
    Is(Action),
    NextTerm,
}

impl TermAction {
    fn read(then: Option<Branch>) -> Result<TermAction, ReadError> {
        let mut action = TermAction {
            end: End::Is(Action::Accept),
            is_policed: false,
        };
        let mut ending = None;
        for word in then.into_iter().flat_map(Branch::below) {
            let Some(end) = action.add(word)? else {
                continue;
            };
            if let Some(other) = ending.replace(word.word()) {
                let problem = format!(
                    "expected only one of '{other}' and '{}' in a term",
                    word.word()
                );
                return Err(word.problem(problem));
            }
            action.end = end;
        }
        Ok(action)
    }

    /// Reads one action. Returns how it ends the term, if it does.
    fn add(&mut self, word: Branch) -> Result<Option<End>, ReadError> {
        match word.word() {
            "accept" => word.leaf().map(|()| Some(End::Is(Action::Accept))),
            "discard" => word.leaf().map(|()| Some(End::Is(Action::Deny))),
            "reject" => {
                // The optional value is the kind of reply.
                if word.below().next().is_some() {
                    word.value()?;
                }
                Ok(Some(End::Is(Action::Deny)))
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
                "unknown action '{other}'; expected accept, discard, reject, next term, or a nonterminating action such \
                 as count"
            ))),
        }
    }
}
