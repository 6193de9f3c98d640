//! The properties of a packet other than addresses and ports: protocol, TCP flags, connection
//! state.

/// A set of protocol numbers of the IPv4 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocols([u64; 4]);

impl Protocols {
    pub const ALL: Protocols = Protocols([u64::MAX; 4]);
    /// TCP (RFC 9293).
    pub const TCP: Protocols = Protocols::of(6);
    /// UDP (RFC 768).
    pub const UDP: Protocols = Protocols::of(17);
    pub const NONE: Protocols = Protocols([0; 4]);
    /// The protocols whose packets start with a source and a destination port: TCP, UDP, DCCP,
    /// SCTP and UDP-Lite.
    pub const WITH_PORTS: Protocols = Protocols::of(6)
        .or(Protocols::of(17))
        .or(Protocols::of(33))
        .or(Protocols::of(132))
        .or(Protocols::of(136));

    /// The protocol with this number in IANA's registry of protocol numbers.
    pub const fn of(number: u8) -> Protocols {
        let mut words = [0; 4];
        words[number as usize / 64] = 1 << (number % 64);
        Protocols(words)
    }

    #[must_use]
    pub const fn or(self, other: Protocols) -> Protocols {
        let (a, b) = (self.0, other.0);
        Protocols([a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]])
    }

    #[must_use]
    pub const fn and(self, other: Protocols) -> Protocols {
        let (a, b) = (self.0, other.0);
        Protocols([a[0] & b[0], a[1] & b[1], a[2] & b[2], a[3] & b[3]])
    }

    #[must_use]
    pub const fn not(self) -> Protocols {
        let a = self.0;
        Protocols([!a[0], !a[1], !a[2], !a[3]])
    }

    pub fn is_empty(self) -> bool {
        self == Protocols::NONE
    }

    /// Returns true if `other` is a subset.
    pub fn holds(self, other: Protocols) -> bool {
        self.and(other) == other
    }

    /// Returns the protocol numbers, ascending.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |number| self.holds(Protocols::of(*number)))
    }
}

/// A set of combinations of the TCP flags FIN, SYN, RST and ACK. A mask is a union of bits such as
/// [`Flags::SYN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(u16);

impl Flags {
    /// The same bit as in a TCP header.
    pub const FIN: u8 = 1;
    pub const SYN: u8 = 2;
    pub const RST: u8 = 4;
    /// Differs from the bit of ACK in a TCP header. There, this bit is PSH.
    pub const ACK: u8 = 8;
    /// The mask of all four flags.
    pub const MASK: u8 = Flags::FIN | Flags::SYN | Flags::RST | Flags::ACK;
    /// Every combination of flags.
    pub const ALL: Flags = Flags(u16::MAX);

    fn combinations(holds: impl Fn(u8) -> bool) -> Flags {
        Flags((0..16).fold(0, |set, c| set | u16::from(holds(c)) << c))
    }

    /// Returns the combinations whose flags in `mask` are exactly those of `value`.
    pub fn masked(mask: u8, value: u8) -> Flags {
        Flags::combinations(|c| c & mask == value)
    }

    /// Returns the combination with exactly these flags.
    pub fn exactly(flags: u8) -> Flags {
        Flags::masked(Flags::MASK, flags)
    }

    /// Returns the combinations that have at least one flag of the mask.
    pub fn any_of(mask: u8) -> Flags {
        Flags::combinations(|c| c & mask != 0)
    }

    /// Returns the combinations with SYN and without ACK, which open a connection (`S/SA` in pf).
    pub fn opening() -> Flags {
        Flags::masked(Flags::SYN | Flags::ACK, Flags::SYN)
    }

    /// Returns the combinations with ACK or RST, which a stateless firewall calls established.
    pub fn established() -> Flags {
        Flags::any_of(Flags::ACK | Flags::RST)
    }

    #[must_use]
    pub const fn and(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }

    #[must_use]
    pub const fn or(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    #[must_use]
    pub const fn not(self) -> Flags {
        Flags(!self.0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A set of connection tracking states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct States(u8);

impl States {
    pub const ALL: States = States(0b1_1111);
    pub const NEW: States = States(1);
    pub const ESTABLISHED: States = States(1 << 1);
    pub const INVALID: States = States(1 << 3);
    pub const UNTRACKED: States = States(1 << 4);
    const NAMES: [&'static str; 5] = ["new", "established", "related", "invalid", "untracked"];

    /// Returns the state with this name, as conntrack spells it, in lower case.
    pub fn named(name: &str) -> Option<States> {
        let at = States::NAMES.iter().position(|known| *known == name)?;
        Some(States(1 << at))
    }

    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = States::NAMES.into_iter().enumerate();
        named.filter_map(move |(at, name)| (self.0 >> at & 1 == 1).then_some(name))
    }

    #[must_use]
    pub const fn or(self, other: States) -> States {
        States(self.0 | other.0)
    }

    #[must_use]
    pub const fn and(self, other: States) -> States {
        States(self.0 & other.0)
    }

    #[must_use]
    pub const fn not(self) -> States {
        States(!self.0 & States::ALL.0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A set of packets, defined by protocol, TCP flags and connection state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderMatch {
    pub protocols: Protocols,
    /// Restricts TCP packets only; other protocols have no flags.
    pub flags: Flags,
    pub states: States,
}

impl HeaderMatch {
    pub const ALL: HeaderMatch = HeaderMatch {
        protocols: Protocols::ALL,
        flags: Flags::ALL,
        states: States::ALL,
    };

    /// Returns all packets of the given protocols.
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

    /// Divides all packets into headers so that each of the given headers covers each result either
    /// completely or not at all. TCP is always separate from the other protocols.
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

/// Replaces each part by its two halves, unless one of them is empty.
fn split<T: Copy>(parts: &mut Vec<T>, halves: impl Fn(T) -> (T, T), is_empty: fn(T) -> bool) {
    for at in 0..parts.len() {
        let (one, other) = halves(parts[at]);
        if !is_empty(one) && !is_empty(other) {
            parts[at] = one;
            parts.push(other);
        }
    }
}
