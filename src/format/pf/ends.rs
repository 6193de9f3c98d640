//! The two ends of a rule's packets: addresses, tables and ports.

use super::tables::{Address, Tables};
use super::tokens::{BRACES, Token, Tokens};
use crate::format::read::values::{any_port, port_range};
use crate::limits::Limit;
use crate::packets::{Interval, complement, normalized};

/// Sorting the addresses of a table takes about so many steps of a comparison for each.
const SPAN_WORK: usize = 8;

/// Addresses of one end of a rule; each that the rule names is an alternative.
#[derive(Default)]
pub(super) struct Hosts {
    /// Of IPv4.
    pub spans: Vec<Interval>,
    /// True if any are of IPv6 too.
    pub ipv6: bool,
}

/// Reads an address or a table, or a list of them and of such lists.
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
                Err("the addresses of an interface are not in the text".to_owned())
            }
            Token::Word("any") => {
                Err("expected 'any' by itself: pf leaves it out of a list".to_owned())
            }
            Token::Word(word @ ("self" | "no-route" | "urpf-failed" | "route")) => Err(format!(
                "'{word}' cannot be judged: its addresses are not in the text"
            )),
            _ => self.addresses(tokens, negated),
        }
    }

    fn table(&mut self, tokens: &mut Tokens, tables: &Tables, negated: bool) -> Result<(), String> {
        let table = tables.find(tokens.table_name()?)?;
        // What is not in a table may be of either family.
        self.ipv6 |= table.ipv6 || negated;
        tokens.spend(table.spans.len() * SPAN_WORK)?;
        self.add(&table.spans, negated);
        Ok(())
    }

    /// An address, a network, or `192.0.2.1 - 192.0.2.9`.
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

/// Reads a port, ports by an operator, or a list of these.
pub(super) fn ports(tokens: &mut Tokens) -> Result<Vec<Interval>, String> {
    let mut spans = Vec::new();
    tokens.one_or_more(BRACES, |tokens| {
        Operation::read(tokens, "a port")?.ports(&mut spans)
    })?;
    Ok(normalized(spans))
}

/// Some numbers or names by an operator.
pub(super) struct Operation<'a> {
    operator: Operator,
    first: &'a str,
    last: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// A number, or a range with a colon.
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
    /// Reads one; `what` are its numbers.
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

    /// Adds the ports that it holds for.
    fn ports(&self, to: &mut Vec<Interval>) -> Result<(), String> {
        let (first, last) = (self.first, self.last);
        for word in [first, last] {
            // pf reads some of these as octal numbers.
            if word.len() > 1 && word.starts_with('0') {
                return Err(format!(
                    "expected the port '{word}' without a zero before it"
                ));
            }
        }
        let Interval { first, last } =
            port_range(first, last).map_err(with_numbers([first, last]))?;
        let lowest = any_port().first;
        let highest = any_port().last;
        // One further on either side is no port, which no span has.
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

/// Adds to a problem how to print numbers, if any of the ports is a name.
fn with_numbers(ports: [&str; 2]) -> impl Fn(String) -> String {
    let named = |port: &str| port.bytes().any(|b| b.is_ascii_alphabetic());
    let hint = if ports.into_iter().any(named) {
        "; 'pfctl -P -sr' prints numbers on FreeBSD, and 'pfctl -sr' without -P on OpenBSD"
    } else {
        ""
    };
    move |problem| format!("{problem}{hint}")
}

/// An operator of one number, if there is one.
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
