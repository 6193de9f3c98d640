//! Networks that a text must contain.

use crate::packets::Interval;
use crate::policy::Plane;

/// Networks that a text with Twilio addresses must contain.
#[derive(Debug)]
pub struct Expected {
    /// The plane of the networks.
    pub plane: Plane,
    /// The region's id, or `all regions`.
    pub region: String,
    /// The addresses of the networks.
    pub networks: Vec<Interval>,
}
