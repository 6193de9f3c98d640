//! Object groups: lists of networks or services that entries refer to by name.
//!
//! Cisco IOS Security Command Reference, `object-group network`, `object-group service`.

use std::collections::HashMap;
use std::rc::Rc;

use super::outline::{Definition, GroupKind};
use super::words::{ICMP, icmp_message, ports_or_port, protocols};
use crate::format::cisco::vocabulary;
use crate::format::read::matches::Matches;
use crate::format::read::values::{address, network};
use crate::format::read::words::Words;
use crate::limits::{Limit, Limits};
use crate::packets::{
    Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, normalized,
};
use crate::read_error::ReadError;

/// The packets of a member of a service group.
#[derive(Clone, Copy)]
pub(super) struct Service {
    pub packets: HeaderBox,
    pub condition: Condition,
}

/// The groups of a text. Each one is read when it is first used.
pub(super) struct Groups<'a> {
    networks: GroupsOf<'a, Interval>,
    services: GroupsOf<'a, Service>,
    pub limits: Limits,
}

impl<'a> Groups<'a> {
    pub fn new(definitions: &'a HashMap<&'a str, Definition<'a>>, limits: Limits) -> Self {
        Groups {
            networks: GroupsOf {
                definitions,
                kind: GroupKind::Network,
                member: addresses,
                tidy: normalized,
                read: HashMap::new(),
                open: Vec::new(),
                size: 0,
                limits,
            },
            services: GroupsOf {
                definitions,
                kind: GroupKind::Service,
                member: service,
                tidy: std::convert::identity,
                read: HashMap::new(),
                open: Vec::new(),
                size: 0,
                limits,
            },
            limits,
        }
    }

    /// Returns the [`normalized`] addresses of a group.
    pub fn networks(&mut self, name: &'a str) -> Result<Rc<[Interval]>, ReadError> {
        self.networks.group(name)
    }

    /// Returns the services of a group. They may overlap.
    pub fn services(&mut self, name: &'a str) -> Result<Rc<[Service]>, ReadError> {
        self.services.group(name)
    }
}

/// The groups of one kind.
struct GroupsOf<'a, T> {
    definitions: &'a HashMap<&'a str, Definition<'a>>,
    kind: GroupKind,
    /// Reads a member, except for members that both kinds of groups may have.
    member: fn(&mut Words, &mut Vec<T>) -> Result<(), String>,
    tidy: fn(Vec<T>) -> Vec<T>,
    read: HashMap<&'a str, Result<Rc<[T]>, ReadError>>,
    /// The groups that are being read, outermost first.
    open: Vec<&'a str>,
    /// The number of members of all groups. Members of a nested group count in each group around it.
    size: usize,
    limits: Limits,
}

impl<'a, T: Copy> GroupsOf<'a, T> {
    fn group(&mut self, name: &'a str) -> Result<Rc<[T]>, ReadError> {
        if let Some(known) = self.read.get(name) {
            return known.clone();
        }
        let definition = self.definitions.get(name).ok_or_else(|| {
            format!(
                "object group '{name}' is not in the input; provide the output of 'show running-config', or add that \
                 of 'show object-group'"
            )
        })?;
        if definition.kind != self.kind {
            let (is, wanted) = (definition.kind.plural(), self.kind.plural());
            return Err(format!(
                "object group '{name}' contains {is}, but {wanted} are expected here"
            )
            .into());
        }
        if self.open.contains(&name) {
            return Err(format!("object group '{name}' contains itself").into());
        }
        let fits = self.limits.check(Limit::Depth, self.open.len() + 1);
        fits.map_err(String::from)?;
        self.open.push(name);
        let members = self.members(definition);
        self.open.pop();
        self.read.insert(name, members.clone());
        members
    }

    fn members(&mut self, definition: &'a Definition<'a>) -> Result<Rc<[T]>, ReadError> {
        let mut members = Vec::new();
        for (at, line) in &definition.members {
            let read = self.line(line, &mut members);
            read.map_err(|error| error.or_at(*at))?;
            let fits = self.limits.check(Limit::Rules, self.size + members.len());
            fits.map_err(|exceeded| ReadError::new(*at, exceeded))?;
        }
        if members.is_empty() {
            let problem = "the object group has no members";
            return Err(ReadError::new(definition.at, problem));
        }
        self.size += members.len();
        Ok((self.tidy)(members).into())
    }

    fn line(&mut self, line: &'a str, members: &mut Vec<T>) -> Result<(), ReadError> {
        let mut words = Words::new(line);
        match words.peek() {
            Some("description" | "Description") => return Ok(()),
            Some("group-object") => {
                words.next();
                let nested = self.group(words.need("the name of an object group")?)?;
                members.extend(nested.iter().copied());
            }
            _ => (self.member)(&mut words, members)?,
        }
        Ok(words.finish()?)
    }
}

/// Reads `any`, `host 192.0.2.1`, `range 192.0.2.1 192.0.2.9`, `192.0.2.0 255.255.255.0` or
/// `192.0.2.0 /24`.
fn addresses(words: &mut Words, members: &mut Vec<Interval>) -> Result<(), String> {
    let word = words.need("a member of the object group")?;
    let span = match word {
        "any" => Interval::ADDRESSES,
        "host" => Interval::single(address(words.need("an address")?)?),
        "range" => {
            let (first, last) = (words.need("an address")?, words.need("an address")?);
            let span = Interval::new(address(first)?, address(last)?);
            span.ok_or_else(|| format!("the range from '{first}' to '{last}' is reversed"))?
        }
        _ if word.starts_with(|c: char| c.is_ascii_digit()) => masked(word, words)?,
        _ => {
            return Err(format!(
                "expected any, host, range, group-object, description, or an address and a mask, not '{word}'"
            ));
        }
    };
    members.push(span);
    Ok(())
}

fn masked(word: &str, words: &mut Words) -> Result<Interval, String> {
    if word.contains('/') {
        return network(word);
    }
    let base = address(word)?;
    let mask = words.need("a netmask")?;
    if mask.starts_with('/') {
        return network(&format!("{word}{mask}"));
    }
    vocabulary::masked(base, mask)
}

/// Reads `tcp|udp|tcp-udp [source PORTS] [PORTS]`, `icmp [MESSAGE]`, or a protocol.
fn service(words: &mut Words, members: &mut Vec<Service>) -> Result<(), String> {
    let protocols = match words.need("a member of the object group")? {
        "tcp-udp" => Protocols::TCP.or(Protocols::UDP),
        word => protocols(word)?,
    };
    // A member has only a few ports, so it needs no limit.
    let mut matches = Matches::within(Limits::default());
    matches.kind(HeaderMatch::of(protocols));
    if protocols == ICMP {
        matches.condition = Condition::true_if(!icmp_message(words)?);
    } else if Protocols::WITH_PORTS.holds(protocols) {
        if words.next_if(|word| word == "source").is_some() {
            let ports = ports_or_port(words)?;
            let ports = ports.ok_or("expected ports after 'source'")?;
            matches.span(HeaderField::SourcePort, &ports)?;
        }
        if let Some(ports) = ports_or_port(words)? {
            matches.span(HeaderField::DestinationPort, &ports)?;
        }
    }
    members.extend(matches.boxes.iter().map(|packets| Service {
        packets: *packets,
        condition: matches.condition,
    }));
    Ok(())
}
