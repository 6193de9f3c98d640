//! A rule in the spelling of `ufw show added` (ufw(8), "RULE SYNTAX").

use std::hash::Hash;
use std::iter::Peekable;
use std::net::Ipv6Addr;

use crate::format::read::iana;
use crate::format::read::matches::Matches;
use crate::format::read::number::is_number;
use crate::format::read::values::{network, port, port_range};
use crate::limits::Limits;
use crate::packets::{
    Action, Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols, States, Step,
    normalized,
};
use crate::policy::{Direction, notation};

/// A rule, split into its parts. The values of the parts are checked only in [`Rule::effect`], so that rules
/// outside of the unit cause no errors.
pub(super) struct Rule<'a> {
    action: RuleAction,
    /// True for a `route` rule, which applies to forwarded packets.
    routes: bool,
    pub direction: Direction,
    interface: Option<&'a str>,
    source: End<'a>,
    destination: End<'a>,
    protocol: Option<&'a str>,
    pub comment: Option<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RuleAction {
    Allow,
    /// Allows connections, unless a host opens too many of them.
    Limit,
    Deny,
}

/// The address and the ports of one end; `None` means any.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct End<'a> {
    address: Option<&'a str>,
    ports: Option<Ports<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Ports<'a> {
    Numbers(&'a str),
    /// The ports of an application profile.
    Of(&'a str),
}
pub(super) struct Effect {
    pub steps: Vec<Step>,
    /// True if the rule allows IPv6 packets.
    pub ipv6: bool,
    /// The number of examined boxes; see [`Limit::Work`](crate::limits::Limit).
    pub cost: usize,
}

impl<'a> Rule<'a> {
    /// Parses a line. All words must be in the order of `ufw show added`.
    pub fn read(line: &'a str) -> Result<Rule<'a>, String> {
        let mut words = Words(words(line)?.into_iter().peekable());
        words.expect("ufw")?;
        let routes = words.take("route");
        let action = match words.value("allow, deny, limit or reject")? {
            "allow" => RuleAction::Allow,
            "limit" => RuleAction::Limit,
            "deny" | "reject" => RuleAction::Deny,
            other => {
                return Err(format!(
                    "expected allow, deny, limit or reject, not '{other}'"
                ));
            }
        };
        let mut rule = Rule {
            action,
            routes,
            direction: Direction::In,
            interface: None,
            source: End::default(),
            destination: End::default(),
            protocol: None,
            comment: None,
        };
        rule.way(&mut words)?;
        let _ = words.take("log") || words.take("log-all");
        rule.ends(&mut words)?;
        if words.take("comment") {
            rule.comment = Some(words.quoted()?);
        }
        words.finish()?;
        Ok(rule)
    }

    /// True if the comment of the rule is the name of the unit, alone or with a colon and a text after it.
    pub fn is_of(&self, name: &str) -> bool {
        let rest = self.comment.and_then(|comment| comment.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(": "))
    }

    pub fn allows(&self) -> bool {
        self.action != RuleAction::Deny
    }

    /// A key for the packets that the rule applies to. ufw keeps only one rule for the same packets: a new rule
    /// replaces the old one.
    pub fn place(&self) -> impl Eq + Hash + use<'a> {
        let way = (self.routes, self.direction, self.interface, self.protocol);
        (way, self.source, self.destination)
    }

    /// Reads `in on eth0`, `out on eth0` or `out`.
    fn way(&mut self, words: &mut Words<'a>) -> Result<(), String> {
        if words.take("in") {
            words.expect("on")?;
            self.interface = Some(words.value("an interface")?);
        }
        if (self.interface.is_none() || self.routes) && words.take("out") {
            self.direction = Direction::Out;
            if words.take("on") {
                self.interface = Some(words.value("an interface")?);
            }
        }
        Ok(())
    }

    /// Reads `53/udp`, or `from 192.0.2.1 to any port 53 proto udp`.
    fn ends(&mut self, words: &mut Words<'a>) -> Result<(), String> {
        let is_long = |word: &Word| !word.quoted && LONG.contains(&word.text);
        if let Some(short) = words.0.next_if(|word| !is_long(word)) {
            return self.short(short);
        }
        let source = self.source.read("from", words)?;
        let destination = self.destination.read("to", words)?;
        if words.take("proto") {
            self.protocol = Some(words.value("a protocol")?);
        }
        if source || destination || self.interface.is_some() {
            Ok(())
        } else {
            Err("expected a port, 'from', 'to', or 'in' or 'out' with an interface".to_owned())
        }
    }

    fn short(&mut self, word: Word<'a>) -> Result<(), String> {
        if word.quoted || word.text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.destination.ports = Some(Ports::Of(word.text));
            return Ok(());
        }
        if !word.text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!(
                "expected a port, 'from' or 'to', not '{}'",
                word.text
            ));
        }
        let (ports, protocol) = match word.text.split_once('/') {
            Some((ports, protocol)) => (ports, Some(protocol)),
            None => (word.text, None),
        };
        self.destination.ports = Some(Ports::Numbers(ports));
        self.protocol = protocol;
        Ok(())
    }

    /// The effect of the rule. Fails if packet boxes cannot express it.
    pub fn effect(&self, at: u32, limits: Limits) -> Result<Effect, String> {
        if self.routes {
            return Err(
                "a 'route' rule applies only to forwarded packets; expected a rule without 'route'"
                    .to_owned(),
            );
        }
        self.interface.map(interface).transpose()?;
        let mut matches = Matches::within(limits);
        matches.condition = Condition::true_if(self.interface.is_none());
        matches.kind(HeaderMatch::of(self.protocols()?));
        let ends = [
            (&self.source, HeaderField::Source, HeaderField::SourcePort),
            (
                &self.destination,
                HeaderField::Destination,
                HeaderField::DestinationPort,
            ),
        ];
        let mut families = [false; 2];
        for (end, address, ports) in ends {
            match end.address.map(family).transpose()? {
                Some(Family::Ipv4(span)) => {
                    families[0] = true;
                    matches.span(address, &[span])?;
                }
                Some(Family::Ipv6) => families[1] = true,
                None => {}
            }
            if let Some(spans) = end.port_spans()? {
                matches.span(ports, &spans)?;
            }
        }
        match families {
            [true, true] => return Err("the rule mixes IPv4 and IPv6 addresses".to_owned()),
            [false, true] => matches.boxes.clear(),
            _ => {}
        }
        Ok(Effect {
            steps: self.steps(&matches, at),
            ipv6: !families[0] && self.action != RuleAction::Deny,
            cost: matches.cost,
        })
    }

    /// The protocols. Ports without a protocol mean TCP and UDP.
    fn protocols(&self) -> Result<Protocols, String> {
        let has_ports = self.source.ports.is_some() || self.destination.ports.is_some();
        let with_ports = Protocols::UDP.or(Protocols::TCP);
        match self.protocol {
            None if has_ports => Ok(with_ports),
            None => Ok(Protocols::ALL),
            Some(name) => {
                let protocol = iana::protocol(name)?;
                if has_ports && !with_ports.holds(protocol) {
                    return Err(format!(
                        "protocol '{name}' has no ports; expected tcp or udp"
                    ));
                }
                Ok(protocol)
            }
        }
    }

    fn steps(&self, matches: &Matches, at: u32) -> Vec<Step> {
        let step = |packets: HeaderBox, condition, action| Step {
            packets: packets.to_remote_local(self.direction),
            condition,
            action,
            at,
        };
        let action = match self.action {
            RuleAction::Allow | RuleAction::Limit => Action::Accept,
            RuleAction::Deny => Action::Deny,
        };
        let boxes = matches.boxes.iter().copied();
        // ufw rejects a host that opened six connections within 30 seconds.
        let opening = HeaderMatch {
            states: States::named("new").unwrap_or(States::ALL),
            ..HeaderMatch::ALL
        };
        let limited = boxes
            .clone()
            .filter(|_| self.action == RuleAction::Limit)
            .filter_map(|packets| packets.matching(opening))
            .map(|packets| step(packets, Condition::Unknown, Action::Deny));
        let others = boxes.map(|packets| step(packets, matches.condition, action));
        limited.chain(others).collect()
    }
}

