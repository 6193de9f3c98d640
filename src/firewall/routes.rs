//! The routes of a machine.

use crate::packets::{Interval, IntervalSet};

/// Routes to networks, each with its interface.
#[derive(Clone, Debug, Default)]
pub struct Routes(Vec<(Interval, String)>);

impl Routes {
    pub fn new(mut routes: Vec<(Interval, String)>) -> Self {
        // The most specific routes are first.
        routes.sort_by_key(|(network, _)| network.last - network.first);
        Routes(routes)
    }

    /// Returns the interface that leads to all of these addresses, if there is one.
    pub fn interface(&self, addresses: &IntervalSet) -> Option<&str> {
        let hull = addresses.hull();
        let overlapping = self.0.iter().find(|(network, _)| network.overlaps(hull));
        let (network, interface) = overlapping?;
        network.holds(hull).then_some(&**interface)
    }

    /// Returns the interface of the default route.
    pub fn default_interface(&self) -> Option<&str> {
        self.interface_of(Interval::ADDRESSES)
    }

    fn interface_of(&self, wanted: Interval) -> Option<&str> {
        let found = self.0.iter().find(|(network, _)| *network == wanted);
        found.map(|(_, interface)| &**interface)
    }
}
