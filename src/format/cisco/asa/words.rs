//! An ASA's names of protocols, ports and ICMP messages (Cisco ASA Series General Operations CLI
//! Configuration Guide, "Addresses, Protocols, and Ports").

use crate::format::cisco::vocabulary::Vocabulary;
use crate::format::read::number::is_number;
use crate::format::read::words::Words;
use crate::packets::{Interval, Protocols};

pub(super) const ICMP: Protocols = Protocols::of(1);

pub(super) const ICMP6: Protocols = Protocols::of(58);

/// These differ from IANA's names: `dnsix` (90), `kerberos` (88), `radius` (1812), `radius-acct` (1813).
/// `cmd` and `rsh` are IANA's `shell`.
const ASA: Vocabulary = Vocabulary {
    system: "an ASA",
    protocols: &[
        ("igrp", 9),
        ("pptp", 47),
        ("ipsec", 50),
        ("ah", 51),
        ("icmp6", 58),
        ("snp", 109),
    ],
    ports: &[
        ("ssh", 22),
        ("http", 80),
        ("netbios-ssn", 139),
        ("imap4", 143),
        ("ldap", 389),
        ("https", 443),
        ("rsh", 514),
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
    ],
};

/// Parses the name or number of a protocol. `ip` means all protocols.
pub(super) fn protocols(word: &str) -> Result<Protocols, String> {
    ASA.protocols(word)
}

/// Reads `eq`, `neq`, `gt`, `lt` or `range` and its ports; `None` if the next word is none of these.
pub(super) fn ports(words: &mut Words) -> Result<Option<Vec<Interval>>, String> {
    let one = |words: &mut Words| ASA.port(words).map(|port| vec![Interval::single(port)]);
    ASA.ports(words, one)
}

const MESSAGES: &str = "
    alternate-address conversion-error echo echo-reply information-reply information-request
    mask-reply mask-request membership-query membership-reduction membership-report mobile-redirect
    neighbor-advertisement neighbor-redirect neighbor-solicitation packet-too-big parameter-problem
    redirect router-advertisement router-renumbering router-solicitation source-quench time-exceeded
    timestamp-reply timestamp-request traceroute unreachable
";

/// Reads the name or type of an ICMP message and its optional code. Returns true if there is one.
pub(super) fn message(words: &mut Words) -> Result<bool, String> {
    let is_message =
        |word: &str| is_number(word) || MESSAGES.split_ascii_whitespace().any(|m| m == word);
    let Some(message) = words.next_if(is_message) else {
        return Ok(false);
    };
    let code = words.next_if(is_number);
    for (what, word) in [("type", Some(message)), ("code", code)] {
        if let Some(word) = word.filter(|w| is_number(w) && w.parse::<u8>().is_err()) {
            return Err(format!("'{word}' is not an ICMP {what} from 0 to 255"));
        }
    }
    Ok(true)
}
