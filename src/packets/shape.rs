use super::difference::ORDER;
use super::packet_box::{DIMENSIONS, Dimension, PacketBox};

/// The dimensions that a rule restricts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape([bool; DIMENSIONS]);

impl Shape {
    pub fn of(packets: &PacketBox) -> Shape {
        Shape(ORDER.map(|dimension| packets.interval(dimension) != dimension.whole()))
    }

    /// Returns the order in which to divide the dimensions: the restricted ones come first.
    pub fn order(self) -> [Dimension; DIMENSIONS] {
        let mut numbers = [0, 1, 2, 3];
        numbers.sort_by_key(|number| !self.0[*number]);
        numbers.map(|number| ORDER[number])
    }
}
