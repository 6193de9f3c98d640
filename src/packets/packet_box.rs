//! Boxes of packets: a set of headers, times an interval of each address and port.

use std::fmt;

use serde::Serialize;

use super::header::HeaderMatch;
use super::interval::Interval;

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From Twilio to the user.
    In,
    /// From the user to Twilio.
    Out,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Direction::In => "in",
            Direction::Out => "out",
        })
    }
}

/// The addresses and ports of a packet, as Twilio's and the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// The address of the remote side, which is Twilio's.
    Remote,
    /// The address of the local side, which is the user's.
    Local,
    /// The port of the remote side.
    RemotePort,
    /// The port of the local side.
    LocalPort,
}

/// The number of dimensions.
pub(super) const DIMENSIONS: usize = 4;

impl Dimension {
    /// Every value that it can have.
    pub fn whole(self) -> Interval {
        match self {
            Dimension::Remote | Dimension::Local => Interval::ADDRESSES,
            Dimension::RemotePort | Dimension::LocalPort => Interval::PORTS,
        }
    }
}

/// A box of packets, by their remote and local sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketBox {
    /// The properties of the packets beside addresses and ports.
    pub header: HeaderMatch,
    pub(super) intervals: [Interval; DIMENSIONS],
}

impl PacketBox {
    /// Every packet.
    pub const ALL: PacketBox = PacketBox {
        header: HeaderMatch::ALL,
        intervals: [
            Interval::ADDRESSES,
            Interval::ADDRESSES,
            Interval::PORTS,
            Interval::PORTS,
        ],
    };

    /// Every packet whose header matches.
    pub const fn of(header: HeaderMatch) -> PacketBox {
        PacketBox {
            header,
            intervals: PacketBox::ALL.intervals,
        }
    }

    /// The interval of a dimension.
    pub fn interval(&self, dimension: Dimension) -> Interval {
        self.intervals[dimension as usize]
    }

    /// The same packets, but with another interval of a dimension.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, interval: Interval) -> PacketBox {
        self.intervals[dimension as usize] = interval;
        self
    }

    /// Those that are in an interval of a dimension too.
    pub fn narrowed(self, dimension: Dimension, interval: Interval) -> Option<PacketBox> {
        Some(self.with(dimension, self.interval(dimension).and(interval)?))
    }

    /// Those whose header matches too.
    pub fn matching(self, header: HeaderMatch) -> Option<PacketBox> {
        let header = self.header.and(header)?;
        Some(PacketBox { header, ..self })
    }

    /// The packets that are in both boxes.
    pub fn and(&self, other: &PacketBox) -> Option<PacketBox> {
        let mut both = self.matching(other.header)?;
        for (mine, others) in both.intervals.iter_mut().zip(&other.intervals) {
            *mine = mine.and(*others)?;
        }
        Some(both)
    }
}

/// The addresses and ports of a packet, as its header has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderField {
    /// The address that the packet comes from.
    Source,
    /// The address that the packet goes to.
    Destination,
    /// The port that the packet comes from.
    SourcePort,
    /// The port that the packet goes to.
    DestinationPort,
}

impl HeaderField {
    /// Every value that it can have.
    pub fn whole(self) -> Interval {
        self.when_incoming().whole()
    }

    /// The dimension of an incoming packet.
    fn when_incoming(self) -> Dimension {
        match self {
            HeaderField::Source => Dimension::Remote,
            HeaderField::Destination => Dimension::Local,
            HeaderField::SourcePort => Dimension::RemotePort,
            HeaderField::DestinationPort => Dimension::LocalPort,
        }
    }
}

/// A box of packets by source and destination, as most firewalls write their rules.
///
/// It says nothing about Twilio's side until the direction is known: see
/// [`HeaderBox::to_remote_local`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderBox {
    /// The box of remote and local sides if the packets are incoming.
    pub(super) incoming: PacketBox,
}

impl HeaderBox {
    /// Every packet.
    pub const ALL: HeaderBox = HeaderBox {
        incoming: PacketBox::ALL,
    };

    /// The properties of the packets beside addresses and ports.
    pub fn header(&self) -> HeaderMatch {
        self.incoming.header
    }

    /// The same packets, but with another interval of a field.
    #[must_use]
    pub fn with(self, field: HeaderField, interval: Interval) -> HeaderBox {
        HeaderBox {
            incoming: self.incoming.with(field.when_incoming(), interval),
        }
    }

    /// Those that are in an interval of a field too.
    pub fn narrowed(self, field: HeaderField, interval: Interval) -> Option<HeaderBox> {
        let incoming = self.incoming.narrowed(field.when_incoming(), interval)?;
        Some(HeaderBox { incoming })
    }

    /// True if it leaves out packets by a field.
    pub fn narrows(&self, field: HeaderField) -> bool {
        self.incoming.interval(field.when_incoming()) != field.whole()
    }

    /// Those whose header matches too.
    pub fn matching(self, header: HeaderMatch) -> Option<HeaderBox> {
        let incoming = self.incoming.matching(header)?;
        Some(HeaderBox { incoming })
    }

    /// The packets that are in both boxes.
    pub fn and(&self, other: &HeaderBox) -> Option<HeaderBox> {
        let incoming = self.incoming.and(&other.incoming)?;
        Some(HeaderBox { incoming })
    }

    /// The same packets by Twilio's and the user's sides, for packets of a direction.
    pub fn to_remote_local(self, direction: Direction) -> PacketBox {
        let mut packets = self.incoming;
        if direction == Direction::Out {
            packets.intervals.swap(0, 1);
            packets.intervals.swap(2, 3);
        }
        packets
    }
}
