//! Reads questions in the notations that `scan` finds.

use std::borrow::Cow;
use std::ops::Range;

use super::question::{Question, transport_named};
use crate::policy::parse_network;
use crate::scan::{Found, find};

/// Words that may surround addresses, as in `range A B` and `start-ip A end-ip B`. A hyphen or an underscore joins them.
const WORDS: [&str; 27] = [
    "addr", "address", "begin", "cidr", "end", "first", "from", "high", "host", "ip", "last",
    "low", "lower", "mask", "max", "min", "net", "netmask", "network", "prefix", "range", "sip",
    "sips", "start", "stop", "subnet", "upper",
];

/// The maximum number of questions in a text.
const MOST: usize = 1_000;

/// Parses one or more questions, each with its text. A question is in the form of [`Question::from_str`], or in one of the
/// notations of `docs/scan.md`. Commas and semicolons separate questions.
///
/// # Errors
///
/// If anything in the text is not part of a question.
///
/// [`Question::from_str`]: std::str::FromStr::from_str
pub fn parse_questions(text: &str) -> Result<Vec<(Cow<'_, str>, Question)>, String> {
    let error = match text.parse() {
        Ok(question) => return Ok(vec![(text.into(), question)]),
        Err(error) => error,
    };
    let found: Vec<Found> = find(text.as_bytes()).take(MOST + 1).collect();
    if found.len() > MOST {
        return Err(format!(
            "an input can contain at most {MOST} addresses; write one address per line"
        ));
    }
    let mut questions = Vec::with_capacity(found.len());
    let mut end = 0;
    for one in &found {
        let between = &text[end..one.place.start];
        let is_separated = questions.is_empty() || between.contains([',', ';']);
        let is_known = check_words(between).filter(|()| is_separated);
        is_known.ok_or_else(|| error.clone())?;
        let (question, place) = question(text, one)?;
        end = place.end;
        questions.push((place, question));
    }
    check_words(&text[end..]).ok_or_else(|| error.clone())?;
    match &questions[..] {
        [] => Err(error),
        [(_, only)] => Ok(vec![(text.into(), *only)]),
        _ => {
            let of_text =
                |(place, question): (Range<usize>, Question)| (text[place].into(), question);
            Ok(questions.into_iter().map(of_text).collect())
        }
    }
}

/// Returns the question about a set of addresses, with its place in the text. A port can follow the set, as in `A:5060` and
/// `sip:A:5060;transport=tls`.
fn question(text: &str, one: &Found) -> Result<(Question, Range<usize>), String> {
    let written = &text[one.place.clone()];
    if written.contains('/')
        && !written.contains([' ', ',', '-'])
        && written.matches('.').count() == 3
    {
        // The error says what is wrong with the prefix.
        parse_network(written).map_err(|e| e.to_string())?;
    }
    let about = |port, transport| Question {
        span: one.span,
        port,
        transport,
    };
    let rest = &text[one.place.end..];
    let ends = |c: char| matches!(c, ',' | ';' | ' ' | '\t' | '>' | ')' | ']' | '"' | '\'');
    let Some(service) = rest.strip_prefix(':') else {
        return Ok((about(None, None), one.place.clone()));
    };
    let service = &service[..service.find(ends).unwrap_or(service.len())];
    // The address only stands for the set here, because the set may be a range.
    let port: Question = format!("0.0.0.0:{service}").parse()?;
    let end = one.place.end + 1 + service.len();
    let Some(transport) = text[end..].strip_prefix(";transport=") else {
        return Ok((about(port.port, port.transport), one.place.start..end));
    };
    let transport = &transport[..transport.find(ends).unwrap_or(transport.len())];
    let named = transport_named(transport)?;
    let end = end + ";transport=".len() + transport.len();
    Ok((about(port.port, Some(named)), one.place.start..end))
}

