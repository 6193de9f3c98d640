//! Sets of packets that a rule matches, independent of any firewall's language.
//!
//! A [`PacketBox`] is a set of headers ([`HeaderMatch`]), times an [`Interval`] of each address and
//! port. A box can express the criteria of packet filters exactly, except those outside the packet,
//! such as its interface. These are a [`Condition`] of the [`Step`].
//!
//! [`differences`] compares expected boxes with the steps of a firewall exactly.

mod cell;
mod compare;
mod difference;
mod header;
mod interval;
mod outcome;
mod overlap;
mod packet_box;
mod partition;
mod shape;
mod step;
mod walk;

pub use cell::Cell;
pub use compare::{by_rule, differences};
pub use difference::{Difference, Side, coalesced};
pub use header::{Flags, HeaderMatch, Protocols, States};
pub use interval::{Interval, IntervalSet, complement, joined, normalized};
pub use overlap::{near_differences, overlaps};
pub use packet_box::{Dimension, Direction, HeaderBox, HeaderField, PacketBox};
pub use step::{Action, Condition, Step};
pub use walk::{Arrival, Walked, cells, walk};
