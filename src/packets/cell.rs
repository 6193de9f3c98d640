//! Cells: the disjoint sets of packets into which a comparison divides all packets.

use super::header::{HeaderMatch, States};
use super::interval::IntervalSet;
use super::packet_box::{DIMENSIONS, Dimension, HeaderBox, PacketBox};

/// A set of packets: a set of headers, times a set of values for each address and port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
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
    pub fn set(&self, dimension: Dimension) -> &IntervalSet {
        &self.sets[dimension as usize]
    }

    /// Returns a copy of the cell with another set for `dimension`.
    #[must_use]
    pub fn with(&self, dimension: Dimension, set: IntervalSet) -> Cell {
        let mut cell = self.clone();
        cell.sets[dimension as usize] = set;
        cell
    }

    /// Returns the cell with another header.
    #[must_use]
    pub fn with_header(&self, header: HeaderMatch) -> Cell {
        Cell {
            header,
            sets: self.sets.clone(),
        }
    }

    /// Returns the same packets with other states of their connections.
    #[must_use]
    pub fn in_states(&self, states: States) -> Cell {
        self.with_header(HeaderMatch {
            states,
            ..self.header
        })
    }

    /// Returns the packets that are in both the cell and `other`, if any.
    pub fn and(&self, other: &PacketBox) -> Option<Cell> {
        let header = self.header.and(other.header)?;
        let mut sets = self.sets.clone();
        for (set, interval) in sets.iter_mut().zip(&other.intervals) {
            *set = set.and(*interval)?;
        }
        Some(Cell { header, sets })
    }

    /// Returns the packets that are in both cells, if any.
    pub fn and_cell(&self, other: &Cell) -> Option<Cell> {
        let header = self.header.and(other.header)?;
        let mut sets = self.sets.clone();
        for (set, others) in sets.iter_mut().zip(&other.sets) {
            *set = set.and_set(others)?;
        }
        Some(Cell { header, sets })
    }

    /// Returns false if the cells certainly have no packet in common. It compares only the outlines of sets.
    pub fn may_overlap(&self, other: &Cell) -> bool {
        let mut sets = self.sets.iter().zip(&other.sets);
        self.header.and(other.header).is_some()
            && sets.all(|(own, others)| own.hull().overlaps(others.hull()))
    }

    /// Returns true if `other` is a subset.
    pub fn holds(&self, other: &Cell) -> bool {
        let mut sets = self.sets.iter().zip(&other.sets);
        let header = self.header.and(other.header);
        header == Some(other.header) && sets.all(|(own, others)| own.holds_set(others))
    }

    /// Returns the packets of the cell that are not in `other`; `None` if the cell and `other` have
    /// no packet in common.
    pub fn without(&self, other: &PacketBox) -> Option<Vec<Cell>> {
        self.split(other).map(|(_, rest)| rest)
    }

    /// Returns the packets that are in both the cell and `other`, and the rest of the cell. Returns
    /// `None` if the cell and `other` have no packet in common.
    pub fn split(&self, other: &PacketBox) -> Option<(Cell, Vec<Cell>)> {
        let common = self.and(other)?;
        let rest = self.rest(&common, |at, set| set.without(other.intervals[at]));
        Some((common, rest))
    }

    /// Does the same as [`Cell::split`] for a cell.
    pub fn split_by(&self, other: &Cell) -> Option<(Cell, Vec<Cell>)> {
        let common = self.and_cell(other)?;
        let rest = self.rest(&common, |at, set| set.without_set(&other.sets[at]));
        Some((common, rest))
    }

    /// Returns the packets of the cell that are not in `common`, which is a part of it. `without` removes the values of
    /// the part from the set of a dimension.
    fn rest(
        &self,
        common: &Cell,
        without: impl Fn(usize, &IntervalSet) -> Option<IntervalSet>,
    ) -> Vec<Cell> {
        let mut rest = Vec::new();
        let mut left = self.clone();
        for at in 0..DIMENSIONS {
            if let Some(outside) = without(at, &left.sets[at]) {
                let mut part = left.clone();
                part.sets[at] = outside;
                rest.push(part);
            }
            left.sets[at] = common.sets[at].clone();
        }
        if left.header == common.header {
            return rest;
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
        rest
    }

    /// Returns one box for each interval of remote addresses: the smallest box that contains all
    /// packets of the cell with these addresses.
    pub fn outlines(&self) -> impl Iterator<Item = PacketBox> + '_ {
        let intervals = self.sets.each_ref().map(IntervalSet::hull);
        let outline = PacketBox {
            header: self.header,
            intervals,
        };
        let remotes = self.set(Dimension::Remote).intervals().iter();
        remotes.map(move |remote| outline.with(Dimension::Remote, *remote))
    }

    /// Returns disjoint boxes that together are the cell: one for each combination of intervals.
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
    /// Returns the packets of this box that are not in `other`, as boxes; `None` if the two boxes
    /// have no packet in common.
    pub fn without(&self, other: &PacketBox) -> Option<Vec<PacketBox>> {
        let rest = Cell::from(*self).without(other)?;
        Some(rest.iter().flat_map(Cell::boxes).collect())
    }
}

impl HeaderBox {
    /// Does the same as [`PacketBox::without`].
    pub fn without(&self, other: &HeaderBox) -> Option<Vec<HeaderBox>> {
        let rest = self.incoming.without(&other.incoming)?;
        Some(
            rest.into_iter()
                .map(|incoming| HeaderBox { incoming })
                .collect(),
        )
    }
}
