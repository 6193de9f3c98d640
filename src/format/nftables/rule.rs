//! The meaning of a rule's statements, which text and JSON share.

use super::key::{Header, Key, Keys, Operator, Subject};
use super::set::{Arrow, BITS_WORK, Set, Sets, header_where};
use super::value::{Decision, Element, Part, Type, Value};
use crate::format::read::chains::{RuleAction, RuleBranch};
use crate::format::read::error::ReadError;
use crate::format::read::matches::Matches;
use crate::limits::{Limit, Limits};
use crate::packets::{Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols};

/// A statement of a rule.
#[derive(Debug)]
pub(super) enum Statement<'a> {
    Match {
        keys: Keys,
        operator: Operator,
        value: Value<'a>,
    },
    /// `vmap`
    VerdictMap {
        keys: Keys,
        value: Value<'a>,
    },
    Verdict(Decision<'a>),
    /// `reject with tcp reset`, which nft applies to TCP alone. Where packets of IPv6 pass too, nft
    /// does not print a `meta nfproto ipv6` before it.
    Reset,
    /// Holds in circumstances that no box tells.
    Narrowing,
    /// Decides nothing.
    NoEffect,
}

enum Outcome<'a> {
    One(Decision<'a>),
    Map(Vec<Arrow<'a>>),
}

/// A rule while it is read, statement by statement.
pub(super) struct Rule<'a, 's> {
    sets: &'s dyn Sets<'a>,
    matches: Matches,
    /// True if packets of IPv6 come to the table.
    takes_ipv6: bool,
    /// True if nothing but IPv4 matches.
    ipv4_only: bool,
    outcome: Option<Outcome<'a>>,
    /// The header of the field that the match before was about, if it was `!=` and one value.
    excluded: Option<Header>,
    /// The work that was spent before this rule.
    spent: usize,
}

impl<'a, 's> Rule<'a, 's> {
    /// A rule without statements; `spent` is the work of other rules, see [`Limit::Work`].
    pub fn new(sets: &'s dyn Sets<'a>, takes_ipv6: bool, limits: Limits, spent: usize) -> Self {
        Rule {
            sets,
            takes_ipv6,
            matches: Matches::within(limits),
            ipv4_only: false,
            outcome: None,
            excluded: None,
            spent,
        }
    }

    pub fn add(&mut self, statement: Statement<'a>) -> Result<(), ReadError> {
        if matches!(statement, Statement::NoEffect) {
            return Ok(());
        }
        if self.outcome.is_some() {
            return Err("expected nothing after a verdict but counters and logs".into());
        }
        match statement {
            Statement::Match {
                keys,
                operator,
                value,
            } => self.compare(&keys, operator, &value)?,
            Statement::VerdictMap { keys, value } => self.map(&keys, &value)?,
            Statement::Verdict(decision) => self.outcome = Some(Outcome::One(decision)),
            Statement::Reset => {
                self.matches.condition &= Condition::true_if(!self.takes_ipv6);
                self.matches.kind(HeaderMatch::of(Protocols::TCP));
                self.outcome = Some(Outcome::One(Some(RuleAction::Deny)));
            }
            Statement::Narrowing => self.matches.condition = Condition::Unknown,
            Statement::NoEffect => {}
        }
        let work = self.spent.saturating_add(self.matches.cost);
        let checked = self.matches.limits.check(Limit::Work, work);
        Ok(checked.map_err(String::from)?)
    }

    /// The work that its matches have taken.
    pub fn work(&self) -> usize {
        self.matches.cost
    }

    /// The number of combinations of addresses and ports in its matches.
    pub fn combinations(&self) -> usize {
        self.matches.boxes.len()
    }

    /// Adds the effects of the rule to `branches`, in their order.
    pub fn finish(self, branches: &mut Vec<RuleBranch<'a>>) {
        let Matches {
            boxes, condition, ..
        } = self.matches;
        let ipv4_only = self.ipv4_only;
        let branch = |packets, condition, action| RuleBranch {
            packets,
            condition,
            ipv4_only,
            action,
        };
        match self.outcome {
            None | Some(Outcome::One(None)) => {}
            Some(Outcome::One(Some(action))) => {
                branches.extend(boxes.into_iter().map(|own| branch(own, condition, action)));
            }
            Some(Outcome::Map(arrows)) => {
                for arrow in arrows {
                    let Some(action) = arrow.decision else {
                        continue;
                    };
                    let both = boxes.iter().filter_map(|own| own.and(&arrow.packets));
                    branches
                        .extend(both.map(|both| branch(both, condition & arrow.condition, action)));
                }
            }
        }
    }

    fn imply(&mut self, keys: &Keys) {
        for key in keys.iter() {
            self.ipv4_only |= key.is_of_ipv4();
            let implied = key.implied();
            if implied != Protocols::ALL {
                self.matches.kind(HeaderMatch::of(implied));
            }
        }
    }

    fn compare(
        &mut self,
        keys: &Keys,
        operator: Operator,
        value: &Value<'a>,
    ) -> Result<(), ReadError> {
        self.refuse_split(keys, operator, value)?;
        self.imply(keys);
        match (value, keys.single()) {
            (Value::Named(name), _) => {
                check_negation(keys, operator)?;
                let set = self.sets.set(name)?;
                set.check_types(name, keys)?;
                set.narrow(&mut self.matches, keys, negated(operator)?)?;
            }
            (Value::Set(elements), _) => {
                check_negation(keys, operator)?;
                check_braces(keys, elements)?;
                let set = Set::anonymous(keys, elements)?;
                if keys.are_both_ports() && set.has_all_ports() {
                    return Err(PORTS_OF_IPTABLES.into());
                }
                set.narrow(&mut self.matches, keys, negated(operator)?)?;
            }
            (_, Some(key)) => self.compare_one(key, operator, value)?,
            (_, None) => {
                return Err(
                    format!("expected a set to look up a concatenation in, not {value}").into(),
                );
            }
        }
        if keys.need_ports() && !self.matches.have_ports() {
            return Err(NO_PORTS.into());
        }
        Ok(())
    }

    /// Refuses the second of two matches that exclude a value of two fields of one header: nft prints
    /// one match that excludes both values together in this way too.
    fn refuse_split(
        &mut self,
        keys: &Keys,
        operator: Operator,
        value: &Value,
    ) -> Result<(), String> {
        let is_value = matches!(value, Value::One(_) | Value::Prefix(..) | Value::Other);
        let key = keys
            .single()
            .filter(|_| operator == Operator::NotEqual && is_value);
        let header = key.and_then(|key| key.header);
        let before = std::mem::replace(&mut self.excluded, header);
        if header.is_some() && before == header {
            return Err(SPLIT.to_owned());
        }
        Ok(())
    }

    fn compare_one(&mut self, key: Key, operator: Operator, value: &Value) -> Result<(), String> {
        match (key.subject, key.subject.value_type().part(value)?) {
            (Subject::Address(_) | Subject::Port(..) | Subject::Protocol, _)
                if operator == Operator::NotEqual && matches!(value, Value::Range(..)) =>
            {
                Err(NOT_A_RANGE.to_owned())
            }
            (Subject::Address(field) | Subject::Port(field, _), Part::Interval(span)) => {
                self.compare_number(field, span, operator)
            }
            (Subject::Flags | Subject::State, Part::Bits(bits)) => {
                check_bits(key, operator, value, bits)?;
                self.compare_bits(key, operator, bits)
            }
            (Subject::Protocol, Part::Protocols(protocols)) => {
                self.matches.kind(HeaderMatch::of(if negated(operator)? {
                    protocols.not()
                } else {
                    protocols
                }));
                Ok(())
            }
            (Subject::Fixed(_), _) if negated(operator)? => {
                Err(format!("it excludes {value}, which all of IPv4 has"))
            }
            (Subject::Fixed(_), _) => Ok(()),
            _ => {
                self.matches.condition = Condition::Unknown;
                Ok(())
            }
        }
    }

    fn compare_number(
        &mut self,
        field: HeaderField,
        span: Interval,
        operator: Operator,
    ) -> Result<(), String> {
        let last = field.whole().last;
        let found = match operator {
            Operator::Implicit | Operator::Equal => Some(span),
            Operator::NotEqual => return self.exclude(field, span),
            Operator::NoneOf => return Err("expected '!=', not '!'".to_owned()),
            _ if span.first != span.last => {
                return Err("expected one value after '<' or '>', not a range".to_owned());
            }
            Operator::Less => span.first.checked_sub(1).and_then(|n| Interval::new(0, n)),
            Operator::AtMost => Interval::new(0, span.first),
            Operator::Greater => span
                .first
                .checked_add(1)
                .and_then(|n| Interval::new(n, last)),
            Operator::AtLeast => Interval::new(span.first, last),
        };
        self.matches.span(field, found.as_slice())
    }

    /// Excludes a value, of which not all packets that were matched before may be.
    fn exclude(&mut self, field: HeaderField, span: Interval) -> Result<(), String> {
        let boxes = &self.matches.boxes;
        let was_narrow = boxes.iter().any(|packets| packets.narrows(field));
        self.matches.not_span(field, &[span])?;
        if was_narrow && self.matches.boxes.is_empty() {
            return Err(NO_PACKET.to_owned());
        }
        Ok(())
    }

    /// nft(8), "Bitmask type": several bits mean any of them where no operator is written, and
    /// one value where it is.
    fn compare_bits(&mut self, key: Key, operator: Operator, bits: u32) -> Result<(), String> {
        let mask = key.mask;
        self.matches.cost += BITS_WORK;
        let (header, condition) = match operator {
            Operator::Implicit => header_where(key, |x| x & bits != 0),
            Operator::NoneOf => header_where(key, |x| x & bits == 0),
            Operator::Equal => header_where(key, |x| x & mask == bits),
            Operator::NotEqual => header_where(key, |x| x & mask != bits),
            _ => return Err("expected '==' or '!=' here".to_owned()),
        };
        self.matches.kind(header);
        self.matches.condition &= condition;
        Ok(())
    }

    fn map(&mut self, keys: &Keys, value: &Value<'a>) -> Result<(), ReadError> {
        self.imply(keys);
        let arrows = match value {
            Value::Named(name) => {
                let set = self.sets.set(name)?;
                set.check_types(name, keys)?;
                set.arrows(&mut self.matches, keys)?
            }
            Value::Set(elements) => {
                Set::anonymous(keys, elements)?.arrows(&mut self.matches, keys)?
            }
            _ => return Err(format!("expected a map after vmap, not {value}").into()),
        };
        let limits = self.matches.limits;
        let count = self.matches.boxes.len().saturating_mul(arrows.len());
        limits.check(Limit::Boxes, count).map_err(String::from)?;
        self.matches.cost += count;
        let mut both = arrows.iter().flat_map(|arrow| {
            let boxes = self.matches.boxes.iter();
            boxes.filter_map(|own| own.and(&arrow.packets))
        });
        let have_ports = |p: HeaderBox| Protocols::WITH_PORTS.holds(p.header().protocols);
        if keys.need_ports() && !both.all(have_ports) {
            return Err(NO_PORTS.into());
        }
        self.outcome = Some(Outcome::Map(arrows));
        Ok(())
    }
}

const NO_PORTS: &str = "'th' needs a match before it that leaves only protocols with ports, such as meta l4proto { tcp, udp }";

/// Refuses a comparison of flags or states that versions of nft read differently.
fn check_bits(key: Key, operator: Operator, value: &Value, bits: u32) -> Result<(), String> {
    let problem = match (operator, value) {
        (Operator::Implicit, Value::Union(_)) => {
            "nft prints 'a | b' both for 'a,b' and for '== a,b'; write a comma, or the operator"
        }
        (Operator::Implicit | Operator::NoneOf, _) if bits == 0 || key.is_masked() => {
            "expected '==' or '!=' here"
        }
        (Operator::Equal | Operator::NotEqual, Value::List(_)) if !key.is_masked() => {
            "versions of nft differ in what a list after '==' or '!=' means; write a set in braces"
        }
        _ => return Ok(()),
    };
    Err(problem.to_owned())
}

/// Refuses a rule for what is not in a set of things that all of IPv4 has.
fn check_negation(keys: &Keys, operator: Operator) -> Result<(), String> {
    let is_fixed = |key: Key| matches!(key.subject, Subject::Fixed(_));
    if operator == Operator::NotEqual && keys.iter().any(is_fixed) {
        return Err(
            "it excludes what all of IPv4 has, so it may match only IPv6, which is not compared"
                .to_owned(),
        );
    }
    Ok(())
}

/// nft takes braces around one value away, and then flags are compared in another way.
fn check_braces(keys: &Keys, elements: &[Element]) -> Result<(), String> {
    let (Some(key), [only]) = (keys.single(), elements) else {
        return Ok(());
    };
    let means_two_things = match key.subject {
        Subject::Flags => true,
        Subject::State => key.is_masked() || Type::State.bits(&only.value)?.count_ones() != 1,
        _ => false,
    };
    if means_two_things {
        return Err(
            "versions of nft differ in what one value in braces means here; write it without them"
                .to_owned(),
        );
    }
    Ok(())
}

const NO_PACKET: &str = "it excludes all that the rule matches otherwise, and nft also prints so what excludes \
                         several fields together; remove the rule";

const SPLIT: &str = "nft prints one comparison of both fields so too, which excludes the two values together; write a \
                     rule for each field";

const NOT_A_RANGE: &str = "nft prints this for '< FIRST' and '> LAST' in one rule too, which no packet \
                           fulfils; name what is outside of the range, as in '{ 0-9, 21-65535 }'";

const PORTS_OF_IPTABLES: &str = "nft prints the option --ports of iptables so, without '!' and without the middle of \
                                 ranges; give what iptables-save prints";

fn negated(operator: Operator) -> Result<bool, String> {
    match operator {
        Operator::Implicit | Operator::Equal => Ok(false),
        Operator::NotEqual => Ok(true),
        _ => Err("expected '==' or '!=' here".to_owned()),
    }
}
