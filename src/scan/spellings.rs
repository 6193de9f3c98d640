//! Spellings of published networks and signaling addresses, and the search for those that differ
//! from a text by one typing error.

use super::work::Work;
use crate::catalog::Catalog;
use crate::policy::{Plane, address_or_cidr};

/// The single addresses of a signaling network are included if its prefix has this length or more.
/// Twilio's signaling networks have four addresses.
const LONGEST_SPELLED: u8 = 24;

/// The maximum number of single addresses of signaling networks.
const ADDRESSES: usize = 10_000;

/// The maximum length of a text with one typing error: one more than `255.255.255.255/32`.
const LONGEST: usize = 19;

/// Published networks and signaling addresses as text.
pub struct Spellings {
    /// Each spelling with the index of its entry in the catalog.
    all: Vec<(String, usize)>,
    /// Hashes of each spelling and of each spelling without one of its characters, ascending, with
    /// indices in `all`. Two texts that differ by one typing error have at least one hash in
    /// common.
    without_one: Vec<(u64, u32)>,
}

impl Spellings {
    /// Makes the spellings of all entries in a catalog.
    pub fn new(catalog: &Catalog) -> Self {
        let mut all = Vec::new();
        let mut addresses = 0;
        for (at, entry) in catalog.entries.iter().enumerate() {
            all.push((address_or_cidr(entry.network), at));
            if entry.plane == Plane::Signaling && entry.network.prefix_len() >= LONGEST_SPELLED {
                let hosts = entry.network.subnets(32).into_iter().flatten();
                let before = all.len();
                all.extend(
                    hosts
                        .take(ADDRESSES - addresses)
                        .map(|host| (address_or_cidr(host), at)),
                );
                addresses += all.len() - before;
            }
        }
        let numbered = (0..).zip(&all);
        let mut without_one: Vec<(u64, u32)> = numbered
            .flat_map(|(at, (spelling, _))| hashes(spelling).map(move |hash| (hash, at)))
            .collect();
        without_one.sort_unstable();
        Spellings { all, without_one }
    }

    /// Returns the first spelling from which `text` differs by one typing error: a wrong, missing
    /// or additional character, or two swapped characters. Each hash and each similar spelling
    /// costs one step. Returns `None` if the steps are used up.
    pub fn one_slip_from(&self, text: &str, work: &Work) -> Option<&(String, usize)> {
        if text.len() > LONGEST || !text.is_ascii() || work.is_exceeded() {
            return None;
        }
        work.add(text.len() + 1);
        let near = hashes(text).flat_map(|hash| {
            let start = self.without_one.partition_point(|(known, _)| *known < hash);
            let same = self.without_one[start..].iter();
            same.take_while(move |(known, _)| *known == hash)
        });
        let near = near.map(|(_, at)| *at as usize).inspect(|_| work.add(1));
        let is_meant = |at: &usize| is_one_slip(self.all[*at].0.as_bytes(), text.as_bytes());
        near.filter(is_meant).min().map(|at| &self.all[at])
    }
}

/// Returns true if two texts differ by one typing error. Without their common start and end, each
/// has at most one character, or both have the same two characters in reverse order.
fn is_one_slip(one: &[u8], other: &[u8]) -> bool {
    let pairs = one.iter().zip(other);
    let start = pairs.take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[start..], &other[start..]);
    let pairs = one.iter().rev().zip(other.iter().rev());
    let end = pairs.take_while(|(a, b)| a == b).count();
    match (&one[..one.len() - end], &other[..other.len() - end]) {
        ([], [_]) | ([_], [] | [_]) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

/// Returns the hashes of an ASCII text, and of the text without each of its characters.
fn hashes(text: &str) -> impl Iterator<Item = u64> + '_ {
    (0..=text.len()).map(|left_out| {
        let rest = text.get(left_out + 1..).unwrap_or_default();
        fnv(text[..left_out].bytes().chain(rest.bytes()))
    })
}

/// Computes the hash FNV-1a.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_an_edit_distance_of_one() {
        let text = "22.122.1";
        let mut others = vec![text.to_owned()];
        for _ in 0..2 {
            others = others.iter().flat_map(|text| slips(text)).collect();
            others.sort_unstable();
            others.dedup();
        }
        assert!(others.len() > 2_500, "{}", others.len());
        for other in &others {
            let expected = strsim::damerau_levenshtein(text, other) == 1;
            let found = is_one_slip(text.as_bytes(), other.as_bytes());
            assert_eq!(found, expected, "{text} {other}");
        }
    }

    fn slips(text: &str) -> Vec<String> {
        let mut slips = Vec::new();
        for at in 0..=text.len() {
            let (before, after) = text.split_at(at);
            let rest = after.get(1..).unwrap_or_default();
            slips.push(format!("{before}{rest}"));
            for letter in "0123.".chars() {
                slips.push(format!("{before}{letter}{after}"));
                slips.push(format!("{before}{letter}{rest}"));
            }
            if let [first, second, rest @ ..] = after.as_bytes() {
                let rest = String::from_utf8_lossy(rest);
                slips.push(format!(
                    "{before}{}{}{rest}",
                    *second as char, *first as char
                ));
            }
        }
        slips
    }
}
