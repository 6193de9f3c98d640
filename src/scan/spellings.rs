//! Published networks and signaling addresses as they are written, and the search for those that one slip
//! of the keyboard leads to.

use crate::catalog::Catalog;
use crate::policy::{Plane, address_or_cidr};

/// Signaling networks of this prefix or a longer one are known by their addresses too; Twilio's are
/// of four.
const LONGEST_SPELLED: u8 = 24;

/// The most addresses of signaling networks that are known one by one.
const ADDRESSES: usize = 10_000;

/// The longest text that one slip may have made: a letter longer than `255.255.255.255/32`.
const LONGEST: usize = 19;

/// Published networks and signaling addresses, as they are written.
pub struct Spellings {
    /// Each with the position of its entry in the catalog.
    all: Vec<(String, usize)>,
    /// Hashes of the spellings and of what is left of each without one letter, ascending, with positions in
    /// `all`. Texts that one slip makes of each other have one of these in common.
    without_one: Vec<(u64, u32)>,
}

impl Spellings {
    /// Those of a catalog.
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

    /// The first of them that one slip has made a text of: a letter that is wrong, missing or superfluous,
    /// or two letters that changed places.
    pub fn one_slip_from(&self, text: &str) -> Option<&(String, usize)> {
        if text.len() > LONGEST || !text.is_ascii() {
            return None;
        }
        let near = hashes(text).flat_map(|hash| {
            let start = self.without_one.partition_point(|(known, _)| *known < hash);
            let same = self.without_one[start..].iter();
            same.take_while(move |(known, _)| *known == hash)
        });
        let near = near.map(|(_, at)| *at as usize);
        let is_near = |at: &usize| strsim::damerau_levenshtein(&self.all[*at].0, text) == 1;
        near.filter(is_near).min().map(|at| &self.all[at])
    }
}

/// The hashes of a text of ASCII letters, and of what is left of it without each of them.
fn hashes(text: &str) -> impl Iterator<Item = u64> + '_ {
    (0..=text.len()).map(|left_out| {
        let rest = text.get(left_out + 1..).unwrap_or_default();
        fnv(text[..left_out].bytes().chain(rest.bytes()))
    })
}

/// The hash FNV-1a.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
