//! The contents of sets whose entries have ports or several elements.

use std::collections::BTreeMap;

use super::entries::after_comment;
use super::networks::{Network, possible};
use super::sets::{Change, Set};
use super::shape::{number, timeout};
use super::words::is_exist;
use crate::format::read::iana;
use crate::format::read::named_sets::{Contents, Element, MAX_ELEMENTS, Tuple};
use crate::format::read::values::{network, port};
use crate::format::read::words::Words;
use crate::packets::{Interval, Protocols, normalized};

/// The elements of a set type, and the number of the element whose values are joined.
struct Kind {
    name: &'static str,
    elements: &'static [Element],
    joined: usize,
}

const KINDS: [Kind; 6] = {
    use Element::{Address, Port};
    const fn kind(name: &'static str, elements: &'static [Element], joined: usize) -> Kind {
        Kind {
            name,
            elements,
            joined,
        }
    }
    [
        kind("bitmap:port", &[Port], 0),
        kind("hash:ip,port", &[Address, Port], 0),
        kind("hash:net,port", &[Address, Port], 0),
        kind("hash:ip,port,ip", &[Address, Port, Address], 2),
        kind("hash:ip,port,net", &[Address, Port, Address], 2),
        kind("hash:net,net", &[Address, Address], 1),
    ]
};

/// The protocols with ports in these sets. For other protocols, an entry has the port 0 and matches all packets.
const WITH_PORTS: Protocols = Protocols::of(6)
    .or(Protocols::of(17))
    .or(Protocols::of(132))
    .or(Protocols::of(136));
const ICMP: Protocols = Protocols::of(1);

/// The options of an entry that matter.
#[derive(Clone, Copy)]
struct Options {
    is_excluded: bool,
    expires: bool,
}

/// Returns the contents of a set; `None` if they are unknown.
pub(super) fn contents(set: &Set) -> Option<Contents> {
    let kind = KINDS.iter().find(|kind| kind.name == set.kind)?;
    let entries = entries(set, kind)?;
    if kind.elements == [Element::Port] {
        return Some(ports(&entries));
    }
    let mut groups: BTreeMap<Tuple, Vec<Network>> = BTreeMap::new();
    // An entry of ICMP matches only packets of one type.
    let mut is_certain = !entries.keys().any(|tuple| tuple.protocols == ICMP);
    for (mut tuple, options) in entries {
        let value = &mut tuple.values[kind.joined];
        let addresses = std::mem::replace(value, Interval::ADDRESSES);
        is_certain &= !options.expires;
        groups.entry(tuple).or_default().push(Network {
            addresses,
            is_excluded: options.is_excluded,
            expires: options.expires,
        });
    }
    if kind.name == "hash:net,net" {
        is_certain &= !overlap(groups.keys().map(|tuple| tuple.values[0]));
    }
    let mut tuples = Vec::new();
    for (mut tuple, mut networks) in groups {
        for value in possible(&mut networks) {
            tuple.values[kind.joined] = value;
            tuples.push(tuple);
        }
    }
    Some(Contents::Tuples {
        elements: kind.elements,
        tuples,
        is_certain,
    })
}

/// Returns the entries of a set at the end of the input; `None` if they are unknown.
fn entries(set: &Set, kind: &Kind) -> Option<BTreeMap<Tuple, Options>> {
    let has = |option| {
        set.options
            .split_ascii_whitespace()
            .any(|word| word == option)
    };
    if set.had_others || has("netmask") || has("bitmask") {
        return None;
    }
    let mut words = set.options.split_ascii_whitespace();
    let default = words.find(|word| *word == "timeout").and(words.next());
    let expires = default.is_some_and(|seconds| seconds != "0");
    let mut entries = BTreeMap::new();
    for (_, change, text) in &set.changes {
        let mut words = Words::new(text);
        let tuple = kind.tuple(words.next()?)?;
        match change {
            Change::Add => drop(entries.insert(tuple, options(words, expires)?)),
            Change::Delete => drop(entries.remove(&tuple)),
        }
    }
    Some(entries)
}

fn options(mut words: Words, expires: bool) -> Option<Options> {
    let mut options = Options {
        is_excluded: false,
        expires,
    };
    while let Some(word) = words.next() {
        match word {
            "nomatch" => options.is_excluded = true,
            "timeout" => options.expires = timeout(words.next()?).ok()? != 0,
            "packets" | "bytes" => drop(number::<u64>(words.next()?).ok()?),
            "skbmark" | "skbprio" | "skbqueue" => drop(words.next()?),
            "comment" => words = after_comment(words).ok()?,
            _ if is_exist(word) => {}
            _ => return None,
        }
    }
    Some(options)
}

impl Kind {
    fn tuple(&self, text: &str) -> Option<Tuple> {
        let mut tuple = Tuple {
            protocols: Protocols::ALL,
            values: [Interval::ADDRESSES; MAX_ELEMENTS],
        };
        let mut parts = text.split(',');
        for (element, value) in self.elements.iter().zip(&mut tuple.values) {
            let part = parts.next()?;
            *value = match element {
                Element::Address => network(part).ok()?,
                Element::Port if self.elements.len() == 1 => Interval::single(port(part).ok()?),
                Element::Port => {
                    let (protocols, ports) = service(part)?;
                    tuple.protocols = protocols;
                    ports
                }
            };
        }
        parts.next().is_none().then_some(tuple)
    }
}

/// Reads the protocol and the port of an entry, such as `udp:5060`. The default is TCP.
fn service(text: &str) -> Option<(Protocols, Interval)> {
    let (protocol, number) = text.split_once(':').unwrap_or(("tcp", text));
    let protocols = match protocol {
        "tcp" => Protocols::TCP,
        "udp" => Protocols::UDP,
        _ => iana::protocol(protocol).ok()?,
    };
    if WITH_PORTS.holds(protocols) {
        Some((protocols, Interval::single(port(number).ok()?)))
    } else {
        (number == "0" || protocols == ICMP).then_some((protocols, Interval::PORTS))
    }
}

fn ports(entries: &BTreeMap<Tuple, Options>) -> Contents {
    let of = |wanted: fn(&Options) -> bool| {
        let entries = entries.iter().filter(|(_, options)| wanted(options));
        normalized(entries.map(|(tuple, _)| tuple.values[0]).collect())
    };
    Contents::Values {
        element: Element::Port,
        certain: of(|options| !options.expires),
        possible: of(|_| true),
    }
}

/// True if two of the intervals, which are in ascending order, have a common number and differ.
fn overlap(mut ascending: impl Iterator<Item = Interval>) -> bool {
    let Some(mut before) = ascending.next() else {
        return false;
    };
    ascending.any(|next| {
        let last = std::mem::replace(&mut before, next).last;
        next.first <= last
    })
}
