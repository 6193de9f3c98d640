//! Verifies that calls get through a whole firewall, and finds others who reach the ports of calls.

mod calls;
mod example;
mod exposure;
mod free_ports;
mod ipv6;
mod passing;
mod places;
mod sets;
mod viewpoint;
mod way;

pub use calls::{Call, Group, Passage, Problem, Stage, Verdict, calls};
pub use example::Packet;
pub use exposure::{Exposure, exposures};
pub use ipv6::{OverIpv6, over_ipv6};
pub use places::{Location, OwnChain, locations, own_chains};
pub use viewpoint::Viewpoint;
