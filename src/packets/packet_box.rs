//! Boxes of packets: a set of headers, times an interval of each address and port.

use std::fmt;

use serde::Serialize;

use super::header::HeaderMatch;
use super::interval::Interval;

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

/// An address or port of a packet. The remote side is Twilio, and the local side is the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    Remote,
    Local,
    RemotePort,
    LocalPort,
}

pub(super) const DIMENSIONS: usize = 4;

impl Dimension {
    /// Returns every value that the dimension can have.
    pub fn whole(self) -> Interval {
        match self {
            Dimension::Remote | Dimension::Local => Interval::ADDRESSES,
            Dimension::RemotePort | Dimension::LocalPort => Interval::PORTS,
        }
    }
}

/// A set of packets, defined by the remote and the local side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketBox {
    pub header: HeaderMatch,
    pub(super) intervals: [Interval; DIMENSIONS],
}

impl PacketBox {
    pub const ALL: PacketBox = PacketBox {
        header: HeaderMatch::ALL,
        intervals: [
            Interval::ADDRESSES,
            Interval::ADDRESSES,
            Interval::PORTS,
            Interval::PORTS,
        ],
    };

    pub const fn of(header: HeaderMatch) -> PacketBox {
        PacketBox {
            header,
            intervals: PacketBox::ALL.intervals,
        }
    }

    pub fn interval(&self, dimension: Dimension) -> Interval {
        self.intervals[dimension as usize]
    }

    /// Returns the box with another interval for `dimension`.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, interval: Interval) -> PacketBox {
        self.intervals[dimension as usize] = interval;
        self
    }

    /// Returns the packets that are also in `interval` in this dimension, if any.
    pub fn narrowed(self, dimension: Dimension, interval: Interval) -> Option<PacketBox> {
        Some(self.with(dimension, self.interval(dimension).and(interval)?))
    }

    /// Returns the packets whose header also matches, if any.
    pub fn matching(self, header: HeaderMatch) -> Option<PacketBox> {
        let header = self.header.and(header)?;
        Some(PacketBox { header, ..self })
    }

    /// Returns the packets that are in both boxes, if any.
    pub fn and(&self, other: &PacketBox) -> Option<PacketBox> {
        let mut both = self.matching(other.header)?;
        for (mine, others) in both.intervals.iter_mut().zip(&other.intervals) {
            *mine = mine.and(*others)?;
        }
        Some(both)
    }
}

/// An address or port of a packet, as a field of its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderField {
    Source,
    Destination,
    SourcePort,
    DestinationPort,
}

impl HeaderField {
    /// Returns every value that the field can have.
    pub fn whole(self) -> Interval {
        self.when_incoming().whole()
    }

    /// Returns the dimension that this field is in an incoming packet.
    fn when_incoming(self) -> Dimension {
        match self {
            HeaderField::Source => Dimension::Remote,
            HeaderField::Destination => Dimension::Local,
            HeaderField::SourcePort => Dimension::RemotePort,
            HeaderField::DestinationPort => Dimension::LocalPort,
        }
    }
}

/// A set of packets, defined by source and destination, as most firewalls write their rules.
///
/// Source and destination become the remote and the local side once the direction is known:
/// see [`HeaderBox::to_remote_local`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderBox {
    /// The same box, with remote and local sides as if the packets were incoming.
    pub(super) incoming: PacketBox,
}

impl HeaderBox {
    pub const ALL: HeaderBox = HeaderBox {
        incoming: PacketBox::ALL,
    };

    pub fn header(&self) -> HeaderMatch {
        self.incoming.header
    }

    /// Returns the box with another interval for `field`.
    #[must_use]
    pub fn with(self, field: HeaderField, interval: Interval) -> HeaderBox {
        HeaderBox {
            incoming: self.incoming.with(field.when_incoming(), interval),
        }
    }

    /// Returns the packets that are also in `interval` in this field, if any.
    pub fn narrowed(self, field: HeaderField, interval: Interval) -> Option<HeaderBox> {
        let incoming = self.incoming.narrowed(field.when_incoming(), interval)?;
        Some(HeaderBox { incoming })
    }

    /// Returns true if the box restricts `field`.
    pub fn narrows(&self, field: HeaderField) -> bool {
        self.incoming.interval(field.when_incoming()) != field.whole()
    }

    /// Returns the packets whose header also matches, if any.
    pub fn matching(self, header: HeaderMatch) -> Option<HeaderBox> {
        let incoming = self.incoming.matching(header)?;
        Some(HeaderBox { incoming })
    }

    /// Returns the packets that are in both boxes, if any.
    pub fn and(&self, other: &HeaderBox) -> Option<HeaderBox> {
        let incoming = self.incoming.and(&other.incoming)?;
        Some(HeaderBox { incoming })
    }

    /// Returns the same packets by remote and local side, for packets of this direction.
    pub fn to_remote_local(self, direction: Direction) -> PacketBox {
        let mut packets = self.incoming;
        if direction == Direction::Out {
            packets.intervals.swap(0, 1);
            packets.intervals.swap(2, 3);
        }
        packets
    }
}
