//! Entries of an extended access list.
//!
//! Cisco IOS Security Command Reference, `permit (IP)` and `deny (IP)`.

use std::rc::Rc;

use super::groups::{Groups, Service};
use super::words::{ICMP, icmp_message, ports, protocols};
use crate::format::cisco::words::means;
use crate::format::read::matches::Matches;
use crate::format::read::number::is_number;
use crate::format::read::values::{address, prefix_length};
use crate::format::read::words::Words;
use crate::packets::{Action, Condition, Flags, HeaderField, HeaderMatch, Interval, Protocols};
use crate::read_error::ReadError;

pub(super) struct Entry {
    pub action: Action,
    /// The packets by source and destination, as in the text. The direction is not known yet.
    pub matches: Matches,
    /// Further narrows the packets to those of any of these services.
    pub services: Option<Rc<[Service]>>,
}

impl Entry {
    /// Reads an entry without its number.
    pub fn read<'a>(text: &'a str, groups: &mut Groups<'a>) -> Result<Entry, ReadError> {
        let mut words = Words::new(text);
        let action = match words.need("permit or deny")? {
            "permit" => Action::Accept,
            "deny" => Action::Deny,
            "dynamic" | "Dynamic" => {
                return Err(refused(
                    "dynamic entries are not supported, because they depend on who logs in",
                ));
            }
            "evaluate" => {
                return Err(refused(
                    "'evaluate' is not supported, because it depends on earlier packets",
                ));
            }
            word => return Err(refused(&format!("expected permit or deny, not '{word}'"))),
        };
        let limits = groups.limits;
        let mut reader = EntryReader {
            words,
            groups,
            matches: Matches::within(limits),
            protocols: Protocols::ALL,
            has_flags: false,
        };
        let services = reader.service()?;
        for (addresses, ports) in [
            (HeaderField::Source, HeaderField::SourcePort),
            (HeaderField::Destination, HeaderField::DestinationPort),
        ] {
            reader.addresses(addresses)?;
            reader.ports(ports)?;
        }
        reader.options()?;
        Ok(Entry {
            action,
            matches: reader.matches,
            services,
        })
    }
}

fn refused(problem: &str) -> ReadError {
    ReadError::from(problem.to_owned())
}

struct EntryReader<'a, 'g> {
    words: Words<'a>,
    groups: &'g mut Groups<'a>,
    matches: Matches,
    protocols: Protocols,
    has_flags: bool,
}

/// The maximum number of ranges that a wildcard mask with gaps may describe.
const WILDCARD_LIMIT: u32 = 4096;

/// Options after the destination, in full. A tag after `log` is none of these.
const OPTIONS: &str = "
    established match-any match-all ack fin psh rst syn urg fragments dscp precedence tos ttl option
    time-range log log-input reflect
";

impl EntryReader<'_, '_> {
    /// Reads a protocol, or a group of services.
    fn service(&mut self) -> Result<Option<Rc<[Service]>>, ReadError> {
        let word = self.words.need("a protocol")?;
        if word == "object-group" {
            let name = self.words.need("the name of an object group")?;
            return self.groups.services(name).map(Some);
        }
        self.protocols = protocols(word)?;
        self.matches.kind(HeaderMatch::of(self.protocols));
        Ok(None)
    }

    /// Reads `any`, `host 192.0.2.1`, `192.0.2.0 0.0.0.255` or `object-group NAME`.
    fn addresses(&mut self, field: HeaderField) -> Result<(), ReadError> {
        match self.words.need("an address")? {
            "any" => {}
            "host" => {
                let host = address(self.words.need("an address")?)?;
                self.matches.span(field, &[Interval::single(host)])?;
            }
            "object-group" => {
                let name = self.words.need("the name of an object group")?;
                let spans = self.groups.networks(name)?;
                self.matches.span(field, &spans)?;
            }
            word if word.starts_with(|c: char| c.is_ascii_digit()) => {
                let base = address(word)?;
                let wildcard = address(self.words.need("a wildcard mask")?)?;
                self.wildcard(field, base, wildcard)?;
            }
            word => {
                return Err(refused(&format!(
                    "expected any, host, object-group, or an address and a wildcard mask, not '{word}'"
                )));
            }
        }
        Ok(())
    }

