//! Sets of packets: what a rule holds for, whatever firewall's language it was written in.
//!
//! A [`Packets`] is a box: a set of [`Kind`]s of packets, times a span of each address and port.
//! Boxes say exactly what packet filters say. What they cannot say, such as the interface that a
//! packet came by, is told by [`Step::certain`].

use std::cmp::Ordering;

use ipnet::Ipv4Subnets;

use super::{Direction, Protocol, RemoteNetwork, Rule, State};
use crate::limits::{Exceeded, Limit, Limits};

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
    let mut next = Some(whole.first);
    for span in spans {
        let Some(first) = next else { break };
        if span.first > first {
            result.extend(Span::new(first, (span.first - 1).min(whole.last)));
        }
        next = span.last.checked_add(1).map(|after| after.max(first));
    }
    result.extend(next.and_then(|first| Span::new(first, whole.last)));
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
        fn split<T: Copy>(parts: &mut Vec<T>, pair: impl Fn(T) -> [Option<T>; 2]) {
            *parts = parts.iter().flat_map(|p| pair(*p)).flatten().collect();
        }
        let mut protocols = vec![Protocols::TCP, Protocols::TCP.not()];
        for kind in kinds {
            let own = kind.protocols;
            split(&mut protocols, |p| {
                [p.and(own), p.and(own.not())].map(|p| (!p.is_empty()).then_some(p))
            });
        }
        let mut atoms = Vec::new();
        for protocols in protocols {
            let kinds = || kinds.iter().filter(|k| k.protocols.holds(protocols));
            let mut states = vec![States::ALL];
            let mut flags = vec![Flags::ALL];
            for kind in kinds() {
                let own = kind.states;
                split(&mut states, |s| {
                    [s.and(own), s.and(own.not())].map(|s| (!s.is_empty()).then_some(s))
                });
                if protocols == Protocols::TCP {
                    let own = kind.flags;
                    split(&mut flags, |f| {
                        [f.and(own), f.and(own.not())].map(|f| (!f.is_empty()).then_some(f))
                    });
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

    /// What is not in `other`, in boxes; `None` when `other` has nothing of it.
    pub fn without(&self, other: &Packets) -> Option<Vec<Packets>> {
        let common = self.and(other)?;
        let mut rest = Vec::new();
        let mut left = *self;
        for at in 0..FIELDS {
            let (whole, cut) = (left.spans[at], common.spans[at]);
            for span in complement(&[cut], whole) {
                let mut part = left;
                part.spans[at] = span;
                rest.push(part);
            }
            left.spans[at] = cut;
        }
        let atoms = Kind::atoms(&[left.kind, common.kind]);
        let outside = atoms
            .into_iter()
            .filter(|atom| left.kind.covers(atom) && !common.kind.covers(atom));
        let spans = left.spans;
        rest.extend(outside.map(move |kind| Packets { kind, spans }));
        Some(rest)
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

/// Which side has packets that the other has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Expected, and not let through, or not always.
    Missing,
    /// Let through, or sometimes, and not expected.
    Extra,
}

/// Packets that one side lets through and the other does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub side: Side,
    /// Whether they pass in some circumstances and not in others.
    pub sometimes: bool,
    /// The packets.
    pub packets: Packets,
    /// The steps that let them through, or stop them, by [`Step::at`]; ascending. None where no
    /// step is about them.
    pub blame: Vec<u32>,
}

/// The exact difference of what is expected and what the steps let through.
///
/// A packet that passes only in some circumstances is missing if expected, and extra if not.
/// No packet is in two differences of one side; they are in no particular order.
pub fn differences(
    expected: &[Packets],
    steps: &[Step],
    limits: Limits,
) -> Result<Vec<Difference>, Exceeded> {
    let all = || expected.iter().chain(steps.iter().map(|s| &s.packets));
    let mut numbers = std::collections::HashMap::new();
    let mut kinds: Vec<Kind> = Vec::new();
    let mut kind_of: Vec<u32> = Vec::with_capacity(expected.len() + steps.len());
    let mut last = None;
    for packets in all() {
        // Neighbours are mostly of one kind.
        let number = match last {
            Some((kind, number)) if kind == packets.kind => number,
            _ => *numbers.entry(packets.kind).or_insert_with(|| {
                kinds.push(packets.kind);
                u32::try_from(kinds.len() - 1).unwrap_or(u32::MAX)
            }),
        };
        last = Some((packets.kind, number));
        kind_of.push(number);
    }
    let spans: Vec<[Span; FIELDS]> = all().map(|p| p.spans).collect();
    let mut sweep = Sweep {
        spans: &spans,
        expected: expected.len(),
        steps,
        scratch: Default::default(),
        pieces: Vec::new(),
        limits,
        earlier: 0,
        looked: 0,
    };
    let mut found = Vec::new();
    for atom in Kind::atoms(&kinds) {
        let covers: Vec<bool> = kinds.iter().map(|kind| kind.covers(&atom)).collect();
        let members: Vec<u32> = (0u32..)
            .zip(&kind_of)
            .filter(|(_, kind)| covers[**kind as usize])
            .map(|(id, _)| id)
            .collect();
        sweep.run(0, &members)?;
        sweep.earlier += sweep.pieces.len();
        found.extend(sweep.pieces.drain(..).map(|piece| Difference {
            side: piece.side,
            sometimes: piece.sometimes,
            packets: Packets {
                kind: atom,
                spans: piece.spans,
            },
            blame: piece.blame,
        }));
    }
    Ok(coalesced(found))
}

/// The order in which a comparison cuts the fields: what tells most rules apart comes first.
const ORDER: [usize; FIELDS] = [
    Field::Remote as usize,
    Field::LocalPort as usize,
    Field::RemotePort as usize,
    Field::Local as usize,
];

struct Piece {
    side: Side,
    sometimes: bool,
    spans: [Span; FIELDS],
    blame: Vec<u32>,
}

/// Cuts the space, field by field, into pieces that each box has as a whole or not at all, and
/// judges each.
struct Sweep<'a> {
    /// Of the expected boxes, then of the steps; the place of a box here is its id.
    spans: &'a [[Span; FIELDS]],
    expected: usize,
    steps: &'a [Step],
    scratch: [Scratch; FIELDS],
    pieces: Vec<Piece>,
    limits: Limits,
    /// How many pieces were found before these.
    earlier: usize,
    /// How many times boxes were looked at.
    looked: usize,
}

/// What a level of the sweep needs, kept from one use to the next.
#[derive(Default)]
struct Scratch {
    entries: Vec<(Span, u32)>,
    active: Vec<(u32, u32)>,
    ids: Vec<u32>,
}

impl Sweep<'_> {
    /// Adds the pieces of the given boxes, whose ids ascend, from a level of [`ORDER`] on.
    fn run(&mut self, level: usize, ids: &[u32]) -> Result<(), Exceeded> {
        self.looked = self.looked.saturating_add(ids.len());
        self.limits.check(Limit::Work, self.looked)?;
        let Some(&first) = ids.first() else {
            return Ok(());
        };
        let Some(&field) = ORDER.get(level) else {
            self.pieces.extend(self.judge(ids));
            let found = self.earlier + self.pieces.len();
            self.limits.check(Limit::Boxes, found)?;
            return Ok(());
        };
        let span = self.spans[first as usize][field];
        if ids.iter().all(|id| self.spans[*id as usize][field] == span) {
            let start = self.pieces.len();
            self.run(level + 1, ids)?;
            for piece in &mut self.pieces[start..] {
                piece.spans[field] = span;
            }
            return Ok(());
        }
        let mut scratch = std::mem::take(&mut self.scratch[level]);
        let done = self.cut(level, field, ids, &mut scratch);
        self.scratch[level] = scratch;
        done
    }

    fn cut(
        &mut self,
        level: usize,
        field: usize,
        ids: &[u32],
        scratch: &mut Scratch,
    ) -> Result<(), Exceeded> {
        let Scratch {
            entries,
            active,
            ids: inner,
        } = scratch;
        entries.clear();
        active.clear();
        entries.extend(ids.iter().map(|id| (self.spans[*id as usize][field], *id)));
        entries.sort_unstable();
        let mut next = entries.iter().peekable();
        let mut before: Option<(u32, usize)> = None;
        let mut position = 0;
        loop {
            if active.is_empty() {
                match next.peek() {
                    Some((span, _)) => position = span.first,
                    None => return Ok(()),
                }
            }
            while let Some((span, id)) = next.next_if(|(span, _)| span.first == position) {
                active.push((*id, span.last));
            }
            let mut end = next.peek().map_or(u32::MAX, |(span, _)| span.first - 1);
            inner.clear();
            for (id, last) in active.iter() {
                end = end.min(*last);
                inner.push(*id);
            }
            inner.sort_unstable();
            let start = self.pieces.len();
            self.run(level + 1, inner)?;
            let span = Span {
                first: position,
                last: end,
            };
            for piece in &mut self.pieces[start..] {
                piece.spans[field] = span;
            }
            let goes_on = before.filter(|(last, from)| {
                last.checked_add(1) == Some(position) && self.same(level, *from, start)
            });
            before = Some(match goes_on {
                Some((_, from)) => {
                    self.prolong(field, from, start, end);
                    (end, from)
                }
                None => (end, start),
            });
            if end == u32::MAX {
                return Ok(());
            }
            position = end + 1;
            active.retain(|(_, last)| *last >= position);
        }
    }

    /// Whether the pieces between two places are those from the second on, but for the fields up
    /// to a level.
    fn same(&self, level: usize, from: usize, start: usize) -> bool {
        let (old, new) = (&self.pieces[from..start], &self.pieces[start..]);
        let inner = &ORDER[level + 1..];
        old.len() == new.len()
            && old.iter().zip(new).all(|(a, b)| {
                (a.side, a.sometimes) == (b.side, b.sometimes)
                    && inner.iter().all(|&field| a.spans[field] == b.spans[field])
            })
    }

    /// Joins the pieces from `start` on to those between `from` and `start`.
    fn prolong(&mut self, field: usize, from: usize, start: usize, end: u32) {
        let (old, new) = self.pieces.split_at_mut(start);
        for (old, new) in old[from..].iter_mut().zip(new) {
            old.spans[field].last = end;
            old.blame.append(&mut new.blame);
        }
        self.pieces.truncate(start);
    }

    /// What is wrong with packets that all of these boxes have and no other, and whose fault it is.
    fn judge(&self, ids: &[u32]) -> Option<Piece> {
        let own = ids.partition_point(|id| (*id as usize) < self.expected);
        let expected = own > 0;
        let fate = fate(ids[own..].iter().map(|id| {
            let number = *id as usize - self.expected;
            (number, &self.steps[number])
        }));
        let (side, blame) = match fate {
            Fate { stops: true, .. } if expected => (Side::Missing, fate.stopped_by),
            Fate {
                passed_by: Some(by),
                ..
            } if !expected => (Side::Extra, Some(by)),
            _ => return None,
        };
        Some(Piece {
            side,
            sometimes: fate.passed_by.is_some() && fate.stops,
            spans: Packets::ALL.spans,
            blame: blame.into_iter().collect(),
        })
    }
}

