//! Parses the ports in pages.

use super::listing::Ports;
use crate::dataset::SignalingPorts;
use crate::policy::PortRange;

/// Parses ports such as `5060 (UDP/TCP), 5061 (TLS)` or `10,000 to 20,000 (UDP)`.
pub fn parse(text: &str) -> Result<Ports, String> {
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

/// The characters between the two ports of a range: hyphens, dashes, the minus sign and tildes.
const RANGE_MARKS: &str =
    "-\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}~\u{301c}\u{ff5e}";

/// Punctuation without a meaning.
const SEPARATORS: &str = "()（）[]/+,;、&.";

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
        } else if rest.starts_with("から") {
            tokens.push(Token::To);
            "から".len()
        } else if rest.starts_with("まで") {
            "まで".len()
        } else if RANGE_MARKS.contains(first) {
            tokens.push(Token::To);
            first.len_utf8()
        } else if SEPARATORS.contains(first) || first.is_whitespace() {
            first.len_utf8()
        } else {
            return Err(format!("unexpected '{first}'"));
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
        _ => return Err(format!("unexpected '{word}'")),
    })
}

/// Parses the port at the start of a text, perhaps with a comma before the last three digits.
/// Returns the port and its length in bytes.
fn port(text: &str) -> Result<(u16, usize), String> {
    let count_digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = count_digits(text);
    let mut digits = text[..length].to_owned();
    if length <= 3 && text[length..].starts_with(',') {
        let thousands = count_digits(&text[length + 1..]);
        if thousands > 0 {
            digits.push_str(&text[length + 1..=length + thousands]);
            length += 1 + thousands;
            if thousands != 3 {
                return Err(format!("'{}' is not a number", &text[..length]));
            }
        }
    }
    if digits.len() > 1 && digits.starts_with('0') {
        let text = &text[..length];
        return Err(format!("'{text}' starts with a zero"));
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
        return Err("expected exactly one range of ports".to_owned());
    };
    if protocols.iter().any(|protocol| *protocol != Token::Udp) {
        return Err("media ports use UDP only".to_owned());
    }
    let range = format!("{first}-{last}").parse::<PortRange>();
    range.map(Ports::Media).map_err(|e| e.to_string())
}

fn signaling(tokens: &[Token]) -> Result<Ports, String> {
    // The transports follow their port, or all of them precede their port.
    let numbers_first = matches!(tokens.first(), Some(Token::Port(_)));
    let mut groups: Vec<(u16, Vec<Token>)> = Vec::new();
    let mut waiting: Vec<Token> = Vec::new();
    for token in tokens {
        match (token, groups.last_mut()) {
            (Token::Port(port), _) => groups.push((*port, std::mem::take(&mut waiting))),
            (transport, Some((_, own))) if numbers_first && own.contains(transport) => {
                return Err("a transport is repeated".to_owned());
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
            (None, _) => Err(format!("the {name} port is missing")),
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
            "TCP and TLS are both {}, but need different ports",
            ports.tls
        ));
    }
    if !waiting.is_empty() || groups.iter().any(|(_, transports)| transports.is_empty()) {
        return Err("a port has no transport, or a transport has no port".to_owned());
    }
    Ok(Ports::Signaling(ports))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_ports_exactly_or_returns_an_error() {
        let sip = |udp, tcp, tls| Ok(Ports::Signaling(SignalingPorts { udp, tcp, tls }));
        let rtp = |text: &str| Ok(Ports::Media(text.parse().unwrap()));
        let refused = |problem: &str| Err(problem.to_owned());
        for (text, wanted) in [
            ("5060 (UDP/TCP), 5061 (TLS)", sip(5060, 5060, 5061)),
            ("5060 UDP, 5070 TCP and 5061 TLS", sip(5060, 5070, 5061)),
            ("UDP/TCP 5060, TLS 5061", sip(5060, 5060, 5061)),
            ("10,000 to 20,000 (UDP)", rtp("10000-20000")),
            ("5060 (UDP), 5060 (TCP), 5061 [TLS]", sip(5060, 5060, 5061)),
            ("UDP 5060, TCP 5060, TLS 5061", sip(5060, 5060, 5061)),
            ("10000–60000", rtp("10000-60000")),
            ("UDP 10,000 から 60,000 まで", rtp("10000-60000")),
            ("5060 (UDP/TCP)", refused("the TLS port is missing")),
            (
                "5060 (UDP/TCP), 5060 (TLS)",
                refused("TCP and TLS are both 5060, but need different ports"),
            ),
            (
                "5060 (UDP/TCP), 5061 (TLS), 5062",
                refused("a port has no transport, or a transport has no port"),
            ),
            (
                "5060 (UDP), 5062 (UDP/TCP), 5061 (TLS)",
                refused("UDP has two ports"),
            ),
            ("10,00 to 20,000 (UDP)", refused("'10,00' is not a number")),
            (
                "10,000 to 70,000 (UDP)",
                refused("'70,000' is not a port; ports go from 1 to 65535"),
            ),
            (
                "0 to 7 (UDP)",
                refused("'0' is not a port; ports go from 1 to 65535"),
            ),
            (
                "20,000 to 10,000 (UDP)",
                refused("'20000-10000' is reversed; write the lower port first: 10000-20000"),
            ),
            (
                "10,000 to 20,000 (UDP/TCP)",
                refused("media ports use UDP only"),
            ),
            (
                "10,000 to 20,000 to 30,000",
                refused("expected exactly one range of ports"),
            ),
            (
                "060 (UDP/TCP), 5061 (TLS)",
                refused("'060' starts with a zero"),
            ),
            ("5060 (SCTP)", refused("unexpected 'SCTP'")),
            ("5060 (UDP/TCP), 5061 (TLS) *", refused("unexpected '*'")),
            ("", refused("the UDP port is missing")),
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
    }
}
