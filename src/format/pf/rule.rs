//! A rule (pf.conf(5)), written by a person or printed by `pfctl -sr`.

use super::ends;
use super::options;
use super::rule_reader::{Family, Ipv6Ends, RuleAction, RuleReader, State};
use super::tables::Tables;
use super::tokens::{BRACES, PARENTHESES, Token, Tokens};
use crate::format::read::iana;
use crate::packets::{Condition, Flags, HeaderBox, HeaderField, HeaderMatch, Protocols};
use crate::policy::Direction;

/// The work counted for creating a box.
const BOX_WORK: usize = 4;

/// A rule with all of its lists expanded.
pub(super) struct Rule {
    pub action: RuleAction,
    /// `None` means both directions.
    pub direction: Option<Direction>,
    /// True if the rule is final: pf evaluates no later rule for a packet that matches.
    pub quick: bool,
    /// The IPv4 packets.
    pub boxes: Vec<HeaderBox>,
    /// The IPv6 packets, if the rule applies to all IPv6 addresses. A rule for only some of them has none
    /// here, because IPv6 addresses are not compared.
    pub ipv6: Vec<HeaderBox>,
    /// The condition under which the rule applies to its packets; see [`crate::packets::Step::condition`].
    pub condition: Condition,
    /// True for a pass rule that may drop a packet that it applies to: above a limit, or on the way back.
    pub may_drop: bool,
}

/// Reads the rest of a rule after its action.
pub(super) fn read<'a>(
    tokens: &mut Tokens<'a>,
    tables: &Tables<'a>,
    action: RuleAction,
) -> Result<Rule, String> {
    let mut reader = RuleReader::new(action, tokens.limits);
    reader.head(tokens)?;
    reader.ends(tokens, tables)?;
    while !tokens.at_end()? {
        options::read(&mut reader, tokens)?;
    }
    reader.finish()
}

