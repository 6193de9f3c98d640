//! Packets on their way through a firewall.

use std::rc::Rc;

use crate::firewall::mark::Mark;
use crate::firewall::rule::{Change, Translation};
use crate::packets::{Cell, Dimension, Direction, Interval, IntervalSet, States};

/// Packets that have taken the same way so far, and the facts about them.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The packets at the current place, after every translation.
    pub packets: Cell,
    /// The destination before a translation; `None` if no rule has changed it.
    pub before: Option<Rc<Destination>>,
    /// The destination of the first packet, before its translation, if these packets answer it. Connection tracking makes
    /// it their source.
    pub answered: Option<Rc<Destination>>,
    pub facts: FlowFacts,
    /// The place of the rule that changes the source.
    pub source_changed_by: Option<u32>,
    /// The place of the rule that exempts the packets from connection tracking.
    pub untracked_by: Option<u32>,
    /// True if the machine forwards the packets.
    pub is_forwarded: bool,
    /// The rules with unknown conditions on the way, the last one first.
    pub assumed: Option<Rc<Assumption>>,
    /// The decisions of base chains on the way, the last one first.
    pub decisions: Option<Rc<Decision>>,
}

/// The facts about a flow that criteria compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowFacts {
    pub mark: Mark,
    pub connection_mark: Mark,
    pub is_untracked: bool,
    /// True if a rule has changed the source.
    pub has_new_source: bool,
    /// True if the destination is an address of the machine; `None` if this is unknown.
    pub is_for_machine: Option<bool>,
    /// True if packets to the source leave through the interface that received the packets; `None` if this is unknown.
    pub has_route_back: Option<bool>,
    /// True if connection tracking has changed the destination of the connection; `None` if this is unknown.
    pub is_redirected: Option<bool>,
}

impl FlowFacts {
    /// Returns what is known about a flow that is one of two, which are in the same state of connection tracking and of
    /// translation.
    #[must_use]
    pub fn or(self, other: FlowFacts) -> FlowFacts {
        FlowFacts {
            mark: self.mark.or(other.mark),
            connection_mark: self.connection_mark.or(other.connection_mark),
            is_for_machine: self
                .is_for_machine
                .filter(|_| self.is_for_machine == other.is_for_machine),
            is_redirected: self
                .is_redirected
                .filter(|_| self.is_redirected == other.is_redirected),
            ..self
        }
    }
}

/// The destination of packets after a rule changed it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Translated {
    /// `None` if the address is unchanged.
    pub addresses: Option<IntervalSet>,
    /// `None` if the port is unchanged.
    pub ports: Option<IntervalSet>,
    /// True if the new destination is an address of the machine; `None` if this is unknown.
    pub is_for_machine: Option<bool>,
    /// The place of the rule.
    pub changed_by: u32,
}

/// The destination of packets before a rule changed it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    /// `None` if the address is unchanged.
    pub addresses: Option<IntervalSet>,
    /// `None` if the port is unchanged.
    pub ports: Option<IntervalSet>,
    /// The place of the rule.
    pub changed_by: u32,
}

/// A part of the destination of a packet.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Address,
    Port,
}

impl End {
    /// Returns the place of this part in packets of a direction.
    pub fn dimension(self, direction: Direction) -> Dimension {
        match (self, direction) {
            (End::Address, Direction::In) => Dimension::Local,
            (End::Address, Direction::Out) => Dimension::Remote,
            (End::Port, Direction::In) => Dimension::LocalPort,
            (End::Port, Direction::Out) => Dimension::RemotePort,
        }
    }
}

impl Destination {
    pub fn end(&self, end: End) -> Option<&IntervalSet> {
        match end {
            End::Address => self.addresses.as_ref(),
            End::Port => self.ports.as_ref(),
        }
    }

    #[must_use]
    pub fn with_end(&self, end: End, set: IntervalSet) -> Destination {
        let mut new = self.clone();
        match end {
            End::Address => new.addresses = Some(set),
            End::Port => new.ports = Some(set),
        }
        new
    }
}

/// A rule that may match, because one of its conditions is unknown.
#[derive(Clone, Debug)]
pub struct Assumption {
    pub at: u32,
    pub before: Option<Rc<Assumption>>,
}

/// The decision of a base chain.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The index of the base chain among those of the firewall.
    pub chain: usize,
    /// The place of the rule or of the policy.
    pub at: u32,
    pub is_policy: bool,
    pub before: Option<Rc<Decision>>,
}

