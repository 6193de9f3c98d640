//! Sets of packets: what a rule holds for, whatever firewall's language it was written in.
//!
//! A [`PacketBox`] is a set of headers ([`HeaderMatch`]), times an [`Interval`] of each address and
//! port. Boxes say exactly what packet filters say. What they cannot say, such as the interface that
//! a packet came by, is a [`Condition`] of the [`Step`].
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

pub use cell::Cell;
pub use compare::{by_rule, differences};
pub use difference::{Difference, Side, coalesced};
pub use header::{Flags, HeaderMatch, Protocols, States};
pub use interval::{Interval, IntervalSet, complement, joined, normalized};
pub use overlap::{near_differences, overlaps};
pub use packet_box::{Dimension, Direction, HeaderBox, HeaderField, PacketBox};
pub use step::{Action, Condition, Step};