impl<'a> End<'a> {
    /// Reads `word`, which is `from` or `to`, and its address and ports. Returns false without `word`.
    fn read(&mut self, word: &str, words: &mut Words<'a>) -> Result<bool, String> {
        if !words.take(word) {
            return Ok(false);
        }
        self.address = Some(words.value("an address")?).filter(|address| *address != "any");
        if words.take("port") {
            self.ports = Some(Ports::Numbers(words.value("ports")?));
        } else if words.take("app") {
            let name = words.0.next().ok_or("expected the name of a profile")?;
            self.ports = Some(Ports::Of(name.text));
        }
        Ok(true)
    }

    fn port_spans(&self) -> Result<Option<Vec<Interval>>, String> {
        match self.ports {
            None => Ok(None),
            Some(Ports::Of(profile)) => Err(format!(
                "the input does not contain the ports of the application profile '{profile}'; use port numbers"
            )),
            Some(Ports::Numbers(list)) => list
                .split(',')
                .map(span)
                .collect::<Result<_, _>>()
                .map(|spans| Some(normalized(spans))),
        }
    }
}

/// The words with which the long form of a rule can continue.
const LONG: [&str; 4] = ["from", "to", "proto", "comment"];

/// Parses `5060` or `10000:20000`.
fn span(text: &str) -> Result<Interval, String> {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    if !is_number(first) || !is_number(last) || port(first)? == 0 {
        return Err(format!(
            "'{text}' is neither a port from 1 to 65535 nor a range such as 10000:20000"
        ));
    }
    port_range(first, last)
}

