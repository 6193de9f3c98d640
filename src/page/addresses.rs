//! Finds and parses IPv4 addresses in pages.

use ipnet::Ipv4Net;

use crate::dataset::SHORTEST_PREFIX;
use crate::policy::parse_network;

/// Digits and dots that are, or may be intended as, an IPv4 address or network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressCandidate<'t> {
    pub text: &'t str,
    /// Byte offset in the line.
    pub at: usize,
    /// True inside a URI, such as `sip:192.0.2.1`.
    pub in_uri: bool,
}

impl AddressCandidate<'_> {
    /// Byte offset of the end in the line.
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// Returns true if the text has at least the four parts of an address.
    pub fn is_whole(&self) -> bool {
        self.text.matches('.').count() >= 3
    }
}

/// The text before an address in a URI.
const URI_PREFIXES: [&str; 4] = ["sip:", "sips:", "//", "@"];

/// Finds words of three or more parts separated by dots, most of which contain digits.
pub fn candidates(text: &str) -> impl Iterator<Item = AddressCandidate<'_>> {
    let in_run = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '*' | '_');
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let start = at + rest.find(in_run)?;
            let rest = &text[start..];
            let end = start + rest.find(|c| !in_run(c)).unwrap_or(rest.len());
            at = end;
            let run = text[start..end].trim_end_matches(['.', '/']);
            let inner = run.trim_start_matches(['.', '/']);
            let before = &text[..start + run.len() - inner.len()];
            if looks_like_an_address(inner) {
                return Some(AddressCandidate {
                    text: inner,
                    at: before.len(),
                    in_uri: ends_in_uri(before),
                });
            }
        }
    })
}

/// Returns true if an address after this text is part of a URI.
fn ends_in_uri(before: &str) -> bool {
    let before = before.as_bytes();
    URI_PREFIXES.iter().any(|prefix| {
        let start = before.len().saturating_sub(prefix.len());
        before[start..].eq_ignore_ascii_case(prefix.as_bytes())
    })
}

fn looks_like_an_address(run: &str) -> bool {
    let address = run.split('/').next().unwrap_or_default();
    let parts: Vec<&str> = address.split('.').collect();
    let has_digit = |part: &&&str| part.bytes().any(|b| b.is_ascii_digit());
    let with_digits = parts.iter().filter(has_digit).count();
    let starts_with_digit = run.starts_with(|c: char| c.is_ascii_digit());
    (parts.len() >= 4 && with_digits + 1 >= parts.len())
        || (parts.len() == 3 && starts_with_digit && with_digits == 3)
}

/// Returns true if a text contains an IPv6 address. Twilio's SIP service has none.
pub fn has_ipv6(text: &str) -> bool {
    let in_address = |c: char| c.is_ascii_hexdigit() || c == ':';
    text.split(|c: char| !in_address(c)).any(|part| {
        let groups = part.split(':').filter(|group| !group.is_empty()).count();
        groups >= 2 && (part.contains("::") || part.matches(':').count() >= 4)
    })
}

/// Parses an address or a network of a list.
pub fn network(text: &str) -> Result<Ipv4Net, String> {
    let network = parse_network(text).map_err(|e| e.to_string())?;
    if network.prefix_len() < SHORTEST_PREFIX {
        return Err(format!(
            "'{text}' is too wide for a list; use a prefix length of {SHORTEST_PREFIX} or more"
        ));
    }
    Ok(network)
}

/// Parses all candidates, or returns a message for each that is not a network.
pub fn networks(candidates: &[AddressCandidate]) -> Result<Vec<Ipv4Net>, Vec<String>> {
    let mut networks = Vec::new();
    let mut problems = Vec::new();
    for candidate in candidates {
        match network(candidate.text) {
            Ok(network) => networks.push(network),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(networks)
    } else {
        Err(problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_possible_addresses_but_no_versions_and_marks_uris() {
        let found = |text| {
            let runs = candidates(text)
                .map(|c| format!("{}{}", c.text, if c.in_uri { " uri" } else { "" }));
            runs.collect::<Vec<_>>()
        };
        assert_eq!(
            found("• 192.0.2.1, 192.0.2.0/24."),
            ["192.0.2.1", "192.0.2.0/24"]
        );
        assert_eq!(
            found("IPs:192.0.2.1 sip:192.0.2.7;edge=x"),
            ["192.0.2.1", "192.0.2.7 uri"]
        );
        assert_eq!(found("IPs: 192.0.2.1"), ["192.0.2.1"]);
        assert_eq!(
            found("192.0.2 192.0.2.O 192.0.2.* S4.172.60.0"),
            ["192.0.2", "192.0.2.O", "192.0.2.*", "S4.172.60.0"]
        );
        assert_eq!(
            found("v1.2.3 10,000 G.711 a.b.c.d www.example.com"),
            [""; 0]
        );
    }
}
