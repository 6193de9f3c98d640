//! Addresses and ports as pages write them.

use ipnet::Ipv4Net;

use super::listing::Ports;
use crate::dataset::{SHORTEST_PREFIX, SignalingPorts};
use crate::policy::{PortRange, parse_network};

/// A run of figures and points that is, or may have been meant as, an IPv4 address or network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dotted<'t> {
    pub text: &'t str,
    /// Its place in the line.
    pub at: usize,
    /// Whether it is a part of a URI, such as `sip:192.0.2.1`.
    pub in_uri: bool,
}

impl Dotted<'_> {
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// Whether it has at least the four parts of an address.
    pub fn is_whole(&self) -> bool {
        self.text.matches('.').count() >= 3
    }
}

/// What stands before an address that is a part of a URI, as in an example.
const URI: [&str; 4] = ["sip:", "sips:", "//", "@"];

/// The runs of a text with three parts or more, most of which are figures.
pub fn dotted(text: &str) -> impl Iterator<Item = Dotted<'_>> {
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
                return Some(Dotted {
                    text: inner,
                    at: before.len(),
                    in_uri: ends_in_uri(before),
                });
            }
        }
    })
}

fn ends_in_uri(before: &str) -> bool {
    let before = before.as_bytes();
    URI.iter().any(|sign| {
        let start = before.len().saturating_sub(sign.len());
        before[start..].eq_ignore_ascii_case(sign.as_bytes())
    })
}

fn looks_like_an_address(run: &str) -> bool {
    let address = run.split('/').next().unwrap_or_default();
    let parts: Vec<&str> = address.split('.').collect();
    let figures = |part: &&&str| part.bytes().any(|b| b.is_ascii_digit());
    let of_figures = parts.iter().filter(figures).count();
    let starts = run.starts_with(|c: char| c.is_ascii_digit());
    (parts.len() >= 4 && of_figures + 1 >= parts.len())
        || (parts.len() == 3 && starts && of_figures == 3)
}

/// Whether a text has an IPv6 address, which Twilio's SIP service does not.
pub fn has_ipv6(text: &str) -> bool {
    let in_address = |c: char| c.is_ascii_hexdigit() || c == ':';
    text.split(|c: char| !in_address(c)).any(|part| {
        let groups = part.split(':').filter(|group| !group.is_empty()).count();
        groups >= 2 && (part.contains("::") || part.matches(':').count() >= 4)
    })
}

/// An address or a network of a list.
pub fn network(text: &str) -> Result<Ipv4Net, String> {
    let network = parse_network(text).map_err(|e| e.to_string())?;
    if network.prefix_len() < SHORTEST_PREFIX {
        return Err(format!(
            "'{text}' is too wide for a list; networks have a prefix of {SHORTEST_PREFIX} or more"
        ));
    }
    Ok(network)
}

/// What a text says of ports: `5060 (UDP/TCP), 5061 (TLS)`, or `10,000 to 20,000 (UDP)`.
pub fn ports(text: &str) -> Result<Ports, String> {
    let tokens = tokens(text)?;
    if tokens.contains(&Token::To) {
        media(&tokens)
    } else {
        signaling(&tokens)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Port(u16),
    To,
    Udp,
    Tcp,
    Tls,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if first.is_ascii_digit() {
            let (port, length) = port(rest)?;
            tokens.push(Token::Port(port));
            length
        } else if first.is_ascii_alphabetic() {
            let word = rest
                .split(|c: char| !c.is_ascii_alphabetic())
                .next()
                .unwrap_or_default();
            tokens.extend(protocol(word)?);
            word.len()
        } else if let Some(word) = ["から", "まで"]
            .into_iter()
            .find(|word| rest.starts_with(word))
        {
            tokens.extend((word == "から").then_some(Token::To));
            word.len()
        } else if matches!(
            first,
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '~' | '\u{301c}' | '\u{ff5e}'
        ) {
            tokens.push(Token::To);
            first.len_utf8()
        } else if matches!(
            first,
            '(' | ')' | '（' | '）' | '[' | ']' | '/' | '+' | ',' | ';' | '、' | '&' | '.'
        ) || first.is_whitespace()
        {
            first.len_utf8()
        } else {
            return Err(format!("'{first}' among the ports"));
        };
        rest = &rest[taken..];
    }
    Ok(tokens)
}