enum Family {
    Ipv4(Interval),
    Ipv6,
}

fn family(address: &str) -> Result<Family, String> {
    if !address.contains(':') {
        let span = network(address)?;
        // The script compares rules as text, so it would not find an address in another spelling.
        return match notation(span) {
            usual if usual == address => Ok(Family::Ipv4(span)),
            usual => Err(format!(
                "expected '{usual}', as ufw prints it, not '{address}'"
            )),
        };
    }
    let (base, length) = address.split_once('/').unwrap_or((address, "128"));
    let length = length.parse::<u8>().ok().filter(|length| *length <= 128);
    match (base.parse::<Ipv6Addr>(), length) {
        (Ok(_), Some(_)) => Ok(Family::Ipv6),
        _ => Err(format!("'{address}' is not an address")),
    }
}

/// Checks that ufw accepts the name of an interface.
fn interface(name: &str) -> Result<(), String> {
    let known = |c: char| c.is_ascii_alphanumeric() || "_-.+,=%@".contains(c);
    if name.len() <= 15 && name.chars().all(known) {
        Ok(())
    } else {
        Err(format!("'{name}' is not the name of an interface"))
    }
}

#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    quoted: bool,
}

/// The maximum number of words in a rule, several times as many as ufw prints.
const WORD_LIMIT: usize = 64;

/// Splits a line into words. A quoted text is one word.
fn words(line: &str) -> Result<Vec<Word<'_>>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_ascii();
    while !rest.is_empty() {
        let inside = rest.strip_prefix('\'');
        let (text, after) = if let Some(inside) = inside {
            let parts = inside.split_once('\'');
            parts.ok_or("a quoted text is not closed on this line")?
        } else {
            rest.split_at(rest.find(is_space).unwrap_or(rest.len()))
        };
        if text.contains('\'') || !after.is_empty() && !after.starts_with(is_space) {
            return Err("a quotation mark is inside a word".to_owned());
        }
        if words.len() == WORD_LIMIT {
            return Err(format!(
                "the rule has more than {WORD_LIMIT} words, which ufw never prints"
            ));
        }
        let quoted = inside.is_some();
        words.push(Word { text, quoted });
        rest = after.trim_ascii_start();
    }
    Ok(words)
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace()
}

/// The unread words of a rule.
struct Words<'a>(Peekable<std::vec::IntoIter<Word<'a>>>);

impl<'a> Words<'a> {
    /// Skips a word, if it comes next. Returns true if it did.
    fn take(&mut self, text: &str) -> bool {
        self.0
            .next_if(|word| !word.quoted && word.text == text)
            .is_some()
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        match self.value(&format!("'{text}'"))? {
            found if found == text => Ok(()),
            found => Err(format!("expected '{text}', not '{found}'")),
        }
    }

    fn value(&mut self, what: &str) -> Result<&'a str, String> {
        match self.0.next() {
            Some(word) if !word.quoted => Ok(word.text),
            Some(word) => Err(format!(
                "expected {what}, not the quoted text '{}'",
                word.text
            )),
            None => Err(format!("expected {what}, not the end of the line")),
        }
    }

    fn quoted(&mut self) -> Result<&'a str, String> {
        let word = self.0.next().filter(|word| word.quoted);
        word.map(|word| word.text)
            .ok_or_else(|| "expected a quoted text after 'comment'".to_owned())
    }

    fn finish(mut self) -> Result<(), String> {
        match self.0.next() {
            None => Ok(()),
            Some(word) => Err(format!("'{}' is not expected here", word.text)),
        }
    }
}
