//! The meaning of a rule's statements, for both the text and the JSON syntax.

mod change;
mod criteria;

use super::families::Families;
use super::key::{Header, Key, Keys, Operator, Source, Subject};
use super::set::{BITS_WORK, MapEffect, Set, Sets, header_where};
use super::translation::ANYWHERE;
use super::value::{Decision, Element, Part, Type, Value};
use crate::firewall::{Change, Criteria, Ipv6Packets, RuleAction, RuleBranch, Translation};
use crate::format::read::matches::Matches;
use crate::limits::{Limit, Limits};
use crate::packets::{Condition, HeaderBox, HeaderField, HeaderMatch, Interval, Protocols};
use crate::read_error::ReadError;

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
    /// `reject with icmp` and `reject with icmpv6`, which apply only to these families.
    Reject(Families),
    /// `reject with tcp reset`, which applies only to TCP. In a table that also gets IPv6 packets, nft
    /// omits a `meta nfproto ipv6` before it, so it may not apply to IPv4 at all.
    Reset,
    /// A match on something that packet boxes do not model, such as a rate.
    Narrowing,
    /// A statement that changes a key of the packet or its connection, such as `meta mark set ct mark`.
    Change {
        target: Key,
        source: Source,
    },
    /// `dup`: a copy of the packet goes to the result of an expression.
    Copy(Source),
    /// `notrack`
    Untrack,
    /// `dnat` and `snat`, which apply only to these families. The translation is `None` if the rule looks up the new
    /// destination, and may find none.
    Translate(Families, Option<Translation>),
    /// The last statement of a rule: a target of iptables, whose options are unknown, that may make these changes.
    MayChange(&'static [Change]),
    /// A statement that a unit cannot contain, the reason, and its effect as far as it is known.
    Unsupported(String, Box<Statement<'a>>),
    /// A statement that neither accepts nor denies, such as a counter.
    NoEffect,
}

impl Statement<'_> {
    /// A statement that may accept, deny, or continue with the next rule.
    pub const UNDECIDED: Self = Statement::Verdict(Some(RuleAction::Undecided));
}

enum Outcome<'a> {
    One(Decision<'a>),
    Map(Vec<MapEffect<'a>>),
}

/// A rule that is being read, statement by statement.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each of them is a separate property"
)]
pub(super) struct Rule<'a, 's> {
    sets: &'s dyn Sets<'a>,
    matches: Matches,
    criteria: Criteria<'a>,
    /// True if the table gets IPv6 packets too.
    takes_ipv6: bool,
    /// The families of the packets that may match.
    families: Families,
    /// True if the rule looks up the family in a set. nft adds no match on the family after that.
    has_family_set: bool,
    /// True if `matches` describes only the IPv4 packets. Otherwise, their protocols and ports are also those of the IPv6
    /// packets.
    is_separate: bool,
    /// True if the rule also compares the ports of protocols that have none, which are any bytes of the packet.
    reads_other_bytes: bool,
    /// The changes of the packets, which come before the outcome.
    changes: Vec<RuleBranch<'a>>,
    outcome: Option<Outcome<'a>>,
    /// The first reason why packet boxes cannot express the rule exactly.
    error: Option<ReadError>,
    /// The header of the previous match's field, if that match was `!=` and a single value.
    excluded: Option<Header>,
    /// The work of the rules before this one.
    spent: usize,
}

impl<'a, 's> Rule<'a, 's> {
    /// Creates a rule without statements. `spent` is the work of the rules before it; see [`Limit::Work`].
    pub fn new(sets: &'s dyn Sets<'a>, takes_ipv6: bool, limits: Limits, spent: usize) -> Self {
        Rule {
            sets,
            takes_ipv6,
            matches: Matches::within(limits),
            criteria: Criteria::default(),
            families: Families {
                ipv4: true,
                ipv6: takes_ipv6,
            },
            has_family_set: false,
            is_separate: false,
            reads_other_bytes: false,
            changes: Vec::new(),
            outcome: None,
            error: None,
            excluded: None,
            spent,
        }
    }

