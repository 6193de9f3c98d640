//! Addresses, networks and ports in the usual notation of firewalls.

use crate::format::read::iana;
use crate::format::read::number::{from_digits, is_number, plain_number};
use crate::packets::Interval;
use crate::policy::PortRange;

/// Parses an IPv4 address.
pub(in crate::format) fn address(word: &str) -> Result<u32, String> {
    let parsed = word.parse::<std::net::Ipv4Addr>();
    parsed
        .map(std::net::Ipv4Addr::to_bits)
        .map_err(|_| format!("'{word}' is not an IPv4 address"))
}

/// Parses `192.0.2.1` or `192.0.2.0/24`. Host bits are ignored, as firewalls do.
pub(in crate::format) fn network(word: &str) -> Result<Interval, String> {
    let Some((base, length)) = word.split_once('/') else {
        return address(word).map(Interval::single);
    };
    let base = address(base)?;
    plain_number(length)?;
    let length = from_digits::<u32>(length).filter(|length| *length <= 32);
    let length = length.ok_or_else(|| format!("'{word}' has no prefix length from 0 to 32"))?;
    Ok(Interval::network(base, length))
}

/// Returns the prefix length of a netmask; `None` if the mask has gaps.
pub(in crate::format) fn prefix_length(netmask: u32) -> Option<u32> {
    let length = netmask.leading_ones();
    (length + netmask.trailing_zeros() >= u32::BITS).then_some(length)
}

/// Parses the number of a port, or the name of a service.
pub(in crate::format) fn port(word: &str) -> Result<u32, String> {
    let known = if is_number(word) {
        plain_number(word)?.parse::<u16>().ok()
    } else {
        iana::port(word)
    };
    known.map(u32::from).ok_or_else(|| {
        format!("unknown port '{word}'; expected a known service or a number from 0 to 65535")
    })
}

/// Parses a port range. `first` must not be greater than `last`.
pub(in crate::format) fn port_range(first: &str, last: &str) -> Result<Interval, String> {
    Interval::new(port(first)?, port(last)?)
        .ok_or_else(|| format!("the port range from '{first}' to '{last}' is reversed"))
}

pub(in crate::format) fn any_port() -> Interval {
    PortRange::ANY.into()
}
