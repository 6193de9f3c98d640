//! Statements that change the packet (nft(8), "Payload statement", "Meta statement" and "Conntrack statement").

use super::Rule;
use crate::firewall::{Change, RuleAction, RuleBranch};
use crate::format::nftables::key::{Key, Source};
use crate::format::nftables::mark;
use crate::limits::Limit;
use crate::packets::{Condition, HeaderBox, States};

impl Rule<'_, '_> {
    /// Applies the matches of a statement that changes a key: it ends the rule if a key is missing.
    pub(super) fn change(&mut self, target: Key, source: &Source) -> Result<(), String> {
        if !target.is_changeable {
            self.undecide();
            return Err(CHANGES.to_owned());
        }
        self.imply([target].into_iter());
        self.criteria.needs_connection |= source.reads_connection_mark();
        let change = target.mark().map(|mark| mark::change(mark, source.mark));
        match change {
            // Packets that have no such mark do not match.
            Some(change) if source.mark.is_some() => {
                self.change_mark(change);
                self.compute(source);
            }
            _ => {
                self.compute(source);
                if let Some(change) = change {
                    self.change_mark(change);
                }
            }
        }
        Ok(())
    }

    /// `notrack`. It has no effect on packets whose connection is tracked already.
    pub(super) fn untrack(&mut self) {
        self.sets.is_untracked().set(true);
        self.add_change(Change::Untrack, Condition::True);
    }

    /// True if a `notrack` of this rule has changed the state that a match before it compared.
    pub(super) fn has_untracked_by_state(&self) -> bool {
        let is_untracked = |change: &RuleBranch| {
            let states = change.packets.header().states;
            change.action == RuleAction::Change(Change::Untrack) && states != States::ALL
        };
        self.changes.iter().any(is_untracked)
    }

    /// Adds a change of a mark. A match of the old mark does not describe the changed packets.
    fn change_mark(&mut self, change: Change) {
        self.add_change(change, Condition::True);
        let was_matched = match change {
            Change::ConnectionMark(_) | Change::SaveMark { .. } | Change::UnknownConnectionMark => {
                self.criteria.connection_mark.take().is_some()
            }
            _ => self.criteria.mark.take().is_some(),
        };
        self.matches.condition &= Condition::true_if(!was_matched);
    }

    /// Adds a change of the packets that match so far. If there are too many, the change may affect any packet.
    pub(super) fn add_change(&mut self, change: Change, condition: Condition) {
        let mut changes = std::mem::take(&mut self.changes);
        let matches = &self.matches;
        let count = changes.len() + matches.boxes.len();
        let fits = matches.limits.check(Limit::Boxes, count).is_ok();
        let boxes = if fits {
            &matches.boxes
        } else {
            &[HeaderBox::ALL][..]
        };
        self.effect(
            boxes.iter().copied(),
            &self.criteria,
            matches.condition & condition & Condition::true_if(fits),
            self.families,
            RuleAction::Change(change),
            &mut changes,
        );
        self.changes = changes;
    }

    pub(super) fn compute(&mut self, source: &Source) {
        self.imply(source.keys.iter().copied());
        self.criteria.needs_connection |= source.reads_connection_mark();
        if source.looks_up || source.keys.iter().any(|key| !key.is_always_present) {
            self.matches.condition = Condition::Unknown;
        }
    }
}

const CHANGES: &str = "changing this field is not supported, because other rules may match it";