    /// Adds a statement. If packet boxes cannot express it, [`Rule::finish`] returns the reason.
    pub fn add(&mut self, statement: Statement<'a>) {
        if let Err(error) = self.apply(statement) {
            self.fail(error);
        }
    }

    /// Adds a match that cannot be read, and the reason.
    pub fn fail(&mut self, error: ReadError) {
        self.matches.condition = Condition::Unknown;
        self.note(error);
    }

    /// Gives up reading: the rule may do anything with any packet.
    pub fn give_up(&mut self, error: ReadError) {
        self.forget();
        self.undecide();
        self.note(error);
    }

    /// Adds a reason why packet boxes cannot express the rule exactly.
    pub fn note(&mut self, error: ReadError) {
        self.error.get_or_insert(error);
    }

    fn undecide(&mut self) {
        self.outcome = Some(Outcome::One(Some(RuleAction::Undecided)));
    }

    /// Forgets all matches, because the packets that match may be others.
    fn forget(&mut self) {
        self.matches.boxes = vec![HeaderBox::ALL];
        self.matches.condition = Condition::Unknown;
        self.criteria = Criteria::default();
        self.families = Families {
            ipv4: true,
            ipv6: self.takes_ipv6,
        };
        self.is_separate = false;
    }

    fn apply(&mut self, statement: Statement<'a>) -> Result<(), ReadError> {
        if matches!(statement, Statement::NoEffect) {
            return Ok(());
        }
        let statement = match statement {
            Statement::Unsupported(problem, effect) => {
                self.note(problem.into());
                *effect
            }
            supported => supported,
        };
        if let Some(outcome) = &self.outcome {
            // A verdict ends the rule, but `continue` does not.
            if matches!(outcome, Outcome::One(None)) {
                self.undecide();
            }
            self.note("expected only counters and logs after a verdict".into());
            return Ok(());
        }
        self.apply_supported(statement)?;
        let work = self.spent.saturating_add(self.matches.cost);
        if let Err(exceeded) = self.matches.limits.check(Limit::Work, work) {
            self.undecide();
            return Err(exceeded.into());
        }
        Ok(())
    }

    fn apply_supported(&mut self, statement: Statement<'a>) -> Result<(), ReadError> {
        match statement {
            Statement::Match {
                keys,
                operator,
                value,
            } => self.compare(&keys, operator, &value)?,
            Statement::VerdictMap { keys, value } => {
                let mapped = self.map(&keys, &value);
                if mapped.is_err() {
                    self.undecide();
                }
                mapped?;
            }
            Statement::Verdict(decision) => self.outcome = Some(Outcome::One(decision)),
            Statement::Reject(families) => {
                self.imply_families(families);
                self.outcome = Some(Outcome::One(Some(RuleAction::Deny)));
            }
            Statement::Reset => {
                self.matches.condition &= Condition::true_if(!self.takes_ipv6);
                self.matches.kind(HeaderMatch::of(Protocols::TCP));
                self.outcome = Some(Outcome::One(Some(RuleAction::Deny)));
            }
            Statement::Narrowing => self.matches.condition = Condition::Unknown,
            Statement::Change { target, source } => self.change(target, &source)?,
            Statement::Copy(source) => self.compute(&source),
            Statement::Untrack => self.untrack(),
            Statement::Translate(families, translation) => {
                self.imply_families(families);
                self.matches.condition &= Condition::true_if(translation.is_some());
                let action = RuleAction::Translate(translation.unwrap_or(ANYWHERE));
                self.outcome = Some(Outcome::One(Some(action)));
            }
            Statement::MayChange(changes) => {
                for change in changes {
                    self.add_change(*change, Condition::Unknown);
                }
            }
            Statement::NoEffect | Statement::Unsupported(..) => {}
        }
        Ok(())
    }

    /// The work that its matches have caused.
    pub fn work(&self) -> usize {
        self.matches.cost
    }

    /// The number of combinations of addresses and ports in its matches.
    pub fn combinations(&self) -> usize {
        self.matches.boxes.len()
    }

