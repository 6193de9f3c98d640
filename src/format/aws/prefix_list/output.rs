//! A prefix list as our files have it.

use ipnet::Ipv4Net;
use serde::Serialize;

use crate::format::unit::Unit;
use crate::policy::Plane;

/// The entries that one call takes.
pub(super) const ENTRY_LIMIT: usize = 100;

/// A network of a list, as AWS takes it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    pub cidr: Ipv4Net,
    pub description: String,
}

/// The name of the list of a plane.
pub(super) fn list_name(unit: &Unit, plane: Plane) -> String {
    format!("{}-{plane}", unit.name.lower_with_hyphens())
}
