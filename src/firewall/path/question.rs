//! Questions about packets, and their answers.

use std::rc::Rc;

use super::flow::{Destination, End, Flow, Translated};
use crate::firewall::criteria::Interface;
use crate::firewall::mark::Mark;
use crate::firewall::routes::Routes;
use crate::limits::Limits;
use crate::packets::{Cell, Direction, Interval, IntervalSet, States};

/// Packets, and the circumstances under which they arrive at a firewall.
#[derive(Clone, Debug)]
pub struct Question<'q> {
    pub direction: Direction,
    pub packets: Vec<Cell>,
    /// The direction of the first packet of the connection that connection tracking knows.
    pub opened_by: Direction,
    /// The state of the packets, unless a rule exempts them from connection tracking.
    pub state: States,
    /// True if connection tracking knows the connection, so that no rule decides about its translation.
    pub is_known: bool,
    pub position: Position,
    /// The interface that leads to the remote side.
    pub interface: Interface<'q>,
    /// The addresses of the machine, if they are known.
    pub own: Option<&'q IntervalSet>,
    pub routes: &'q Routes,
    /// The remote addresses to which packets do not leave through `interface`, as far as routes are known.
    pub led_elsewhere: Option<&'q IntervalSet>,
    /// True if other packets of the connection went before, so that no rule may change the addresses.
    pub is_later: bool,
    /// The rule that changed the source of the first packet, if the packets answer it. Until connection tracking restores
    /// their destination, it is one of the addresses of the machine.
    pub answers_source_of: Option<u32>,
    /// The rule that changed the source of the first packet, if the packets follow it in the same direction.
    pub source_changed_by: Option<u32>,
    /// The rule that chose one of several local addresses for the packets, if it is unknown which one.
    pub chosen_by: Option<u32>,
    /// True if the machine forwards packets; `None` if this is unknown.
    pub forwards: Option<bool>,
    /// The destination that connection tracking gives the packets of an established connection, as for its first packet.
    pub translated: Option<Rc<Translated>>,
    /// The destination that the first packet had before a translation. Connection tracking makes it the source of replies.
    pub restored: Option<Rc<Destination>>,
    /// True if connection tracking has changed the destination of the connection before; `None` if this is unknown.
    pub is_redirected: Option<bool>,
    /// The known bits of the mark of the connection.
    pub connection_mark: Mark,
    pub limits: Limits,
}

impl Question<'_> {
    /// Returns the possible destinations of the first packet of a flow's connection.
    pub fn original<'s>(&'s self, flow: &'s Flow, end: End) -> &'s IntervalSet {
        let before = match (self.opened_by, self.direction) {
            (Direction::Out, _) => None,
            (Direction::In, Direction::In) => flow.before.as_deref(),
            (Direction::In, Direction::Out) => flow.answered.as_deref(),
        };
        let unchanged = || flow.packets.set(end.dimension(self.opened_by));
        let changed = before.and_then(|before| before.end(end));
        changed.unwrap_or_else(unchanged)
    }

    /// Divides a flow by whether the destination of the first packet is in an interval, if that is possible.
    pub fn by_original(&self, flow: Flow, end: End, wanted: Interval) -> Vec<Flow> {
        let possible = self.original(&flow, end);
        let others = possible.without_set(&wanted.into());
        let (Some(wanted), Some(others)) = (possible.and(wanted), others) else {
            return vec![flow];
        };
        let is_reply = self.opened_by != self.direction;
        let has_end = |before: &&Destination| before.end(end).is_some();
        let answered = flow.answered.as_deref().filter(|_| is_reply);
        let before = flow.before.as_deref().filter(|_| !is_reply);
        let with = |set| match (answered.filter(has_end), before.filter(has_end)) {
            (Some(answered), _) => Flow {
                answered: Some(Rc::new(answered.with_end(end, set))),
                ..flow.clone()
            },
            (None, Some(before)) => Flow {
                before: Some(Rc::new(before.with_end(end, set))),
                ..flow.clone()
            },
            (None, None) => flow.with(flow.packets.with(end.dimension(self.opened_by), set)),
        };
        vec![with(wanted), with(others)]
    }
}

/// The position of the firewall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// On the machine that the packets are for, or from.
    Host,
    /// In front of these addresses; `None` for any address.
    Router(Option<IntervalSet>),
}

/// The ways of packets through a firewall.
#[derive(Debug, Default)]
pub struct Journey {
    pub passed: Vec<Flow>,
    pub stopped: Vec<Stop>,
}

/// Packets that do not pass.
#[derive(Clone, Debug)]
pub struct Stop {
    pub flow: Flow,
    pub cause: Cause,
    /// The index of the base chain that stops the packets, as in [`Decision::chain`](super::Decision::chain). `None` if
    /// they do not get to the PBX although no chain stops them.
    pub chain: Option<usize>,
}

/// The cause that packets do not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A rule denies the packets.
    Rule(u32),
    /// No rule of a base chain accepts the packets, and its policy denies them.
    Policy(u32),
    /// A rule sends the packets to another destination.
    Diverted(u32),
    /// The packets are for the router itself, and no rule sends them on.
    NotForwarded,
    /// The machine forwards no packets at all.
    NeverForwards,
}