    /// Appends the effects of the rule to `branches`, in order. Fails if packet boxes cannot express the rule exactly.
    pub fn finish(mut self, branches: &mut Vec<RuleBranch<'a>>) -> Result<(), ReadError> {
        branches.append(&mut self.changes);
        let boxes = self.matches.boxes.iter();
        match &self.outcome {
            None | Some(Outcome::One(None)) => {}
            Some(Outcome::One(Some(action))) => {
                let condition = self.matches.condition;
                let (criteria, families) = (&self.criteria, self.families);
                let boxes = boxes.copied();
                self.effect(boxes, criteria, condition, families, *action, branches);
            }
            Some(Outcome::Map(effects)) => {
                for effect in effects {
                    if let Some(action) = effect.decision {
                        let both = boxes.clone().filter_map(|own| own.and(&effect.packets));
                        let (criteria, own) = self.with_facts(effect.facts);
                        let condition = self.matches.condition & effect.condition & own;
                        let families = self.families.and(effect.families);
                        self.effect(both, &criteria, condition, families, action, branches);
                    }
                }
            }
        }
        self.error.map_or(Ok(()), Err)
    }

    /// Appends an action for some of the packets of the rule: those in the boxes and of the families.
    fn effect(
        &self,
        boxes: impl Iterator<Item = HeaderBox>,
        criteria: &Criteria<'a>,
        condition: Condition,
        families: Families,
        action: RuleAction<'a>,
        branches: &mut Vec<RuleBranch<'a>>,
    ) {
        let branch = |packets, ipv4, ipv6| RuleBranch {
            packets,
            criteria: criteria.clone(),
            condition,
            ipv4,
            ipv6,
            action,
        };
        let is_certain = condition.is_true() && criteria.is_empty();
        if families.ipv6 && self.is_separate {
            branches.push(branch(HeaderBox::ALL, false, Ipv6Packets::Some));
        }
        let mut others = Vec::new();
        for packets in boxes {
            let ipv6 = if !families.ipv6 || self.is_separate {
                Ipv6Packets::None
            } else if is_certain && packets == HeaderBox::ALL {
                Ipv6Packets::All
            } else {
                Ipv6Packets::Some
            };
            if families.ipv4 || ipv6 != Ipv6Packets::None {
                let (with_ports, without) = self.by_ports(packets);
                branches.extend(with_ports.map(|packets| branch(packets, families.ipv4, ipv6)));
                others.extend(without.map(|packets| RuleBranch {
                    condition: Condition::Unknown,
                    ..branch(packets, families.ipv4, ipv6)
                }));
            }
        }
        branches.append(&mut others);
    }

    /// Divides packets into those whose ports the rule compares, and those in which it compares other bytes instead.
    fn by_ports(&self, packets: HeaderBox) -> (Option<HeaderBox>, Option<HeaderBox>) {
        if !self.reads_other_bytes {
            return (Some(packets), None);
        }
        let of = |protocols| packets.matching(HeaderMatch::of(protocols));
        let any_ports = |packets: HeaderBox| {
            let fields = [HeaderField::SourcePort, HeaderField::DestinationPort];
            let wide = |packets: HeaderBox, field: HeaderField| packets.with(field, field.whole());
            fields.into_iter().fold(packets, wide)
        };
        let others = of(Protocols::WITH_PORTS.not());
        (of(Protocols::WITH_PORTS), others.map(any_ports))
    }

    /// Applies the matches that nft adds for keys. Notes an error if an earlier rule may have changed one of them.
    fn imply_all(&mut self, keys: &Keys) {
        let is_state = |key: Key| matches!(key.subject, Subject::State);
        if self.sets.is_untracked().get() && keys.iter().any(is_state) {
            self.note(UNTRACKED.into());
            if self.has_untracked_by_state() {
                self.forget();
            }
        }
        self.imply(keys.iter());
    }

    /// Applies the matches that nft adds for keys.
    fn imply(&mut self, keys: impl Iterator<Item = Key>) {
        let mut protocols = Protocols::ALL;
        for key in keys {
            // In a table of family `ip`, the hook itself is the match on the family. The listing of `icmpv6` in a rule that
            // matches the family or the protocol before it does not show a match on IPv6.
            let is_implied = match key.subject {
                Subject::Ipv6(_) => true,
                Subject::Icmpv6 => self.takes_ipv6 && self.is_unrestricted(),
                _ => self.takes_ipv6,
            };
            if is_implied {
                self.imply_families(key.families());
            }
            protocols = protocols.and(key.implied());
        }
        if protocols != Protocols::ALL {
            self.matches.kind(HeaderMatch::of(protocols));
        }
    }

