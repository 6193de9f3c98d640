//! Names of ports and protocols that firewalls print instead of numbers.
//!
//! They are from IANA's registries of service names and protocol numbers, as in the files
//! `/etc/services` and `/etc/protocols` of Debian and FreeBSD. Other names are refused, because these
//! files differ between systems.

use crate::format::read::number::{is_number, plain_number};
use crate::packets::Protocols;

const SERVICES: &[(&str, u16)] = &[
    ("echo", 7),
    ("discard", 9),
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("time", 37),
    ("tacacs", 49),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("gopher", 70),
    ("finger", 79),
    ("http", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("nntp", 119),
    ("ntp", 123),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ssn", 139),
    ("imap", 143),
    ("snmp", 161),
    ("snmptrap", 162),
    ("snmp-trap", 162),
    ("bgp", 179),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("submissions", 465),
    ("isakmp", 500),
    ("syslog", 514),
    ("dhcpv6-client", 546),
    ("dhcpv6-server", 547),
    ("rtsp", 554),
    ("nntps", 563),
    ("submission", 587),
    ("ipp", 631),
    ("ldaps", 636),
    ("domain-s", 853),
    ("rsync", 873),
    ("imaps", 993),
    ("pop3s", 995),
    ("socks", 1080),
    ("openvpn", 1194),
    ("l2f", 1701),
    ("radius", 1812),
    ("radius-acct", 1813),
    ("nfs", 2049),
    ("mysql", 3306),
    ("stun", 3478),
    ("turn", 3478),
    ("ipsec-nat-t", 4500),
    ("iax", 4569),
    ("sip", 5060),
    ("sip-tls", 5061),
    ("xmpp-client", 5222),
    ("xmpp-server", 5269),
    ("stuns", 5349),
    ("turns", 5349),
    ("mdns", 5353),
    ("postgresql", 5432),
    ("http-alt", 8080),
    ("git", 9418),
    ("hkp", 11371),
];

const PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipencap", 4),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("icmpv6", 58),
    ("icmp6", 58),
    ("ospf", 89),
    ("ipip", 94),
    ("pim", 103),
    ("ipcomp", 108),
    ("comp", 108),
    ("vrrp", 112),
    ("carp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
];

/// Returns the port of a service. All services here have the same port over UDP and TCP.
pub(in crate::format) fn port(name: &str) -> Option<u16> {
    SERVICES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, port)| *port)
}

/// Parses the name or number of a protocol.
pub(in crate::format) fn protocol(word: &str) -> Result<Protocols, String> {
    let number = if is_number(word) {
        plain_number(word)?.parse::<u8>().ok()
    } else {
        PROTOCOLS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, number)| *number)
    };
    number.map(Protocols::of).ok_or_else(|| {
        format!("unknown protocol '{word}'; expected a known name or a number from 0 to 255")
    })
}
