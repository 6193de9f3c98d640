//! The addresses of a machine, from `ip address` as JSON or text.

use std::net::Ipv4Addr;

use serde::Deserialize;

use super::objects;
use super::outputs::Part;
use crate::format::read::number::is_number;
use crate::limits::Limits;
use crate::packets::Interval;
use crate::read_error::ReadError;

/// An interface with its IPv4 addresses, except loopback.
pub struct Link {
    pub name: String,
    pub addresses: Vec<Interval>,
}

/// Reads the interfaces.
///
/// Scopes and the states of interfaces make no difference: Linux accepts packets to any of its addresses.
pub(super) fn read(part: Part, limits: Limits) -> Result<Vec<Link>, ReadError> {
    if objects::is_json(part) {
        let links: Vec<JsonLink> = objects::list(part, limits)?;
        Ok(links.into_iter().map(Link::of_json).collect())
    } else {
        Ok(from_text(part.text))
    }
}

/// An interface. Old versions of `ip -4` print an empty object for an interface without IPv4 addresses.
#[derive(Deserialize)]
#[serde(expecting = "an interface")]
struct JsonLink {
    #[serde(default)]
    ifname: String,
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Deserialize)]
#[serde(expecting = "an address")]
struct Address {
    family: Option<String>,
    local: Option<String>,
}

impl Link {
    fn of_json(link: JsonLink) -> Link {
        let addresses = link.addr_info.into_iter();
        let ipv4 = addresses.filter(|address| address.family.as_deref() == Some("inet"));
        let parsed = ipv4.filter_map(|address| address.local?.parse().ok());
        Link {
            name: link.ifname,
            addresses: parsed.filter_map(interval).collect(),
        }
    }
}

/// Reads a line such as `2: eth0@if3: <BROADCAST> mtu 1500` for each interface, and its addresses after it.
fn from_text(text: &str) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for line in text.lines() {
        if let Some(name) = name_of_link(line) {
            links.push(Link {
                name: name.to_owned(),
                addresses: Vec::new(),
            });
        } else if let Some(link) = links.last_mut() {
            link.addresses.extend(of_line(line).and_then(interval));
        }
    }
    links
}

fn name_of_link(line: &str) -> Option<&str> {
    let (number, rest) = line.split_once(": ")?;
    let (name, _) = rest.split_once(": ")?;
    is_number(number).then(|| name.split('@').next().unwrap_or(name))
}

/// Reads a line such as `inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0`.
fn of_line(line: &str) -> Option<Ipv4Addr> {
    let address = line.trim_start().strip_prefix("inet ")?;
    address.split(['/', ' ']).next()?.parse().ok()
}

fn interval(address: Ipv4Addr) -> Option<Interval> {
    (!address.is_loopback()).then(|| Interval::single(address.to_bits()))
}