    /// Applies the match on the family that nft adds.
    fn imply_families(&mut self, families: Families) {
        if !self.has_family_set {
            self.families = self.families.and(families);
        }
    }

    /// True if no match restricts the family or the protocol.
    fn is_unrestricted(&self) -> bool {
        let any_protocol = |p: &HeaderBox| p.header().protocols == Protocols::ALL;
        self.families == Families::BOTH && self.matches.boxes.iter().all(any_protocol)
    }

    fn narrow(&mut self, set: &Set<'a>, keys: &Keys, negated: bool) -> Result<(), String> {
        let families = set.narrow(&mut self.matches, keys, negated)?;
        self.families = self.families.and(families);
        let by_family = |key: Key| matches!(key.subject, Subject::Family(_));
        if keys.single().is_some_and(by_family) {
            self.has_family_set = true;
        } else if keys.iter().any(by_family) {
            self.is_separate |= families.ipv4;
        }
        Ok(())
    }

    fn compare(
        &mut self,
        keys: &Keys,
        operator: Operator,
        value: &Value<'a>,
    ) -> Result<(), ReadError> {
        self.refuse_split(keys, operator, value)?;
        self.imply_all(keys);
        if keys.are_of_ipv6() {
            self.matches.condition = Condition::Unknown;
            return Ok(());
        }
        match (value, keys.single()) {
            (Value::Named(name), _) => {
                let set = self.sets.set(name)?;
                set.check_types(name, keys)?;
                self.look_up(set, keys, negated(operator)?)?;
            }
            (Value::Set(_), Some(key)) if key.is_kind() => {
                self.compare_one(key, operator, value)?;
            }
            (Value::Set(elements), _) => {
                check_braces(keys, elements)?;
                let set = Set::anonymous(keys, elements)?;
                if keys.are_both_ports() && set.has_all_ports() {
                    return Err(PORTS_OF_IPTABLES.into());
                }
                self.look_up(&set, keys, negated(operator)?)?;
            }
            (_, Some(key)) => self.compare_one(key, operator, value)?,
            (_, None) => {
                return Err(format!("expected a set after a concatenation, not {value}").into());
            }
        }
        if keys.need_ports() && !self.matches.have_ports() {
            self.reads_other_bytes = true;
            self.note(NO_PORTS.into());
        }
        Ok(())
    }

