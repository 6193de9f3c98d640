//! The routes of a machine.

use crate::packets::{Interval, IntervalSet};

/// Routes to networks, each with its interface. The interface is `None` if it is unknown, as with several next hops,
/// or if the machine sends no packets to the network.
#[derive(Clone, Debug, Default)]
pub struct Routes(Vec<(Interval, Option<String>)>);

impl Routes {
    /// Creates routes. Of several routes to the same network, the first one is in force.
    pub fn new(mut routes: Vec<(Interval, Option<String>)>) -> Self {
        // The most specific routes are first.
        routes.sort_by_key(|(network, _)| network.last - network.first);
        Routes(routes)
    }

    /// Returns the interface that leads to all of these addresses, if there is one.
    pub fn interface(&self, addresses: &IntervalSet) -> Option<&str> {
        let hull = addresses.hull();
        let overlapping = self.0.iter().find(|(network, _)| network.overlaps(hull));
        let (network, interface) = overlapping?;
        interface.as_deref().filter(|_| network.holds(hull))
    }

    /// Returns the interface of the default route.
    pub fn default_interface(&self) -> Option<&str> {
        let is_default = |(network, _): &&(Interval, _)| *network == Interval::ADDRESSES;
        let (_, interface) = self.0.iter().find(is_default)?;
        interface.as_deref()
    }
}
