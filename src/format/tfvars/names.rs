//! The names of the variables, and of the units that `check` makes from them.

use crate::format::unit_name::UnitName;
use crate::policy::Plane;

/// The names of a plane's variables.
pub(super) struct Variables {
    pub networks: String,
    pub ports: String,
}

impl Variables {
    pub fn new(name: &UnitName, plane: Plane) -> Self {
        let start = format!("{}_{plane}", name.lower_with_underscores());
        Variables {
            networks: format!("{start}_cidr_blocks"),
            ports: format!("{start}_ports"),
        }
    }
}

/// Returns `twilio_sip_signaling_*`, for example.
pub(super) fn unit_name(name: &UnitName, plane: Plane) -> String {
    format!("{}{}", name.lower_with_underscores(), end(plane))
}

/// True if a name from [`unit_name`] is that of the plane.
pub(super) fn is_of_plane(unit: &str, plane: Plane) -> bool {
    unit.ends_with(&end(plane))
}

fn end(plane: Plane) -> String {
    format!("_{plane}_*")
}
