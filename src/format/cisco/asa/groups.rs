//! Objects and object groups that entries refer to by name. They contain addresses, services, ports,
//! protocols or ICMP messages.
//!
//! Cisco ASA Series Command Reference, `object network`, `object service`, `object-group`.

use std::collections::HashMap;
use std::rc::Rc;

use super::addresses::{Addresses, Ipv6, host, network, range};
use super::outline::{Definition, Kind, Outline};
use super::words::{ICMP, ICMP6, message, ports, protocols};
use crate::format::read::matches::Matches;
use crate::format::read::words::Words;
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::packets::{
    Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, normalized,
};
use crate::read_error::ReadError;

/// The meaning of an object or a group. Its kind determines which fields are used.
#[derive(Default)]
pub(super) struct Meaning {
    /// [`normalized`] addresses or ports.
    pub spans: Vec<Interval>,
    /// The IPv6 part of addresses.
    pub ipv6: Ipv6,
    /// Services or protocols. They may overlap.
    pub services: Vec<Service>,
}

/// The packets of a service.
#[derive(Clone, Copy)]
pub(super) struct Service {
    pub packets: HeaderBox,
    pub condition: Condition,
}

impl Meaning {
    pub fn add(&mut self, addresses: &Addresses) {
        self.spans.extend(addresses.ipv4);
        self.ipv6 = self.ipv6.max(addresses.ipv6);
    }

    fn add_all(&mut self, other: &Meaning) {
        self.spans.extend(&other.spans);
        self.ipv6 = self.ipv6.max(other.ipv6);
        self.services.extend(&other.services);
    }

    fn size(&self) -> usize {
        self.spans.len() + self.services.len()
    }
}

/// A reference to an object or a group, with the place of its line.
#[derive(Clone, Copy)]
pub(super) struct Reference<'a> {
    pub is_group: bool,
    pub name: &'a str,
    pub at: u32,
}

impl<'a> Reference<'a> {
    /// Reads the name after `object`, `object-group` or `group-object`.
    pub fn read(words: &mut Words<'a>, is_group: bool, at: u32) -> Result<Self, String> {
        let name = words.need("the name of an object or an object group")?;
        Ok(Reference { is_group, name, at })
    }
}

/// The objects and groups of a text. Each one is read when it is first used.
pub(super) struct Groups<'a> {
    pub outline: &'a Outline<'a>,
    pub limits: Limits,
    read: HashMap<&'a str, Result<Rc<Meaning>, ReadError>>,
    /// The groups that are being read, outermost first.
    open: Vec<&'a str>,
    /// The number of members of all groups. Members of a nested group count in each group around it.
    size: usize,
    /// The steps of [`Limit::Work`] taken by entries.
    work: usize,
}

impl<'a> Groups<'a> {
    pub fn new(outline: &'a Outline<'a>, limits: Limits) -> Self {
        Groups {
            outline,
            limits,
            read: HashMap::new(),
            open: Vec::new(),
            size: 0,
            work: 0,
        }
    }

    /// Adds steps of [`Limit::Work`].
    pub fn spend(&mut self, steps: usize) -> Result<(), LimitExceeded> {
        self.work = self.work.saturating_add(steps);
        self.limits.check(Limit::Work, self.work)
    }

    /// Returns the definition that a reference names.
    pub fn find(&self, reference: Reference) -> Result<&'a Definition<'a>, String> {
        let Reference { is_group, name, at } = reference;
        let what = if is_group { "object group" } else { "object" };
        let found = self.outline.definitions.get(name);
        let found = found.filter(|found| found.is_group == is_group);
        let found = found.ok_or_else(|| {
            format!(
                "{what} '{name}' is not in the input; provide the output of 'show running-config', or of \
                 'show access-list', which includes its elements"
            )
        })?;
        if self.outline.is_load && found.at > at {
            return Err(format!(
                "{what} '{name}' is defined only below, and an ASA refuses that"
            ));
        }
        Ok(found)
    }

    /// Returns the meaning of an object or a group. Fails if it has another kind.
    pub fn meaning(
        &mut self,
        reference: Reference<'a>,
        kind: Kind,
    ) -> Result<Rc<Meaning>, ReadError> {
        let name = reference.name;
        let definition = self.find(reference)?;
        if definition.kind != kind {
            let (is, wanted) = (definition.kind.plural(), kind.plural());
            return Err(format!("'{name}' contains {is}, but {wanted} are expected here").into());
        }
        if let Some(known) = self.read.get(name) {
            return known.clone();
        }
        if self.open.contains(&name) {
            return Err(format!("object group '{name}' contains itself").into());
        }
        let fits = self.limits.check(Limit::Depth, self.open.len() + 1);
        fits.map_err(String::from)?;
        self.open.push(name);
        let meaning = self.members(definition).map(Rc::new);
        self.open.pop();
        self.read.insert(name, meaning.clone());
        meaning
    }

