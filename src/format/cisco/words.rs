//! Words of a line, and what IOS calls protocols, ports and messages: its command references,
//! `permit (IP)` and `object-group`.

use std::str::FromStr;

use crate::format::parse::{ParseError, address};
use crate::packets::{Interval, Protocols, complement, normalized};

/// The steps of [`Limit::Work`](crate::limits::Limit::Work) that the name of an object or a group
/// takes, because each is kept until all are read.
pub(in crate::format) const STEPS_OF_NAME: usize = 150;

/// The steps that a line takes.
pub(in crate::format) const STEPS_OF_LINE: usize = 25;

/// The words of a line that are not read yet.
#[derive(Clone, Copy)]
pub(in crate::format) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub fn new(text: &'a str) -> Self {
        Words {
            rest: text.trim_ascii_start(),
        }
    }

    pub fn rest(self) -> &'a str {
        self.rest
    }

    pub fn peek(self) -> Option<&'a str> {
        let end = self.rest.bytes().position(|b| b.is_ascii_whitespace());
        let word = &self.rest[..end.unwrap_or(self.rest.len())];
        (!word.is_empty()).then_some(word)
    }

    pub fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.rest = self.rest[word.len()..].trim_ascii_start();
        Some(word)
    }

    pub fn next_if(&mut self, holds: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.peek().filter(|word| holds(word))?;
        self.next()
    }

    /// The next word, where there must be one.
    pub fn need(&mut self, what: &str) -> Result<&'a str, String> {
        self.next()
            .ok_or_else(|| format!("it ends where {what} is expected"))
    }

    /// Refuses what is left.
    pub fn finish(mut self) -> Result<(), String> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(format!("expected the end of the line, not '{word}'")),
        }
    }
}

/// Why a line is not understood.
pub(in crate::format) enum Problem {
    /// Because of its own words.
    Here(String),
    /// Because of a line that it refers to.
    There(ParseError),
}

impl Problem {
    /// As an error of the line that stands there.
    pub fn at(self, at: u32) -> ParseError {
        match self {
            Problem::Here(problem) => ParseError::new(at, problem),
            Problem::There(error) => error,
        }
    }
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Problem::Here(problem)
    }
}

/// Whether IOS takes a word for a keyword: it may be cut short, and case is no matter.
pub(in crate::format) fn means(word: &str, keyword: &str) -> bool {
    let start = keyword.as_bytes().get(..word.len());
    !word.is_empty() && start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// True if a command that begins with this word takes something back.
pub(super) fn is_removal(word: &str) -> bool {
    word.eq_ignore_ascii_case("no") || word.len() > 2 && means(word, "default")
}

pub(in crate::format) fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// The addresses of a network by one of them and its netmask.
pub(in crate::format) fn masked(base: u32, mask: &str) -> Result<Interval, String> {
    let hosts = !address(mask)?;
    if hosts & hosts.wrapping_add(1) != 0 {
        return Err(format!(
            "expected a netmask without gaps, such as 255.255.255.0, not '{mask}'"
        ));
    }
    Ok(Interval {
        first: base & !hosts,
        last: base | hosts,
    })
}

const PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipinip", 4),
    ("tcp", 6),
    ("udp", 17),
    ("gre", 47),
    ("esp", 50),
    ("ahp", 51),
    ("eigrp", 88),
    ("ospf", 89),
    ("nos", 94),
    ("pim", 103),
    ("pcp", 108),
    ("sctp", 132),
];

pub(super) const ICMP: Protocols = Protocols::of(1);

/// A number that is one, or that has one of these names.
pub(in crate::format) fn by_name<T: Copy + FromStr>(word: &str, names: &[(&str, T)]) -> Option<T> {
    if is_number(word) {
        return word.parse().ok();
    }
    let named = names.iter().find(|(name, _)| *name == word);
    named.map(|(_, number)| *number)
}

/// A protocol by IOS's name or its number; `ip` is all of them.
pub(super) fn protocols(word: &str) -> Result<Protocols, String> {
    protocols_by(PROTOCOLS, word)
}

/// The same by other names.
pub(in crate::format) fn protocols_by(
    names: &[(&str, u8)],
    word: &str,
) -> Result<Protocols, String> {
    if word == "ip" {
        return Ok(Protocols::ALL);
    }
    match by_name(word, names) {
        Some(0) => Err("protocol 0 may be any or only that one; write ip for any".to_owned()),
        Some(number) => Ok(Protocols::of(number)),
        None => Err(format!(
            "'{word}' is not a protocol from 1 to 255, nor one known here by name"
        )),
    }
}