fn protocol(word: &str) -> Result<Option<Token>, String> {
    Ok(match word.to_ascii_lowercase().as_str() {
        "udp" => Some(Token::Udp),
        "tcp" => Some(Token::Tcp),
        "tls" => Some(Token::Tls),
        "to" | "through" => Some(Token::To),
        "and" | "or" => None,
        _ => return Err(format!("'{word}' among the ports")),
    })
}

/// A port, which may have a comma before its last three figures, and how long it is.
fn port(text: &str) -> Result<(u16, usize), String> {
    let figures = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = figures(text);
    let mut digits = text[..length].to_owned();
    if length <= 3 && text[length..].starts_with(',') {
        let thousands = figures(&text[length + 1..]);
        if thousands > 0 {
            digits.push_str(&text[length + 1..=length + thousands]);
            length += 1 + thousands;
            if thousands != 3 {
                return Err(format!("'{}' is not a number", &text[..length]));
            }
        }
    }
    let port = digits.parse::<u16>().ok().filter(|port| *port > 0);
    let port = port.ok_or_else(|| {
        format!(
            "'{}' is not a port; ports go from 1 to 65535",
            &text[..length]
        )
    })?;
    Ok((port, length))
}

fn media(tokens: &[Token]) -> Result<Ports, String> {
    let (range, protocols): (Vec<Token>, Vec<Token>) = tokens
        .iter()
        .partition(|token| matches!(token, Token::Port(_) | Token::To));
    let [Token::Port(first), Token::To, Token::Port(last)] = range[..] else {
        return Err("it is not one range of ports".to_owned());
    };
    if protocols.iter().any(|protocol| *protocol != Token::Udp) {
        return Err("a range of ports for media is of UDP alone".to_owned());
    }
    let range = format!("{first}-{last}").parse::<PortRange>();
    range.map(Ports::Media).map_err(|e| e.to_string())
}

