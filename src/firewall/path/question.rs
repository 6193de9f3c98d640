//! Questions about packets, and their answers.

use std::rc::Rc;

use super::flow::{Flow, Translated};
use crate::firewall::criteria::Interface;
use crate::firewall::mark::Mark;
use crate::firewall::routes::Routes;
use crate::limits::Limits;
use crate::packets::{Cell, Direction, IntervalSet, States};

/// Packets, and the circumstances under which they arrive at a firewall.
#[derive(Clone, Debug)]
pub struct Question<'q> {
    pub direction: Direction,
    pub packets: Vec<Cell>,
    /// The state of the connection: new or established.
    pub state: States,
    pub position: Position,
    /// The interface that leads to the remote side.
    pub interface: Interface<'q>,
    /// The addresses of the machine, if they are known.
    pub own: Option<&'q IntervalSet>,
    pub routes: &'q Routes,
    /// True if the machine forwards packets; `None` if this is unknown.
    pub forwards: Option<bool>,
    /// The destination that connection tracking gives the packets of an established connection, as for its first packet.
    /// For answers, it is their source after the hook `postrouting`.
    pub translated: Option<Rc<Translated>>,
    /// True if connection tracking has changed the destination of the connection before; `None` if this is unknown.
    pub is_redirected: Option<bool>,
    /// The known bits of the mark of the connection.
    pub connection_mark: Mark,
    pub limits: Limits,
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
