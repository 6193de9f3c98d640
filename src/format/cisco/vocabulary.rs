//! Names of protocols and ports that IOS and the ASA share, and what both make of ports and netmasks.

use std::str::FromStr;

use crate::format::read::number::is_number;
use crate::format::read::values::{address, prefix_length};
use crate::format::read::words::Words;
use crate::format::recognition::starts_with_any;
use crate::packets::{Interval, Protocols, complement};

/// The names of a system for protocols and ports.
pub(super) struct Vocabulary {
    /// The name of the system in messages.
    pub system: &'static str,
    /// The names besides [`PROTOCOLS`].
    pub protocols: &'static [(&'static str, u8)],
    /// The names besides [`PORTS`].
    pub ports: &'static [(&'static str, u16)],
}

/// Protocols that both systems call so.
const PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipinip", 4),
    ("tcp", 6),
    ("udp", 17),
    ("gre", 47),
    ("esp", 50),
    ("eigrp", 88),
    ("ospf", 89),
    ("nos", 94),
    ("pim", 103),
    ("pcp", 108),
    ("sctp", 132),
];

/// Ports that both systems call so. A name that both TCP and UDP have stands for the same port.
const PORTS: &[(&str, u16)] = &[
    ("echo", 7),
    ("discard", 9),
    ("daytime", 13),
    ("chargen", 19),
    ("ftp-data", 20),
    ("ftp", 21),
    ("telnet", 23),
    ("smtp", 25),
    ("time", 37),
    ("nameserver", 42),
    ("whois", 43),
    ("tacacs", 49),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("gopher", 70),
    ("finger", 79),
    ("www", 80),
    ("hostname", 101),
    ("pop2", 109),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ident", 113),
    ("nntp", 119),
    ("ntp", 123),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("snmp", 161),
    ("snmptrap", 162),
    ("xdmcp", 177),
    ("bgp", 179),
    ("irc", 194),
    ("dnsix", 195),
    ("mobile-ip", 434),
    ("pim-auto-rp", 496),
    ("isakmp", 500),
    ("biff", 512),
    ("exec", 512),
    ("login", 513),
    ("who", 513),
    ("cmd", 514),
    ("syslog", 514),
    ("lpd", 515),
    ("talk", 517),
    ("rip", 520),
    ("uucp", 540),
    ("klogin", 543),
    ("kshell", 544),
];

impl Vocabulary {
    /// A protocol by its name or its number; `ip` is all of them.
    pub fn protocols(&self, word: &str) -> Result<Protocols, String> {
        if word == "ip" {
            return Ok(Protocols::ALL);
        }
        match by_name(word, PROTOCOLS, self.protocols) {
            Some(0) => Err("protocol 0 may be any or only that one; write ip for any".to_owned()),
            Some(number) => Ok(Protocols::of(number)),
            None => Err(format!(
                "'{word}' is not a protocol from 1 to 255, nor one known here by name"
            )),
        }
    }

    /// A port by its name or its number.
    pub fn port(&self, words: &mut Words) -> Result<u32, String> {
        let word = words.need("a port")?;
        let port = by_name(word, PORTS, self.ports).map(u32::from);
        port.ok_or_else(|| {
            let system = self.system;
            format!("'{word}' is not a port from 0 to 65535, nor one that {system} names")
        })
    }

    /// True for a number and for the name of a port.
    pub fn is_port(&self, word: &str) -> bool {
        is_number(word) || by_name(word, PORTS, self.ports).is_some()
    }

    /// The ports of `eq`, `neq`, `gt`, `lt` or `range`; `None` where no such word comes next.
    ///
    /// `equal` reads the ports that `eq` and `neq` take.
    pub fn ports(
        &self,
        words: &mut Words,
        equal: fn(&mut Words) -> Result<Vec<Interval>, String>,
    ) -> Result<Option<Vec<Interval>>, String> {
        let Some(operator) =
            words.next_if(|word| matches!(word, "eq" | "neq" | "gt" | "lt" | "range"))
        else {
            return Ok(None);
        };
        let whole = Interval::PORTS;
        let spans = match operator {
            "eq" => equal(words)?,
            "neq" => complement(&equal(words)?, whole),
            "gt" => complement(
                &[Interval::new(0, self.port(words)?).unwrap_or(whole)],
                whole,
            ),
            "lt" => complement(
                &[Interval::new(self.port(words)?, whole.last).unwrap_or(whole)],
                whole,
            ),
            _ => {
                let (first, last) = (self.port(words)?, self.port(words)?);
                let span = Interval::new(first, last);
                vec![span.ok_or_else(|| format!("the range of ports {first} {last} is reversed"))?]
            }
        };
        if spans.is_empty() {
            return Err(format!("no port is what '{operator}' asks for"));
        }
        Ok(Some(spans))
    }
}

/// A number in digits, or the one that has this name.
fn by_name<T: Copy + FromStr>(word: &str, shared: &[(&str, T)], own: &[(&str, T)]) -> Option<T> {
    if is_number(word) {
        return word.parse().ok();
    }
    let mut names = shared.iter().chain(own);
    let named = names.find(|(name, _)| *name == word);
    named.map(|(_, number)| *number)
}

/// The addresses of a network by one of them and its netmask.
pub(super) fn masked(base: u32, mask: &str) -> Result<Interval, String> {
    let length = prefix_length(address(mask)?).ok_or_else(|| {
        format!("expected a netmask without gaps, such as 255.255.255.0, not '{mask}'")
    })?;
    Ok(Interval::network(base, length))
}

/// True if a line is typical of both systems alike.
pub(super) fn is_shared_line(line: &str) -> bool {
    starts_with_any(
        line,
        &[
            "aaa ",
            "crypto ",
            "enable secret ",
            "hostname ",
            "interface ",
            "ip address ",
            "ntp server ",
            "object-group ",
            "route-map ",
            "router ",
            "snmp-server ",
            "spanning-tree ",
            "class-map ",
            "policy-map ",
        ],
    )
}
