//! The type and options of a set, as `create` specifies them.

use super::words::is_exist;
use crate::format::read::number::from_digits;
use crate::format::read::values::{address, network};
use crate::packets::Interval;

/// The type and the options of a set: ipset(8), "CREATE AND ADD OPTIONS".
pub(super) struct Shape<'a> {
    /// True if the entries are networks. Of the networks that contain an address, the longest prefix decides.
    pub has_networks: bool,
    /// In a set of addresses, each entry means a network of this prefix length (`netmask`).
    pub length: u32,
    /// The addresses that a bitmap can contain.
    pub range: Interval,
    pub capacity: usize,
    /// The default timeout of an entry in seconds; 0 means that it never expires.
    pub timeout: Option<u32>,
    /// The options that allow further options in entries, such as `comment`.
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
                "sets of type '{kind}' are not supported; expected hash:net, hash:ip or bitmap:ip"
            ));
        }
        let mut words = options.split_ascii_whitespace();
        let mut seen = Vec::new();
        while let Some(word) = words.next() {
            if seen.contains(&word) {
                return Err(format!("'{word}' appears twice, which ipset rejects"));
            }
            seen.push(word);
            let mut value = || words.next().unwrap_or_default();
            match word {
                "family" if value() == "inet" => {}
                "family" => {
                    return Err(
                        "this is a set of IPv6 addresses; expected 'family inet'".to_owned()
                    );
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
                        "option '{word}' of {kind} is unknown or not supported"
                    ));
                }
            }
        }
        let size = shape.range.size();
        if kind == "bitmap:ip" && size >> (32 - shape.length) > BITMAP_LIMIT {
            return Err("expected a range of at most 65536 addresses".to_owned());
        }
        Ok(shape)
    }

    /// True if the set was created with this option.
    pub fn has(&self, extension: &str) -> bool {
        self.extensions.contains(&extension)
    }
}

/// The maximum number of entries in a bitmap.
const BITMAP_LIMIT: u64 = 1 << 16;

/// Parses a timeout in seconds. Its maximum is lower than `u32::MAX` because the kernel counts milliseconds.
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
    from_digits(word).ok_or_else(|| format!("'{word}' is not a number in the allowed range"))
}

/// `192.0.2.0-192.0.2.255` or `192.0.2.0/24`.
fn range(word: &str) -> Result<Interval, String> {
    let Some((first, last)) = word.split_once('-') else {
        return network(word);
    };
    let span = Interval::new(address(first)?, address(last)?);
    span.ok_or_else(|| format!("the range '{word}' is reversed"))
}
