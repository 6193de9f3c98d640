//! Sets of packets: what a rule holds for, whatever firewall's language it was written in.
//!
//! A [`Packets`] is a box: a set of [`Kind`]s of packets, times a span of each address and port.
//! Boxes say exactly what packet filters say. What they cannot say, such as the interface that a
//! packet came by, is told by [`Step::certain`].

mod cell;
mod difference;
mod outcome;
mod overlap;
mod partition;

use ipnet::Ipv4Subnets;

use super::{Direction, Protocol, RemoteNetwork, Rule, State};

pub use cell::{Cell, SpanSet};
pub use difference::{Difference, Side, by_rule, coalesced, differences};
pub use overlap::{near_differences, overlaps};

/// Numbers from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The lowest.
    pub first: u32,
    /// The highest; never lower than `first`.
    pub last: u32,
}

impl Span {
    /// Every IPv4 address.
    pub const ADDRESSES: Span = Span {
        first: 0,
        last: u32::MAX,
    };
    /// Every port.
    pub const PORTS: Span = Span {
        first: 0,
        last: u16::MAX as u32,
    };

    /// The numbers from `first` to `last`; `None` when they are reversed.
    pub fn new(first: u32, last: u32) -> Option<Span> {
        (first <= last).then_some(Span { first, last })
    }

    /// One number.
    pub const fn single(number: u32) -> Span {
        Span {
            first: number,
            last: number,
        }
    }

    /// As addresses, the fewest networks that are exactly these.
    pub fn networks(self) -> Ipv4Subnets {
        Ipv4Subnets::new(self.first.into(), self.last.into(), 0)
    }

    /// What is in both.
    pub fn and(self, other: Span) -> Option<Span> {
        Span::new(self.first.max(other.first), self.last.min(other.last))
    }

    /// True if a number is in both.
    pub fn overlaps(self, other: Span) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Whether all of `other` is in it.
    pub fn holds(self, other: Span) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

impl From<ipnet::Ipv4Net> for Span {
    fn from(network: ipnet::Ipv4Net) -> Self {
        Span {
            first: network.network().to_bits(),
            last: network.broadcast().to_bits(),
        }
    }
}

impl From<super::PortRange> for Span {
    fn from(ports: super::PortRange) -> Self {
        Span {
            first: ports.first().into(),
            last: ports.last().into(),
        }
    }
}

/// Spans that are disjoint, with gaps between them, in ascending order.
pub fn normalized(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    joined(spans.into_iter()).collect()
}

/// The same of spans that come in the order of their first numbers.
pub(super) fn joined(ascending: impl Iterator<Item = Span>) -> impl Iterator<Item = Span> {
    let mut spans = ascending.peekable();
    std::iter::from_fn(move || {
        let mut span = spans.next()?;
        while let Some(next) = spans.next_if(|next| next.first <= span.last.saturating_add(1)) {
            span.last = span.last.max(next.last);
        }
        Some(span)
    })
}

/// What of `whole` is in none of the spans, which are [`normalized`].
pub fn complement(spans: &[Span], whole: Span) -> Vec<Span> {
    let mut result = Vec::new();
    let mut first = whole.first;
    let start = spans.partition_point(|span| span.last < whole.first);
    let within = |span: &&Span| span.first <= whole.last;
    for span in spans[start..].iter().take_while(within) {
        if span.first > first {
            result.extend(Span::new(first, span.first - 1));
        }
        match span.last.checked_add(1) {
            Some(after) => first = after,
            None => return result,
        }
    }
    result.extend(Span::new(first, whole.last));
    result
}

/// A set of values of the protocol field of an IPv4 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocols([u64; 4]);

impl Protocols {
    /// Every protocol.
    pub const ALL: Protocols = Protocols([u64::MAX; 4]);
    /// RFC 9293.
    pub const TCP: Protocols = Protocols::of(6);
    /// RFC 768.
    pub const UDP: Protocols = Protocols::of(17);
    /// None.
    pub const NONE: Protocols = Protocols([0; 4]);
    /// Those whose packets start with a source and a destination port: TCP, UDP, DCCP, SCTP and
    /// UDP-Lite.
    pub const WITH_PORTS: Protocols = Protocols::of(6)
        .or(Protocols::of(17))
        .or(Protocols::of(33))
        .or(Protocols::of(132))
        .or(Protocols::of(136));

