//! Properties of a packet beside its addresses and ports: protocol, TCP flags, and the state of its connection.

/// A set of values of the protocol dimension of an IPv4 header.
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

    /// The union.
    #[must_use]
    pub const fn or(self, other: Protocols) -> Protocols {
        let (a, b) = (self.0, other.0);
        Protocols([a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]])
    }

    /// The intersection.
    #[must_use]
    pub const fn and(self, other: Protocols) -> Protocols {
        let (a, b) = (self.0, other.0);
        Protocols([a[0] & b[0], a[1] & b[1], a[2] & b[2], a[3] & b[3]])
    }

    /// The complement.
    #[must_use]
    pub const fn not(self) -> Protocols {
        let a = self.0;
        Protocols([!a[0], !a[1], !a[2], !a[3]])
    }

    /// True if it is empty.
    pub fn is_empty(self) -> bool {
        self == Protocols::NONE
    }

    /// True if all of `other` is in it.
    pub fn holds(self, other: Protocols) -> bool {
        self.and(other) == other
    }

    /// The numbers, ascending.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |number| self.holds(Protocols::of(*number)))
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

    /// SYN without ACK, which opens a connection: `S/SA` in pf.
    pub fn opening() -> Flags {
        Flags::masked(Flags::SYN | Flags::ACK, Flags::SYN)
    }

    /// ACK or RST, which a stateless firewall calls established.
    pub fn established() -> Flags {
        Flags::any_of(Flags::ACK | Flags::RST)
    }

    /// The intersection.
    #[must_use]
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }

    /// The union.
    #[must_use]
    pub const fn or(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// The complement.
    #[must_use]
    pub const fn not(self) -> Flags {
        Flags(!self.0)
    }

    /// True if it is empty.
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

    /// The union.
    #[must_use]
    pub const fn or(self, other: States) -> States {
        States(self.0 | other.0)
    }

    /// The intersection.
    #[must_use]
    pub const fn and(self, other: States) -> States {
        States(self.0 & other.0)
    }

    /// The complement.
    #[must_use]
    pub const fn not(self) -> States {
        States(!self.0 & States::ALL.0)
    }

    /// True if it is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A set of packets by their protocol, flags and connection state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderMatch {
    /// Its protocol.
    pub protocols: Protocols,
    /// Its flags, if it is TCP; of no meaning to other protocols.
    pub flags: Flags,
    /// Its state in connection tracking.
    pub states: States,
}

impl HeaderMatch {
    /// Any packet.
    pub const ALL: HeaderMatch = HeaderMatch {
        protocols: Protocols::ALL,
        flags: Flags::ALL,
        states: States::ALL,
    };

    /// Every packet of a protocol.
    pub const fn of(protocols: Protocols) -> HeaderMatch {
        HeaderMatch {
            protocols,
            ..HeaderMatch::ALL
        }
    }

    pub(super) fn and(self, other: HeaderMatch) -> Option<HeaderMatch> {
        let header = HeaderMatch {
            protocols: self.protocols.and(other.protocols),
            flags: self.flags.and(other.flags),
            states: self.states.and(other.states),
        };
        let no_tcp = header.protocols == Protocols::TCP && header.flags.is_empty();
        (!header.protocols.is_empty() && !header.states.is_empty() && !no_tcp).then_some(header)
    }

    pub(super) fn covers(&self, atom: &HeaderMatch) -> bool {
        let flags = atom.protocols != Protocols::TCP || self.flags.and(atom.flags) == atom.flags;
        flags && self.protocols.holds(atom.protocols) && self.states.and(atom.states) == atom.states
    }

    /// Headers of which each of the given headers covers all or nothing, and that together are all
    /// packets. TCP is apart from the rest.
    pub(super) fn atoms(headers: &[HeaderMatch]) -> Vec<HeaderMatch> {
        let mut protocols = vec![Protocols::TCP, Protocols::TCP.not()];
        for header in headers {
            let own = header.protocols;
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
            for header in headers.iter().filter(|k| k.protocols.holds(protocols)) {
                let own = header.states;
                split(
                    &mut states,
                    |s| (s.and(own), s.and(own.not())),
                    States::is_empty,
                );
                if protocols == Protocols::TCP {
                    let own = header.flags;
                    split(
                        &mut flags,
                        |f| (f.and(own), f.and(own.not())),
                        Flags::is_empty,
                    );
                }
            }
            for &states in &states {
                atoms.extend(flags.iter().map(|&flags| HeaderMatch {
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
