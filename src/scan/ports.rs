//! Finds the ports that a line names.

/// The maximum number of ports that are read.
const MOST: usize = 64;

/// Returns true if a line names ports, and none of them is used by SIP or RTP.
pub(super) fn has_only_other_ports(line: &[u8]) -> bool {
    let mut ports = ports(line).take(MOST).peekable();
    ports.peek().is_some() && !ports.any(is_of_calls)
}

/// Returns true if a line names a port of SIP.
pub(super) fn has_sip_port(line: &[u8]) -> bool {
    ports(line).take(MOST).any(|port| SIP.contains(&port))
}

/// Returns true if a line names a port of media.
pub(super) fn has_media_port(line: &[u8]) -> bool {
    ports(line).take(MOST).any(|port| MEDIA.contains(&port))
}

/// Returns true if a line names ports of HTTP, and none of SIP or RTP.
pub(super) fn has_only_web_ports(line: &[u8]) -> bool {
    let is_web = |port| [80, 443, 8080, 8443].contains(&port);
    has_only_other_ports(line) && ports(line).take(MOST).any(is_web)
}

/// The ports of media of all editions.
const MEDIA: std::ops::RangeInclusive<u32> = 10_000..=60_000;

/// The ports of SIP that Twilio or a PBX uses.
const SIP: std::ops::RangeInclusive<u32> = 5060..=5099;

fn is_of_calls(port: u32) -> bool {
    SIP.contains(&port) || MEDIA.contains(&port)
}

/// Returns the numbers after a word such as `dport` or `eq`, and next to `tcp/` and `/udp`.
fn ports(line: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let mut at = 0;
    let mut expects = false;
    std::iter::from_fn(move || {
        while at < line.len() {
            let start = at
                + line[at..]
                    .iter()
                    .take_while(|b| !b.is_ascii_alphanumeric())
                    .count();
            let end = start
                + line[start..]
                    .iter()
                    .take_while(|b| b.is_ascii_alphanumeric())
                    .count();
            let before = &line[..start];
            at = end.max(start + 1);
            let word = &line[start.min(line.len())..end];
            let Some(number) = number(word) else {
                expects = means_port(word);
                continue;
            };
            let is_part = before.ends_with(b".") || line[end..].starts_with(b".");
            let beside = ["tcp/", "udp/", "tcp:", "udp:"];
            let beside = beside.iter().any(|sign| before.ends_with(sign.as_bytes()));
            let beside =
                beside || line[end..].starts_with(b"/tcp") || line[end..].starts_with(b"/udp");
            expects &= !is_part;
            if beside || expects {
                return Some(number);
            }
        }
        None
    })
}

fn number(word: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(word).ok()?;
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Returns true if a word announces ports.
fn means_port(word: &[u8]) -> bool {
    let ends = |end: &str| {
        word.len() >= end.len()
            && word[word.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
    };
    let is_other = ["transport", "support", "import", "export", "report"]
        .iter()
        .any(|word| ends(word));
    !is_other && (ends("port") || ends("ports"))
        || word.eq_ignore_ascii_case(b"eq")
        || word.eq_ignore_ascii_case(b"dpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_ports_in_firewall_rules() {
        for (line, expected) in [
            (
                "-A INPUT -s 192.0.2.8/32 -p tcp --dport 22 -j ACCEPT",
                &[22][..],
            ),
            (
                "-m multiport --dports 5060,5061 -s 192.0.2.8",
                &[5060, 5061],
            ),
            ("ufw allow from 192.0.2.8 to any port 443 proto tcp", &[443]),
            ("permit tcp host 192.0.2.8 any eq 22", &[22]),
            ("22/tcp ALLOW 192.0.2.8", &[22]),
            ("192.0.2.8 udp/5060", &[5060]),
            ("--allow=tcp:443 --source-ranges=192.0.2.8", &[443]),
            ("from_port = 8080, to_port = 8081", &[8080, 8081]),
            ("--dport 10000:20000 -s 192.0.2.8", &[10_000, 20_000]),
            ("transport 192.0.2.8 udp", &[]),
            ("port any 192.0.2.8", &[]),
            ("192.0.2.8", &[]),
        ] {
            let found: Vec<u32> = ports(line.as_bytes()).collect();
            assert_eq!(found, expected, "{line}");
        }
    }
}
