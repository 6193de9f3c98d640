//! Products of sets: the parts into which a comparison divides the packets.

use super::header::HeaderMatch;
use super::interval::IntervalSet;
use super::packet_box::{DIMENSIONS, Dimension, HeaderBox, PacketBox};

/// A set of packets: those of a header with each address and port in a set of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The protocols, flags and states.
    pub header: HeaderMatch,
    pub(super) sets: [IntervalSet; DIMENSIONS],
}

impl From<PacketBox> for Cell {
    fn from(packets: PacketBox) -> Self {
        Cell {
            header: packets.header,
            sets: packets.intervals.map(IntervalSet::One),
        }
    }
}

impl Cell {
    /// The numbers of a dimension.
    pub fn set(&self, dimension: Dimension) -> &IntervalSet {
        &self.sets[dimension as usize]
    }

    /// The cell with another set of numbers of a dimension.
    #[must_use]
    pub fn with(&self, dimension: Dimension, set: IntervalSet) -> Cell {
        let mut cell = self.clone();
        cell.sets[dimension as usize] = set;
        cell
    }

    /// The packets that are also in a box.
    pub fn and(&self, other: &PacketBox) -> Option<Cell> {
        let header = self.header.and(other.header)?;
        let mut sets = self.sets.clone();
        for (set, interval) in sets.iter_mut().zip(&other.intervals) {
            *set = set.and(*interval)?;
        }
        Some(Cell { header, sets })
    }

    /// The packets that are not in a box; `None` if none is in it.
    pub fn without(&self, other: &PacketBox) -> Option<Vec<Cell>> {
        self.split(other).map(|(_, rest)| rest)
    }

    /// The packets that are also in a box, and those that are not; `None` if none is in it.
    pub fn split(&self, other: &PacketBox) -> Option<(Cell, Vec<Cell>)> {
        let common = self.and(other)?;
        let mut rest = Vec::new();
        let mut left = self.clone();
        for at in 0..DIMENSIONS {
            if let Some(outside) = left.sets[at].without(other.intervals[at]) {
                let mut part = left.clone();
                part.sets[at] = outside;
                rest.push(part);
            }
            left.sets[at] = common.sets[at].clone();
        }
        let atoms = HeaderMatch::atoms(&[left.header, common.header]);
        let outside = atoms
            .into_iter()
            .filter(|atom| left.header.covers(atom) && !common.header.covers(atom));
        let sets = left.sets;
        rest.extend(outside.map(|header| Cell {
            header,
            sets: sets.clone(),
        }));
        Some((common, rest))
    }

    /// For each interval of remote addresses, the least box that holds the packets with them.
    pub fn outlines(&self) -> impl Iterator<Item = PacketBox> + '_ {
        let intervals = self.sets.each_ref().map(IntervalSet::hull);
        let outline = PacketBox {
            header: self.header,
            intervals,
        };
        let remotes = self.set(Dimension::Remote).intervals().iter();
        remotes.map(move |remote| outline.with(Dimension::Remote, *remote))
    }

    /// The boxes that make up the cell: one for each combination of intervals.
    pub fn boxes(&self) -> impl Iterator<Item = PacketBox> + '_ {
        let [remotes, locals, remote_ports, local_ports] =
            [0, 1, 2, 3].map(|dimension| self.sets[dimension].intervals());
        remotes.iter().flat_map(move |&remote| {
            locals.iter().flat_map(move |&local| {
                remote_ports.iter().flat_map(move |&remote_port| {
                    local_ports.iter().map(move |&local_port| PacketBox {
                        header: self.header,
                        intervals: [remote, local, remote_port, local_port],
                    })
                })
            })
        })
    }
}

impl PacketBox {
    /// The packets that are not in another box, in boxes; `None` if no packet is in both.
    pub fn without(&self, other: &PacketBox) -> Option<Vec<PacketBox>> {
        let rest = Cell::from(*self).without(other)?;
        Some(rest.iter().flat_map(Cell::boxes).collect())
    }
}

impl HeaderBox {
    /// As [`PacketBox::without`].
    pub fn without(&self, other: &HeaderBox) -> Option<Vec<HeaderBox>> {
        let rest = self.incoming.without(&other.incoming)?;
        Some(
            rest.into_iter()
                .map(|incoming| HeaderBox { incoming })
                .collect(),
        )
    }
}
