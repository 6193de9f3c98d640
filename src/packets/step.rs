//! The steps by which a firewall decides about packets.

use std::ops::{BitAnd, BitAndAssign};

use super::packet_box::PacketBox;

/// The effect of a step on the packets that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They pass.
    Accept,
    /// They are stopped.
    Deny,
    /// They go on at the step of this number, which is a later one.
    Skip(u32),
}

/// The circumstances that a match depends on besides the packet: a rate, an interface, a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Nothing, or what is known to be true.
    True,
    /// Something that is true in some circumstances and false in others.
    Unknown,
}

impl Condition {
    /// Unknown unless it is known to be true.
    pub fn true_if(known: bool) -> Condition {
        if known {
            Condition::True
        } else {
            Condition::Unknown
        }
    }

    /// True if it is [`Condition::True`].
    pub fn is_true(self) -> bool {
        self == Condition::True
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

/// One step of what a firewall does with a packet. The first that decides counts; a packet that no
/// step decides about is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The packets that it matches.
    pub packets: PacketBox,
    /// The circumstances that the match depends on besides.
    pub condition: Condition,
    /// Its effect on them.
    pub action: Action,
    /// Its place in the text that it was read from, in bytes.
    pub at: u32,
}
