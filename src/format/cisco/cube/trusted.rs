//! The trusted list, and whether it is in force.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use crate::firewall::DeployedUnit;
use crate::format::cisco::vocabulary::masked;
use crate::format::read::address_list::AddressList;
use crate::format::read::number::{from_digits, plain_number};
use crate::format::read::values::address;
use crate::format::read::words::Words;
use crate::limits::Limits;
use crate::packets::{Dimension, Interval, PacketBox};
use crate::read_error::ReadError;

/// The mode of the commands for the list.
pub(super) const MODE: &str = "voice service voip";

pub(super) struct Trusted {
    limits: Limits,
    accepted: AddressList,
    /// The addresses of each entry, by the address as written.
    networks: HashMap<u32, Interval>,
    /// True if the text contains the list.
    pub exists: bool,
    /// The place of the line that turns the list off.
    pub is_off: Option<u32>,
}

impl Trusted {
    pub fn new(limits: Limits) -> Self {
        Trusted {
            limits,
            accepted: AddressList::new(limits),
            networks: HashMap::new(),
            exists: false,
            is_off: None,
        }
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        let is_off = self.is_off;
        *self = Trusted::new(self.limits);
        self.is_off = is_off;
    }

    /// Reads an entry.
    pub fn entry(&mut self, at: u32, text: &str) -> Result<(), String> {
        let mut words = Words::new(text);
        match words.next() {
            Some("ipv4") => self.ipv4(at, words),
            Some("ipv6") => self.ipv6(at, words),
            _ => Err(format!(
                "expected 'ipv4' or 'ipv6' in lower case, not '{text}'"
            )),
        }
    }

    fn ipv4(&mut self, at: u32, mut words: Words) -> Result<(), String> {
        let word = words.need("an address")?;
        let base = address(word)?;
        let addresses = match words.next() {
            None => Interval::single(base),
            Some(mask) => match mask.strip_prefix('/') {
                Some(length) => prefix(base, length)?,
                None => masked(base, mask)?,
            },
        };
        words.finish()?;
        self.accepted.check_room()?;
        match self.networks.insert(base, addresses) {
            None => {
                let packets = PacketBox::ALL.with(Dimension::Remote, addresses);
                self.accepted.accept(at, packets)
            }
            Some(same) if same == addresses => Ok(()),
            Some(_) => Err(format!(
                "'{word}' is in the list already with another mask, and IOS allows no address twice; remove one of \
                 them"
            )),
        }
    }

    fn ipv6(&mut self, at: u32, mut words: Words) -> Result<(), String> {
        let word = words.need("an address")?;
        words.finish()?;
        let (base, length) = word.split_once('/').unwrap_or((word, "128"));
        let is_length = from_digits::<u8>(length).is_some_and(|length| length <= 128);
        if base.parse::<Ipv6Addr>().is_ok() && is_length {
            self.accepted.accept_unmeasured(at, format!("IPv6, {word}"))
        } else {
            Err(format!("'{word}' is not an IPv6 network"))
        }
    }

    /// Returns the list. If it is off, the router accepts calls from any address.
    pub fn into_unit(self) -> Result<DeployedUnit, Vec<ReadError>> {
        let name = "trusted list".to_owned();
        let Some(at) = self.is_off else {
            let absent = (!self.exists).then(|| "the input has no trusted list".to_owned());
            return Ok(self.accepted.into_unit(name, absent));
        };
        let mut everything = AddressList::new(self.limits);
        let what = "IPv6, because the trusted list is off".to_owned();
        let added = everything.accept(at, PacketBox::ALL);
        let added = added.and_then(|()| everything.accept_unmeasured(at, what));
        added.map_err(|problem| vec![ReadError::new(at, problem)])?;
        Ok(everything.into_unit(name, None))
    }
}

fn prefix(base: u32, length: &str) -> Result<Interval, String> {
    plain_number(length)?;
    let number = from_digits::<u32>(length).filter(|length| *length <= 32);
    let number =
        number.ok_or_else(|| format!("'/{length}' is not a prefix length from 0 to 32"))?;
    Ok(Interval::network(base, number))
}
