//! Addresses in entries, objects and object groups.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use crate::format::cisco::vocabulary::masked;
use crate::format::read::values::address;
use crate::format::read::words::Words;
use crate::packets::Interval;

/// The addresses that the command `name` gives names to, by name.
pub(super) type Names<'a> = HashMap<&'a str, &'a str>;

/// The part of IPv6 that an entry or an object covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ipv6 {
    #[default]
    None,
    Some,
    All,
}

/// IPv4 addresses, and the part of IPv6 that is covered too.
pub(super) struct Addresses {
    pub ipv4: Option<Interval>,
    pub ipv6: Ipv6,
}

impl Addresses {
    pub fn ipv4(span: Interval) -> Self {
        Addresses {
            ipv4: Some(span),
            ipv6: Ipv6::None,
        }
    }

    pub fn ipv6(ipv6: Ipv6) -> Self {
        Addresses { ipv4: None, ipv6 }
    }
}

/// Reads `any`, `any4` or `any6`. Since version 9.0, `any` covers both IPv4 and IPv6.
pub(super) fn any(word: &str) -> Option<Addresses> {
    let (ipv4, ipv6) = match word {
        "any" => (true, Ipv6::All),
        "any4" => (true, Ipv6::None),
        "any6" => (false, Ipv6::All),
        _ => return None,
    };
    Some(Addresses {
        ipv4: ipv4.then_some(Interval::ADDRESSES),
        ipv6,
    })
}

/// Reads the words after `host`.
pub(super) fn host(words: &mut Words, names: &Names) -> Result<Addresses, String> {
    let word = known(words.need("an address")?, names);
    if word.parse::<Ipv6Addr>().is_ok() {
        return Ok(Addresses::ipv6(Ipv6::Some));
    }
    Ok(Addresses::ipv4(Interval::single(address(word)?)))
}

/// Reads the words after `range`.
pub(super) fn range(words: &mut Words, names: &Names) -> Result<Addresses, String> {
    let mut end = || words.need("an address").map(|word| known(word, names));
    let (first, last) = (end()?, end()?);
    if first.parse::<Ipv6Addr>().is_ok() && last.parse::<Ipv6Addr>().is_ok() {
        return Ok(Addresses::ipv6(Ipv6::Some));
    }
    let span = Interval::new(address(first)?, address(last)?);
    span.map(Addresses::ipv4)
        .ok_or_else(|| format!("the range from '{first}' to '{last}' is reversed"))
}

/// Reads `192.0.2.0 255.255.255.0` or `2001:db8::/32` after its first word.
pub(super) fn network(word: &str, words: &mut Words, names: &Names) -> Result<Addresses, String> {
    if is_ipv6_network(word) {
        return Ok(Addresses::ipv6(Ipv6::Some));
    }
    let base = address(known(word, names))?;
    let span = masked(base, words.need("a netmask")?)?;
    if span.first != base {
        return Err(format!(
            "'{word}' is not the first address of a network with this netmask, and an ASA requires it to be"
        ));
    }
    Ok(Addresses::ipv4(span))
}

fn known<'a>(word: &'a str, names: &Names<'a>) -> &'a str {
    names.get(word).copied().unwrap_or(word)
}

fn is_ipv6_network(word: &str) -> bool {
    let parts = word.split_once('/');
    parts.is_some_and(|(base, length)| {
        base.parse::<Ipv6Addr>().is_ok() && length.parse::<u8>().is_ok_and(|length| length <= 128)
    })
}