impl Drop for Decision {
    /// Drops a path of any length without recursion.
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(mut decision) = next.and_then(Rc::into_inner) {
            next = decision.before.take();
        }
    }
}

/// The most rules with unknown conditions that a flow records.
const MAX_ASSUMED: usize = 8;

impl Flow {
    /// Returns a flow of other packets, which went the same way.
    #[must_use]
    pub fn with(&self, packets: Cell) -> Flow {
        Flow {
            packets,
            ..self.clone()
        }
    }

    /// True if the packets certainly went this way. Then, no other flow contains them.
    pub fn is_certain(&self) -> bool {
        self.assumed.is_none()
    }

    /// Records a rule whose condition is unknown.
    pub fn assume(&mut self, at: u32) {
        let known = self.assumed();
        if known.len() < MAX_ASSUMED && !known.contains(&at) {
            let before = self.assumed.take();
            self.assumed = Some(Rc::new(Assumption { at, before }));
        }
    }

    /// Returns the places of the rules with unknown conditions, the first one first.
    pub fn assumed(&self) -> Vec<u32> {
        let mut places = Vec::new();
        let mut next = self.assumed.as_deref();
        while let Some(assumption) = next {
            places.push(assumption.at);
            next = assumption.before.as_deref();
        }
        places.reverse();
        places
    }

    /// Returns the decisions of base chains, the first one first.
    pub fn path(&self) -> Vec<Decision> {
        let mut decisions = Vec::new();
        let mut next = self.decisions.as_deref();
        while let Some(decision) = next {
            decisions.push(decision.clone());
            next = decision.before.as_deref();
        }
        decisions.reverse();
        decisions
    }

    pub fn decide(&mut self, chain: usize, at: u32, is_policy: bool) {
        let before = self.decisions.take();
        self.decisions = Some(Rc::new(Decision {
            chain,
            at,
            is_policy,
            before,
        }));
    }

    /// Returns the packets as they were before any translation, in any state.
    pub fn original(&self) -> Cell {
        // The state is a fact about the way: the same packet is in another state before connection tracking.
        let mut packets = self.packets.in_states(States::ALL);
        let before = self.before.as_deref();
        if let Some(addresses) = before.and_then(|before| before.addresses.clone()) {
            packets = packets.with(Dimension::Local, addresses);
        }
        if let Some(ports) = before.and_then(|before| before.ports.clone()) {
            packets = packets.with(Dimension::LocalPort, ports);
        }
        packets
    }

    /// True if the packets belong to a tracked connection.
    pub fn is_tracked(&self) -> bool {
        let states = self.packets.header.states;
        states.and(NOT_TRACKED.not()) == states
    }

    /// Applies a change by a rule. Those of the connection have no effect on packets without one, and tracked packets stay tracked.
    pub fn change(&mut self, change: Change, at: u32) {
        let is_tracked = self.is_tracked();
        let facts = &mut self.facts;
        match change {
            Change::ConnectionMark(_)
            | Change::SaveMark { .. }
            | Change::RestoreMark { .. }
            | Change::UnknownConnectionMark
                if !is_tracked => {}
            Change::Mark(change) => facts.mark = facts.mark.changed(change),
            Change::ConnectionMark(change) => {
                facts.connection_mark = facts.connection_mark.changed(change);
            }
            Change::SaveMark { cleared, taken } => {
                facts.connection_mark = facts.connection_mark.copied(facts.mark, cleared, taken);
            }
            Change::RestoreMark { cleared, taken } => {
                facts.mark = facts.mark.copied(facts.connection_mark, cleared, taken);
            }
            Change::UnknownMark => facts.mark = Mark::UNKNOWN,
            Change::UnknownConnectionMark => facts.connection_mark = Mark::UNKNOWN,
            Change::Untrack if is_tracked => {}
            Change::Untrack => {
                facts.is_untracked = true;
                self.untracked_by = Some(at);
                self.packets = self.packets.in_states(States::UNTRACKED);
            }
        }
    }

