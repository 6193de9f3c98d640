//! The addresses of a machine, from `ip address` as JSON or text.

use std::net::Ipv4Addr;

use serde::Deserialize;

use super::objects;
use super::outputs::Part;
use crate::limits::Limits;
use crate::packets::{Interval, IntervalSet};
use crate::read_error::ReadError;

/// Reads the IPv4 addresses, except loopback; `None` if there are none.
///
/// Scopes and the states of interfaces make no difference: Linux accepts packets to any of its addresses.
pub(super) fn read(part: Part, limits: Limits) -> Result<Option<IntervalSet>, ReadError> {
    let addresses = if objects::is_json(part) {
        from_json(part, limits)?
    } else {
        part.text.lines().filter_map(of_line).collect()
    };
    let own = addresses.into_iter().filter(|own| !own.is_loopback());
    let own = own.map(|own| Interval::single(own.to_bits()));
    Ok(IntervalSet::of(own.collect()))
}

/// An interface. Old versions of `ip -4` print an empty object for an interface without IPv4 addresses.
#[derive(Deserialize)]
#[serde(expecting = "an interface")]
struct Link {
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Deserialize)]
#[serde(expecting = "an address")]
struct Address {
    family: Option<String>,
    local: Option<String>,
}

fn from_json(part: Part, limits: Limits) -> Result<Vec<Ipv4Addr>, ReadError> {
    let links: Vec<Link> = objects::list(part, limits)?;
    let addresses = links.into_iter().flat_map(|link| link.addr_info);
    let ipv4 = addresses.filter(|address| address.family.as_deref() == Some("inet"));
    Ok(ipv4
        .filter_map(|address| address.local?.parse().ok())
        .collect())
}

/// Reads a line such as `inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0`.
fn of_line(line: &str) -> Option<Ipv4Addr> {
    let address = line.trim_start().strip_prefix("inet ")?;
    address.split(['/', ' ']).next()?.parse().ok()
}
