//! Creates IPv4 packets as bytes (RFC 791, 768, 9293).

use super::readers::{Flag, Packet};

/// The form of a probe on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Whole,
    /// Two fragments, of which the second has no UDP header.
    Fragments,
    /// A packet with its own time to live, by which a firewall can recognize the ruleset that the probe
    /// is for.
    WithTtl(u8),
}

const USUAL_TTL: u8 = 64;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;
const MORE_FRAGMENTS: u16 = 0x2000;
/// In bytes. A multiple of 8, as in every fragment except the last.
const FIRST_FRAGMENT: usize = 1480;

/// The packets of a probe. The header of each contains `id`.
pub fn packets(probe: &Packet, shape: Shape, id: u16) -> Vec<Vec<u8>> {
    let payload_length = if shape == Shape::Fragments { 1600 } else { 4 };
    let payload = match probe.protocol {
        "udp" => udp(probe, payload_length),
        "tcp" => tcp(probe),
        "icmp" => icmp(probe),
        _ => sctp(probe),
    };
    match shape {
        Shape::Whole => return vec![ip(probe, USUAL_TTL, id, 0, &payload)],
        Shape::WithTtl(ttl) => return vec![ip(probe, ttl, id, 0, &payload)],
        Shape::Fragments => {}
    }
    let (first, second) = payload.split_at(FIRST_FRAGMENT);
    let offset = u16::try_from(FIRST_FRAGMENT / 8).unwrap();
    vec![
        ip(probe, USUAL_TTL, id, MORE_FRAGMENTS, first),
        ip(probe, USUAL_TTL, id, offset, second),
    ]
}

fn ip(probe: &Packet, ttl: u8, id: u16, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let protocol = match probe.protocol {
        "udp" => 17,
        "tcp" => 6,
        "icmp" => 1,
        _ => 132,
    };
    let length = u16::try_from(20 + payload.len()).unwrap();
    let mut header = vec![0x45, 0];
    header.extend(length.to_be_bytes());
    header.extend(id.to_be_bytes());
    header.extend(fragment.to_be_bytes());
    header.extend([ttl, protocol, 0, 0]);
    header.extend(probe.source.to_be_bytes());
    header.extend(probe.destination.to_be_bytes());
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header.extend(payload);
    header
}

/// A checksum of 0 means that there is none.
fn udp(probe: &Packet, payload: usize) -> Vec<u8> {
    let mut datagram = Vec::new();
    datagram.extend(probe.source_port.to_be_bytes());
    datagram.extend(probe.destination_port.to_be_bytes());
    datagram.extend(u16::try_from(8 + payload).unwrap().to_be_bytes());
    datagram.extend([0, 0]);
    datagram.resize(8 + payload, b'x');
    datagram
}

fn tcp(probe: &Packet) -> Vec<u8> {
    let mut segment = Vec::new();
    segment.extend(probe.source_port.to_be_bytes());
    segment.extend(probe.destination_port.to_be_bytes());
    segment.extend(1u32.to_be_bytes());
    segment.extend(u32::from(probe.ack).to_be_bytes());
    let flags = match (probe.ack, probe.flag) {
        (false, _) => SYN,
        (true, Flag::None) => ACK,
        (true, Flag::Syn) => SYN | ACK,
        (true, Flag::Fin) => FIN | ACK,
        (true, Flag::Rst) => RST | ACK,
    };
    segment.extend([5 << 4, flags]);
    segment.extend(1024u16.to_be_bytes());
    segment.extend([0; 4]);
    let mut pseudo = Vec::new();
    pseudo.extend(probe.source.to_be_bytes());
    pseudo.extend(probe.destination.to_be_bytes());
    pseudo.extend([0, 6]);
    pseudo.extend(u16::try_from(segment.len()).unwrap().to_be_bytes());
    pseudo.extend(&segment);
    let sum = checksum(&pseudo);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    segment
}

/// An echo request (RFC 792) whose identifier is the free port.
fn icmp(probe: &Packet) -> Vec<u8> {
    let mut message = vec![8, 0, 0, 0];
    message.extend(probe.source_port.to_be_bytes());
    message.extend([0, 1]);
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// The common header (RFC 9260), without a checksum, since no filter checks it.
fn sctp(probe: &Packet) -> Vec<u8> {
    let mut packet = Vec::new();
    packet.extend(probe.source_port.to_be_bytes());
    packet.extend(probe.destination_port.to_be_bytes());
    packet.extend([0; 8]);
    packet
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}
