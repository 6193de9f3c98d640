//! Entries of an extended access list.
//!
//! Cisco ASA Series Command Reference, `access-list extended` and `show access-list`.

use std::net::IpAddr;
use std::rc::Rc;

use super::addresses::{Ipv6, any, host, network, range};
use super::groups::{Groups, Meaning, Reference};
use super::outline::Kind;
use super::words::{ICMP, ICMP6, message, ports, protocols};
use crate::format::read::matches::Matches;
use crate::format::read::number::is_number;
use crate::format::read::words::Words;
use crate::packets::{Action, Condition, HeaderField, HeaderMatch, Interval, Protocols};
use crate::read_error::ReadError;

/// The action of an entry and its packets.
pub(super) struct Entry {
    pub action: Action,
    /// The packets by source and destination, as in the text. The direction is not known yet.
    pub matches: Matches,
    /// Further narrows the packets to those of any of these services.
    pub services: Option<Rc<Meaning>>,
    /// The IPv6 packets that the entry matches.
    pub ipv6: Ipv6,
    /// True if the entry has no effect.
    pub inactive: bool,
    /// True if the entry has a hit count or a hash, which only `show access-list` prints.
    pub is_shown: bool,
}

impl Entry {
    /// Reads the text after `extended`.
    pub fn read<'a>(text: &'a str, at: u32, groups: &mut Groups<'a>) -> Result<Entry, ReadError> {
        let mut words = Words::new(text);
        let action = match words.need("permit or deny")? {
            "permit" => Action::Accept,
            "deny" => Action::Deny,
            word => return Err(format!("expected permit or deny, not '{word}'").into()),
        };
        let matches = Matches::within(groups.limits);
        let mut reader = EntryReader {
            words,
            at,
            groups,
            protocols: Protocols::ALL,
            is_whole: true,
            entry: Entry {
                action,
                matches,
                services: None,
                ipv6: Ipv6::All,
                inactive: false,
                is_shown: false,
            },
        };
        reader.service()?;
        reader.users()?;
        for (addresses, ports) in [
            (HeaderField::Source, HeaderField::SourcePort),
            (HeaderField::Destination, HeaderField::DestinationPort),
        ] {
            reader.security_groups()?;
            reader.addresses(addresses)?;
            reader.ports(ports)?;
        }
        reader.messages()?;
        reader.options()?;
        let EntryReader {
            mut entry,
            is_whole,
            ..
        } = reader;
        if !is_whole || !entry.matches.condition.is_true() {
            entry.ipv6 = entry.ipv6.min(Ipv6::Some);
        }
        Ok(entry)
    }
}

struct EntryReader<'a, 'g> {
    words: Words<'a>,
    at: u32,
    groups: &'g mut Groups<'a>,
    /// The protocols that following ports apply to.
    protocols: Protocols,
    /// True if only addresses restrict the packets.
    is_whole: bool,
    entry: Entry,
}

