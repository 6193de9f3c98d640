//! The source and destination of a rule: addresses, tables and ports.

use super::tables::{Address, Tables};
use super::tokens::{BRACES, Token, Tokens};
use crate::format::read::values::{any_port, port_range};
use crate::limits::Limit;
use crate::packets::{Interval, complement, normalized};

/// The work counted for sorting one address of a table.
const SPAN_WORK: usize = 8;

/// The addresses of one end of a rule. A packet must match one of them.
#[derive(Default)]
pub(super) struct Hosts {
    /// The IPv4 addresses.
    pub spans: Vec<Interval>,
    /// True if there are IPv6 addresses too.
    pub ipv6: bool,
}

/// Reads an address, a table, or a list of these, which may be nested.
pub(super) fn hosts(tokens: &mut Tokens, tables: &Tables) -> Result<Hosts, String> {
    let mut hosts = Hosts::default();
    let mut open = 0_usize;
    loop {
        while tokens.take_symbol('{')? {
            open += 1;
        }
        hosts.read(tokens, tables)?;
        tokens.limits.check(Limit::Boxes, hosts.spans.len())?;
        while open > 0 {
            tokens.take_symbol(',')?;
            if !tokens.take_symbol('}')? {
                break;
            }
            open -= 1;
        }
        if open == 0 {
            hosts.spans = normalized(hosts.spans);
            return Ok(hosts);
        }
    }
}

impl Hosts {
    fn read(&mut self, tokens: &mut Tokens, tables: &Tables) -> Result<(), String> {
        let negated = tokens.take_symbol('!')?;
        match tokens.peek()? {
            Token::Symbol('<') => self.table(tokens, tables, negated),
            Token::Symbol('(') => {
                Err("the input does not contain the addresses of an interface; use addresses in the rule".to_owned())
            }
            Token::Word("any") => {
                Err("pf ignores 'any' in a list; use 'any' without a list".to_owned())
            }
            Token::Word(word @ ("self" | "no-route" | "urpf-failed" | "route")) => Err(format!(
                "'{word}' is not supported: the input does not contain its addresses"
            )),
            _ => self.addresses(tokens, negated),
        }
    }

    fn table(&mut self, tokens: &mut Tokens, tables: &Tables, negated: bool) -> Result<(), String> {
        let table = tables.find(tokens.table_name()?)?;
        // The complement of a table contains addresses of both families.
        self.ipv6 |= table.ipv6 || negated;
        tokens.spend(table.spans.len() * SPAN_WORK)?;
        self.add(&table.spans, negated);
        Ok(())
    }

    /// Reads an address, a network, or a range such as `192.0.2.1 - 192.0.2.9`.
    fn addresses(&mut self, tokens: &mut Tokens, negated: bool) -> Result<(), String> {
        let first = Address::read(tokens)?;
        let range = tokens.take_symbol('-')?;
        let last = if range { Address::read(tokens)? } else { first };
        let span = match (first, last) {
            (Address::Ipv6, Address::Ipv6) => {
                self.ipv6 = true;
                return Ok(());
            }
            (Address::Ipv4(span), Address::Ipv4(_)) if !range => span,
            (Address::Ipv4(a), Address::Ipv4(b)) if a.first == a.last && b.first == b.last => {
                Interval::new(a.first, b.first).ok_or("the range of addresses is reversed")?
            }
            _ => return Err("expected an address at each end of a range".to_owned()),
        };
        self.add(&[span], negated);
        Ok(())
    }

    fn add(&mut self, spans: &[Interval], negated: bool) {
        if negated {
            self.spans.extend(complement(spans, Interval::ADDRESSES));
        } else {
            self.spans.extend_from_slice(spans);
        }
    }
}

/// Reads a port, an operator with ports, or a list of these.
pub(super) fn ports(tokens: &mut Tokens) -> Result<Vec<Interval>, String> {
    let mut spans = Vec::new();
    tokens.one_or_more(BRACES, |tokens| {
        Operation::read(tokens, "a port")?.ports(&mut spans)
    })?;
    Ok(normalized(spans))
}

