//! The criteria of the `identify` sections of an endpoint. Each one is enough to identify it.

use std::net::Ipv6Addr;

use crate::format::read::address_list::AddressList;
use crate::format::read::number::from_digits;
use crate::format::read::values::{address, network, prefix_length};
use crate::packets::{Dimension, Interval, PacketBox};

/// Adds one item of `match`.
pub(super) fn add_match(criteria: &mut AddressList, at: u32, item: &str) -> Result<(), String> {
    criteria.check_room()?;
    if item.starts_with('!') {
        return Err(format!(
            "'{item}' excludes addresses, which is not supported; list the addresses that match"
        ));
    }
    if is_ipv6(item) {
        return criteria.accept_unmeasured(at, format!("IPv6, {item}"));
    }
    criteria.accept(at, packets(item)?)
}

/// Parses an address with an optional port and an optional prefix length or mask, such as
/// `192.0.2.0:5060/24`.
fn packets(item: &str) -> Result<PacketBox, String> {
    let (host, mask) = item.split_once('/').unwrap_or((item, "32"));
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let base = address(host).map_err(|problem| {
        format!(
            "{problem}; a host name is not supported, because its addresses are not in the input"
        )
    })?;
    let network = if mask.contains('.') {
        let length = prefix_length(address(mask)?);
        let length =
            length.ok_or_else(|| format!("'{mask}' is not a netmask, because it has gaps"))?;
        Interval::network(base, length)
    } else {
        network(&format!("{host}/{mask}"))?
    };
    let packets = PacketBox::ALL.with(Dimension::Remote, network);
    if !item.contains(':') {
        return Ok(packets);
    }
    let number = from_digits::<u16>(port).filter(|port| *port > 0);
    let number = number.ok_or_else(|| format!("'{port}' is not a port from 1 to 65535"))?;
    Ok(packets.with(Dimension::RemotePort, Interval::single(number.into())))
}

/// True for `2001:db8::/32` and `[2001:db8::1]:5060`.
fn is_ipv6(item: &str) -> bool {
    let host = item.split_once('/').map_or(item, |(host, _)| host);
    let bracketed = host.strip_prefix('[').and_then(|host| host.split_once(']'));
    let host = bracketed.map_or(host, |(host, _)| host);
    host.parse::<Ipv6Addr>().is_ok()
}
