//! The steps by which a firewall decides about a packet.

use std::ops::{BitAnd, BitAndAssign};

use super::packet_box::PacketBox;

/// The effect of a step on the packets that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Accept,
    Deny,
    /// The packets continue at the step with this number. The number is higher than that of this
    /// step.
    Skip(u32),
}

/// A match criterion outside the packet, such as a rate, an interface or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// There is no such criterion, or the criterion is known to be true.
    True,
    /// The criterion is true in some circumstances and false in others.
    Unknown,
    /// The criterion is known to be false.
    False,
}

impl Condition {
    /// Returns `True` or `False`.
    pub fn of(is_true: bool) -> Condition {
        if is_true {
            Condition::True
        } else {
            Condition::False
        }
    }

    /// Returns `True` if `known`, else `Unknown`.
    pub fn true_if(known: bool) -> Condition {
        if known {
            Condition::True
        } else {
            Condition::Unknown
        }
    }

    pub fn is_true(self) -> bool {
        self == Condition::True
    }

    pub fn is_false(self) -> bool {
        self == Condition::False
    }
}

impl BitAnd for Condition {
    type Output = Condition;

    fn bitand(self, other: Condition) -> Condition {
        self.max(other)
    }
}

impl BitAndAssign for Condition {
    fn bitand_assign(&mut self, other: Condition) {
        *self = *self & other;
    }
}

/// One step of a firewall's decision about a packet. The first matching `Accept` or `Deny` decides.
/// A packet that reaches the end of the list is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub packets: PacketBox,
    /// Never `False`: a rule with a false condition has no step.
    pub condition: Condition,
    pub action: Action,
    /// The byte offset of the rule in the input.
    pub at: u32,
}