    /// One protocol by its number in the registry of IANA.
    pub const fn of(number: u8) -> Protocols {
        let mut words = [0; 4];
        words[number as usize / 64] = 1 << (number % 64);
        Protocols(words)
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Protocols) -> Protocols {
        let (a, b) = (self.0, other.0);
        Protocols([a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]])
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Protocols) -> Protocols {
        let (a, b) = (self.0, other.0);
        Protocols([a[0] & b[0], a[1] & b[1], a[2] & b[2], a[3] & b[3]])
    }

    /// What is not in it.
    #[must_use]
    pub const fn not(self) -> Protocols {
        let a = self.0;
        Protocols([!a[0], !a[1], !a[2], !a[3]])
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Protocols::NONE
    }

    /// Whether all of `other` is in it.
    pub fn holds(self, other: Protocols) -> bool {
        self.and(other) == other
    }

    /// The numbers, ascending.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |number| self.holds(Protocols::of(*number)))
    }
}

impl From<Protocol> for Protocols {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Udp => Protocols::UDP,
            Protocol::Tcp => Protocols::TCP,
        }
    }
}

/// A set of combinations of the TCP flags FIN, SYN, RST and ACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(u16);

impl Flags {
    /// FIN, as a bit of the masks that this type takes; as in a TCP header.
    pub const FIN: u8 = 1;
    /// SYN.
    pub const SYN: u8 = 2;
    /// RST.
    pub const RST: u8 = 4;
    /// ACK, which stands where a TCP header has PSH.
    pub const ACK: u8 = 8;
    /// Every combination.
    pub const ALL: Flags = Flags(u16::MAX);

    fn combinations(holds: impl Fn(u8) -> bool) -> Flags {
        Flags((0..16).fold(0, |set, c| set | u16::from(holds(c)) << c))
    }

    /// Those that are `value` under `mask`.
    pub fn masked(mask: u8, value: u8) -> Flags {
        Flags::combinations(|c| c & mask == value)
    }

    /// Those with any flag of the mask.
    pub fn any_of(mask: u8) -> Flags {
        Flags::combinations(|c| c & mask != 0)
    }

    /// What opens a connection, as pf's `S/SA` says it: SYN without ACK.
    pub fn opening() -> Flags {
        Flags::masked(Flags::SYN | Flags::ACK, Flags::SYN)
    }

    /// What a stateless firewall calls established: ACK or RST.
    pub fn established() -> Flags {
        Flags::any_of(Flags::ACK | Flags::RST)
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }

