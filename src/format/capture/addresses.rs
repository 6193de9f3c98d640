//! The addresses of a machine, from `ip address` as JSON or text.

use std::net::Ipv4Addr;

use serde::Deserialize;

use super::objects::{self, word_after};
use super::outputs::Part;
use crate::limits::Limits;
use crate::packets::{Interval, IntervalSet};
use crate::read_error::ReadError;

/// Reads the IPv4 addresses of the interfaces that are up; `None` if there are none. Loopback addresses do not count.
pub(super) fn read(part: Part, limits: Limits) -> Result<Option<IntervalSet>, ReadError> {
    let addresses = if objects::is_json(part) {
        from_json(part, limits)?
    } else {
        from_text(part.text)
    };
    let own = addresses.into_iter().filter(|own| !own.is_loopback());
    let own = own.map(|own| Interval::single(own.to_bits()));
    Ok(IntervalSet::of(own.collect()))
}

/// The scopes of addresses that other machines can use.
fn is_global(scope: &str) -> bool {
    !matches!(scope, "host" | "link" | "nowhere")
}

/// An interface; without a name where an old version of `ip` leaves out an interface without IPv4.
#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    family: Option<String>,
    local: Option<String>,
    scope: Option<String>,
}

impl Address {
    fn ipv4(&self) -> Option<Ipv4Addr> {
        let scope = self.scope.as_deref().unwrap_or_default();
        let is_wanted = self.family.as_deref() == Some("inet") && is_global(scope);
        self.local.as_ref().filter(|_| is_wanted)?.parse().ok()
    }
}

fn from_json(part: Part, limits: Limits) -> Result<Vec<Ipv4Addr>, ReadError> {
    let links: Vec<Link> = objects::list(part, limits)?;
    let up = links.iter().filter(|link| link.flags.iter().any(|flag| flag == "UP"));
    let addresses = up.flat_map(|link| &link.addr_info);
    Ok(addresses.filter_map(Address::ipv4).collect())
}

/// Reads lines such as `2: eth0: <BROADCAST,UP> mtu 1500` and `inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0`.
fn from_text(text: &str) -> Vec<Ipv4Addr> {
    let mut addresses = Vec::new();
    let mut is_up = false;
    for line in text.lines() {
        if let Some(details) = line.strip_prefix([' ', '\t']) {
            addresses.extend(address(details.trim()).filter(|_| is_up));
        } else {
            let flags = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
            is_up = flags.is_some_and(|(flags, _)| flags.split(',').any(|flag| flag == "UP"));
        }
    }
    addresses
}

fn address(details: &str) -> Option<Ipv4Addr> {
    let rest = details.strip_prefix("inet ")?;
    let address = rest.split(['/', ' ']).next()?;
    let scope = word_after(rest, "scope").unwrap_or_default();
    is_global(scope).then(|| address.parse().ok())?
}