impl RuleReader {
    /// Reads the part of a rule before its source and destination.
    fn head(&mut self, tokens: &mut Tokens) -> Result<(), String> {
        if self.action == RuleAction::Block {
            way_of_blocking(tokens)?;
        }
        if tokens.take_word("in")? {
            self.direction = Some(Direction::In);
        } else if tokens.take_word("out")? {
            self.direction = Some(Direction::Out);
        }
        loop {
            if tokens.take_word("quick")? {
                self.quick = true;
            } else if tokens.take_word("log")? {
                log(tokens)?;
            } else {
                break;
            }
        }
        if tokens.take_word("on")? {
            self.matches.condition = Condition::Unknown;
            tokens.one_or_more(BRACES, interface)?;
        }
        if tokens.take_word("inet")? {
            self.family = Some(Family::Inet);
        } else if tokens.take_word("inet6")? {
            self.family = Some(Family::Inet6);
        }
        if tokens.take_word("proto")? {
            self.protocols = Protocols::NONE;
            tokens.one_or_more(BRACES, |tokens| {
                self.protocols = self.protocols.or(protocol(tokens)?);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Reads the source and the destination.
    fn ends(&mut self, tokens: &mut Tokens, tables: &Tables) -> Result<(), String> {
        if tokens.take_word("all")? {
            return Ok(());
        }
        if tokens.take_word("from")? {
            self.end(tokens, tables, HeaderField::Source, HeaderField::SourcePort)?;
            if tokens.take_word("os")? {
                self.matches.condition = Condition::Unknown;
                let system = |tokens: &mut Tokens| tokens.value("an operating system").map(drop);
                tokens.one_or_more(BRACES, system)?;
            }
        }
        if tokens.take_word("to")? {
            self.end(
                tokens,
                tables,
                HeaderField::Destination,
                HeaderField::DestinationPort,
            )?;
        }
        Ok(())
    }

    fn end(
        &mut self,
        tokens: &mut Tokens,
        tables: &Tables,
        addresses: HeaderField,
        ports: HeaderField,
    ) -> Result<(), String> {
        let any = tokens.take_word("any")? || tokens.peek()? == Token::Word("port");
        if !any {
            let hosts = ends::hosts(tokens, tables)?;
            self.ipv6_ends = match self.ipv6_ends {
                Ipv6Ends::Any | Ipv6Ends::Named if hosts.ipv6 => Ipv6Ends::Named,
                _ => Ipv6Ends::None,
            };
            self.matches.span(addresses, &hosts.spans)?;
            tokens.spend(self.matches.boxes.len() * BOX_WORK)?;
        }
        if tokens.take_word("port")? {
            let with_ports = Protocols::TCP.or(Protocols::UDP).or(Protocols::of(132));
            if !with_ports.holds(self.protocols) {
                return Err("a port needs 'proto' with only tcp, udp or sctp".to_owned());
            }
            self.matches.span(ports, &ends::ports(tokens)?)?;
            tokens.spend(self.matches.boxes.len() * BOX_WORK)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Rule, String> {
        if self.action == RuleAction::Match && self.quick {
            return Err(
                "'match' with 'quick' ends the evaluation on OpenBSD, but not on all versions of FreeBSD; remove 'quick'"
                    .to_owned(),
            );
        }
        let passes = self.action == RuleAction::Pass;
        let some_ipv6 = match self.family {
            Some(Family::Inet) => false,
            Some(Family::Inet6) => true,
            None => self.ipv6_ends == Ipv6Ends::Named,
        };
        if passes && some_ipv6 {
            return Err("the rule passes IPv6, but only IPv4 is compared; use 'inet'".to_owned());
        }
        let opens = passes && self.state != State::None && !self.fragments;
        let implied = if opens { Flags::opening() } else { Flags::ALL };
        self.matches.kind(HeaderMatch {
            flags: self.flags.unwrap_or(implied),
            ..HeaderMatch::of(self.protocols)
        });
        let boxes = self.matches.boxes;
        let all_ipv6 = self.family != Some(Family::Inet) && self.ipv6_ends == Ipv6Ends::Any;
        let ipv6 = if all_ipv6 { boxes.clone() } else { Vec::new() };
        Ok(Rule {
            action: self.action,
            direction: self.direction,
            quick: self.quick,
            boxes: match self.family {
                Some(Family::Inet6) => Vec::new(),
                Some(Family::Inet) | None => boxes,
            },
            ipv6,
            condition: self.matches.condition,
            may_drop: passes && (self.may_drop || self.state == State::None),
        })
    }
}

/// Reads how a block rule informs the sender, if the rule says so.
fn way_of_blocking(tokens: &mut Tokens) -> Result<(), String> {
    if tokens.take_word("drop")? || tokens.take_word("return")? {
        return Ok(());
    }
    for way in ["return-rst", "return-icmp", "return-icmp6"] {
        if tokens.take_word(way)? {
            if tokens.peek()? == Token::Symbol('(') {
                let code = |tokens: &mut Tokens| tokens.value("an ICMP code or a TTL").map(drop);
                tokens.one_or_more(PARENTHESES, code)?;
            }
            return Ok(());
        }
    }
    Ok(())
}

fn log(tokens: &mut Tokens) -> Result<(), String> {
    if tokens.peek()? != Token::Symbol('(') {
        return Ok(());
    }
    tokens.one_or_more(PARENTHESES, |tokens| {
        match tokens.value("an option of log")? {
            "all" | "user" | "group" | "matches" => Ok(()),
            "to" => tokens.value("an interface").map(drop),
            other => Err(format!(
                "expected all, matches, user or 'to' an interface, not '{other}'"
            )),
        }
    })
}

pub(super) fn interface(tokens: &mut Tokens) -> Result<(), String> {
    tokens.take_symbol('!')?;
    if tokens.value("an interface")? == "rdomain" {
        tokens.value("the number of a routing domain")?;
    }
    Ok(())
}

/// Reads a protocol by its BSD name. In `/etc/protocols`, most names have an alias in capital letters.
fn protocol(tokens: &mut Tokens) -> Result<Protocols, String> {
    let word = tokens.value("a protocol")?;
    let small = word.bytes().any(|b| b.is_ascii_lowercase());
    let name = if small {
        word.to_owned()
    } else {
        word.to_ascii_lowercase()
    };
    let protocol = match name.as_str() {
        "pfsync" => Protocols::of(240),
        name => iana::protocol(name)?,
    };
    if protocol == Protocols::of(0) {
        return Err("expected a protocol from 1 to 255, not 0".to_owned());
    }
    Ok(protocol)
}