    /// What is not in it.
    #[must_use]
    pub const fn not(self) -> Flags {
        Flags(!self.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A set of states of connection tracking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct States(u8);

impl States {
    /// Every state.
    pub const ALL: States = States(0b1_1111);
    const NAMES: [&'static str; 5] = ["new", "established", "related", "invalid", "untracked"];

    /// A state by its name in conntrack's language, in lower case.
    pub fn named(name: &str) -> Option<States> {
        let at = States::NAMES.iter().position(|known| *known == name)?;
        Some(States(1 << at))
    }

    /// The states' names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = States::NAMES.into_iter().enumerate();
        named.filter_map(move |(at, name)| (self.0 >> at & 1 == 1).then_some(name))
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: States) -> States {
        States(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: States) -> States {
        States(self.0 & other.0)
    }

    /// What is not in it.
    #[must_use]
    pub const fn not(self) -> States {
        States(!self.0 & States::ALL.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What a packet is, beside its addresses and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// Its protocol.
    pub protocols: Protocols,
    /// Its flags, if it is TCP; of no meaning to other protocols.
    pub flags: Flags,
    /// What connection tracking says of it.
    pub states: States,
}

impl Kind {
    /// Any packet.
    pub const ALL: Kind = Kind {
        protocols: Protocols::ALL,
        flags: Flags::ALL,
        states: States::ALL,
    };

    /// Every packet of a protocol.
    pub const fn of(protocols: Protocols) -> Kind {
        Kind {
            protocols,
            ..Kind::ALL
        }
    }

    fn and(self, other: Kind) -> Option<Kind> {
        let kind = Kind {
            protocols: self.protocols.and(other.protocols),
            flags: self.flags.and(other.flags),
            states: self.states.and(other.states),
        };
        let no_tcp = kind.protocols == Protocols::TCP && kind.flags.is_empty();
        (!kind.protocols.is_empty() && !kind.states.is_empty() && !no_tcp).then_some(kind)
    }

    fn covers(&self, atom: &Kind) -> bool {
        let flags = atom.protocols != Protocols::TCP || self.flags.and(atom.flags) == atom.flags;
        flags && self.protocols.holds(atom.protocols) && self.states.and(atom.states) == atom.states
    }

    /// Kinds of which each of the given kinds covers all or nothing, and that together are all
    /// packets. TCP is apart from the rest.
    fn atoms(kinds: &[Kind]) -> Vec<Kind> {
        let mut protocols = vec![Protocols::TCP, Protocols::TCP.not()];
        for kind in kinds {
            let own = kind.protocols;
            split(
                &mut protocols,
                |p| (p.and(own), p.and(own.not())),
                Protocols::is_empty,
            );
        }
        let mut atoms = Vec::new();
        for protocols in protocols {
            let mut states = vec![States::ALL];
            let mut flags = vec![Flags::ALL];
            for kind in kinds.iter().filter(|k| k.protocols.holds(protocols)) {
                let own = kind.states;
                split(
                    &mut states,
                    |s| (s.and(own), s.and(own.not())),
                    States::is_empty,
                );
                if protocols == Protocols::TCP {
                    let own = kind.flags;
                    split(
                        &mut flags,
                        |f| (f.and(own), f.and(own.not())),
                        Flags::is_empty,
                    );
                }
            }
            for &states in &states {
                atoms.extend(flags.iter().map(|&flags| Kind {
                    protocols,
                    flags,
                    states,
                }));
            }
        }
        atoms
    }
}

/// Replaces each part by its two halves if neither is empty.
fn split<T: Copy>(parts: &mut Vec<T>, halves: impl Fn(T) -> (T, T), is_empty: fn(T) -> bool) {
    for at in 0..parts.len() {
        let (one, other) = halves(parts[at]);
        if !is_empty(one) && !is_empty(other) {
            parts[at] = one;
            parts.push(other);
        }
    }
}

/// The spans of a [`Packets`] by what they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The address of the far side; in packet order, the source's.
    Remote,
    /// The address of the near side; in packet order, the destination's.
    Local,
    /// The port of the far side; in packet order, the source's.
    RemotePort,
    /// The port of the near side; in packet order, the destination's.
    LocalPort,
}

const FIELDS: usize = 4;

impl Field {
    /// In packet order, where the packet comes from.
    pub const SOURCE: Field = Field::Remote;
    /// In packet order, where the packet goes to.
    pub const DESTINATION: Field = Field::Local;
    /// In packet order.
    pub const SOURCE_PORT: Field = Field::RemotePort;
    /// In packet order.
    pub const DESTINATION_PORT: Field = Field::LocalPort;

    /// Every value that it can have.
    pub fn whole(self) -> Span {
        match self {
            Field::Remote | Field::Local => Span::ADDRESSES,
            Field::RemotePort | Field::LocalPort => Span::PORTS,
        }
    }
}

/// A box of packets.
///
/// Its fields are those of the far and the near side, or, while a direction is not known yet,
/// those of a packet in the order of its header: see [`Packets::seen`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Packets {
    /// What they are, beside addresses and ports.
    pub kind: Kind,
    spans: [Span; FIELDS],
}

impl Packets {
    /// Every packet.
    pub const ALL: Packets = Packets {
        kind: Kind::ALL,
        spans: [Span::ADDRESSES, Span::ADDRESSES, Span::PORTS, Span::PORTS],
    };

    /// The span of a field.
    pub fn span(&self, field: Field) -> Span {
        self.spans[field as usize]
    }

    /// The same packets, but with this span of a field.
    #[must_use]
    pub fn with(mut self, field: Field, span: Span) -> Packets {
        self.spans[field as usize] = span;
        self
    }

    /// Those of which a field is in `span` too.
    pub fn narrowed(self, field: Field, span: Span) -> Option<Packets> {
        Some(self.with(field, self.span(field).and(span)?))
    }

    /// Those that are of a kind too.
    pub fn of_kind(self, kind: Kind) -> Option<Packets> {
        let kind = self.kind.and(kind)?;
        Some(Packets { kind, ..self })
    }

    /// What is in both.
    pub fn and(&self, other: &Packets) -> Option<Packets> {
        let mut both = self.of_kind(other.kind)?;
        for (mine, others) in both.spans.iter_mut().zip(&other.spans) {
            *mine = mine.and(*others)?;
        }
        Some(both)
    }

    /// Turns a box in packet order into one of the far and the near side.
    #[must_use]
    pub fn seen(mut self, direction: Direction) -> Packets {
        if direction == Direction::Out {
            self.spans.swap(0, 1);
            self.spans.swap(2, 3);
        }
        self
    }

    /// The packets that are not in `other`, in boxes; `None` if no packet is in both.
    pub fn without(&self, other: &Packets) -> Option<Vec<Packets>> {
        let rest = Cell::from(*self).without(other)?;
        Some(rest.iter().flat_map(Cell::boxes).collect())
    }
}

/// What a step does with the packets that it holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They pass.
    Accept,
    /// They do not.
    Deny,
    /// They go on at the step of this number, which is a later one.
    Skip(u32),
}

/// One step of what a firewall does with a packet; the first that decides counts. What none
/// decides is not let through.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What it holds for.
    pub packets: Packets,
    /// Whether it holds for each of these packets, or only in circumstances that no box tells: a
    /// rate, an interface, a time.
    pub certain: bool,
    /// What it does.
    pub verdict: Verdict,
    /// Where it stands in the text that it was read from, in bytes.
    pub at: u32,
}

/// By what a firewall tells the packets of a rule from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// All that the rule says.
    Packets,
    /// The same, but a rule for TCP holds for the packet that opens a connection alone, and the
    /// firewall lets the rest through by itself.
    Openings,
    /// The far side's address, whatever the packet is.
    Remotes,
}

/// What a rule of a policy holds for, network by network: remote networks first, then local ones.
pub fn boxes(rule: &Rule, grain: Grain) -> Vec<Packets> {
    let remotes = rule.remote.networks.iter();
    if grain == Grain::Remotes {
        let from = |remote: &RemoteNetwork| Packets::ALL.with(Field::Remote, remote.network.into());
        return remotes.map(from).collect();
    }
    let flags = match (rule.protocol, rule.state) {
        (Protocol::Tcp, State::Established) => Flags::established(),
        (Protocol::Tcp, State::Any) if grain == Grain::Openings => Flags::opening(),
        _ => Flags::ALL,
    };
    let kind = Kind {
        protocols: rule.protocol.into(),
        flags,
        states: States::ALL,
    };
    let base = Packets {
        kind,
        ..Packets::ALL
    }
    .with(Field::RemotePort, rule.remote.ports.into())
    .with(Field::LocalPort, rule.local.ports.into());
    let locals = rule.local.each();
    remotes
        .flat_map(|remote| {
            let base = base.with(Field::Remote, remote.network.into());
            locals.iter().map(move |local| match local {
                Some(local) => base.with(Field::Local, (*local).into()),
                None => base,
            })
        })
        .collect()
}