    /// Reads a wildcard mask, in which the irrelevant bits are set.
    fn wildcard(&mut self, field: HeaderField, base: u32, wildcard: u32) -> Result<(), String> {
        let low = !(u32::MAX.checked_shl(wildcard.trailing_ones()).unwrap_or(0));
        let gaps = wildcard & !low;
        let base = base & !wildcard;
        if prefix_length(wildcard).is_some() && gaps.count_ones() > 8 {
            let meant = std::net::Ipv4Addr::from(!wildcard);
            return Err(format!(
                "the wildcard mask looks like a netmask; the equivalent wildcard mask is {meant}"
            ));
        }
        if gaps.count_ones() > WILDCARD_LIMIT.ilog2() {
            return Err(format!(
                "the wildcard mask describes more than {WILDCARD_LIMIT} ranges of addresses"
            ));
        }
        let span = |bits| Interval {
            first: base | bits,
            last: base | bits | low,
        };
        if gaps == 0 {
            return self.matches.span(field, &[span(0)]);
        }
        // Iterates over the combinations of the gaps' bits.
        let subsets = std::iter::successors(Some(0), |bits: &u32| {
            Some(bits.wrapping_sub(gaps) & gaps).filter(|bits| *bits != 0)
        });
        self.matches
            .span(field, &subsets.map(span).collect::<Vec<_>>())
    }

    fn ports(&mut self, field: HeaderField) -> Result<(), String> {
        match ports(&mut self.words)? {
            None => Ok(()),
            Some(spans) if Protocols::WITH_PORTS.holds(self.protocols) => {
                self.matches.span(field, &spans)
            }
            Some(_) => Err("ports require a protocol with ports: tcp, udp or sctp".to_owned()),
        }
    }

    fn options(&mut self) -> Result<(), String> {
        if self.protocols == ICMP && icmp_message(&mut self.words)? {
            self.matches.condition = Condition::Unknown;
        }
        while let Some(word) = self.words.next() {
            self.option(word)?;
        }
        Ok(())
    }

    fn option(&mut self, word: &str) -> Result<(), String> {
        match word {
            "established" => self.flags(Flags::established()),
            "match-any" | "match-all" => self.signed_flags(word),
            "fragments" => {
                self.matches.condition = Condition::Unknown;
                Ok(())
            }
            "dscp" | "precedence" | "tos" | "option" | "time-range" => self.narrowing(word),
            "ttl" => self.time_to_live(),
            "log" | "log-input" => {
                self.tag();
                self.shown_tag()
            }
            "reflect" => Err(
                "'reflect' is not supported, because it opens the firewall for later packets"
                    .to_owned(),
            ),
            "(active)" | "(inactive)" if !self.matches.condition.is_true() => Ok(()),
            _ if flag(word).is_some() => self.set_flags(word),
            _ => self.counter(word),
        }
    }

    /// Reads a match that packet sets cannot represent, and its value.
    fn narrowing(&mut self, option: &str) -> Result<(), String> {
        self.matches.condition = Condition::Unknown;
        let value = |word: &str| !is_option(word) && !word.starts_with('(');
        let found = self.words.next_if(value);
        found
            .map(|_| ())
            .ok_or_else(|| format!("'{option}' has no value"))
    }

    fn time_to_live(&mut self) -> Result<(), String> {
        self.matches.condition = Condition::Unknown;
        let values = match self.words.need("eq, neq, gt, lt or range")? {
            "eq" | "neq" | "gt" | "lt" => 1,
            "range" => 2,
            word => return Err(format!("expected eq, neq, gt, lt or range, not '{word}'")),
        };
        for _ in 0..values {
            let value = self.words.need("a time to live")?;
            if value.parse::<u8>().is_err() {
                return Err(format!("'{value}' is not a time to live from 0 to 255"));
            }
        }
        Ok(())
    }

