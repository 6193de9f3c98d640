//! Writes a network in the notation of another one.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::packets::Interval;

/// Returns a network in the notation of `written`, which means the addresses `span`. Returns `None` if the notation
/// cannot express it. An invalid address has no span.
pub(super) fn in_notation(
    written: &str,
    span: Option<Interval>,
    network: Ipv4Net,
) -> Option<String> {
    let address = network.network();
    let prefix = network.prefix_len();
    let end = written
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(written.len());
    // `A..B` is a range.
    let end = written[..end].find("..").unwrap_or(end);
    let rest = &written[end..];
    if rest.is_empty() {
        return (prefix == 32).then(|| address.to_string());
    }
    let figures = |c: char| c.is_ascii_digit() || c == '.';
    let last = rest.trim_end_matches(figures).len();
    let last = last + (rest[last..].len() - rest[last..].trim_start_matches('.').len());
    let (between, last) = rest.split_at(last);
    if let Ok(last) = last.parse::<Ipv4Addr>() {
        let first = written[..end].parse::<Ipv4Addr>().ok()?;
        let span = span?;
        let is_range = (span.first, span.last) == (first.to_bits(), last.to_bits());
        let end = if is_range {
            network.broadcast()
        } else if last.octets()[0] & 128 == 0 {
            network.hostmask()
        } else {
            network.netmask()
        };
        return Some(format!("{address}{between}{end}"));
    }
    // The end of a short range, such as `192.0.2.0-7`, is not a prefix.
    let is_prefix = between != "-" && !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    is_prefix.then(|| format!("{address}{between}{prefix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_notation_of_an_address() {
        let single = "54.65.63.193";
        for (written, network, expected) in [
            (
                "54.65.63.192/26",
                "54.65.63.192/30",
                Some("54.65.63.192/30"),
            ),
            (
                "54.65.63.192\\/26",
                "168.86.128.0/18",
                Some("168.86.128.0\\/18"),
            ),
            (
                "54.65.63.192 /26",
                "54.65.63.192/30",
                Some("54.65.63.192 /30"),
            ),
            (
                "54.65.63.192%2F26",
                "54.65.63.192/30",
                Some("54.65.63.192%2F30"),
            ),
            (
                "54.65.63.192 255.255.255.192",
                "54.65.63.192/30",
                Some("54.65.63.192 255.255.255.252"),
            ),
            (
                "54.65.63.192/255.255.255.192",
                "168.86.128.0/18",
                Some("168.86.128.0/255.255.192.0"),
            ),
            (
                "54.65.63.192 netmask 255.255.255.192",
                "54.65.63.192/30",
                Some("54.65.63.192 netmask 255.255.255.252"),
            ),
            (
                "54.65.63.192 0.0.0.63",
                "168.86.128.0/18",
                Some("168.86.128.0 0.0.63.255"),
            ),
            (
                "54.65.63.192-54.65.63.255",
                "54.65.63.192/30",
                Some("54.65.63.192-54.65.63.195"),
            ),
            (
                "54.65.63.192..54.65.63.255",
                "54.65.63.192/30",
                Some("54.65.63.192..54.65.63.195"),
            ),
            (
                "54.65.63.192 – 54.65.63.255",
                "168.86.128.0/18",
                Some("168.86.128.0 – 168.86.191.255"),
            ),
            (
                "54.65.63.192 to 54.65.63.255",
                "54.65.63.192/30",
                Some("54.65.63.192 to 54.65.63.195"),
            ),
            (
                "54.65.63.192\nset end-ip 54.65.63.255",
                "54.65.63.192/30",
                Some("54.65.63.192\nset end-ip 54.65.63.195"),
            ),
            (
                "54.65.63.192', 26",
                "54.65.63.192/30",
                Some("54.65.63.192', 30"),
            ),
            (
                "54.65.63.192\", \"prefix\": 26",
                "168.86.128.0/18",
                Some("168.86.128.0\", \"prefix\": 18"),
            ),
            ("54.65.63.192-255", "54.65.63.192/30", None),
            (single, "54.65.63.192/30", None),
            (single, "54.65.63.192/32", Some("54.65.63.192")),
        ] {
            // The end of a range in fields needs the name of the first field.
            let text = format!("set start-ip {written}");
            let span = crate::scan::find::find(text.as_bytes()).next();
            let span = match written {
                "54.65.63.192', 26" => Some(Interval::network(0x3641_3fc0, 26)),
                _ => span.map(|found| found.span),
            };
            let found = in_notation(written, span, network.parse().unwrap());
            assert_eq!(found.as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn writes_a_network_instead_of_an_invalid_address() {
        for (written, network, expected) in [
            ("54.65.63.1922", "54.65.63.192/32", Some("54.65.63.192")),
            (
                "54.65.63.1922/30",
                "54.65.63.192/30",
                Some("54.65.63.192/30"),
            ),
            (
                "54.65.63.192/300",
                "54.65.63.192/30",
                Some("54.65.63.192/30"),
            ),
            ("54.65.63.1922", "54.65.63.192/30", None),
        ] {
            let found = in_notation(written, None, network.parse().unwrap());
            assert_eq!(found.as_deref(), expected, "{written}");
        }
    }
}
