//! Sets and maps, and the packets that their elements match.

use crate::firewall::{MarkMatch, Names, Pattern};
use crate::format::read::matches::Matches;
use crate::limits::Limit;
use crate::read_error::ReadError;
use std::cell::{Cell, OnceCell};
use std::ops::BitAnd;
use std::sync::Arc;

use super::families::Families;
use super::key::{Criterion, Key, Keys, Subject};
use super::mark::{self, MarkOf};
use super::value::{Decision, EXPIRES, Element, Part, Scalar, Type, Value, states_where};
use crate::packets::{Condition, Flags, HeaderBox, HeaderMatch, Interval, normalized};

/// Looks up the sets and maps that rules refer to by name.
pub(super) trait Sets<'a> {
    fn set(&self, name: &str) -> Result<&Set<'a>, ReadError>;

    /// True once a rule may have changed the state of untracked packets.
    fn is_untracked(&self) -> &Cell<bool>;
}

/// A set or a map. Only the entries of a map have decisions.
#[derive(Debug)]
pub(super) struct Set<'a> {
    types: Vec<Type>,
    entries: Vec<Entry<'a>>,
    /// The names of interfaces that are its elements; `None` if an element is not a name or expires.
    interfaces: OnceCell<Option<Arc<[Pattern<'a>]>>>,
}

/// The work counted for one key of an element, because every rule computes and sorts its packets.
const ENTRY_WORK: usize = 16;

/// The work counted for finding the flags or states that match one value.
pub(super) const BITS_WORK: usize = 64;

/// The work counted for each box while the complement of a set is computed.
const REST_WORK: usize = 8;

/// An element, converted to the types of its set.
#[derive(Debug)]
struct Entry<'a> {
    parts: Vec<Part<'a>>,
    decision: Option<Decision<'a>>,
    expires: bool,
}

/// The contents of a set, as listed.
pub(super) struct Contents<'a> {
    pub types: Vec<Type>,
    pub elements: Vec<Element<'a>>,
    /// The first property that lets the elements change at any time, and its place.
    changing: Option<(u32, &'static str)>,
}

impl<'a> Contents<'a> {
    pub fn new(types: Vec<Type>, elements: Vec<Element<'a>>) -> Self {
        Contents {
            types,
            elements,
            changing: None,
        }
    }

    /// Adds a flag of the set. `at` is its place.
    pub fn add_flag(&mut self, at: u32, flag: &str) -> Result<(), String> {
        let changing = match flag {
            "constant" | "interval" => return Ok(()),
            "timeout" => "timeout",
            "dynamic" => "dynamic",
            other => return Err(format!("set flag '{other}' is not supported")),
        };
        self.changing.get_or_insert((at, changing));
        Ok(())
    }

    /// Applies a timeout for all elements. `at` is its place.
    pub fn expire(&mut self, at: u32) {
        self.changing.get_or_insert((at, "timeout"));
        for element in &mut self.elements {
            element.expires = true;
        }
    }

    /// Fails if the elements may change without any change of the listed rules.
    pub fn check_permanent(&self) -> Result<(), ReadError> {
        if let Some((at, changing)) = self.changing {
            let problem = format!("the elements of a {changing} set can change at any time");
            return Err(ReadError::new(at, problem));
        }
        refuse_expiring(&self.elements)
    }
}

/// Fails if an element expires.
fn refuse_expiring(elements: &[Element]) -> Result<(), ReadError> {
    match elements.iter().find(|element| element.expires) {
        None => Ok(()),
        Some(Element { at: Some(at), .. }) => Err(ReadError::new(*at, EXPIRES)),
        Some(_) => Err(EXPIRES.into()),
    }
}

/// The effect of an element of a map.
pub(super) struct MapEffect<'a> {
    /// The packets that may match; exactly those that match if `condition` is true.
    pub packets: HeaderBox,
    pub families: Families,
    pub facts: Facts<'a>,
    pub condition: Condition,
    pub decision: Decision<'a>,
}

/// The facts besides the header that a packet must have.
#[derive(Clone, Copy, Default)]
pub(super) struct Facts<'a> {
    /// The interface that the packet comes from.
    pub input: Option<Pattern<'a>>,
    /// The interface that the packet goes to.
    pub output: Option<Pattern<'a>>,
    pub mark: Option<MarkMatch>,
    pub connection_mark: Option<MarkMatch>,
}

