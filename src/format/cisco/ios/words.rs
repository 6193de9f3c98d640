//! The names of protocols, ports and ICMP messages in IOS (Cisco IOS Security Command Reference,
//! `permit (IP)` and `object-group`).

use crate::format::cisco::vocabulary::Vocabulary;
use crate::format::read::number::is_number;
use crate::format::read::words::Words;
use crate::packets::{Interval, Protocols, normalized};

/// IOS has no names for ports 5060 and 5061.
const IOS: Vocabulary = Vocabulary {
    system: "IOS",
    protocols: &[("ahp", 51)],
    ports: &[
        ("msrpc", 135),
        ("netbios-ss", 139),
        ("drip", 3949),
        ("non500-isakmp", 4500),
        ("onep-plain", 15001),
        ("onep-tls", 15002),
    ],
};

pub(super) const ICMP: Protocols = Protocols::of(1);

/// Parses the name or number of a protocol. `ip` means all protocols.
pub(super) fn protocols(word: &str) -> Result<Protocols, String> {
    IOS.protocols(word)
}

/// The maximum number of ports after `eq` and `neq`.
const PORT_LIMIT: usize = 10;

/// Reads `eq`, `neq`, `gt`, `lt` or `range` and its ports; `None` if the next word is none of these.
pub(super) fn ports(words: &mut Words) -> Result<Option<Vec<Interval>>, String> {
    IOS.ports(words, several_ports)
}

/// Reads ports as [`ports`] does, or a port without `eq`, which object groups allow.
pub(super) fn ports_or_port(words: &mut Words) -> Result<Option<Vec<Interval>>, String> {
    if words.peek().is_some_and(|word| IOS.is_port(word)) {
        return IOS
            .port(words)
            .map(|port| Some(vec![Interval::single(port)]));
    }
    ports(words)
}

fn several_ports(words: &mut Words) -> Result<Vec<Interval>, String> {
    let mut spans = vec![Interval::single(IOS.port(words)?)];
    while words.peek().is_some_and(|word| IOS.is_port(word)) {
        spans.push(Interval::single(IOS.port(words)?));
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

/// Reads the name of an ICMP message, or its type and optional code. Returns true if there is one.
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
            return Err(format!("'{word}' is not an ICMP {what} from 0 to 255"));
        }
        found = true;
    }
    Ok(found)
}