/// What may become of a packet.
#[derive(Default)]
struct Fate {
    /// If it may pass: the place of the step that lets it.
    passed_by: Option<u32>,
    /// Whether it may not pass.
    stops: bool,
    /// The place of the step that may stop it, if it is a step's doing.
    stopped_by: Option<u32>,
}

/// Runs through the steps that hold for a packet, in their order, with their numbers.
fn fate<'a>(steps: impl Iterator<Item = (usize, &'a Step)>) -> Fate {
    let mut fate = Fate::default();
    // Whether the packet may be here, and where it may have skipped to.
    let mut here = true;
    let mut later: Vec<u32> = Vec::new();
    let mut narrowed = None;
    // Whether a step that holds for sure has been there.
    let mut decided = false;
    for (number, step) in steps {
        let arrives = |target: &u32| *target as usize <= number;
        if later.iter().any(arrives) {
            later.retain(|target| !arrives(target));
            here = true;
        }
        if !here {
            continue;
        }
        match step.verdict {
            Verdict::Accept => {
                note(&mut fate.passed_by, step, decided);
                if !step.certain {
                    narrowed.get_or_insert(step.at);
                }
            }
            Verdict::Deny => {
                fate.stops = true;
                note(&mut fate.stopped_by, step, decided);
            }
            Verdict::Skip(target) => {
                narrowed.get_or_insert(step.at);
                if !later.contains(&target) {
                    later.push(target);
                }
            }
        }
        if step.certain {
            here = false;
            decided = true;
            if later.is_empty() {
                return fate;
            }
        }
    }
    if here || !later.is_empty() {
        fate.stops = true;
        fate.stopped_by = fate.stopped_by.or(narrowed);
    }
    fate
}