    /// Applies a rule that changes the destination of incoming packets. `own` are the addresses of the machine, if they are
    /// known.
    pub fn translate(&mut self, translation: Translation, at: u32, own: Option<&IntervalSet>) {
        let (addresses, ports) = match translation {
            Translation::Source => {
                self.facts.has_new_source = true;
                return;
            }
            Translation::Destination { addresses, ports } => {
                (addresses.map(IntervalSet::One), ports)
            }
            Translation::Redirect { ports } => {
                // Without the addresses of the machine, any address may be one of them.
                let any = Interval::ADDRESSES.into();
                (Some(own.cloned().unwrap_or(any)), ports)
            }
        };
        let is_for_machine = match (translation, &addresses) {
            (Translation::Redirect { .. }, _) => Some(true),
            (_, Some(to)) => is_own(to, own),
            (_, None) => self.facts.is_for_machine,
        };
        let is_single = |interval: Interval| interval.first == interval.last;
        let is_one = addresses.as_ref().is_none_or(|set| is_single(set.hull()));
        if !is_one || !ports.is_none_or(is_single) {
            // The kernel chooses one of several destinations.
            self.assume(at);
        }
        let to = Translated {
            addresses,
            ports: ports.map(IntervalSet::One),
            is_for_machine,
            changed_by: at,
        };
        // The kernel records no change of packets that already have the new destination.
        self.facts.is_redirected = (!self.is_already_at(&to)).then_some(true);
        self.send_to(&to);
    }

    /// True if all packets may already have the new destination.
    fn is_already_at(&self, to: &Translated) -> bool {
        let may_stay = |dimension, set: &Option<IntervalSet>| {
            let old = self.packets.set(dimension);
            let is_within = |new| old.and_set(new).is_some_and(|common| common == *old);
            set.as_ref().is_none_or(is_within)
        };
        may_stay(Dimension::Local, &to.addresses) && may_stay(Dimension::LocalPort, &to.ports)
    }

    /// Changes the destination of incoming packets.
    pub fn send_to(&mut self, to: &Translated) {
        let set = |dimension| self.packets.set(dimension).clone();
        let before = Destination {
            addresses: to.addresses.as_ref().map(|_| set(Dimension::Local)),
            ports: to.ports.as_ref().map(|_| set(Dimension::LocalPort)),
            changed_by: to.changed_by,
        };
        self.before.get_or_insert(Rc::new(before));
        self.facts.is_for_machine = to.is_for_machine;
        let changes = [
            (Dimension::Local, &to.addresses),
            (Dimension::LocalPort, &to.ports),
        ];
        for (dimension, set) in changes {
            if let Some(set) = set {
                self.packets = self.packets.with(dimension, set.clone());
            }
        }
    }

    /// Changes the source of replies to the destination of the first packet, before its translation.
    pub fn answer_from(&mut self, first: &Destination) {
        let mut change = |dimension, to: &Option<IntervalSet>| {
            let to = to.as_ref()?;
            let before = self.packets.set(dimension).clone();
            self.packets = self.packets.with(dimension, to.clone());
            Some(before)
        };
        let before = Destination {
            addresses: change(Dimension::Local, &first.addresses),
            ports: change(Dimension::LocalPort, &first.ports),
            changed_by: first.changed_by,
        };
        self.before = Some(Rc::new(before));
    }

    /// True if the destination is an address of loopback.
    pub fn is_for_loopback(&self) -> bool {
        LOOPBACK.holds(self.packets.set(Dimension::Local).hull())
    }

    /// Returns the destination to which a rule sent the packets, if there is one.
    pub fn translated(&self) -> Option<Translated> {
        let before = self.before.as_deref()?;
        let now = |dimension| self.packets.set(dimension).clone();
        Some(Translated {
            addresses: before.addresses.as_ref().map(|_| now(Dimension::Local)),
            ports: before.ports.as_ref().map(|_| now(Dimension::LocalPort)),
            is_for_machine: self.facts.is_for_machine,
            changed_by: before.changed_by,
        })
    }
}

/// The states of packets before connection tracking, and of those that are exempt from it.
const NOT_TRACKED: States = States::INVALID.or(States::UNTRACKED);

/// The addresses of loopback (RFC 1122, section 3.2.1.3).
const LOOPBACK: Interval = Interval {
    first: 0x7f00_0000,
    last: 0x7fff_ffff,
};

/// Returns whether all of the addresses, or none, are addresses of the machine. If its addresses are unknown, only those
/// of loopback are its own.
fn is_own(addresses: &IntervalSet, own: Option<&IntervalSet>) -> Option<bool> {
    let hull = addresses.hull();
    if LOOPBACK.holds(hull) {
        return Some(true);
    }
    let Some(own) = own else {
        return Some(false);
    };
    match addresses.and_set(own) {
        None => Some(false),
        Some(common) if common == *addresses => Some(true),
        Some(_) => None,
    }
}