impl<'a> Facts<'a> {
    fn are_empty(self) -> bool {
        let has_interface = self.input.is_some() || self.output.is_some();
        !has_interface && self.mark.is_none() && self.connection_mark.is_none()
    }

    /// Adds the fact that an element contains for a key. Returns false if that is not possible.
    fn add(&mut self, criterion: Criterion, mask: u32, part: Part<'a>) -> bool {
        match (criterion, part) {
            (Criterion::InputName | Criterion::InputIndex, Part::Interface(name)) => {
                self.input.replace(name).is_none()
            }
            (_, Part::Interface(name)) => self.output.replace(name).is_none(),
            (Criterion::Mark(of), Part::Number(value)) => {
                let own = match of {
                    MarkOf::Packet => &mut self.mark,
                    MarkOf::Connection => &mut self.connection_mark,
                };
                let wanted = mark::comparison(mask, value, false);
                wanted.is_some_and(|wanted| own.replace(wanted).is_none())
            }
            _ => false,
        }
    }
}

/// The packets that an element matches.
#[derive(Clone, Copy)]
struct Held<'a> {
    /// The protocols of the packets, and the addresses of the IPv4 packets.
    packets: HeaderBox,
    families: Families,
    facts: Facts<'a>,
    condition: Condition,
}

impl<'a> Set<'a> {
    /// Creates a set from elements.
    ///
    /// A set without elements is an error, because a listing may have omitted its elements.
    pub fn new(types: Vec<Type>, elements: &[Element<'a>]) -> Result<Self, ReadError> {
        if elements.is_empty() {
            return Err(
                "the set has no elements in the input; if you listed it with 'nft -t', list it again without -t"
                    .into(),
            );
        }
        let entry = |element: &Element<'a>| match parts(&types, &element.value) {
            Ok(parts) => Ok(Entry {
                parts,
                decision: element.decision,
                expires: element.expires,
            }),
            Err(problem) => Err(match element.at {
                Some(at) => ReadError::new(at, problem),
                None => problem.into(),
            }),
        };
        let entries = elements
            .iter()
            .map(entry)
            .collect::<Result<_, ReadError>>()?;
        Ok(Set {
            types,
            entries,
            interfaces: OnceCell::new(),
        })
    }

    /// Creates a set that is known to have no elements.
    pub fn empty(types: Vec<Type>) -> Self {
        Set {
            types,
            entries: Vec::new(),
            interfaces: OnceCell::new(),
        }
    }

