//! Reads whole firewalls from listings.

use super::{ipset, iptables};
use crate::firewall::Firewall;
use crate::limits::Limits;
use crate::read_error::ReadError;

/// Reads all tables in the output of `iptables-save`, or the filter table in the output of `iptables -S`. `sets` is the
/// output of `ipset save`. Without it, the contents of sets are unknown.
///
/// # Errors
///
/// If a text is not a complete listing. A rule that cannot be read is no error.
pub fn iptables_firewall<'a>(
    rules: &'a str,
    sets: Option<&'a str>,
    limits: Limits,
) -> Result<Firewall<'a>, Vec<ReadError>> {
    let sets = sets
        .map(|text| ipset::named_sets(text, limits))
        .transpose()?;
    let tables = iptables::tables(rules, "filter", sets, limits)?;
    Ok(Firewall { tables })
}