    fn members(&mut self, definition: &'a Definition<'a>) -> Result<Meaning, ReadError> {
        let mut meaning = Meaning::default();
        let mut count = 0;
        for (at, line) in &definition.members {
            let read = self.line(definition, *at, line, &mut meaning);
            count += usize::from(read.map_err(|error| error.or_at(*at))?);
            let fits = self.limits.check(Limit::Rules, self.size + meaning.size());
            fits.map_err(|exceeded| ReadError::new(*at, exceeded))?;
        }
        let problem = match (count, definition.is_group) {
            (0, true) => "the object group has no members",
            (0, false) => "the object has no value",
            (2.., false) => "the object has two values",
            _ => {
                self.size += meaning.size();
                meaning.spans = normalized(std::mem::take(&mut meaning.spans));
                return Ok(meaning);
            }
        };
        Err(ReadError::new(definition.at, problem))
    }

    /// Reads a line of a definition. Returns true if the line is a member.
    fn line(
        &mut self,
        definition: &Definition,
        at: u32,
        line: &'a str,
        meaning: &mut Meaning,
    ) -> Result<bool, ReadError> {
        let mut words = Words::new(line);
        let kind = definition.kind;
        let word = words.need("a member")?;
        match (kind, word, definition.is_group) {
            (_, "description", _) | (Kind::Network, "nat", false) => return Ok(false),
            (_, "group-object", true) => {
                let nested = Reference::read(&mut words, true, at)?;
                meaning.add_all(&*self.meaning(nested, kind)?);
            }
            (Kind::Network, "network-object", true) | (Kind::Service, "service-object", true)
                if words.peek() == Some("object") =>
            {
                words.next();
                let object = Reference::read(&mut words, false, at)?;
                meaning.add_all(&*self.meaning(object, kind)?);
            }
            _ => self.member(definition, word, &mut words, meaning)?,
        }
        words.finish()?;
        Ok(true)
    }

    fn member(
        &self,
        definition: &Definition,
        word: &str,
        words: &mut Words,
        meaning: &mut Meaning,
    ) -> Result<(), String> {
        let names = &self.outline.names;
        match (definition.kind, word, definition.is_group) {
            (Kind::Network, "network-object", true) => {
                let first = words.need("an address")?;
                meaning.add(&if first == "host" {
                    host(words, names)?
                } else {
                    network(first, words, names)?
                });
            }
            (Kind::Network, "host", false) => meaning.add(&host(words, names)?),
            (Kind::Network, "range", false) => meaning.add(&range(words, names)?),
            (Kind::Network, "subnet", false) => {
                let first = words.need("an address")?;
                meaning.add(&network(first, words, names)?);
            }
            (Kind::Service, "service-object", true) | (Kind::Service, "service", false) => {
                service(words, &mut meaning.services)?;
            }
            (Kind::Ports(_), "port-object", true) => {
                let ports = ports(words)?;
                meaning
                    .spans
                    .extend(ports.ok_or("expected 'eq' or 'range' after 'port-object'")?);
            }
            (Kind::Protocol, "protocol-object", true) => {
                let protocols = protocols(words.need("a protocol")?)?;
                let packets = HeaderBox::ALL.matching(HeaderMatch::of(protocols));
                meaning.services.extend(packets.map(|packets| Service {
                    packets,
                    condition: Condition::True,
                }));
            }
            (Kind::Messages, "icmp-object", true) => {
                if !message(words)? {
                    return Err("expected an ICMP message after 'icmp-object'".to_owned());
                }
            }
            (kind, ..) => {
                return Err(format!(
                    "unknown member '{word}' of a definition for {}",
                    kind.plural()
                ));
            }
        }
        Ok(())
    }
}

/// Reads `tcp|udp|tcp-udp|sctp [source PORTS] [destination PORTS]`, `icmp [MESSAGE]`, or a protocol.
/// Version 8.2 and older omit the word `destination`.
fn service(words: &mut Words, members: &mut Vec<Service>) -> Result<(), String> {
    let protocols = match words.need("a protocol")? {
        "tcp-udp" => Protocols::TCP.or(Protocols::UDP),
        word => protocols(word)?,
    };
    // A member has only a few ports, so it needs no limit.
    let mut matches = Matches::within(Limits::default());
    matches.kind(HeaderMatch::of(protocols));
    if [ICMP, ICMP6].contains(&protocols) {
        matches.condition = Condition::true_if(!message(words)?);
    } else if Protocols::WITH_PORTS.holds(protocols) {
        for (side, field) in [
            ("source", HeaderField::SourcePort),
            ("destination", HeaderField::DestinationPort),
        ] {
            let is_named = words.next_if(|word| word == side).is_some();
            if !is_named && side == "source" {
                continue;
            }
            match ports(words)? {
                Some(ports) => matches.span(field, &ports)?,
                None if is_named => return Err(format!("expected ports after '{side}'")),
                None => {}
            }
        }
    }
    members.extend(matches.boxes.iter().map(|packets| Service {
        packets: *packets,
        condition: matches.condition,
    }));
    Ok(())
}