fn signaling(tokens: &[Token]) -> Result<Ports, String> {
    // Each port has the transports behind it, or those before it.
    let numbers_first = matches!(tokens.first(), Some(Token::Port(_)));
    let mut groups: Vec<(u16, Vec<Token>)> = Vec::new();
    let mut waiting: Vec<Token> = Vec::new();
    for token in tokens {
        match (token, groups.last_mut()) {
            (Token::Port(port), _) => groups.push((*port, std::mem::take(&mut waiting))),
            (transport, Some((_, own))) if numbers_first && own.contains(transport) => {
                return Err("a transport is said twice".to_owned());
            }
            (transport, Some((_, own))) if numbers_first => own.push(*transport),
            (transport, _) => waiting.push(*transport),
        }
    }
    let of = |wanted: Token, name: &str| {
        let mut ports = groups
            .iter()
            .filter(|(_, transports)| transports.contains(&wanted));
        match (ports.next(), ports.next()) {
            (Some((port, _)), None) => Ok(*port),
            (None, _) => Err(format!("the port of {name} is missing")),
            (Some(_), Some(_)) => Err(format!("{name} has two ports")),
        }
    };
    let ports = SignalingPorts {
        udp: of(Token::Udp, "UDP")?,
        tcp: of(Token::Tcp, "TCP")?,
        tls: of(Token::Tls, "TLS")?,
    };
    if ports.tcp == ports.tls {
        return Err(format!(
            "TCP and TLS both have {}, and TLS is TCP",
            ports.tls
        ));
    }
    if !waiting.is_empty() || groups.iter().any(|(_, transports)| transports.is_empty()) {
        return Err("a port without a transport, or the other way round".to_owned());
    }
    Ok(Ports::Signaling(ports))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_may_be_addresses_are_seen_and_versions_and_uris_told_apart() {
        let seen = |text| {
            let runs =
                dotted(text).map(|d| format!("{}{}", d.text, if d.in_uri { " uri" } else { "" }));
            runs.collect::<Vec<_>>()
        };
        assert_eq!(
            seen("• 192.0.2.1, 192.0.2.0/24."),
            ["192.0.2.1", "192.0.2.0/24"]
        );
        assert_eq!(
            seen("IPs:192.0.2.1 sip:192.0.2.7;edge=x"),
            ["192.0.2.1", "192.0.2.7 uri"]
        );
        assert_eq!(seen("IPs: 192.0.2.1"), ["192.0.2.1"]);
        assert_eq!(
            seen("192.0.2 192.0.2.O 192.0.2.* S4.172.60.0"),
            ["192.0.2", "192.0.2.O", "192.0.2.*", "S4.172.60.0"]
        );
        assert_eq!(seen("v1.2.3 10,000 G.711 a.b.c.d www.example.com"), [""; 0]);
    }

    #[test]
    fn ports_are_read_exactly_or_refused() {
        let sip = |udp, tcp, tls| Ok(Ports::Signaling(SignalingPorts { udp, tcp, tls }));
        let rtp = |text: &str| Ok(Ports::Media(text.parse().unwrap()));
        for (text, wanted) in [
            ("5060 (UDP/TCP), 5061 (TLS)", sip(5060, 5060, 5061)),
            ("5060 UDP, 5070 TCP and 5061 TLS", sip(5060, 5070, 5061)),
            ("UDP/TCP 5060, TLS 5061", sip(5060, 5060, 5061)),
            ("10,000 to 20,000 (UDP)", rtp("10000-20000")),
            ("5060 (UDP), 5060 (TCP), 5061 [TLS]", sip(5060, 5060, 5061)),
            ("UDP 5060, TCP 5060, TLS 5061", sip(5060, 5060, 5061)),
            ("10000–60000", rtp("10000-60000")),
            ("UDP 10,000 から 60,000 まで", rtp("10000-60000")),
            (
                "5060 (UDP/TCP)",
                Err("the port of TLS is missing".to_owned()),
            ),
            (
                "5060 (UDP/TCP), 5060 (TLS)",
                Err("TCP and TLS both have 5060, and TLS is TCP".to_owned()),
            ),
            (
                "5060 (UDP/TCP), 5061 (TLS), 5062",
                Err("a port without a transport, or the other way round".to_owned()),
            ),
            (
                "5060 (UDP), 5062 (UDP/TCP), 5061 (TLS)",
                Err("UDP has two ports".to_owned()),
            ),
            (
                "10,00 to 20,000 (UDP)",
                Err("'10,00' is not a number".to_owned()),
            ),
            (
                "10,000 to 70,000 (UDP)",
                Err("'70,000' is not a port; ports go from 1 to 65535".to_owned()),
            ),
            (
                "0 to 7 (UDP)",
                Err("'0' is not a port; ports go from 1 to 65535".to_owned()),
            ),
            (
                "20,000 to 10,000 (UDP)",
                Err(
                    "'20000-10000' is reversed; write the lower port first: 10000-20000".to_owned(),
                ),
            ),
            (
                "10,000 to 20,000 (UDP/TCP)",
                Err("a range of ports for media is of UDP alone".to_owned()),
            ),
            (
                "10,000 to 20,000 to 30,000",
                Err("it is not one range of ports".to_owned()),
            ),
            ("5060 (SCTP)", Err("'SCTP' among the ports".to_owned())),
            (
                "5060 (UDP/TCP), 5061 (TLS) *",
                Err("'*' among the ports".to_owned()),
            ),
            ("", Err("the port of UDP is missing".to_owned())),
        ] {
            assert_eq!(ports(text), wanted, "{text}");
        }
    }
}
