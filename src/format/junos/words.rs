//! The names of ports and protocols in Junos.
//!
//! Junos OS Routing Policies, Firewall Filters, and Traffic Policers User Guide, "Firewall Filter
//! Match Conditions for IPv4 Traffic" and, for ranges, "Firewall Filter Match Conditions Based on
//! Numbers or Text Aliases".

use crate::format::read::number::{is_number, plain_number};
use crate::packets::{Interval, Protocols};

const PORTS: &[(&str, u16)] = &[
    ("afs", 1483),
    ("bgp", 179),
    ("biff", 512),
    ("bootpc", 68),
    ("bootps", 67),
    ("cmd", 514),
    ("cvspserver", 2401),
    ("dhcp", 67),
    ("domain", 53),
    ("eklogin", 2105),
    ("ekshell", 2106),
    ("exec", 512),
    ("finger", 79),
    ("ftp", 21),
    ("ftp-data", 20),
    ("http", 80),
    ("https", 443),
    ("ident", 113),
    ("imap", 143),
    ("kerberos-sec", 88),
    ("klogin", 543),
    ("kpasswd", 761),
    ("krb-prop", 754),
    ("krbupdate", 760),
    ("kshell", 544),
    ("ldap", 389),
    ("ldp", 646),
    ("login", 513),
    ("mobileip-agent", 434),
    ("mobilip-mn", 435),
    ("msdp", 639),
    ("netbios-dgm", 138),
    ("netbios-ns", 137),
    ("netbios-ssn", 139),
    ("nfsd", 2049),
    ("nntp", 119),
    ("ntalk", 518),
    ("ntp", 123),
    ("pop3", 110),
    ("pptp", 1723),
    ("printer", 515),
    ("radacct", 1813),
    ("radius", 1812),
    ("rip", 520),
    ("rkinit", 2108),
    ("smtp", 25),
    ("snmp", 161),
    ("snmptrap", 162),
    ("snpp", 444),
    ("socks", 1080),
    ("ssh", 22),
    ("sunrpc", 111),
    ("syslog", 514),
    ("tacacs", 49),
    ("tacacs-ds", 65),
    ("talk", 517),
    ("telnet", 23),
    ("tftp", 69),
    ("timed", 525),
    ("who", 513),
    ("xdmcp", 177),
    ("zephyr-clt", 2103),
    ("zephyr-hm", 2104),
    ("zephyr-srv", 2102),
];

/// The numbers are IANA's, but `ipip` is 4.
const PROTOCOLS: &[(&str, u16)] = &[
    ("ah", 51),
    ("dstopts", 60),
    ("egp", 8),
    ("esp", 50),
    ("fragment", 44),
    ("gre", 47),
    ("hop-by-hop", 0),
    ("icmp", 1),
    ("icmp6", 58),
    ("icmpv6", 58),
    ("igmp", 2),
    ("ipip", 4),
    ("ipv6", 41),
    ("no-next-header", 59),
    ("ospf", 89),
    ("pim", 103),
    ("routing", 43),
    ("rsvp", 46),
    ("sctp", 132),
    ("tcp", 6),
    ("udp", 17),
    ("vrrp", 112),
];

/// Parses `5060`, `10000-20000` or `ssh`.
pub(super) fn ports(word: &str) -> Result<Interval, String> {
    let span = numbers(word, PORTS, u16::MAX)?;
    span.ok_or_else(|| {
        format!("unknown port '{word}'; expected a known name, or a number or range up to 65535")
    })
}

/// Parses `17`, `6-17` or `udp`.
pub(super) fn protocols(word: &str) -> Result<Protocols, String> {
    let span = numbers(word, PROTOCOLS, u16::from(u8::MAX))?;
    let span = span.ok_or_else(|| {
        format!("unknown protocol '{word}'; expected a known name, or a number or range up to 255")
    })?;
    let numbers = (span.first..=span.last).filter_map(|number| u8::try_from(number).ok());
    Ok(numbers.fold(Protocols::NONE, |all, number| all.or(Protocols::of(number))))
}

fn numbers(word: &str, names: &[(&str, u16)], most: u16) -> Result<Option<Interval>, String> {
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        let named = names.iter().find(|(name, _)| *name == word);
        return Ok(named.map(|(_, number)| Interval::single(u32::from(*number))));
    }
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let (Some(from), Some(to)) = (number(first, most)?, number(last, most)?) else {
        return Ok(None);
    };
    match Interval::new(from, to) {
        Some(span) => Ok(Some(span)),
        None => Err(format!("the range '{word}' is reversed")),
    }
}

fn number(digits: &str, most: u16) -> Result<Option<u32>, String> {
    if !is_number(digits) {
        return Ok(None);
    }
    let number = plain_number(digits)?.parse::<u16>().ok();
    Ok(number.filter(|n| *n <= most).map(u32::from))
}