impl<'a> EntryReader<'a, '_> {
    /// Reads the name after `object` or `object-group`. Returns it with its kind.
    fn reference(&mut self, is_group: bool) -> Result<(Reference<'a>, Kind), ReadError> {
        let reference = Reference::read(&mut self.words, is_group, self.at)?;
        if reference.name.ends_with(')') {
            let problem = "the ASA uses object-group-search, so the output has only the number of the group's \
                           elements; provide the output of 'show running-config'";
            return Err(problem.to_owned().into());
        }
        let kind = self.groups.find(reference)?.kind;
        Ok((reference, kind))
    }

    /// Reads a protocol, or an object or group of services or protocols.
    fn service(&mut self) -> Result<(), ReadError> {
        let word = self.words.need("a protocol")?;
        if !matches!(word, "object" | "object-group") {
            self.protocols = protocols(word)?;
            self.is_whole = self.protocols == Protocols::ALL;
            self.entry.matches.kind(HeaderMatch::of(self.protocols));
            return Ok(());
        }
        let (reference, kind) = self.reference(word == "object-group")?;
        let wanted = if kind == Kind::Protocol {
            kind
        } else {
            Kind::Service
        };
        let services = self.groups.meaning(reference, wanted)?;
        let all = services
            .services
            .iter()
            .map(|s| s.packets.header().protocols);
        self.protocols = match kind {
            Kind::Protocol => all.fold(Protocols::NONE, Protocols::or),
            // Services have their own ports.
            _ => Protocols::ALL,
        };
        self.is_whole = false;
        self.entry.services = Some(services);
        Ok(())
    }

    /// Reads a user or a group of users, which packets do not show.
    fn users(&mut self) -> Result<(), String> {
        let is_user = |word: &str| matches!(word, "user" | "user-group" | "object-group-user");
        if self.words.next_if(is_user).is_some() {
            self.words.need("the name of a user or a group")?;
            self.entry.matches.condition = Condition::Unknown;
        }
        Ok(())
    }

    fn security_groups(&mut self) -> Result<(), String> {
        let is_group = |word: &str| matches!(word, "security-group" | "object-group-security");
        let Some(word) = self.words.next_if(is_group) else {
            return Ok(());
        };
        if word == "security-group" && !matches!(self.words.next(), Some("name" | "tag")) {
            return Err("expected 'name' or 'tag' after 'security-group'".to_owned());
        }
        self.words.need("the name of a security group")?;
        self.entry.matches.condition = Condition::Unknown;
        Ok(())
    }

    fn addresses(&mut self, field: HeaderField) -> Result<(), ReadError> {
        let word = self.words.need("an address")?;
        let names = &self.groups.outline.names;
        let mut meaning = Meaning::default();
        match word {
            "object" | "object-group" => {
                let (reference, _) = self.reference(word == "object-group")?;
                let meaning = self.groups.meaning(reference, Kind::Network)?;
                return Ok(self.narrow(field, &meaning)?);
            }
            "interface" => {
                // The ASA's own address on an interface, which this parser does not know.
                self.words.need("the name of an interface")?;
                self.entry.matches.condition = Condition::Unknown;
                meaning.spans.push(Interval::ADDRESSES);
                meaning.ipv6 = Ipv6::Some;
            }
            "fqdn" => {
                return Err(
                    "host names are not supported, because their addresses change; use addresses"
                        .to_owned()
                        .into(),
                );
            }
            "host" => meaning.add(&host(&mut self.words, names)?),
            "range" => meaning.add(&range(&mut self.words, names)?),
            word => match any(word) {
                Some(all) => meaning.add(&all),
                None => meaning.add(&network(word, &mut self.words, names)?),
            },
        }
        Ok(self.narrow(field, &meaning)?)
    }

    fn narrow(&mut self, field: HeaderField, meaning: &Meaning) -> Result<(), String> {
        self.entry.ipv6 = self.entry.ipv6.min(meaning.ipv6);
        self.entry.matches.span(field, &meaning.spans)
    }

    fn ports(&mut self, field: HeaderField) -> Result<(), ReadError> {
        if let Some((reference, kind @ Kind::Ports(of), rest)) = self.next_group()? {
            self.words = rest;
            if !of.holds(self.protocols) {
                let problem = format!(
                    "group '{}' is for the ports of another protocol",
                    reference.name
                );
                return Err(problem.into());
            }
            let meaning = self.groups.meaning(reference, kind)?;
            self.is_whole = false;
            return Ok(self.entry.matches.span(field, &meaning.spans)?);
        }
        if self.has_addresses_next() {
            return Ok(());
        }
        match ports(&mut self.words)? {
            None => Ok(()),
            Some(spans) if Protocols::WITH_PORTS.holds(self.protocols) => {
                self.is_whole = false;
                Ok(self.entry.matches.span(field, &spans)?)
            }
            Some(_) => {
                let problem = "ports require a protocol with ports: tcp, udp or sctp";
                Err(problem.to_owned().into())
            }
        }
    }

    /// True if a range of addresses comes next, and not a range of ports.
    fn has_addresses_next(&self) -> bool {
        let mut rest = self.words;
        let first = rest.next_if(|word| word == "range").and(rest.peek());
        first.is_some_and(|first| first.parse::<IpAddr>().is_ok())
    }

    /// Looks ahead for a group. Returns the group, its kind, and the words after it. The kind shows if the group
    /// belongs at this position of the entry.
    fn next_group(&mut self) -> Result<Option<(Reference<'a>, Kind, Words<'a>)>, ReadError> {
        let here = self.words;
        if self.words.next_if(|word| word == "object-group").is_none() {
            return Ok(None);
        }
        let (reference, kind) = self.reference(true)?;
        let rest = std::mem::replace(&mut self.words, here);
        Ok(Some((reference, kind, rest)))
    }

    fn messages(&mut self) -> Result<(), ReadError> {
        if ![ICMP, ICMP6].contains(&self.protocols) {
            return Ok(());
        }
        let found = if let Some((reference, Kind::Messages, rest)) = self.next_group()? {
            self.words = rest;
            self.groups.meaning(reference, Kind::Messages)?;
            true
        } else {
            message(&mut self.words)?
        };
        self.entry.matches.condition &= Condition::true_if(!found);
        Ok(())
    }

    fn options(&mut self) -> Result<(), String> {
        while let Some(word) = self.words.next() {
            match word {
                "log" => self.log()?,
                "time-range" => {
                    self.words.need("the name of a time range")?;
                    self.entry.matches.condition = Condition::Unknown;
                }
                "inactive" => self.entry.inactive = true,
                _ => self.shown(word)?,
            }
        }
        Ok(())
    }

    /// Reads the words after `log`: `[LEVEL] [interval SECONDS]`, `disable` or `default`.
    fn log(&mut self) -> Result<(), String> {
        const LEVELS: [&str; 10] = [
            "emergencies",
            "alerts",
            "critical",
            "errors",
            "warnings",
            "notifications",
            "informational",
            "debugging",
            "disable",
            "default",
        ];
        let is_level =
            |word: &str| LEVELS.contains(&word) || matches!(word.as_bytes(), [b'0'..=b'7']);
        self.words.next_if(is_level);
        if self.words.next_if(|word| word == "interval").is_some() {
            let seconds = self.words.need("a number of seconds")?;
            if !is_number(seconds) {
                return Err(format!("'{seconds}' is not a number of seconds"));
            }
        }
        Ok(())
    }

    /// Reads a word that only `show access-list` prints, as in
    /// `(hitcnt=0) (Last Hit=TIME) (inactive) 0x12345678`.
    fn shown(&mut self, word: &str) -> Result<(), String> {
        let hits = word
            .strip_prefix("(hitcnt=")
            .and_then(|rest| rest.strip_suffix(')'));
        let hash = word.strip_prefix("0x");
        let is_hash =
            hash.is_some_and(|h| !h.is_empty() && h.bytes().all(|b| b.is_ascii_hexdigit()));
        let known = self.entry.inactive || !self.entry.matches.condition.is_true();
        match word {
            _ if hits.is_some_and(is_number) || is_hash => self.entry.is_shown = true,
            "(inactive)" if known => {}
            "(Last" => self.last_hit()?,
            _ => {
                return Err(format!(
                    "unknown option '{word}' of an extended access list entry"
                ));
            }
        }
        Ok(())
    }

    /// Reads the rest of `(Last Hit=19:40:29 UTC Oct 25 2025)`.
    fn last_hit(&mut self) -> Result<(), String> {
        while !self.words.need("the end of a time")?.ends_with(')') {}
        Ok(())
    }
}
