//! The shape of a set, as `create` gives it.

use super::words::is_exist;
use crate::format::read::number::from_digits;
use crate::format::read::values::{address, network};
use crate::packets::Interval;

/// The type and the options of a set: ipset(8), "CREATE AND ADD OPTIONS".
pub(super) struct Shape<'a> {
    /// True if its entries are networks, of which the longest prefix that holds an address decides.
    pub has_networks: bool,
    /// Each address of a set of addresses stands for a network of this prefix length.
    pub length: u32,
    /// The addresses that a bitmap is about.
    pub range: Interval,
    pub capacity: usize,
    /// For how long an entry stays that does not say it itself; 0 is for ever.
    pub timeout: Option<u32>,
    /// The options that let its entries have others.
    extensions: Vec<&'a str>,
}

impl<'a> Shape<'a> {
    pub fn read(kind: &str, options: &'a str) -> Result<Self, String> {
        let mut shape = Shape {
            has_networks: kind == "hash:net",
            length: 32,
            range: Interval::ADDRESSES,
            // `IPSET_DEFAULT_MAXELEM`.
            capacity: 65_536,
            timeout: None,
            extensions: Vec::new(),
        };
        if !matches!(kind, "hash:net" | "hash:ip" | "bitmap:ip") {
            return Err(format!(
                "a set of type '{kind}' tells more than IPv4 addresses, or is not known here; expected \
                 hash:net, hash:ip or bitmap:ip"
            ));
        }
        let mut words = options.split_ascii_whitespace();
        let mut seen = Vec::new();
        while let Some(word) = words.next() {
            if seen.contains(&word) {
                return Err(format!("'{word}' stands there twice, which ipset refuses"));
            }
            seen.push(word);
            let mut value = || words.next().unwrap_or_default();
            match word {
                "family" if value() == "inet" => {}
                "family" => {
                    return Err("it is a set of IPv6 addresses; expected family inet".to_owned());
                }
                "hashsize" | "bucketsize" => drop(number::<u32>(value())?),
                "initval" => drop(value()),
                "maxelem" if kind != "bitmap:ip" => shape.capacity = number(value())?,
                "timeout" => shape.timeout = Some(timeout(value())?),
                "netmask" if !shape.has_networks => {
                    shape.length = number(value())?;
                    if !(1..=32).contains(&shape.length) {
                        return Err("expected a netmask from 1 to 32".to_owned());
                    }
                }
                "range" if kind == "bitmap:ip" => shape.range = range(value())?,
                "counters" | "comment" | "skbinfo" => shape.extensions.push(word),
                "forceadd" => {}
                _ if is_exist(word) => {}
                _ => {
                    return Err(format!(
                        "'{word}' is not an option of {kind} that is understood"
                    ));
                }
            }
        }
        let size = u64::from(shape.range.last - shape.range.first) + 1;
        if kind == "bitmap:ip" && size >> (32 - shape.length) > BITMAP_LIMIT {
            return Err("expected a range of at most 65536 addresses".to_owned());
        }
        Ok(shape)
    }

    /// True if it was made with an option that gives entries others.
    pub fn has(&self, extension: &str) -> bool {
        self.extensions.contains(&extension)
    }
}

/// As many entries a bitmap has room for.
const BITMAP_LIMIT: u64 = 1 << 16;

/// Seconds; the kernel counts in milliseconds.
pub(super) fn timeout(word: &str) -> Result<u32, String> {
    const MOST: u32 = u32::MAX / 2 / 1000;
    let seconds: u32 = number(word)?;
    if seconds <= MOST {
        Ok(seconds)
    } else {
        Err(format!("expected a timeout of at most {MOST} seconds"))
    }
}

pub(super) fn number<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    from_digits(word).ok_or_else(|| format!("'{word}' is not a number as expected here"))
}

/// `192.0.2.0-192.0.2.255` or `192.0.2.0/24`.
fn range(word: &str) -> Result<Interval, String> {
    let Some((first, last)) = word.split_once('-') else {
        return network(word);
    };
    let span = Interval::new(address(first)?, address(last)?);
    span.ok_or_else(|| format!("the range '{word}' is reversed"))
}
