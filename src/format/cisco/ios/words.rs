//! What IOS calls protocols, ports and messages: its command references, `permit (IP)` and
//! `object-group`.

use crate::format::cisco::words::{Words, by_name, ports_by, protocols_by};
use crate::format::read::number::is_number;
use crate::packets::{Interval, Protocols, normalized};

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

/// A protocol by IOS's name or its number; `ip` is all of them.
pub(super) fn protocols(word: &str) -> Result<Protocols, String> {
    protocols_by(PROTOCOLS, word)
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
