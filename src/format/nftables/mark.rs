//! Marks of packets and connections: comparisons, and the values that rules set.

use crate::firewall::{Change, MarkChange, MarkMatch};

/// The value that a rule gives a mark: `(mark & kept) ^ flipped`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MarkValue {
    /// `None` for a constant.
    mark: Option<MarkOf>,
    /// Zero for a constant.
    kept: u32,
    flipped: u32,
}

/// A mark, by its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkOf {
    Packet,
    Connection,
}

impl MarkValue {
    pub fn constant(value: u32) -> MarkValue {
        MarkValue {
            mark: None,
            kept: 0,
            flipped: value,
        }
    }

    /// The bits of a mark that a mask contains.
    pub fn of(mark: MarkOf, mask: u32) -> MarkValue {
        MarkValue {
            mark: Some(mark),
            kept: mask,
            flipped: 0,
        }
    }

    /// The result of an operator. `None` if it is not of this form.
    pub fn combined(self, operator: &str, other: MarkValue) -> Option<MarkValue> {
        let (of, bits) = match (self.mark, other.mark) {
            (_, None) => (self, other.flipped),
            (None, _) => (other, self.flipped),
            _ => return None,
        };
        let (kept, flipped) = match operator {
            "&" | "and" => (of.kept & bits, of.flipped & bits),
            "|" | "or" => (of.kept & !bits, of.flipped | bits),
            "^" | "xor" => (of.kept, of.flipped ^ bits),
            _ => return None,
        };
        Some(MarkValue {
            kept,
            flipped,
            ..of
        })
    }

    /// The change of a mark that gets this value. `None` if no [`Change`] describes it.
    fn change(self, target: MarkOf) -> Option<Change> {
        let change = MarkChange {
            cleared: !self.kept,
            flipped: self.flipped,
        };
        let (cleared, taken) = (u32::MAX, self.kept);
        let is_copy = self.flipped == 0;
        match (target, self.mark) {
            (MarkOf::Packet, None | Some(MarkOf::Packet)) => Some(Change::Mark(change)),
            (MarkOf::Packet, Some(MarkOf::Connection)) => {
                is_copy.then_some(Change::RestoreMark { cleared, taken })
            }
            (MarkOf::Connection, None | Some(MarkOf::Connection)) => {
                Some(Change::ConnectionMark(change))
            }
            (MarkOf::Connection, Some(MarkOf::Packet)) => {
                is_copy.then_some(Change::SaveMark { cleared, taken })
            }
        }
    }
}

/// The change of a mark that gets a value, which is `None` if it is unknown.
pub(super) fn change(target: MarkOf, value: Option<MarkValue>) -> Change {
    let known = value.and_then(|value| value.change(target));
    known.unwrap_or(match target {
        MarkOf::Packet => Change::UnknownMark,
        MarkOf::Connection => Change::UnknownConnectionMark,
    })
}

/// The comparison of the bits in a mask with a number. `None` if no bit is compared, or if no mark can have the value.
pub(super) fn comparison(mask: u32, value: u32, is_negated: bool) -> Option<MarkMatch> {
    let is_usual = mask != 0 && value & !mask == 0;
    is_usual.then_some(MarkMatch {
        value,
        mask,
        is_negated,
    })
}