/// An operator with one or two numbers or names.
pub(super) struct Operation<'a> {
    operator: Operator,
    first: &'a str,
    last: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// A number or a range with a colon, without an operator.
    Plain,
    Equal,
    NotEqual,
    Below,
    AtMost,
    Above,
    AtLeast,
    Inside,
    Outside,
}

impl<'a> Operation<'a> {
    /// Reads an operation. `what` describes its numbers in messages.
    pub fn read(tokens: &mut Tokens<'a>, what: &str) -> Result<Self, String> {
        if let Some(operator) = unary(tokens)? {
            let first = tokens.value(what)?;
            return Ok(Operation {
                operator,
                first,
                last: first,
            });
        }
        if let Token::Joined(first, rest) = tokens.peek()? {
            let last = rest.strip_prefix(':');
            let last = last.ok_or_else(|| tokens.unexpected(what))?;
            tokens.next()?;
            return Ok(Operation {
                operator: Operator::Plain,
                first,
                last,
            });
        }
        let first = tokens.value(what)?;
        let operator = match tokens.peek()? {
            Token::Inside => Operator::Inside,
            Token::Outside => Operator::Outside,
            _ => {
                let (first, last) = first.split_once(':').unwrap_or((first, first));
                return Ok(Operation {
                    operator: Operator::Plain,
                    first,
                    last,
                });
            }
        };
        tokens.next()?;
        Ok(Operation {
            operator,
            first,
            last: tokens.value(what)?,
        })
    }

    /// Adds the ports that match.
    fn ports(&self, to: &mut Vec<Interval>) -> Result<(), String> {
        let (first, last) = (self.first, self.last);
        for word in [first, last] {
            // pf reads some of these as octal numbers.
            if word.len() > 1 && word.starts_with('0') {
                return Err(format!(
                    "port '{word}' has a leading zero; write it without"
                ));
            }
        }
        let Interval { first, last } =
            port_range(first, last).map_err(with_numbers([first, last]))?;
        let lowest = any_port().first;
        let highest = any_port().last;
        // At either end there may be no port left, so these return `None`.
        let below = |end: u32| {
            end.checked_sub(1)
                .and_then(|last| Interval::new(lowest, last))
        };
        let above = |start: u32| Interval::new(start + 1, highest);
        match self.operator {
            Operator::Plain | Operator::Equal => to.extend(Interval::new(first, last)),
            Operator::NotEqual | Operator::Outside => {
                to.extend(below(first));
                to.extend(above(last));
            }
            Operator::Below => to.extend(below(first)),
            Operator::AtMost => to.extend(Interval::new(lowest, first)),
            Operator::Above => to.extend(above(first)),
            Operator::AtLeast => to.extend(Interval::new(first, highest)),
            Operator::Inside if first < last => to.extend(Interval::new(first + 1, last - 1)),
            Operator::Inside => {}
        }
        Ok(())
    }
}

/// Adds a hint about printing numbers to a message, if a port is given by name.
fn with_numbers(ports: [&str; 2]) -> impl Fn(String) -> String {
    let named = |port: &str| port.bytes().any(|b| b.is_ascii_alphabetic());
    let hint = if ports.into_iter().any(named) {
        "; 'pfctl -P -sr' prints numbers on FreeBSD, and 'pfctl -sr' without -P on OpenBSD"
    } else {
        ""
    };
    move |problem| format!("{problem}{hint}")
}

/// Reads an operator with one number, if it comes next.
fn unary(tokens: &mut Tokens) -> Result<Option<Operator>, String> {
    Ok(Some(if tokens.take_symbol('=')? {
        Operator::Equal
    } else if tokens.take_symbol('!')? {
        tokens.expect_symbol('=')?;
        Operator::NotEqual
    } else if tokens.take_symbol('<')? {
        if tokens.take_symbol('=')? {
            Operator::AtMost
        } else {
            Operator::Below
        }
    } else if tokens.take_symbol('>')? {
        if tokens.take_symbol('=')? {
            Operator::AtLeast
        } else {
            Operator::Above
        }
    } else {
        return Ok(None);
    }))
}
