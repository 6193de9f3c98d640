use crate::packets::Interval;
use crate::policy::Plane;

/// Networks that a text with Twilio addresses must contain.
#[derive(Debug)]
pub struct Expected {
    pub plane: Plane,
    /// The id of the region, or `all regions`.
    pub region: String,
    pub networks: Vec<Interval>,
}