    /// Reads the tag of the entry in the log.
    fn tag(&mut self) {
        let known = || OPTIONS.split_ascii_whitespace();
        // An abbreviated option is not a tag, so that it is refused as an option.
        let tag = |word: &str| !word.starts_with('(') && !known().any(|option| means(word, option));
        self.words.next_if(tag);
    }

    /// Reads `(tag = NAME)` or `(hash = 0x1234abcd)`, which `show ip access-lists` prints for entries with
    /// a tag.
    fn shown_tag(&mut self) -> Result<(), String> {
        if self
            .words
            .next_if(|word| matches!(word, "(tag" | "(hash"))
            .is_none()
        {
            return Ok(());
        }
        let has_sign = self.words.next_if(|word| word == "=").is_some();
        let name = self.words.next().filter(|word| word.ends_with(')'));
        name.filter(|_| has_sign)
            .map(|_| ())
            .ok_or_else(|| "expected '= NAME)' after '(tag' or '(hash'".to_owned())
    }

    /// Reads `(12 matches)`.
    fn counter(&mut self, word: &str) -> Result<(), String> {
        let count = word.strip_prefix('(').filter(|n| is_number(n));
        let unit = |word: &str| matches!(word, "match)" | "matches)");
        if count.is_some() && self.words.next_if(unit).is_some() {
            return Ok(());
        }
        Err(format!(
            "unknown option '{word}' of an extended access list entry"
        ))
    }

    fn flags(&mut self, flags: Flags) -> Result<(), String> {
        if self.protocols != Protocols::TCP {
            return Err("flags require the protocol tcp".to_owned());
        }
        if self.has_flags {
            return Err("the entry has two conditions on flags".to_owned());
        }
        self.has_flags = true;
        self.matches.kind(HeaderMatch {
            flags,
            ..HeaderMatch::of(Protocols::TCP)
        });
        Ok(())
    }

    /// Reads plain names of flags. Any of them matches.
    fn set_flags(&mut self, first: &str) -> Result<(), String> {
        let (mut known, mut others) = (0, false);
        let mut next = Some(first);
        while let Some(bit) = next.and_then(flag) {
            known |= bit;
            others |= bit == 0;
            next = self.words.next_if(|word| flag(word).is_some());
        }
        if others {
            self.matches.condition = Condition::Unknown;
            return self.flags(Flags::ALL);
        }
        self.flags(Flags::any_of(known))
    }

    /// Reads flags such as `+ack -syn`. All or any of them match, depending on `option`.
    fn signed_flags(&mut self, option: &str) -> Result<(), String> {
        let (mut mask, mut value, mut others) = (0, 0, false);
        let mut found = false;
        while let Some(word) = self.words.next_if(|word| word.starts_with(['+', '-'])) {
            let bit = flag(&word[1..]).ok_or_else(|| format!("'{word}' is not a TCP flag"))?;
            if mask & bit != 0 {
                return Err(format!("the flag of '{word}' is given twice"));
            }
            mask |= bit;
            value |= if word.starts_with('+') { bit } else { 0 };
            others |= bit == 0;
            found = true;
        }
        if !found {
            return Err(format!(
                "expected flags such as +ack or -syn after '{option}'"
            ));
        }
        self.matches.condition &= Condition::true_if(!others);
        self.flags(match option {
            "match-all" => Flags::masked(mask, value),
            _ if others => Flags::ALL,
            // Any of them: not all of their opposites.
            _ => Flags::masked(mask, mask & !value).not(),
        })
    }
}

fn is_option(word: &str) -> bool {
    OPTIONS
        .split_ascii_whitespace()
        .any(|option| option == word)
}

/// Returns the bit of a flag in [`Flags`], or 0 for a flag that [`Flags`] does not represent.
fn flag(name: &str) -> Option<u8> {
    Some(match name {
        "fin" => Flags::FIN,
        "syn" => Flags::SYN,
        "rst" => Flags::RST,
        "ack" => Flags::ACK,
        "psh" | "urg" => 0,
        _ => return None,
    })
}