/// Returns `None` if a text between addresses has other words than those of a notation.
fn check_words(text: &str) -> Option<()> {
    let is_sign = |c: char| " \t,;:=\"'[](){}<>/".contains(c);
    let parts = text.split(|c| is_sign(c) || matches!(c, '-' | '_'));
    let mut words = parts.filter(|word| !word.is_empty());
    let is_known = |word: &str| WORDS.contains(&&*word.to_ascii_lowercase());
    words.all(is_known).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::notation;

    fn ask(text: &str) -> Result<String, String> {
        let questions = parse_questions(text)?;
        let shown = questions.iter().map(|(asked, question)| {
            let port = question
                .port
                .map_or(String::new(), |port| format!(":{port}"));
            let transport = question
                .transport
                .map_or(String::new(), |t| format!("/{t}"));
            format!("{asked} = {}{port}{transport}", notation(question.span))
        });
        Ok(shown.collect::<Vec<_>>().join(" | "))
    }

    #[test]
    fn accepts_the_notations_of_scan() {
        for (text, meaning) in [
            ("192.0.2.0-192.0.2.255", "192.0.2.0/24"),
            ("192.0.2.1-192.0.2.7", "192.0.2.1-192.0.2.7"),
            ("192.0.2.1 - 192.0.2.7", "192.0.2.1-192.0.2.7"),
            ("192.0.2.1-7", "192.0.2.1-192.0.2.7"),
            ("192.0.2.1 to 192.0.2.7", "192.0.2.1-192.0.2.7"),
            ("range 192.0.2.1 192.0.2.7", "192.0.2.1-192.0.2.7"),
            ("start-ip 192.0.2.1 end-ip 192.0.2.7", "192.0.2.1-192.0.2.7"),
            ("192.0.2.0/255.255.254.0", "192.0.2.0/23"),
            ("192.0.2.0 255.255.254.0", "192.0.2.0/23"),
            ("192.0.2.0 0.0.1.255", "192.0.2.0/23"),
            ("192.0.2.0 netmask 255.255.254.0", "192.0.2.0/23"),
            ("192.0.2.0;24", "192.0.2.0/24"),
            ("192.0.2.0 /24", "192.0.2.0/24"),
            ("'192.0.2.0', 24", "192.0.2.0/24"),
            ("sip:192.0.2.0:5060", "192.0.2.0:5060"),
            ("<sip:192.0.2.0:5061;transport=tls>", "192.0.2.0:5061/tls"),
            ("sips:192.0.2.0", "192.0.2.0"),
            ("\"192.0.2.0/24\"", "192.0.2.0/24"),
            ("192.0.2.0-192.0.2.3:5060/udp", "192.0.2.0/30:5060/udp"),
        ] {
            assert_eq!(ask(text), Ok(format!("{text} = {meaning}")));
        }
        for (text, all) in [
            (
                "192.0.2.0/24,198.51.100.1",
                "192.0.2.0/24 = 192.0.2.0/24 | 198.51.100.1 = 198.51.100.1",
            ),
            (
                "192.0.2.1:5060; 192.0.2.2:5061/tls",
                "192.0.2.1:5060 = 192.0.2.1:5060 | 192.0.2.2:5061/tls = 192.0.2.2:5061/tls",
            ),
        ] {
            assert_eq!(ask(text).as_deref(), Ok(all));
        }
    }

    #[test]
    fn rejects_other_text_with_the_reason() {
        for (text, problem) in [
            ("192.0.2.1/24", "host bits set; the network is 192.0.2.0/24"),
            (
                "192.0.2.0/24,192.0.2.1/24",
                "host bits set; the network is 192.0.2.0/24",
            ),
            ("192.0.2.0/33", "'192.0.2.0/33'"),
            (
                "192.0.2.0,pbx.example",
                "'192.0.2.0,pbx.example' is not an IPv4 network",
            ),
            (
                "192.0.2.0 office",
                "'192.0.2.0 office' is not an IPv4 network",
            ),
            ("192.0.2.7-192.0.2.1", "is not an IPv4 network"),
            ("192.0.2.0-192.0.2.3:70000", "port '70000' is out of range"),
            ("sip:192.0.2.0;transport=sctp", "is not an IPv4 network"),
            (
                "sip:192.0.2.0:5060;transport=sctp",
                "'sctp' is not a protocol; use udp, tcp or tls",
            ),
            ("sip:pbx.example", "'sip' is not an IPv4 network"),
            (",", "',' is not an IPv4 network"),
        ] {
            let error = ask(text).expect_err(text);
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