/// Notes who is to blame: the first step, or the first that holds for sure.
fn note(blamed: &mut Option<u32>, step: &Step, decided: bool) {
    if blamed.is_none() || step.certain && !decided {
        *blamed = Some(step.at);
    }
}

/// Joins differences that are one box together, and sorts each one's blame.
pub fn coalesced(mut found: Vec<Difference>) -> Vec<Difference> {
    let fields = ORDER.into_iter().rev().map(Axis::Field);
    let axes: Vec<Axis> = fields
        .chain([Axis::States, Axis::Flags, Axis::Protocols])
        .collect();
    // Done when no axis in a row joins any.
    let mut idle = 0;
    for axis in axes.iter().cycle() {
        let before = found.len();
        axis.join(&mut found);
        idle = if found.len() < before { 0 } else { idle + 1 };
        if idle == axes.len() {
            break;
        }
    }
    for difference in &mut found {
        difference.blame.sort_unstable();
        difference.blame.dedup();
    }
    found
}

/// A dimension of the space.
#[derive(Clone, Copy)]
enum Axis {
    Field(usize),
    States,
    Flags,
    Protocols,
}

impl Axis {
    /// Joins neighbours: those that touch along this axis and are equal along the others.
    fn join(self, found: &mut Vec<Difference>) {
        found.sort_unstable_by(|a, b| {
            self.compare_others(a, b)
                .then_with(|| self.compare_own(&a.packets, &b.packets))
        });
        found.dedup_by(|next, kept| {
            let neighbours = self.compare_others(next, kept).is_eq();
            let one = neighbours && self.unite(&mut kept.packets, &next.packets);
            if one {
                kept.blame.append(&mut next.blame);
            }
            one
        });
    }