/// A name that both TCP and UDP have stands for the same port. IOS has no names for 5060 and 5061.
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
    ("msrpc", 135),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ss", 139),
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
    ("drip", 3949),
    ("non500-isakmp", 4500),
    ("onep-plain", 15001),
    ("onep-tls", 15002),
];

fn port(words: &mut Words) -> Result<u32, String> {
    let word = words.need("a port")?;
    by_name(word, PORTS)
        .map(u32::from)
        .ok_or_else(|| format!("'{word}' is not a port from 0 to 65535, nor one that IOS names"))
}

/// As many ports as `eq` and `neq` take.
const PORT_LIMIT: usize = 10;

/// The ports of `eq`, `neq`, `gt`, `lt` or `range`; `None` where no such word comes next.
pub(super) fn ports(words: &mut Words) -> Result<Option<Vec<Interval>>, String> {
    ports_by(words, port, several_ports)
}

/// The same, by what a port is, and by those that `eq` and `neq` take.
pub(in crate::format) fn ports_by(
    words: &mut Words,
    port: fn(&mut Words) -> Result<u32, String>,
    equal: fn(&mut Words) -> Result<Vec<Interval>, String>,
) -> Result<Option<Vec<Interval>>, String> {
    let Some(operator) = words.next_if(|word| matches!(word, "eq" | "neq" | "gt" | "lt" | "range"))
    else {
        return Ok(None);
    };
    let whole = Interval::PORTS;
    let spans = match operator {
        "eq" => equal(words)?,
        "neq" => complement(&equal(words)?, whole),
        "gt" => complement(&[Interval::new(0, port(words)?).unwrap_or(whole)], whole),
        "lt" => complement(
            &[Interval::new(port(words)?, whole.last).unwrap_or(whole)],
            whole,
        ),
        _ => {
            let (first, last) = (port(words)?, port(words)?);
            let span = Interval::new(first, last);
            vec![span.ok_or_else(|| format!("the range of ports {first} {last} is reversed"))?]
        }
    };
    if spans.is_empty() {
        return Err(format!("no port is what '{operator}' asks for"));
    }
    Ok(Some(spans))
}

/// A port without `eq`, as object groups take it too.
pub(super) fn ports_or_port(words: &mut Words) -> Result<Option<Vec<Interval>>, String> {
    if words.peek().is_some_and(is_port) {
        return port(words).map(|port| Some(vec![Interval::single(port)]));
    }
    ports(words)
}

fn is_port(word: &str) -> bool {
    is_number(word) || by_name(word, PORTS).is_some()
}

fn several_ports(words: &mut Words) -> Result<Vec<Interval>, String> {
    let mut spans = vec![Interval::single(port(words)?)];
    while words.peek().is_some_and(is_port) {
        spans.push(Interval::single(port(words)?));
    }
    if spans.len() > PORT_LIMIT {
        return Err(format!(
            "expected at most {PORT_LIMIT} ports, not {}",
            spans.len()
        ));
    }
    Ok(normalized(spans))
}

const ICMP_MESSAGES: &str = "
    administratively-prohibited alternate-address conversion-error dod-host-prohibited
    dod-net-prohibited echo echo-reply general-parameter-problem host-isolated
    host-precedence-unreachable host-redirect host-tos-redirect host-tos-unreachable host-unknown
    host-unreachable information-reply information-request mask-reply mask-request mobile-redirect
    net-redirect net-tos-redirect net-tos-unreachable net-unreachable network-unknown
    no-room-for-option option-missing packet-too-big parameter-problem port-unreachable
    precedence-unreachable protocol-unreachable reassembly-timeout redirect router-advertisement
    router-solicitation source-quench source-route-failed time-exceeded timestamp-reply
    timestamp-request traceroute ttl-exceeded unreachable
";

/// Reads the name of an ICMP message, or its type and perhaps its code; whether there is one.
pub(super) fn icmp_message(words: &mut Words) -> Result<bool, String> {
    let named = |word: &str| ICMP_MESSAGES.split_ascii_whitespace().any(|m| m == word);
    if words.next_if(named).is_some() {
        return Ok(true);
    }
    let mut found = false;
    for what in ["type", "code"] {
        let Some(word) = words.next_if(is_number) else {
            break;
        };
        if word.parse::<u8>().is_err() {
            return Err(format!("'{word}' is not a {what} of ICMP from 0 to 255"));
        }
        found = true;
    }
    Ok(found)
}
