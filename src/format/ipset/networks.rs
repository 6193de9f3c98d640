//! The addresses that the networks of a set contain.

use std::cmp::Reverse;

use crate::format::read::longest_prefix::{Listed, LongestPrefix};
use crate::packets::Interval;

/// A network of a set in which the longest prefix decides.
pub(super) struct Network {
    pub addresses: Interval,
    pub is_excluded: bool,
    pub expires: bool,
}

/// Sorts the networks and returns the addresses that may match, because an excluded network may have expired.
pub(super) fn possible(networks: &mut [Network]) -> Vec<Interval> {
    networks.sort_by_key(|one| (one.addresses.first, Reverse(one.addresses.last)));
    let left = networks
        .iter()
        .filter(|one| !(one.expires && one.is_excluded));
    decided(left)
}

/// Returns the addresses that match for sure. The networks must be sorted as [`possible`] sorts them.
pub(super) fn certain(networks: &[Network]) -> Vec<Interval> {
    let left = networks
        .iter()
        .filter(|one| !one.expires || one.is_excluded);
    decided(left)
}

fn decided<'n>(networks: impl Iterator<Item = &'n Network>) -> Vec<Interval> {
    let mut longest = LongestPrefix::default();
    for one in networks {
        longest.add(Listed {
            network: one.addresses,
            is_excluded: one.is_excluded,
        });
    }
    longest.finish()
}
