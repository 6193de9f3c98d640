//! Names of protocols and ports that IOS and ASA share, and the syntax of ports and netmasks.

use std::str::FromStr;

use crate::format::read::number::is_number;
use crate::format::read::values::{address, prefix_length};
use crate::format::read::words::Words;
use crate::format::recognition::starts_with_any;
use crate::packets::{Interval, Protocols, complement};

/// A system's names of protocols and ports.
pub(super) struct Vocabulary {
    /// The name of the system in messages.
    pub system: &'static str,
    /// Names in addition to [`PROTOCOLS`].
    pub protocols: &'static [(&'static str, u8)],
    /// Names in addition to [`PORTS`].
    pub ports: &'static [(&'static str, u16)],
}

/// Names of protocols in both systems.
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

/// Names of ports in both systems. A name has the same port for TCP and UDP.
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
    /// Parses the name or number of a protocol. `ip` means all protocols.
    pub fn protocols(&self, word: &str) -> Result<Protocols, String> {
        if word == "ip" {
            return Ok(Protocols::ALL);
        }
        match by_name(word, PROTOCOLS, self.protocols) {
            Some(0) => Err("protocol 0 is ambiguous; write 'ip' for any protocol".to_owned()),
            Some(number) => Ok(Protocols::of(number)),
            None => Err(format!(
                "unknown protocol '{word}'; expected a known name or a number from 1 to 255"
            )),
        }
    }

    /// Reads the name or number of a port.
    pub fn port(&self, words: &mut Words) -> Result<u32, String> {
        let word = words.need("a port")?;
        let port = by_name(word, PORTS, self.ports).map(u32::from);
        port.ok_or_else(|| {
            let system = self.system;
            format!("unknown port '{word}'; expected a name known to {system} or a number from 0 to 65535")
        })
    }

    pub fn is_port(&self, word: &str) -> bool {
        is_number(word) || by_name(word, PORTS, self.ports).is_some()
    }

    /// Reads `eq`, `neq`, `gt`, `lt` or `range` and its ports; `None` if the next word is none of these.
    ///
    /// `equal` reads the ports after `eq` and `neq`.
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
        let spans =
            match operator {
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
                    vec![span.ok_or_else(|| {
                        format!("the port range from {first} to {last} is reversed")
                    })?]
                }
            };
        if spans.is_empty() {
            return Err(format!("no port matches '{operator}'"));
        }
        Ok(Some(spans))
    }
}

/// Parses a number, or looks up a name.
fn by_name<T: Copy + FromStr>(word: &str, shared: &[(&str, T)], own: &[(&str, T)]) -> Option<T> {
    if is_number(word) {
        return word.parse().ok();
    }
    let mut names = shared.iter().chain(own);
    let named = names.find(|(name, _)| *name == word);
    named.map(|(_, number)| *number)
}

/// Returns the addresses of a network, given any of its addresses and its netmask.
pub(super) fn masked(base: u32, mask: &str) -> Result<Interval, String> {
    let length = prefix_length(address(mask)?).ok_or_else(|| {
        format!("expected a netmask without gaps, such as 255.255.255.0, not '{mask}'")
    })?;
    Ok(Interval::network(base, length))
}

/// True if a line is equally typical of both systems.
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

/// True if a line is typical of a configuration of IOS, whatever the configuration contains.
pub(super) fn is_configuration_line(line: &str) -> bool {
    let is_own = starts_with_any(
        line,
        &[
            "Building configuration",
            "Current configuration ",
            "boot-start-marker",
            "service timestamps ",
            "no service ",
            "ip cef",
            "ip route ",
            "ip forward-protocol ",
            "ip classless",
            "line con ",
            "line vty ",
            "control-plane",
        ],
    );
    let version = line.strip_prefix("version ");
    let is_version = version.is_some_and(|version| {
        version.starts_with(|c: char| c.is_ascii_digit()) && !version.ends_with(';')
    });
    // Not an address of an interface.
    let is_trusted = line.starts_with("ip address trusted ");
    is_own || is_version || is_shared_line(line) && !is_trusted
}
