//! The criteria of the `identify` sections of an endpoint. Each one is enough to identify it.

use std::net::Ipv6Addr;

use crate::firewall::Unmeasured;
use crate::format::read::number::from_digits;
use crate::format::read::values::{address, network, prefix_length};
use crate::limits::{Limit, Limits};
use crate::packets::{Action, Condition, Dimension, Interval, PacketBox, Step};
use crate::terminal::clip;

/// The maximum length of a criterion in a report, in characters.
const LONGEST_WORDS: usize = 120;

pub(super) struct Criteria {
    limits: Limits,
    pub steps: Vec<Step>,
    pub unmeasured: Vec<Unmeasured>,
}

impl Criteria {
    pub fn new(limits: Limits) -> Self {
        Criteria {
            limits,
            steps: Vec::new(),
            unmeasured: Vec::new(),
        }
    }

    /// Adds one item of `match`.
    pub fn add(&mut self, at: u32, item: &str) -> Result<(), String> {
        self.check_room()?;
        if item.starts_with('!') {
            return Err(format!(
                "'{item}' excludes addresses, which is not supported; list the addresses that match"
            ));
        }
        if is_ipv6(item) {
            return self.besides(at, format!("IPv6, {item}"));
        }
        self.steps.push(Step {
            packets: packets(item)?,
            condition: Condition::True,
            action: Action::Accept,
            at,
        });
        Ok(())
    }

    /// Adds a criterion that is not an IPv4 address.
    pub fn besides(&mut self, at: u32, what: String) -> Result<(), String> {
        self.check_room()?;
        // Many sections may share the settings of one template.
        let what = clip(what, LONGEST_WORDS);
        self.unmeasured.push(Unmeasured { what, at });
        Ok(())
    }

    fn check_room(&self) -> Result<(), String> {
        let count = self.steps.len() + self.unmeasured.len() + 1;
        Ok(self.limits.check(Limit::Rules, count)?)
    }
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
