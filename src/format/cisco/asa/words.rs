//! What an ASA calls protocols, ports and messages of ICMP: Cisco ASA Series General Operations CLI
//! Configuration Guide, "Addresses, Protocols, and Ports".

use crate::format::cisco::words::{Words, by_name, ports_by, protocols_by};
use crate::format::read::number::is_number;
use crate::packets::{Interval, Protocols};

pub(super) const ICMP: Protocols = Protocols::of(1);

pub(super) const ICMP6: Protocols = Protocols::of(58);

const PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipinip", 4),
    ("tcp", 6),
    ("igrp", 9),
    ("udp", 17),
    ("gre", 47),
    ("pptp", 47),
    ("esp", 50),
    ("ipsec", 50),
    ("ah", 51),
    ("icmp6", 58),
    ("eigrp", 88),
    ("ospf", 89),
    ("nos", 94),
    ("pim", 103),
    ("pcp", 108),
    ("snp", 109),
    ("sctp", 132),
];

/// A protocol by an ASA's name or its number; `ip` is all of them.
pub(super) fn protocols(word: &str) -> Result<Protocols, String> {
    protocols_by(PROTOCOLS, word)
}

/// Not as IANA has them are `dnsix` (90), `kerberos` (88), `radius` (1812) and `radius-acct` (1813);
/// `cmd` and `rsh` are what IANA calls shell.
const PORTS: &[(&str, u16)] = &[
    ("echo", 7),
    ("discard", 9),
    ("daytime", 13),
    ("chargen", 19),
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
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
    ("http", 80),
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
    ("netbios-ssn", 139),
    ("imap4", 143),
    ("snmp", 161),
    ("snmptrap", 162),
    ("xdmcp", 177),
    ("bgp", 179),
    ("irc", 194),
    ("dnsix", 195),
    ("ldap", 389),
    ("mobile-ip", 434),
    ("https", 443),
    ("pim-auto-rp", 496),
    ("isakmp", 500),
    ("biff", 512),
    ("exec", 512),
    ("login", 513),
    ("who", 513),
    ("cmd", 514),
    ("rsh", 514),
    ("syslog", 514),
    ("lpd", 515),
    ("talk", 517),
    ("rip", 520),
    ("uucp", 540),
    ("klogin", 543),
    ("kshell", 544),
    ("rtsp", 554),
    ("ldaps", 636),
    ("kerberos", 750),
    ("lotusnotes", 1352),
    ("citrix-ica", 1494),
    ("sqlnet", 1521),
    ("radius", 1645),
    ("radius-acct", 1646),
    ("h323", 1720),
    ("pptp", 1723),
    ("nfs", 2049),
    ("ctiqbe", 2748),
    ("cifs", 3020),
    ("vxlan", 4789),
    ("sip", 5060),
    ("aol", 5190),
    ("secureid-udp", 5510),
    ("pcanywhere-data", 5631),
    ("pcanywhere-status", 5632),
];

fn port(words: &mut Words) -> Result<u32, String> {
    let word = words.need("a port")?;
    by_name(word, PORTS)
        .map(u32::from)
        .ok_or_else(|| format!("'{word}' is not a port from 0 to 65535, nor one that an ASA names"))
}

/// The ports of `eq`, `neq`, `gt`, `lt` or `range`; `None` where no such word comes next.
pub(super) fn ports(words: &mut Words) -> Result<Option<Vec<Interval>>, String> {
    let one = |words: &mut Words| port(words).map(|port| vec![Interval::single(port)]);
    ports_by(words, port, one)
}

const MESSAGES: &str = "
    alternate-address conversion-error echo echo-reply information-reply information-request
    mask-reply mask-request membership-query membership-reduction membership-report mobile-redirect
    neighbor-advertisement neighbor-redirect neighbor-solicitation packet-too-big parameter-problem
    redirect router-advertisement router-renumbering router-solicitation source-quench time-exceeded
    timestamp-reply timestamp-request traceroute unreachable
";

/// Reads a message of ICMP, by its name or type, and perhaps its code; whether there is one.
pub(super) fn message(words: &mut Words) -> Result<bool, String> {
    let is_message =
        |word: &str| is_number(word) || MESSAGES.split_ascii_whitespace().any(|m| m == word);
    let Some(message) = words.next_if(is_message) else {
        return Ok(false);
    };
    let code = words.next_if(is_number);
    for (what, word) in [("type", Some(message)), ("code", code)] {
        if let Some(word) = word.filter(|w| is_number(w) && w.parse::<u8>().is_err()) {
            return Err(format!("'{word}' is not a {what} of ICMP from 0 to 255"));
        }
    }
    Ok(true)
}
