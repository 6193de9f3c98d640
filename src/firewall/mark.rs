//! Marks of packets and connections, as far as they are known.

use crate::packets::Condition;

/// A mark: the bits that are known, and their values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    known: u32,
    /// Zero at bits that are not known.
    value: u32,
}

/// A comparison of a mark with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MarkMatch {
    pub value: u32,
    /// The bits that are compared.
    pub mask: u32,
    /// True if the mark must differ from the value.
    pub is_negated: bool,
}

/// A change of a mark: the new mark is `(mark & !cleared) ^ flipped`, as in MARK of iptables-extensions(8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MarkChange {
    pub cleared: u32,
    pub flipped: u32,
}

impl Mark {
    /// The mark of a packet or a connection that no rule has marked.
    pub const UNMARKED: Mark = Mark::of(0);
    pub const UNKNOWN: Mark = Mark { known: 0, value: 0 };

    pub const fn of(value: u32) -> Mark {
        Mark {
            known: u32::MAX,
            value,
        }
    }

    #[must_use]
    pub fn changed(self, change: MarkChange) -> Mark {
        let known = self.known | change.cleared;
        Mark {
            known,
            value: ((self.value & !change.cleared) ^ change.flipped) & known,
        }
    }

    /// Returns `(self & !cleared) ^ (other & taken)`, as CONNMARK of iptables-extensions(8) computes it.
    #[must_use]
    pub fn copied(self, other: Mark, cleared: u32, taken: u32) -> Mark {
        let known = (self.known | cleared) & (other.known | !taken);
        Mark {
            known,
            value: ((self.value & !cleared) ^ (other.value & taken)) & known,
        }
    }

    /// Returns what is known about a mark that is one of two.
    #[must_use]
    pub fn or(self, other: Mark) -> Mark {
        let known = self.known & other.known & !(self.value ^ other.value);
        Mark {
            known,
            value: self.value & known,
        }
    }
}

impl MarkMatch {
    pub fn condition(self, mark: Mark) -> Condition {
        // Bits of the value outside of the mask never match.
        let differs =
            (mark.value ^ self.value) & self.mask & mark.known != 0 || self.value & !self.mask != 0;
        if differs {
            Condition::of(self.is_negated)
        } else if mark.known & self.mask == self.mask {
            Condition::of(!self.is_negated)
        } else {
            Condition::Unknown
        }
    }
}
