//! A prefix list as this program renders it.

use ipnet::Ipv4Net;
use serde::Serialize;

use crate::format::unit::Unit;
use crate::policy::Plane;

/// The maximum number of entries in one API call.
pub(super) const ENTRY_LIMIT: usize = 100;

/// An entry of a list, in AWS's notation.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    pub cidr: Ipv4Net,
    pub description: String,
}

/// The name of the list for a plane.
pub(super) fn list_name(unit: &Unit, plane: Plane) -> String {
    format!("{}-{plane}", unit.name.lower_with_hyphens())
}
