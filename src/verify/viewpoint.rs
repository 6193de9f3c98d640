//! The view of a firewall from the PBX.

use crate::firewall::{Interface, Mark, Position, Question, Routes};
use crate::limits::Limits;
use crate::packets::{Cell, Direction, IntervalSet, States};

/// The place and the circumstances of the machine whose firewall is verified.
#[derive(Clone, Debug)]
pub struct Viewpoint<'v> {
    pub position: Position,
    /// The interface that leads to Twilio.
    pub interface: Interface<'v>,
    /// The addresses of the machine, if they are known.
    pub own: Option<&'v IntervalSet>,
    /// The addresses to which Twilio may send packets. A router may change them to those of the PBX.
    pub destinations: &'v IntervalSet,
    pub routes: &'v Routes,
    /// The remote addresses to which packets do not leave through `interface`, as far as routes are known.
    pub led_elsewhere: Option<&'v IntervalSet>,
    /// True if the machine forwards packets; `None` if this is unknown.
    pub forwards: Option<bool>,
    pub limits: Limits,
}

impl<'v> Viewpoint<'v> {
    /// Returns the local addresses that packets of this direction may have before the first hook.
    pub(super) fn local(&self, direction: Direction) -> &IntervalSet {
        match (&self.position, direction) {
            (Position::Router(Some(behind)), Direction::Out) => behind,
            _ => self.destinations,
        }
    }

    /// Returns the question about packets that open a connection.
    pub(super) fn question(&self, direction: Direction, packets: Vec<Cell>) -> Question<'v> {
        Question {
            direction,
            packets,
            opened_by: direction,
            state: States::NEW,
            is_known: false,
            is_later: false,
            answers_source_of: None,
            source_changed_by: None,
            chosen_by: None,
            position: self.position.clone(),
            interface: self.interface,
            own: self.own,
            routes: self.routes,
            led_elsewhere: self.led_elsewhere,
            forwards: self.forwards,
            translated: None,
            restored: None,
            is_redirected: Some(false),
            connection_mark: Mark::UNMARKED,
            limits: self.limits,
        }
    }
}
