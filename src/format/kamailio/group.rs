//! A group of the module's tables. `allow_source_address` checks a request against one group.

use std::net::Ipv6Addr;

use crate::format::read::address_list::AddressList;
use crate::format::read::number::{from_digits, is_number};
use crate::format::read::values::network;
use crate::limits::Limits;
use crate::packets::{Dimension, Interval, PacketBox};

/// An entry of a table, as written.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry<'a> {
    pub group: &'a str,
    pub address: &'a str,
    /// 0 or empty for a single address.
    pub mask: &'a str,
    /// 0 or empty for any port.
    pub port: &'a str,
}

/// The entries of one group.
pub(super) struct Group {
    number: u32,
    pub accepted: AddressList,
}

impl Group {
    pub fn new(number: u32, limits: Limits) -> Self {
        Group {
            number,
            accepted: AddressList::new(limits),
        }
    }

    /// Adds an entry if it belongs to the group.
    pub fn add(&mut self, at: u32, entry: Entry) -> Result<(), String> {
        let group: u32 = number(entry.group, "a group")?;
        let longest = if entry.address.contains(':') { 128 } else { 32 };
        let is_mask = |mask: &str| mask.parse::<u32>().is_ok_and(|mask| mask <= longest);
        if is_number(entry.mask) && !is_mask(entry.mask) {
            return Err(format!(
                "'{}' is not a mask from 0 to {longest}, so Kamailio does not load the file",
                entry.mask
            ));
        }
        if group != self.number {
            return Ok(());
        }
        self.accepted.check_room()?;
        let mask: u32 = number(entry.mask, "a mask")?;
        let port: u16 = number(entry.port, "a port")?;
        if is_ipv6(entry.address, mask)? {
            let what = format!("IPv6, {} with the mask {mask}", entry.address);
            return self.accepted.accept_unmeasured(at, what);
        }
        let mut packets = PacketBox::ALL.with(Dimension::Remote, addresses(entry.address, mask)?);
        if port != 0 {
            packets = packets.with(Dimension::RemotePort, Interval::single(port.into()));
        }
        self.accepted.accept(at, packets)
    }
}

/// Parses digits; an empty word is 0. Kamailio also reads digits before other characters, which
/// this refuses.
fn number<T: std::str::FromStr + Default>(word: &str, what: &str) -> Result<T, String> {
    if word.is_empty() {
        return Ok(T::default());
    }
    from_digits(word).ok_or_else(|| format!("'{word}' is not {what} in plain decimal digits"))
}

fn addresses(address: &str, mask: u32) -> Result<Interval, String> {
    let only = crate::format::read::values::address(address).map_err(|problem| {
        format!(
            "{problem}, so Kamailio treats it as a host name; write the mask as a separate word"
        )
    })?;
    match mask {
        0 => Ok(Interval::single(only)),
        _ => network(&format!("{address}/{mask}")),
    }
}

/// True for an IPv6 address such as `2001:db8::1`, in brackets or not.
fn is_ipv6(word: &str, mask: u32) -> Result<bool, String> {
    if !word.contains(':') && !word.starts_with('[') {
        return Ok(false);
    }
    let bare = word.strip_prefix('[').and_then(|w| w.strip_suffix(']'));
    if bare.unwrap_or(word).parse::<Ipv6Addr>().is_ok() && mask <= 128 {
        Ok(true)
    } else {
        Err(format!(
            "'{word}' with the mask {mask} is not an IPv6 network"
        ))
    }
}
