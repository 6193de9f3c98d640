//! The findings of a scan.

use ipnet::Ipv4Net;

use super::classification::Classification;
use crate::policy::Plane;

/// Addresses found in a text, or missing in it, with their classification.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The classification of the addresses.
    pub classification: Classification,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The length in characters, if it is in one line; 0 for missing addresses.
    pub length: usize,
    /// The addresses as the text writes them; missing ones as networks.
    pub text: String,
    /// The addresses, in the fewest networks.
    pub networks: Vec<Ipv4Net>,
    /// The published networks, or the one that was probably meant.
    pub explanation: String,
    /// The plane and the region of missing addresses.
    pub missing: Option<(Plane, String)>,
}

impl Finding {
    /// The plane of missing addresses.
    pub fn missing_plane(&self) -> Option<Plane> {
        self.missing.as_ref().map(|(plane, _)| *plane)
    }
}