    fn compare_others(self, a: &Difference, b: &Difference) -> Ordering {
        let told = |d: &Difference| (d.side, d.sometimes);
        let (x, y) = (&a.packets, &b.packets);
        let mut order = told(a).cmp(&told(b));
        for field in ORDER {
            if !matches!(self, Axis::Field(own) if own == field) {
                order = order.then_with(|| x.spans[field].cmp(&y.spans[field]));
            }
        }
        if !matches!(self, Axis::States) {
            order = order.then_with(|| x.kind.states.cmp(&y.kind.states));
        }
        if !matches!(self, Axis::Flags) {
            order = order.then_with(|| x.kind.flags.cmp(&y.kind.flags));
        }
        if !matches!(self, Axis::Protocols) {
            order = order.then_with(|| x.kind.protocols.cmp(&y.kind.protocols));
        }
        order
    }

    fn compare_own(self, a: &Packets, b: &Packets) -> Ordering {
        match self {
            Axis::Field(field) => a.spans[field].cmp(&b.spans[field]),
            Axis::States => a.kind.states.cmp(&b.kind.states),
            Axis::Flags => a.kind.flags.cmp(&b.kind.flags),
            Axis::Protocols => a.kind.protocols.cmp(&b.kind.protocols),
        }
    }

    /// Adds `next` to `kept`, where that makes one box.
    fn unite(self, kept: &mut Packets, next: &Packets) -> bool {
        let (kind, other) = (&mut kept.kind, &next.kind);
        match self {
            Axis::Field(field) => {
                let (span, other) = (&mut kept.spans[field], next.spans[field]);
                if span.last.checked_add(1) != Some(other.first) {
                    return false;
                }
                span.last = other.last;
            }
            Axis::States => kind.states = kind.states.or(other.states),
            Axis::Flags => kind.flags = Flags(kind.flags.0 | other.flags.0),
            Axis::Protocols => kind.protocols = kind.protocols.or(other.protocols),
        }
        true
    }
}