    /// Creates a set that is written inside a rule, for the keys on its left side.
    pub fn anonymous(keys: &Keys, elements: &[Element<'a>]) -> Result<Self, ReadError> {
        refuse_expiring(elements)?;
        let value_type = |key: Key| match key.subject {
            Subject::Ipv6(_) => Type::Unmodeled,
            subject => subject.value_type(),
        };
        Set::new(keys.iter().map(value_type).collect(), elements)
    }

    /// Checks that the types of the keys are those of the set.
    pub fn check_types(&self, name: &str, keys: &Keys) -> Result<(), String> {
        let wanted = keys.iter().map(|key| key.subject.value_type().modeled());
        if self.types.iter().map(|kind| kind.modeled()).eq(wanted) {
            Ok(())
        } else {
            Err(format!(
                "the type of '@{name}' does not fit the keys that are looked up in it"
            ))
        }
    }

    /// Restricts `matches` to the packets in the set or, if `negated`, to those outside of it. Returns the families
    /// of these packets.
    ///
    /// If some of them are IPv4 packets, `matches` describes only these afterwards.
    pub fn narrow(
        &self,
        matches: &mut Matches,
        keys: &Keys,
        negated: bool,
    ) -> Result<Families, String> {
        self.spend(matches, keys)?;
        self.refuse_map()?;
        if let Some(Subject::Address(field) | Subject::Port(field, _)) =
            keys.single().map(|key| key.subject)
        {
            let certain = self.spans(|entry| !entry.expires);
            let possible = self.spans(|_| true);
            matches.condition &= Condition::true_if(certain == possible);
            let spans = if negated { certain } else { possible };
            matches.span_or_not(negated, field, &spans)?;
            return Ok(Families::BOTH);
        }
        let held = self.entries.iter().filter_map(|entry| entry.held(keys));
        let held: Vec<Held<'a>> = held.collect();
        let families = held
            .iter()
            .fold(Families::NONE, |all, held| all.or(held.families));
        let of_keys = keys.iter().map(|key| match key.subject {
            Subject::Family(field) => field.condition(),
            _ => Condition::True,
        });
        let of_held = |held: &Held| held.condition & Condition::true_if(held.facts.are_empty());
        let conditions = held.iter().map(of_held).chain(of_keys);
        let condition = conditions.fold(Condition::True, BitAnd::bitand);
        matches.condition &= condition;
        if matches!(
            keys.single().map(|key| key.subject),
            Some(Subject::Family(_))
        ) {
            return Ok(match (negated, condition) {
                (false, _) => families,
                (true, Condition::True) => families.not(),
                (true, _) => Families::BOTH,
            });
        }
        let of_ipv4 = held.iter().filter(|held| held.families.ipv4);
        let mut boxes: Vec<HeaderBox> = of_ipv4.map(|held| held.packets).collect();
        if !negated {
            if families.ipv4 {
                boxes.sort_unstable();
                boxes.dedup();
                matches.any_of(&boxes)?;
            }
            return Ok(families);
        }
        // The complement of an uncertain set may be any packet.
        if condition.is_true() {
            let rest = rest(&boxes, matches)?;
            matches.any_of(&rest)?;
        }
        Ok(Families::BOTH)
    }

    /// The names of interfaces in the set, for a lookup of one. `None` if an element is not a name or expires.
    pub fn interfaces(
        &self,
        matches: &mut Matches,
        keys: &Keys,
    ) -> Result<Option<Names<'a>>, String> {
        self.spend(matches, keys)?;
        self.refuse_map()?;
        let patterns = self.interfaces.get_or_init(|| {
            let pattern = |part: &Part<'a>, expires: bool| match part {
                Part::Interface(pattern) if !expires => Some(*pattern),
                _ => None,
            };
            let entries = self.entries.iter();
            let names = entries.flat_map(|entry| {
                let parts = entry.parts.iter();
                parts.map(move |part| pattern(part, entry.expires))
            });
            names.collect()
        });
        Ok(patterns.as_ref().map(|names| Names::Any(Arc::clone(names))))
    }

    fn refuse_map(&self) -> Result<(), String> {
        if self.entries.iter().any(|entry| entry.decision.is_some()) {
            return Err("this looks up a map like a set; expected 'vmap'".to_owned());
        }
        Ok(())
    }

    /// True if an element covers all ports of one end.
    pub fn has_all_ports(&self) -> bool {
        let mut parts = self.entries.iter().flat_map(|entry| &entry.parts);
        parts.any(|part| matches!(part, Part::Interval(span) if *span == Interval::PORTS))
    }

    fn spans(&self, holds: impl Fn(&Entry) -> bool) -> Vec<Interval> {
        let entries = self.entries.iter().filter(|entry| holds(entry));
        let parts = entries.flat_map(|entry| &entry.parts);
        let spans = parts.filter_map(|part| match part {
            Part::Interval(span) => Some(*span),
            _ => None,
        });
        normalized(spans.collect())
    }

    /// Counts the work of a lookup. Fails above the limit.
    fn spend(&self, matches: &mut Matches, keys: &Keys) -> Result<(), String> {
        let of_key = |key: Key| match key.subject {
            Subject::Flags | Subject::State => BITS_WORK,
            _ => ENTRY_WORK,
        };
        let of_entry: usize = keys.iter().map(of_key).sum();
        let work = self.entries.len().saturating_mul(of_entry);
        matches.cost = matches.cost.saturating_add(work);
        matches.limits.check(Limit::Work, matches.cost)?;
        Ok(())
    }

    /// The effect of each element of a map.
    pub fn effects(
        &self,
        matches: &mut Matches,
        keys: &Keys,
    ) -> Result<Vec<MapEffect<'a>>, String> {
        self.spend(matches, keys)?;
        let mut effects = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let decision = entry
                .decision
                .ok_or("a map element has no verdict; expected one, as in '5060 : accept'")?;
            effects.extend(entry.held(keys).map(|held| MapEffect {
                packets: held.packets,
                families: held.families,
                facts: held.facts,
                condition: held.condition,
                decision,
            }));
        }
        Ok(effects)
    }
}