    /// Rejects a match with `!=` if the match before it also has `!=` and a field of the same header.
    ///
    /// nft may print two such matches for a single comparison of both fields, which excludes only the pair
    /// of values.
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
            self.forget();
            return Err(SPLIT.to_owned());
        }
        Ok(())
    }

    fn compare_one(
        &mut self,
        key: Key,
        operator: Operator,
        value: &Value<'a>,
    ) -> Result<(), String> {
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
            (Subject::Family(field), Part::Number(number)) => {
                let (families, condition) = field.families(number);
                self.matches.condition &= condition;
                if !negated(operator)? {
                    self.families = self.families.and(families);
                } else if condition.is_true() {
                    self.families = self.families.and(families.not());
                }
                Ok(())
            }
            (Subject::Criterion(criterion), part) => {
                self.compare_fact(criterion, key.mask, operator, part, value);
                Ok(())
            }
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

    /// Excludes values, but rejects a match that leaves no packet of the matches before it.
    fn exclude(&mut self, field: HeaderField, span: Interval) -> Result<(), String> {
        let boxes = &self.matches.boxes;
        let was_narrow = boxes.iter().any(|packets| packets.narrows(field));
        self.matches.not_span(field, &[span])?;
        if was_narrow && self.matches.boxes.is_empty() {
            self.forget();
            return Err(NO_PACKET.to_owned());
        }
        Ok(())
    }

    /// Compares flags or states. Without an operator, several bits mean any of them; with an operator, they
    /// mean one value (nft(8), "Bitmask type").
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
        let is_exact = operator == Operator::Equal && matches!(key.subject, Subject::Flags);
        if is_exact && mask & !bits & ACK != 0 && bits & PSH_OR_URG != 0 {
            // A packet without ACK has neither data nor these flags.
            self.irregular(true);
        } else {
            self.matches.condition &= condition;
        }
        Ok(())
    }

    fn map(&mut self, keys: &Keys, value: &Value<'a>) -> Result<(), ReadError> {
        self.imply_all(keys);
        let effects = match value {
            Value::Named(name) => {
                let set = self.sets.set(name)?;
                set.check_types(name, keys)?;
                set.effects(&mut self.matches, keys)?
            }
            Value::Set(elements) => {
                Set::anonymous(keys, elements)?.effects(&mut self.matches, keys)?
            }
            _ => return Err(format!("expected a map after vmap, not {value}").into()),
        };
        let limits = self.matches.limits;
        let count = self.matches.boxes.len().saturating_mul(effects.len());
        limits.check(Limit::Boxes, count).map_err(String::from)?;
        self.matches.cost += count;
        let mut both = effects.iter().flat_map(|effect| {
            let boxes = self.matches.boxes.iter();
            boxes.filter_map(|own| own.and(&effect.packets))
        });
        let have_ports = |p: HeaderBox| Protocols::WITH_PORTS.holds(p.header().protocols);
        if self.families.ipv4 && keys.need_ports() && !both.all(have_ports) {
            self.reads_other_bytes = true;
            self.note(NO_PORTS.into());
        }
        self.outcome = Some(Outcome::Map(effects));
        Ok(())
    }
}

/// The bits of TCP flags that `Flags` does not model, or models differently (RFC 9293).
const ACK: u32 = 0x10;
const PSH_OR_URG: u32 = 0x28;

const UNTRACKED: &str =
    "'notrack' in an earlier rule may change the state of this packet; match the state before it";

const NO_PORTS: &str = "'th' needs an earlier match that leaves only protocols with ports, such as 'meta l4proto { tcp, udp }'";

/// Rejects a comparison of flags or states whose meaning depends on the version of nft.
fn check_bits(key: Key, operator: Operator, value: &Value, bits: u32) -> Result<(), String> {
    let problem = match (operator, value) {
        (Operator::Implicit, Value::Union(_)) => {
            "nft prints 'a | b' both for 'a,b' and for '== a,b'; write one of these"
        }
        (Operator::Implicit | Operator::NoneOf, _) if bits == 0 || key.is_masked() => {
            "expected '==' or '!=' here"
        }
        (Operator::Equal | Operator::NotEqual, Value::List(_)) if !key.is_masked() => {
            "the meaning of a list after '==' or '!=' depends on the version of nft; write a set in braces"
        }
        _ => return Ok(()),
    };
    Err(problem.to_owned())
}

/// Rejects braces around one value of flags or states: some versions of nft drop the braces, which changes
/// the meaning.
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
            "the meaning of one value in braces depends on the version of nft here; remove the braces"
                .to_owned(),
        );
    }
    Ok(())
}

const NO_PACKET: &str = "this excludes every packet that the rule matches, unless it is a combined exclusion of \
                         several fields, which nft prints the same way; remove the rule";

const SPLIT: &str = "nft prints the same for two exclusions and for the exclusion of one pair of values; write a rule \
                     for each \
                     field";

const NOT_A_RANGE: &str = "nft prints the same for '!= FIRST-LAST' and for '< FIRST' with '> LAST', which no packet \
                           matches; list \
                           the values outside of the range, as in '{ 0-9, 21-65535 }'";

const PORTS_OF_IPTABLES: &str = "nft prints the option --ports of iptables like this, but omits '!' and the middle of \
                                 ranges; provide the output of 'iptables-save'";

fn negated(operator: Operator) -> Result<bool, String> {
    match operator {
        Operator::Implicit | Operator::Equal => Ok(false),
        Operator::NotEqual => Ok(true),
        _ => Err("expected '==' or '!=' here".to_owned()),
    }
}