/// The parts of an element, one for each type.
fn parts<'a>(types: &[Type], value: &Value<'a>) -> Result<Vec<Part<'a>>, String> {
    match (value, types) {
        (Value::One(Scalar::Word("*")), _) => {
            Err("the catch-all element '*' is not supported".to_owned())
        }
        (Value::Concatenation(values), _) if values.len() == types.len() => {
            let each = types.iter().zip(values);
            each.map(|(kind, value)| kind.part(value)).collect()
        }
        (_, [kind]) => kind.part(value).map(|part| vec![part]),
        _ => Err(format!(
            "expected a concatenation of {} values, not {value}",
            types.len()
        )),
    }
}

impl<'a> Entry<'a> {
    /// The packets that may match this entry. `None` if no packet matches.
    fn held(&self, keys: &Keys) -> Option<Held<'a>> {
        let mut held = Held {
            packets: HeaderBox::ALL,
            families: Families::BOTH,
            facts: Facts::default(),
            condition: Condition::true_if(!self.expires),
        };
        for (key, part) in keys.iter().zip(&self.parts) {
            match (key.subject, *part) {
                (Subject::Address(field) | Subject::Port(field, _), Part::Interval(span)) => {
                    held.packets = held.packets.narrowed(field, span)?;
                }
                (Subject::Protocol, Part::Protocols(protocols)) => {
                    held.packets = held.packets.matching(HeaderMatch::of(protocols))?;
                }
                (Subject::Flags | Subject::State, Part::Bits(bits)) => {
                    let (header, own) = header_where(key, |x| x & key.mask == bits);
                    held.packets = held.packets.matching(header)?;
                    held.condition &= own;
                }
                (Subject::Family(field), Part::Number(number)) => {
                    let (families, own) = field.families(number);
                    held.families = held.families.and(families);
                    held.condition &= own;
                }
                (Subject::Criterion(criterion), part) => {
                    let is_added = held.facts.add(criterion, key.mask, part);
                    held.condition &= Condition::true_if(is_added);
                }
                _ => held.condition = Condition::Unknown,
            }
        }
        (held.families != Families::NONE).then_some(held)
    }
}

/// The packets in none of the boxes. The work is added to that of `matches`.
fn rest(boxes: &[HeaderBox], matches: &mut Matches) -> Result<Vec<HeaderBox>, String> {
    let mut rest = vec![HeaderBox::ALL];
    let mut effort = 0;
    for taken in boxes {
        effort += rest.len();
        matches.cost += rest.len() * REST_WORK;
        matches.limits.check(Limit::Boxes, effort)?;
        rest = rest
            .iter()
            .flat_map(|packets| packets.without(taken).unwrap_or_else(|| vec![*packets]))
            .collect();
    }
    Ok(rest)
}

/// The packets whose flags or state satisfy `holds`.
///
/// The condition is unknown if the result also depends on flags that packet boxes do not model.
pub(super) fn header_where(key: Key, holds: impl Fn(u32) -> bool) -> (HeaderMatch, Condition) {
    let mut found = HeaderMatch::ALL;
    let mut condition = Condition::True;
    if let Subject::State = key.subject {
        found.states = states_where(holds);
        return (found, condition);
    }
    for modeled in 0..=Flags::MASK {
        // ACK is one bit higher in a header than in `Flags`. PSH, URG, ECN and CWR are not modeled.
        let header = u32::from(modeled & !Flags::ACK | (modeled & Flags::ACK) << 1);
        let others = (0..16_u32).map(|n| (n & 1) << 3 | (n >> 1) << 5);
        let count = others.filter(|others| holds(header | others)).count();
        if count == 0 {
            found.flags = found.flags.and(Flags::masked(Flags::MASK, modeled).not());
        }
        condition &= Condition::true_if(count == 0 || count == 16);
    }
    (found, condition)
}
